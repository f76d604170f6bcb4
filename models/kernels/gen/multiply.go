package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rows addresses rows that are stride apart, rows of them, from a few
// registers: the stride's odd multiples up to 7 and every eighth row. The rows
// advance together.
type rows struct {
	base []reg.Register // rows 0, 8, ...
	odd  [4]reg.Register
}

// strides loads the odd multiples of stride that n rows need.
func (a *asm) strides(stride reg.Register, n int) [4]reg.Register {
	odd := [4]reg.Register{stride}
	for i := 1; i < 4 && 2*i+1 < n; i++ {
		odd[i] = a.GP64()
		a.LEAQ(operand.Mem{Base: odd[i-1], Index: stride, Scale: 2}, odd[i])
	}
	return odd
}

// at is the address of row r, displaced by disp bytes.
func (w rows) at(r, disp int) operand.Mem {
	m := operand.Mem{Base: w.base[r/8], Disp: disp}
	r %= 8
	if r == 0 {
		return m
	}
	scale := uint8(1)
	for r%2 == 0 {
		r, scale = r/2, scale*2
	}
	m.Index, m.Scale = w.odd[r/2], scale
	return m
}

// newRows addresses n rows from base on; base is used up.
func (a *asm) newRows(base reg.Register, odd [4]reg.Register, n int) rows {
	w := rows{base: []reg.Register{base}, odd: odd}
	for i := 8; i < n; i += 8 {
		next := a.GP64()
		a.LEAQ(operand.Mem{Base: w.base[len(w.base)-1], Index: odd[0], Scale: 8}, next)
		w.base = append(w.base, next)
	}
	return w
}

// multiply emits the kernel of Set.Multiply: for every plane and one or two
// blocks of output channels, register tiles of several rows of v.
func multiply(a *asm) {
	a.function("multiply", "m, v, u []float32, tiles, c, k, vPlane, mPlane int",
		"is Multiply of a Set.")
	m, v, u := a.pointer("m"), a.pointer("v"), a.pointer("u")
	vRow, mRow := a.size("c"), a.size("k")
	vRows := a.strides(vRow, 8)
	uBlock := a.clone(vRow) // from one block of u to the next
	a.SHLQ(operand.U8(4), uBlock)

	a.repeat(patchArea, func() {
		mBlock := a.clone(m)
		a.blocks(func(blocks int, heights []int) {
			vAt, mAt := a.clone(v), a.clone(mBlock)
			count := a.local()
			a.MOVQ(a.integer("tiles"), count)
			a.loopBy(lanes, count, func() {
				for _, h := range heights {
					a.multiplyTile(h, blocks, mAt, vAt, u, mRow, vRows, uBlock)
				}
			})
			for range blocks {
				a.ADDQ(uBlock, u)
			}
			a.ADDQ(operand.U32(blocks*lineBytes), mBlock)
		})
		a.advance(v, "vPlane")
		a.advance(m, "mPlane")
	})
	a.end()
}

// blocks runs body over the blocks of k, the output channels: with the number
// of blocks in a register tile and the heights of the tiles that make up 16
// rows. The heights leave enough registers for a line of the other matrix and
// keep both multipliers busy: at least eight sums.
func (a *asm) blocks(body func(blocks int, heights []int)) {
	left := a.local()
	count := a.integer("k")
	a.SHRQ(operand.U8(4), count)
	a.MOVQ(count, left)
	if a.width == 8 {
		a.loop(left, func() { body(1, []int{5, 5, 6}) })
		return
	}
	single, done := a.label("single"), a.label("done")
	pairs := a.label("pairs")
	a.Label(pairs)
	a.CMPQ(left, operand.U8(2))
	a.JLT(operand.LabelRef(single))
	body(2, []int{8, 8})
	a.SUBQ(operand.U8(2), left)
	a.JMP(operand.LabelRef(pairs))
	a.Label(single)
	a.CMPQ(left, operand.U8(0))
	a.JEQ(operand.LabelRef(done))
	body(1, []int{16})
	a.Label(done)
}

// multiplyTile computes height rows and some blocks of m, and moves v and m on
// by height rows.
func (a *asm) multiplyTile(height, blocks int, m, v, u, mRow reg.Register, vRows [4]reg.Register, uBlock reg.Register) {
	const unroll = 4 // input channels
	at := a.newRows(v, vRows, height)
	sums := a.vecs(height * blocks * a.parts())
	for _, s := range sums {
		a.zero(s)
	}
	count := a.integer("c")
	a.loopBy(unroll, count, func() {
		for c := range unroll {
			a.outer(sums, a.line(u, uBlock, blocks, c*lineBytes), func(r int) operand.Mem { return at.at(r, 4*c) })
		}
		a.ADDQ(operand.U32(unroll*lineBytes), u)
		for _, b := range at.base {
			a.ADDQ(operand.U8(4*unroll), b)
		}
	})
	a.SUBQ(uBlock, u)
	for len(sums) > 0 {
		for i := range blocks * a.parts() {
			a.VMOVUPS(sums[i], operand.Mem{Base: m, Disp: i * a.bytes()})
		}
		sums = sums[blocks*a.parts():]
		a.ADDQ(mRow, m)
	}
	a.moveRows(v, vRows[0], height-1) // it has moved over one
}

// line loads 16 channels of some blocks that are apart by stride.
func (a *asm) line(base, stride reg.Register, blocks, disp int) []reg.VecVirtual {
	var line []reg.VecVirtual
	for b := range blocks {
		for p := range a.parts() {
			m := operand.Mem{Base: base, Disp: disp + p*a.bytes()}
			if b > 0 {
				m.Index, m.Scale = stride, uint8(b)
			}
			line = append(line, a.load(m))
		}
	}
	return line
}

// outer adds to sums, row by row, the products of the numbers at the rows'
// addresses and line.
func (a *asm) outer(sums []reg.VecVirtual, line []reg.VecVirtual, row func(r int) operand.Mem) {
	for r := range len(sums) / len(line) {
		if len(line) == 1 && a.width == 16 {
			a.VFMADD231PS_BCST(row(r), line[0], sums[r])
			continue
		}
		x := a.broadcast(row(r))
		for i, l := range line {
			a.VFMADD231PS(l, x, sums[r*len(line)+i])
		}
	}
}

// moveRows moves a pointer on by n rows of size row.
func (a *asm) moveRows(p, row reg.Register, n int) {
	for ; n >= 8; n -= 8 {
		a.LEAQ(operand.Mem{Base: p, Index: row, Scale: 8}, p)
	}
	for ; n >= 4; n -= 4 {
		a.LEAQ(operand.Mem{Base: p, Index: row, Scale: 4}, p)
	}
	for range n {
		a.ADDQ(row, p)
	}
}
