package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// holdsLines says whether all lines of the other matrix are held in registers,
// where there are 16 of them, for tiles of eight rows. A tile of one block loads
// a number for every multiply-add, as much as processors can load at best, and
// should load nothing else; it takes 32 registers.
func (a *asm) holdsLines(blocks int) bool { return blocks == 1 && a.width == lanes }

// numberSource is where tiles of one block, with all lines of the other matrix
// in registers, have their numbers from.
type numberSource int

const (
	// loadedNumbers are read from memory one by one, by the multiply-adds.
	loadedNumbers numberSource = iota
	// shuffledNumbers are, half of them, read in fours and spread over the lanes in
	// registers. It is faster where that is done beside the multiply-adds, and loads
	// are short: on Zen 5 Multiply of 16 channels takes 0.89 of the time, MultiplyGrad
	// 0.85, the layers' passes with what is asked for ahead 0.88. Intel's, where it was
	// not measured, shuffle whole registers on one of the two ports that multiply.
	shuffledNumbers
)

func (n numberSource) suffix() string {
	if n == shuffledNumbers {
		return "Shuffled"
	}
	return ""
}

// multiplyHeld computes one block of m, tiles of eight rows, where there are 16
// input channels.
func (a *asm) multiplyHeld(numbers numberSource, m, v, u, mRow reg.Register, tiles operand.Op) {
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
			if numbers == shuffledNumbers && c%8 == 0 {
				for r := 0; r < len(sums); r += 4 { // at a time: there are no more registers
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

// outerRows adds to each sum the products of four lines and the four numbers of a
// row at m.
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
func (a *asm) multiplyGradHeld(numbers numberSource, u, v, d, uRow reg.Register, channels operand.Op) {
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
			shuffled := 4 * (t % 2) // of eight numbers, the four from here on
			for c := range sums {
				m := operand.Mem{Base: v, Disp: t*lineBytes + 4*c}
				if numbers != shuffledNumbers || c/4*4 != shuffled {
					a.VFMADD231PS_BCST(m, line, sums[c])
				} else if c == shuffled {
					a.outerFour(sums[c:][:4], line, m)
				}
			}
		}
		a.addRows(sums, 1, u, uRow)
		a.ADDQ(operand.U8(4*len(sums)), v)
	})
}

// outerFour adds to four sums the products of a line and one of four numbers at m each.
func (a *asm) outerFour(sums []reg.VecVirtual, line reg.Register, m operand.Mem) {
	four := a.vec()
	a.VBROADCASTF32X4(m, four)
	for i, s := range sums {
		a.VFMADD231PS(line, a.spread(four, i), s)
	}
}

// spread is number i of four, which x has in each quarter, in every lane.
func (a *asm) spread(x reg.Register, i int) reg.VecVirtual {
	const all = 0b01010101 // the same number of two bits for each lane of a quarter
	v := a.vec()
	a.VPERMILPS(operand.U8(all*i), x, v)
	return v
}
