package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// holdsLines says whether all lines of the other matrix are held in registers,
// where there are 16 of them, for tiles of eight rows: more than 16 registers. A
// tile of one block needs a number for every multiply-add. That is as much as
// processors can load at best, and it should load nothing else.
func (a *asm) holdsLines(blocks int) bool { return blocks == 1 && a.width == lanes }

// source is where tiles that hold lines get the numbers from that these are
// multiplied by, the elements of v.
type source int

const (
	// loaded numbers are read from memory one by one, by the multiply-adds.
	loaded source = iota
	// Of the shuffled ones half are read so, and half in fours that are spread over
	// the lanes in registers, in turn, so that neither waits. This is faster where
	// that is done beside the multiply-adds and there are no loads to spare: on Zen 5
	// Multiply of 16 channels takes 0.89 of the time, MultiplyGrad 0.85, and a training
	// step's blocks of 16 channels, in which more is asked for, 0.88. Intel's processors
	// shuffle whole registers on one of the two ports that multiply; it was not
	// measured there.
	shuffled
)

// kernel returns the name of a product with numbers from there, and what it is.
func (s source) kernel(name string) (full, doc string) {
	doc = "is " + exported(name) + " of a Set"
	if s == shuffled {
		return name + "Shuffled", doc + ", of 16 channels with fewer loads and more shuffles."
	}
	return name, doc + "."
}

// multiplyHeld computes one block of m, tiles of eight rows, where there are 16
// input channels.
func (a *asm) multiplyHeld(from source, m, v, u, mRow reg.Register, tiles operand.Op) {
	held := a.vecs(lanes)
	for c, line := range held {
		a.VMOVUPS(operand.Mem{Base: u, Disp: c * lineBytes}, line)
	}
	a.loopBy(8, tiles, func() {
		sums := a.vecs(8)
		for _, s := range sums {
			a.zero(s)
		}
		for c := 0; c < len(held); c += 4 {
			if from == shuffled && c%8 == 0 {
				// Four rows at a time: with the 16 lines, 8 sums, 4 fours and a number
				// 29 of 32 registers.
				for r := 0; r < len(sums); r += 4 {
					a.outerRows(sums[r:][:4], held[c:][:4], operand.Mem{Base: v, Disp: r*lineBytes + 4*c})
				}
				continue
			}
			for i, line := range held[c:][:4] {
				for r, s := range sums {
					a.VFMADD231PS_BCST(operand.Mem{Base: v, Disp: r*lineBytes + 4*(c+i)}, line, s)
				}
			}
		}
		for _, s := range sums {
			a.VMOVUPS(s, operand.Mem{Base: m})
			a.ADDQ(mRow, m)
		}
		a.ADDQ(operand.U32(len(sums)*lineBytes), v)
	})
}

// outerRows adds to each sum the products of four lines and the four numbers at its
// row of m.
func (a *asm) outerRows(sums, lines []reg.VecVirtual, m operand.Mem) {
	var fours []reg.VecVirtual
	for r := range sums {
		x := a.vec()
		a.VBROADCASTF32X4(m.Offset(r*lineBytes), x)
		fours = append(fours, x)
	}
	for i, line := range lines {
		for r, s := range sums {
			a.VFMADD231PS(line, a.spread(fours[r], i), s)
		}
	}
}

// multiplyGradHeld adds to one block of u, tiles of eight rows, where there are
// 16 tiles of pixels and 16 input channels.
func (a *asm) multiplyGradHeld(from source, u, v, d, uRow reg.Register, channels operand.Op) {
	d = a.clone(d)
	held := a.vecs(lanes)
	for _, line := range held {
		a.VMOVUPS(operand.Mem{Base: d}, line)
		a.ADDQ(uRow, d) // as long as a row of d
	}
	a.loopBy(8, channels, func() {
		sums := a.vecs(8)
		for _, s := range sums {
			a.zero(s)
		}
		for t, line := range held {
			for c := 0; c < len(sums); c += 4 {
				four := operand.Mem{Base: v, Disp: t*lineBytes + 4*c}
				if from == shuffled && c/4 == t%2 {
					a.outerFour(sums[c:][:4], line, four)
					continue
				}
				for i, s := range sums[c:][:4] {
					a.VFMADD231PS_BCST(four.Offset(4*i), line, s)
				}
			}
		}
		a.addRows(sums, 1, u, uRow)
		a.ADDQ(operand.U8(4*len(sums)), v)
	})
}

// outerFour adds to each of four sums the product of a line and one of the four
// numbers at m.
func (a *asm) outerFour(sums []reg.VecVirtual, line reg.Register, m operand.Mem) {
	four := a.vec()
	a.VBROADCASTF32X4(m, four)
	for i, s := range sums {
		a.VFMADD231PS(line, a.spread(four, i), s)
	}
}

// spread is number i of four, which x has in each quarter, in every lane.
func (a *asm) spread(x reg.Register, i int) reg.VecVirtual {
	const all = 0b01010101 // times i: it is chosen for each lane of a quarter, by two bits
	v := a.vec()
	a.VPERMILPS(operand.U8(all*i), x, v)
	return v
}
