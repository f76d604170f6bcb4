package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The one-dimensional transforms of F(4x4, 3x3), in pairs of results: the two
// dimensions of a tile do not fit into the registers at once, but two rows of
// one do. Columns are read from memory, then rows transformed in registers.

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

// butterfly is the sum and the difference of x and y, which is used up.
func (a *asm) butterfly(x, y, sum reg.Register) (plus, minus reg.Register) {
	a.VADDPS(y, x, sum)
	a.VSUBPS(y, x, y)
	return sum, y
}

// inputColumn computes a pair of results of B^T from six values in memory.
func (a *asm) inputColumn(p pair, d func(i int) operand.Mem, x, y reg.VecVirtual) {
	switch p {
	case pair{1, 2}:
		even := a.load(d(4))
		a.VMOVUPS(d(3), y)
		a.fma(true, a.number(4), d(2), even)
		a.fma(true, a.number(4), d(1), y)
		a.butterfly(even, y, x)
	case pair{3, 4}:
		even := a.load(d(4))
		a.VMOVUPS(d(3), y)
		a.VSUBPS(d(2), even, even)
		a.VSUBPS(d(1), y, y)
		a.VADDPS(y, y, y)
		a.butterfly(even, y, x)
	default:
		a.VMOVUPS(d(4), x)
		a.VMOVUPS(d(5), y)
		a.fma(true, a.number(5), d(2), x)
		a.fma(false, a.number(4), d(0), x)
		a.fma(true, a.number(5), d(3), y)
		a.fma(false, a.number(4), d(1), y)
	}
}

// inputRow computes the six results of B^T, using up the values but the last
// two, which the next patch shares.
func (a *asm) inputRow(d []reg.VecVirtual, store func(i int, x reg.Register)) {
	even, odd := a.vec(), a.vec()
	a.VSUBPS(d[2], d[4], even)
	a.VSUBPS(d[1], d[3], odd)
	a.VADDPS(odd, odd, odd)
	plus, minus := a.butterfly(even, odd, a.vec())
	store(3, plus)
	store(4, minus)

	for i, x := range []reg.VecVirtual{a.copyOf(d[4]), a.copyOf(d[5])} {
		a.fma(true, a.number(5), d[2+i], x)
		a.fma(false, a.number(4), d[i], x)
		store(5*i, x)
	}

	a.VFNMADD132PS(a.number(4), d[4], d[2])
	a.VFNMADD132PS(a.number(4), d[3], d[1])
	plus, minus = a.butterfly(d[2], d[1], d[3])
	store(1, plus)
	store(2, minus)
}

// gradColumn computes a pair of results of A from four values in memory.
func (a *asm) gradColumn(p pair, d func(i int) operand.Mem, x, y reg.VecVirtual) {
	if p.first == 0 {
		a.VMOVUPS(d(0), x)
		a.VMOVUPS(d(3), y)
		return
	}
	even := a.load(d(0))
	a.VMOVUPS(d(1), y)
	if p.first == 1 {
		a.VADDPS(d(2), even, even)
		a.VADDPS(d(3), y, y)
	} else {
		a.fma(false, a.number(4), d(2), even)
		a.fma(false, a.number(4), d(3), y)
		a.VADDPS(y, y, y)
	}
	a.butterfly(even, y, x)
}

// gradRow computes the six results of A, using up the values.
func (a *asm) gradRow(d []reg.VecVirtual, store func(i int, x reg.Register)) {
	store(0, d[0])
	store(5, d[3])
	even, odd := a.vec(), a.vec()
	a.VADDPS(d[2], d[0], even)
	a.VADDPS(d[3], d[1], odd)
	plus, minus := a.butterfly(even, odd, a.vec())
	store(1, plus)
	store(2, minus)
	a.fma(false, a.number(4), d[2], d[0])
	a.fma(false, a.number(4), d[3], d[1])
	a.VADDPS(d[1], d[1], d[1])
	plus, minus = a.butterfly(d[0], d[1], d[2])
	store(3, plus)
	store(4, minus)
}

// outputColumn computes the results 0 and 2, or 1 and 3, of A^T from six values
// in memory.
func (a *asm) outputColumn(p pair, m func(i int) operand.Mem) (x, y reg.VecVirtual) {
	x, y = a.vec(), a.load(m(1))
	t := a.load(m(3))
	if p.first == 0 {
		a.VADDPS(m(2), y, y)
		a.VADDPS(m(4), t, t)
		a.VADDPS(m(0), y, x)
		a.VADDPS(t, x, x)
		a.fma(false, a.number(4), t, y)
		return x, y
	}
	a.VSUBPS(m(2), y, y)
	a.VSUBPS(m(4), t, t)
	a.VMOVUPS(y, x)
	a.fma(false, a.number(2), t, x)
	a.fma(false, a.number(8), t, y)
	a.VADDPS(m(5), y, y)
	return x, y
}

// outputRow computes the four results of A^T, using up the values.
func (a *asm) outputRow(m []reg.VecVirtual) [4]reg.VecVirtual {
	s, t := a.vec(), a.vec()
	a.VADDPS(m[2], m[1], s)
	a.VADDPS(m[4], m[3], t)
	a.VSUBPS(m[2], m[1], m[1])
	a.VSUBPS(m[4], m[3], m[3])
	a.VADDPS(s, m[0], m[0])
	a.VADDPS(t, m[0], m[0])
	a.fma(false, a.number(4), t, s)
	a.VMOVUPS(m[1], t)
	a.fma(false, a.number(2), m[3], t)
	a.fma(false, a.number(8), m[3], m[1])
	a.VADDPS(m[5], m[1], m[1])
	return [4]reg.VecVirtual{m[0], t, s, m[1]}
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
