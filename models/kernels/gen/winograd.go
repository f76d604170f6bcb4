package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// patchArea is the number of elements of a transformed tile.
const patchArea = 36

// tileBytes is the distance of neighbouring tiles, four pixels.
const tileBytes = 4 * lineBytes

// winograd emits the kernels of Winograd convolution F(4x4, 3x3).
func winograd(a *asm) {
	multiply(a, loaded)
	multiplyGrad(a, loaded)
	if a.wholeLines() {
		multiply(a, shuffled)
		multiplyGrad(a, shuffled)
	}
	transformInput(a)
	transformGrad(a)
	transformOutput(a, outputPlain)
	transformOutput(a, outputGrad)
	transformOutput(a, outputGradAdd)
	transformOutput(a, outputNorm)
	transformOutput(a, outputNormAdd)
	transformWeights(a)
	transformWeightsGrad(a)
}

// planes are the distances in a transformed group of tiles: between the
// elements of a row of a patch and between rows.
type planes struct{ element, row strides }

func (a *asm) planes(plane reg.Register) planes {
	row := a.GP64()
	a.LEAQ(operand.Mem{Base: plane, Index: plane, Scale: 2}, row)
	a.ADDQ(row, row)
	return planes{a.strides(plane, 8), a.strides(row, 6)}
}

// storeTo stores the elements of a row of the patch at v.
func (a *asm) storeTo(v reg.Register, p planes, row int) func(element int, x reg.Register) {
	at := a.GP64()
	a.LEAQ(p.row.row(v, row), at)
	return func(element int, x reg.Register) { a.VMOVUPS(x, p.element.row(at, element)) }
}

// transformInput emits the kernel of Set.TransformInput. A pair of rows of the
// patches is done for a whole row of tiles, because neighbouring patches share
// two columns. With half lines the second halves follow each pair, while what
// it wrote is in the first cache: of 16 channels that takes 0.90 µs, with all
// pairs of the first halves before them 1.02.
func transformInput(a *asm) {
	a.function("transformInput", "v, s []float32, tilesX, tilesY, stride, channels, plane int",
		"is TransformInput of a Set.")
	v, s := a.pointer("v"), a.pointer("s")
	p := a.planes(a.size("plane"))
	sRows := a.strides(a.size("stride"), 6)
	a.holdWide(4, 5, 2)

	a.forParam("tilesY", func() {
		for _, pr := range patchPairs {
			column := map[int]float32{0: 4, 1: 4, 3: 2}[pr.first]
			if a.width == 8 {
				a.hold(column)
			}
			a.halves(func() { a.inputRows(pr, v, s, p, sRows) }, v, s)
			if a.width == 8 {
				a.release(column)
			}
		}
		a.moveRows(s, sRows[0], 4)
		tiles := a.integer("tilesX")
		a.IMULQ(a.integer("channels"), tiles)
		a.LEAQ(operand.Mem{Base: v, Index: tiles, Scale: 4}, v)
	})
	a.end()
}

// inputRows computes two rows of the patches of a row of tiles.
func (a *asm) inputRows(pr pair, v, s reg.Register, p planes, sRows strides) {
	v, s = a.clone(v), a.clone(s)
	first, second := a.vecs(6), a.vecs(6)
	column := func(j, disp int) {
		a.inputColumn(pr, func(i int) operand.Mem { return sRows.row(s, i).Offset(disp) }, first[j], second[j])
	}
	column(4, 0)
	column(5, lineBytes)
	a.forParam("tilesX", func() {
		for j := range 2 {
			a.VMOVUPS(first[4+j], first[j])
			a.VMOVUPS(second[4+j], second[j])
		}
		for j := 2; j < 6; j++ {
			column(j, j*lineBytes)
		}
		a.inputRow(first, a.storeTo(v, p, pr.first))
		a.inputRow(second, a.storeTo(v, p, pr.second))
		a.ADDQ(operand.U32(tileBytes), s)
		a.advance(v, "channels")
	})
}

// transformGrad emits the kernel of Set.TransformGrad.
func transformGrad(a *asm) {
	a.function("transformGrad", "v, s []float32, tilesX, tilesY, stride, channels, plane int",
		"is TransformGrad of a Set.")
	v, s := a.pointer("v"), a.pointer("s")
	p := a.planes(a.size("plane"))
	sRows := a.strides(a.size("stride"), 4)
	a.holdWide(4, 2)

	a.forParam("tilesY", func() {
		tile := a.clone(s)
		a.forParam("tilesX", func() {
			a.halves(func() {
				for _, pr := range patchPairs {
					first, second := a.vecs(4), a.vecs(4)
					for j := range 4 {
						a.gradColumn(pr, func(i int) operand.Mem {
							return sRows.row(tile, i).Offset(j * lineBytes)
						}, first[j], second[j])
					}
					a.gradRow(first, a.storeTo(v, p, pr.first))
					a.gradRow(second, a.storeTo(v, p, pr.second))
				}
			}, v, tile)
			a.ADDQ(operand.U32(tileBytes), tile)
			a.advance(v, "channels")
		})
		a.moveRows(s, sRows[0], 4)
	})
	a.end()
}
