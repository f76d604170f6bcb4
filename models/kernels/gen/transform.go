package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The one-dimensional transforms of F(4x4, 3x3), in pairs of results: the two
// dimensions of a tile do not fit into the registers at once, but two rows of
// one do. Sources are given by a function, so that they may be in memory.

// pair is two results of a one-dimensional transform that share work.
type pair struct{ first, second int }

// patchPairs are the pairs of the six results of the transforms to a patch.
var patchPairs = []pair{{1, 2}, {3, 4}, {0, 5}}

// fma is the instruction dst = x*n + dst or, negated, dst = dst - x*n.
func (a *asm) fma(negated bool, n operand.Op, x operand.Op, dst reg.Register) {
	if _, ok := x.(operand.Mem); ok {
		if r, ok := n.(reg.Register); ok {
			n, x = x, r
		} else {
			x = a.load(x.(operand.Mem))
		}
	}
	if negated {
		a.VFNMADD231PS(n, x, dst)
	} else {
		a.VFMADD231PS(n, x, dst)
	}
}

// copyOf is a new register with the value of x.
func (a *asm) copyOf(x operand.Op) reg.VecVirtual {
	v := a.vec()
	a.VMOVUPS(x, v)
	return v
}

// inputPair computes a pair of results of B^T from six values.
func (a *asm) inputPair(p pair, d func(i int) operand.Op) (x, y reg.VecVirtual) {
	switch p {
	case pair{1, 2}:
		x, y = a.copyOf(d(4)), a.copyOf(d(3))
		a.fma(true, a.number(4), d(2), x)
		a.fma(true, a.number(4), d(1), y)
		sum := a.vec()
		a.VADDPS(y, x, sum)
		a.VSUBPS(y, x, y)
		return sum, y
	case pair{3, 4}:
		x, y = a.copyOf(d(4)), a.copyOf(d(3))
		a.VSUBPS(d(2), x, x)
		a.VSUBPS(d(1), y, y)
		sum := a.copyOf(x)
		a.fma(false, a.number(2), y, sum)
		a.fma(true, a.number(2), y, x)
		return sum, x
	default:
		x, y = a.copyOf(d(4)), a.copyOf(d(5))
		a.fma(true, a.number(5), d(2), x)
		a.fma(false, a.number(4), d(0), x)
		a.fma(true, a.number(5), d(3), y)
		a.fma(false, a.number(4), d(1), y)
		return x, y
	}
}

// gradPair computes a pair of results of A from four values. The first and the
// last are values themselves.
func (a *asm) gradPair(p pair, y func(i int) operand.Op) (first, second operand.Op) {
	switch p {
	case pair{1, 2}, pair{3, 4}:
		even, odd := a.copyOf(y(0)), a.copyOf(y(1))
		sum := a.vec()
		if p.first == 1 {
			a.VADDPS(y(2), even, even)
			a.VADDPS(y(3), odd, odd)
			a.VADDPS(odd, even, sum)
			a.VSUBPS(odd, even, even)
			return sum, even
		}
		a.fma(false, a.number(4), y(2), even)
		a.fma(false, a.number(4), y(3), odd)
		a.VMOVUPS(even, sum)
		a.fma(false, a.number(2), odd, sum)
		a.fma(true, a.number(2), odd, even)
		return sum, even
	default:
		return y(0), y(3)
	}
}

// outputPair computes the results 0 and 2, or 1 and 3, of A^T from six values.
func (a *asm) outputPair(p pair, m func(i int) operand.Op) (x, y reg.VecVirtual) {
	s, t := a.copyOf(m(1)), a.copyOf(m(3))
	if p.first == 0 {
		a.VADDPS(m(2), s, s)
		a.VADDPS(m(4), t, t)
		x = a.vec()
		a.VADDPS(m(0), s, x)
		a.VADDPS(t, x, x)
		a.fma(false, a.number(4), t, s)
		return x, s
	}
	a.VSUBPS(m(2), s, s)
	a.VSUBPS(m(4), t, t)
	x = a.copyOf(s)
	a.fma(false, a.number(2), t, x)
	a.fma(false, a.number(8), t, s)
	a.VADDPS(m(5), s, s)
	return x, s
}

// outputRow computes the four results of A^T, using up the six values.
func (a *asm) outputRow(m [6]reg.VecVirtual) [4]reg.VecVirtual {
	s, t := a.vec(), a.vec()
	a.VADDPS(m[2], m[1], s)
	a.VSUBPS(m[2], m[1], m[1])
	a.VADDPS(m[4], m[3], t)
	a.VSUBPS(m[4], m[3], m[3])
	a.VADDPS(s, m[0], m[0])
	a.VADDPS(t, m[0], m[0])
	a.fma(false, a.number(4), t, s)
	x := a.copyOf(m[1])
	a.fma(false, a.number(2), m[3], x)
	a.fma(false, a.number(8), m[3], m[1])
	a.VADDPS(m[5], m[1], m[1])
	return [4]reg.VecVirtual{m[0], x, s, m[1]}
}

// weightPair computes a pair of results of G from three values.
func (a *asm) weightPair(p pair, g func(i int) operand.Op) (x, y reg.VecVirtual) {
	switch p {
	case pair{1, 2}:
		x, y = a.copyOf(g(0)), a.vec()
		a.VADDPS(g(2), x, x)
		a.VSUBPS(g(1), x, y)
		a.VADDPS(g(1), x, x)
		a.VMULPS(a.number(-1.0/6), x, x)
		a.VMULPS(a.number(-1.0/6), y, y)
		return x, y
	case pair{3, 4}:
		x = a.copyOf(g(0))
		a.fma(false, a.number(4), g(2), x)
		y = a.copyOf(x)
		a.fma(false, a.number(2), g(1), x)
		a.fma(true, a.number(2), g(1), y)
		a.VMULPS(a.number(1.0/24), x, x)
		a.VMULPS(a.number(1.0/24), y, y)
		return x, y
	default:
		x = a.copyOf(g(0))
		a.VMULPS(a.number(1.0/4), x, x)
		return x, a.copyOf(g(2))
	}
}

// weightGradPair computes the results 0 and 2 of G^T from six values.
func (a *asm) weightGradPair(u func(i int) operand.Op) (x, y reg.VecVirtual) {
	s, t := a.copyOf(u(1)), a.copyOf(u(3))
	a.VADDPS(u(2), s, s)
	a.VADDPS(u(4), t, t)
	x = a.copyOf(u(0))
	a.VMULPS(a.number(1.0/4), x, x)
	a.fma(false, a.number(1.0/24), t, x)
	a.fma(true, a.number(1.0/6), s, x)
	y = a.copyOf(u(5))
	a.VSUBPS(s, t, t)
	a.fma(false, a.number(1.0/6), t, y)
	return x, y
}

// weightGradMiddle computes the result 1 of G^T.
func (a *asm) weightGradMiddle(u func(i int) operand.Op) reg.VecVirtual {
	x, y := a.copyOf(u(2)), a.copyOf(u(3))
	a.VSUBPS(u(1), x, x)
	a.VSUBPS(u(4), y, y)
	a.VMULPS(a.number(1.0/6), x, x)
	a.fma(false, a.number(1.0/12), y, x)
	return x
}
