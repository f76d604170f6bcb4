package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// wholeLines says whether a register holds a line. Then a tile of one block of
// output channels needs a number for every multiply-add, which is as much as
// processors can load at best, and 16 sums: two multipliers have eight multiply-adds
// under way, and of no more than eight sums each would have to go on the moment it
// can. On Zen 5 Multiply of 16 channels takes 1.10 of the time in tiles of eight
// sums, MultiplyGrad 1.12, and a loop of nothing but multiply-adds 1.05.
func (a *asm) wholeLines() bool { return a.width == lanes }

// source is where Multiply of 16 channels and MultiplyGrad's tiles of one block get
// the numbers from that lines are multiplied by, the elements of v.
type source int

const (
	// loaded numbers are read from memory one by one, by the multiply-adds.
	loaded source = iota
	// Of the shuffled ones five eighths are read so, and the others in fours that are
	// spread over the lanes in registers, in turn, so that neither waits. This is
	// faster where that is done beside the multiply-adds and there are no loads to
	// spare: on Zen 5 Multiply of 16 channels takes 0.86 of the time, MultiplyGrad 0.81.
	// (Of a half 1.03 of that, of a quarter 1.01.) Intel's processors shuffle whole
	// registers on one of the two ports that multiply; it was not measured there.
	shuffled
)

// kernel returns the name of a product with numbers from there, and what it is.
func (s source) kernel(name string) (full, doc string) {
	doc = "is " + exported(name) + " of a Set"
	if s == shuffled {
		return name + "Shuffled", doc + ", of one block of output channels with fewer loads and more shuffles."
	}
	return name, doc + "."
}

// multiplySixteen is all of Multiply where c and k are 16: tiles of eight rows of
// two planes, because strips have no more rows. It returns from the function.
func (a *asm) multiplySixteen(from source, m, v, u reg.Register, askNext func()) {
	vPlane, mPlane := a.size("vPlane"), a.size("mPlane")
	a.repeat(patchArea/2, func() {
		askNext()
		askNext()
		vAt, mAt, count := a.clone(v), a.clone(m), a.integer("tiles")
		a.loopBy(8, count, func() {
			sums := a.vecs(16)
			for _, s := range sums {
				a.zero(s)
			}
			for c := 0; c < lanes; c += 4 {
				a.outerLines(from, sums, c, u, vAt, vPlane)
			}
			for r := range 8 {
				row := operand.Mem{Base: mAt, Disp: r * lineBytes}
				a.VMOVUPS(sums[r], row)
				row.Index, row.Scale = mPlane, 1
				a.VMOVUPS(sums[8+r], row)
			}
			a.ADDQ(operand.U32(8*lineBytes), vAt)
			a.ADDQ(operand.U32(8*lineBytes), mAt)
		})
		a.LEAQ(operand.Mem{Base: v, Index: vPlane, Scale: 2}, v)
		a.LEAQ(operand.Mem{Base: m, Index: mPlane, Scale: 2}, m)
		a.ADDQ(operand.U32(2*lanes*lineBytes), u)
	})
	a.end()
}

// outerLines adds to 16 sums, eight rows of each plane, the products of lines c to
// c+3 of u and those numbers of v. Of every third row, six of 16, they are shuffled,
// if any are.
func (a *asm) outerLines(from source, sums []reg.VecVirtual, c int, u, v, vPlane reg.Register) {
	row := func(s int) operand.Mem { // of the sum
		m := operand.Mem{Base: v, Disp: s%8*lineBytes + 4*c}
		if s >= 8 {
			m.Index, m.Scale = vPlane, 1
		}
		return m
	}
	fours := map[int]reg.VecVirtual{} // by sum
	if from == shuffled {
		for s := 0; s < len(sums); s += 3 {
			fours[s] = a.vec()
			a.VBROADCASTF32X4(row(s), fours[s])
		}
	}
	for i := range 4 {
		var line [2]reg.VecVirtual // of each plane
		for plane := range line {
			line[plane] = a.load(operand.Mem{Base: u, Disp: (plane*lanes + c + i) * lineBytes})
		}
		for s, sum := range sums {
			if four, ok := fours[s]; ok {
				a.VFMADD231PS(line[s/8], a.spread(four, i), sum)
			} else {
				a.VFMADD231PS_BCST(row(s).Offset(4*i), line[s/8], sum)
			}
		}
	}
}

// outerFours adds to 16 sums the products of a line and the numbers at m, of the
// first or the second of two tiles (turn 0 or 1). Of every third of their fours they
// are shuffled, if any are.
func (a *asm) outerFours(from source, turn int, sums []reg.VecVirtual, line reg.Register, m operand.Mem) {
	var fours [4]reg.VecVirtual
	for f := range fours {
		if from == shuffled && (4*turn+f)%3 == 0 {
			fours[f] = a.vec()
			a.VBROADCASTF32X4(m.Offset(16*f), fours[f])
		}
	}
	for i := range 4 {
		for f, four := range fours {
			if n := 4*f + i; four != nil {
				a.VFMADD231PS(line, a.spread(four, i), sums[n])
			} else {
				a.VFMADD231PS_BCST(m.Offset(4*n), line, sums[n])
			}
		}
	}
}

// spread is number i of four, which x has in each quarter, in every lane.
func (a *asm) spread(x reg.Register, i int) reg.VecVirtual {
	const all = 0b01010101 // times i: it is chosen for each lane of a quarter, by two bits
	v := a.vec()
	a.VPERMILPS(operand.U8(all*i), x, v)
	return v
}
