package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// multiply emits the kernel of Set.Multiply: for every plane and one or two
// blocks of output channels, register tiles of several rows of v.
func multiply(a *asm, from source) {
	name, doc := from.kernel("multiply")
	a.function(name, "m, v, u []float32, tiles, c, k, vPlane, mPlane int, ahead []*float32, lines int", doc)
	m, v, u := a.pointer("m"), a.pointer("v"), a.pointer("u")
	vRow, mRow := a.size("c"), a.size("k")
	vRows := a.strides(vRow, 8)
	uBlock := a.clone(vRow) // from one block of u to the next
	a.SHLQ(operand.U8(4), uBlock)

	askNext := a.ahead()
	if a.wholeLines() {
		general := a.label("general")
		for _, param := range []string{"c", "k"} {
			a.CMPQ(a.integer(param), operand.U8(lanes))
			a.JNE(operand.LabelRef(general))
		}
		a.multiplySixteen(from, m, v, u, askNext)
		a.Label(general)
	}
	a.repeat(patchArea, func() {
		askNext()
		mBlock := a.clone(m)
		a.blocks(func(blocks int, heights []int) {
			vAt, mAt := a.clone(v), a.clone(mBlock)
			count := a.local()
			a.MOVQ(a.integer("tiles"), count)
			a.sixteens(count, heights, func(heights []int) {
				for i, h := range heights {
					a.multiplyTile(i, h, blocks, mAt, vAt, u, mRow, vRows, uBlock)
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
// give at least eight sums, which is what two multipliers have under way, and if
// possible more: see [asm.wholeLines].
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

// sixteens runs body for count rows, a multiple of eight: as often as it can for
// sixteen, with the given heights of register tiles, then for the eight that are
// left.
func (a *asm) sixteens(count operand.Op, heights []int, body func(heights []int)) {
	half := []int{8}
	if a.width == 8 {
		half = []int{4, 4}
	}
	if heights[0] == half[0] {
		a.loopBy(8, count, func() { body(half) })
		return
	}
	whole, rest, done := a.label("sixteen"), a.label("eight"), a.label("done")
	a.Label(whole)
	a.CMPQ(count, operand.U8(lanes))
	a.JLT(operand.LabelRef(rest))
	body(heights)
	a.SUBQ(operand.U8(lanes), count)
	a.JMP(operand.LabelRef(whole))
	a.Label(rest)
	a.CMPQ(count, operand.U8(0))
	a.JEQ(operand.LabelRef(done))
	body(half)
	a.Label(done)
}

// multiplyTile computes height rows and some blocks of m, and moves v and m on
// by height rows. Large filters do not stay in the second cache: it asks for the
// next blocks of u, while these are read from the first. With half lines the tiles
// of 16 rows share in that, and part says for which lines this one asks. With whole
// lines a tile of two blocks asks for all lines of the next two: when it asked for
// every second one, a block of 64 channels took 1.03 of the time. (Measured on Zen 5.)
func (a *asm) multiplyTile(part, height, blocks int, m, v, u, mRow reg.Register, vRows strides, uBlock reg.Register) {
	const unroll = 4 // input channels
	at := a.newRows(v, vRows, height)
	sums := a.vecs(height * blocks * a.parts())
	for _, s := range sums {
		a.zero(s)
	}
	var nextPair reg.Register // of blocks
	if blocks == 2 {
		nextPair = a.GP64()
		a.LEAQ(operand.Mem{Base: u, Index: uBlock, Scale: 2}, nextPair)
	}
	a.loopBy(unroll, a.integer("c"), func() {
		for c := range unroll {
			line := a.line(u, uBlock, blocks, c*lineBytes)
			a.outer(sums, line, func(r int) operand.Mem { return at.at(r, 4*c) })
			switch {
			case blocks == 2:
				a.PREFETCHT0(operand.Mem{Base: nextPair, Disp: c * lineBytes})
				a.PREFETCHT0(operand.Mem{Base: nextPair, Index: uBlock, Scale: 1, Disp: c * lineBytes})
			case a.width == 8 && c%3 == part:
				a.PREFETCHT0(operand.Mem{Base: u, Index: uBlock, Scale: 1, Disp: c * lineBytes})
			}
		}
		a.ADDQ(operand.U32(unroll*lineBytes), u)
		if nextPair != nil {
			a.ADDQ(operand.U32(unroll*lineBytes), nextPair)
		}
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

// multiplyGrad emits the kernel of Set.MultiplyGrad: for every plane and one or
// two blocks of output channels, register tiles of several input channels.
func multiplyGrad(a *asm, from source) {
	name, doc := from.kernel("multiplyGrad")
	a.function(name, "u, v, d []float32, before, tiles, c, k, uPlane, vPlane, dPlane int, ahead []*float32, lines int", doc)
	u, v, d := a.pointer("u"), a.pointer("v"), a.pointer("d")
	vRow, dRow := a.size("c"), a.size("k")

	askNext := a.ahead()
	a.repeat(patchArea, func() {
		askNext()
		uBlock, dBlock := a.clone(u), a.clone(d)
		a.blocks(func(blocks int, heights []int) {
			uAt, vBlock := a.clone(uBlock), a.clone(v)
			count := a.local()
			a.MOVQ(a.integer("c"), count)
			a.loopBy(lanes, count, func() {
				for i, h := range heights {
					a.multiplyGradTile(from, i, h, blocks, uAt, vBlock, dBlock, dRow, vRow)
					a.ADDQ(operand.U8(4*h), vBlock)
				}
			})
			a.ADDQ(operand.U32(blocks*lineBytes), uBlock)
			a.ADDQ(operand.U32(blocks*lineBytes), dBlock)
		})
		a.advance(u, "uPlane")
		a.advance(v, "vPlane")
		a.advance(d, "dPlane")
	})
	a.end()
}

// multiplyGradTile adds to height rows and some blocks of u, and moves u on by
// height rows. With half lines it asks for these rows, which it reads last, and the
// first two parts of 16 rows ask for the next planes of v and d; with whole lines
// that gains nothing.
func (a *asm) multiplyGradTile(from source, part, height, blocks int, u, v, d, uRow, vRow reg.Register) {
	v, d = a.clone(v), a.clone(d)
	sums := a.vecs(height * blocks * a.parts())
	for _, s := range sums {
		a.zero(s)
	}
	var next operand.Mem // in the next plane
	if a.width == 8 {
		at := a.clone(u)
		for range height {
			a.PREFETCHT0(operand.Mem{Base: at})
			a.ADDQ(uRow, at)
		}
		switch part {
		case 0:
			next = operand.Mem{Base: v, Index: a.size("vPlane"), Scale: 1}
		case 1:
			next = operand.Mem{Base: d, Index: a.size("dPlane"), Scale: 1}
		}
	}
	body := func(turn int) {
		if next.Base != nil {
			a.PREFETCHT0(next)
		}
		line := a.line(d, nil, blocks, 0)
		if len(line) == 1 {
			a.outerFours(from, turn, sums, line[0], operand.Mem{Base: v})
		} else {
			a.outer(sums, line, func(c int) operand.Mem { return operand.Mem{Base: v, Disp: 4 * c} })
		}
		a.ADDQ(vRow, v)
		a.ADDQ(uRow, d) // as long as a row of d
	}
	if blocks*a.parts() == 1 { // two tiles at a time, to shuffle three of their eight fours
		a.loopBy(2, a.integer("tiles"), func() { body(0); body(1) })
	} else {
		a.loop(a.integer("tiles"), func() { body(0) })
	}
	a.addRows(sums, blocks*a.parts(), u, uRow)
}

// addRows adds to rows of sums, so many registers each, what the parameter before
// says is there, stores them at u and moves it on past them.
func (a *asm) addRows(sums []reg.VecVirtual, row int, u, uRow reg.Register) {
	first := a.label("first")
	a.CMPQ(a.integer("before"), operand.U8(0))
	a.JEQ(operand.LabelRef(first))
	at := a.clone(u)
	for i, s := range sums {
		a.VADDPS(operand.Mem{Base: at, Disp: i % row * a.bytes()}, s, s)
		if i%row == row-1 {
			a.ADDQ(uRow, at)
		}
	}
	a.Label(first)
	for i, s := range sums {
		a.VMOVUPS(s, operand.Mem{Base: u, Disp: i % row * a.bytes()})
		if i%row == row-1 {
			a.ADDQ(uRow, u)
		}
	}
}

// line loads 16 channels of some blocks, contiguous or stride apart.
func (a *asm) line(base, stride reg.Register, blocks, disp int) []reg.VecVirtual {
	var line []reg.VecVirtual
	for b := range blocks {
		for p := range a.parts() {
			m := operand.Mem{Base: base, Disp: disp + p*a.bytes()}
			if stride == nil {
				m.Disp += b * lineBytes
			} else if b > 0 {
				m.Index, m.Scale = stride, uint8(b)
			}
			line = append(line, a.load(m))
		}
	}
	return line
}

// outer adds to sums, row by row, the products of line and a number in memory.
func (a *asm) outer(sums []reg.VecVirtual, line []reg.VecVirtual, number func(r int) operand.Mem) {
	for r := range len(sums) / len(line) {
		m := number(r)
		if len(line) == 1 && a.width == 16 {
			a.VFMADD231PS_BCST(m, line[0], sums[r])
			continue
		}
		x := a.broadcast(m)
		for i, l := range line {
			a.VFMADD231PS(l, x, sums[r*len(line)+i])
		}
	}
}

// ahead returns what asks for the next lines of the parameter ahead.
func (a *asm) ahead() (next func()) {
	at := a.local() // bytes from the start of the streams
	a.MOVQ(operand.U32(0), at)
	return func() {
		a.ask(at)
		bytes := a.integer("lines")
		a.SHLQ(operand.U8(6), bytes)
		a.ADDQ(bytes, at)
	}
}

// ask asks for as many lines as the parameter lines says of every stream of the
// parameter ahead, from a number of bytes behind its start on, so that they are
// near when they are read: in the second cache. With whole lines they are fetched
// into the first, where few stay so long, but on Zen 5 a step takes 0.98 of the
// time so. (It was not measured on other processors with AVX-512.)
func (a *asm) ask(from operand.Op) {
	stream, count := a.pointer("ahead"), a.Load(a.Param("ahead").Len(), a.GP64())
	top, done := a.label("stream"), a.label("asked")
	a.TESTQ(count, count)
	a.JZ(operand.LabelRef(done))
	a.CMPQ(a.integer("lines"), operand.U8(0))
	a.JLE(operand.LabelRef(done))
	a.Label(top)
	line, lines := a.GP64(), a.integer("lines")
	a.MOVQ(operand.Mem{Base: stream}, line)
	a.ADDQ(from, line)
	a.loop(lines, func() {
		if a.width == lanes {
			a.PREFETCHT0(operand.Mem{Base: line})
		} else {
			a.PREFETCHT1(operand.Mem{Base: line})
		}
		a.ADDQ(operand.U8(lineBytes), line)
	})
	a.ADDQ(operand.U8(8), stream)
	a.DECQ(count)
	a.JNZ(operand.LabelRef(top))
	a.Label(done)
}
