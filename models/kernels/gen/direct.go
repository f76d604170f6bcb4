package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// direct emits the direct convolutions.
func direct(a *asm) {
	directForward(a)
	directGrad(a)
}

// directForward emits the kernel of Set.Direct: for one or two blocks of
// output channels, register tiles of several pixels.
func directForward(a *asm) {
	a.function("direct", "y, x, w []float32, taps []int, depth, k, pixels, xStride, yStride, yBlock int",
		"is Direct of a Set.")
	y, x, w := a.pointer("y"), a.pointer("x"), a.pointer("w")
	xRows := a.strides(a.size("xStride"), 8)

	a.blocks(func(blocks int, heights []int) {
		yAt, xAt := a.clone(y), a.clone(x)
		count := a.local()
		pixels := a.integer("pixels")
		a.MOVQ(pixels, count)
		a.sixteens(count, heights, func(heights []int) {
			for _, h := range heights {
				a.directTile(h, blocks, yAt, xAt, w, xRows)
			}
		})
		for range blocks {
			a.advance(y, "yBlock")
		}
		a.ADDQ(operand.U32(blocks*lineBytes), w)
	})
	a.end()
}

// directTile computes height pixels and some blocks of y, and moves y and x on
// by height pixels.
func (a *asm) directTile(height, blocks int, y, x, w reg.Register, xRows [4]reg.Register) {
	sums := a.vecs(height * blocks * a.parts())
	for _, s := range sums {
		a.zero(s)
	}
	wAt, wRow := a.clone(w), a.size("k")
	tap := a.pointer("taps")
	count := a.local()
	a.MOVQ(a.Load(a.Param("taps").Len(), a.GP64()), count)
	a.loop(count, func() {
		base := a.GP64()
		a.MOVQ(operand.Mem{Base: tap}, base)
		a.LEAQ(operand.Mem{Base: x, Index: base, Scale: 4}, base)
		at := a.newRows(base, xRows, height)
		a.loop(a.integer("depth"), func() {
			a.outer(sums, a.contiguous(wAt, blocks), func(r int) operand.Mem { return at.at(r, 0) })
			a.ADDQ(wRow, wAt)
			for _, b := range at.base {
				a.ADDQ(operand.U8(4), b)
			}
		})
		a.ADDQ(operand.U8(8), tap)
	})
	yRow, yBlock := a.size("yStride"), a.size("yBlock")
	for len(sums) > 0 {
		for i, s := range sums[:blocks*a.parts()] {
			m := operand.Mem{Base: y, Disp: i % a.parts() * a.bytes()}
			if i >= a.parts() {
				m.Index, m.Scale = yBlock, 1
			}
			a.VMOVUPS(s, m)
		}
		sums = sums[blocks*a.parts():]
		a.ADDQ(yRow, y)
	}
	a.moveRows(x, xRows[0], height)
}

// contiguous loads some blocks that follow one another.
func (a *asm) contiguous(base reg.Register, blocks int) []reg.VecVirtual {
	line := make([]reg.VecVirtual, blocks*a.parts())
	for i := range line {
		line[i] = a.load(operand.Mem{Base: base, Disp: i * a.bytes()})
	}
	return line
}

// directGrad emits the kernel of Set.DirectGrad: for every tap and one or two
// blocks of output channels, register tiles of several input channels.
func directGrad(a *asm) {
	a.function("directGrad", "w, x, d []float32, taps []int, depth, k, rows, pixels, xRow, xStride, dRow, dBlock int",
		"is DirectGrad of a Set.")
	w, x, tap := a.pointer("w"), a.pointer("x"), a.pointer("taps")
	count := a.local()
	a.MOVQ(a.Load(a.Param("taps").Len(), a.GP64()), count)
	a.loop(count, func() {
		base := a.GP64()
		a.MOVQ(operand.Mem{Base: tap}, base)
		a.LEAQ(operand.Mem{Base: x, Index: base, Scale: 4}, base)
		wBlock, d := a.clone(w), a.pointer("d")
		a.blocks(func(blocks int, heights []int) {
			wAt := a.clone(wBlock)
			nine, done := a.label("nine"), a.label("done")
			a.CMPQ(a.integer("depth"), operand.U8(lanes))
			a.JNE(operand.LabelRef(nine))
			a.gradTiles(heights, blocks, wAt, base, d)
			a.JMP(operand.LabelRef(done))
			a.Label(nine)
			if a.width == 8 {
				a.gradTiles([]int{5, 4}, blocks, wAt, base, d)
			} else {
				a.gradTiles([]int{9}, blocks, wAt, base, d)
			}
			a.Label(done)
			a.ADDQ(operand.U32(blocks*lineBytes), wBlock)
			for range blocks {
				a.advance(d, "dBlock")
			}
		})
		size := a.size("k")
		a.IMULQ(a.integer("depth"), size)
		a.ADDQ(size, w)
		a.ADDQ(operand.U8(8), tap)
	})
	a.end()
}

// gradTiles adds to the gradient of one tap, for some blocks of output channels
// and tiles of input channels of the given heights.
func (a *asm) gradTiles(heights []int, blocks int, w, x, d reg.Register) {
	wRow := a.size("k")
	from := 0
	for _, h := range heights {
		sums := a.vecs(h * blocks * a.parts())
		for _, s := range sums {
			a.zero(s)
		}
		xRow, dRow := a.clone(x), a.clone(d)
		a.forParam("rows", func() {
			xAt, dAt := a.clone(xRow), a.clone(dRow)
			xStride, dBlock := a.size("xStride"), a.size("dBlock")
			a.loop(a.integer("pixels"), func() {
				a.outer(sums, a.line(dAt, dBlock, blocks, 0), func(r int) operand.Mem {
					return operand.Mem{Base: xAt, Disp: 4 * (from + r)}
				})
				a.ADDQ(xStride, xAt)
				a.ADDQ(operand.U8(lineBytes), dAt)
			})
			a.advance(xRow, "xRow")
			a.advance(dRow, "dRow")
		})
		// A long sum meets the weights' gradient once, at its end.
		for len(sums) > 0 {
			for i, s := range sums[:blocks*a.parts()] {
				m := operand.Mem{Base: w, Disp: i * a.bytes()}
				a.VADDPS(m, s, s)
				a.VMOVUPS(s, m)
			}
			sums = sums[blocks*a.parts():]
			a.ADDQ(wRow, w)
		}
		from += h
	}
}
