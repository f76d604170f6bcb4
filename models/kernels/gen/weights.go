package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transformWeights emits the kernel of Set.TransformWeights. A pair of rows is
// done for all channels of a block: the elements of u are a power of two apart
// and fall into the same cache set, which has no room for 36 at a time.
func transformWeights(a *asm) {
	a.function("transformWeights", "u, w []float32, c, k, first, last int",
		"is TransformWeights of a Set.")
	none := a.label("none")
	count := a.integer("last")
	a.SUBQ(a.integer("first"), count)
	a.JLE(operand.LabelRef(none))

	w, u := a.pointer("w"), a.pointer("u")
	first := a.integer("first")
	channel := a.clone(first)
	a.IMULQ(a.integer("k"), channel)
	a.LEAQ(operand.Mem{Base: w, Index: channel, Scale: 4}, w)
	a.SHLQ(operand.U8(6), first)
	a.ADDQ(first, u)
	plane := a.size("c")
	a.IMULQ(a.integer("k"), plane)
	p := a.planes(plane) // the taps are as far apart
	a.holdWide(2, 4, 1.0/4, -1.0/6, 1.0/24)

	wRow := a.size("k")
	blocks := a.local()
	b := a.integer("k")
	a.SHRQ(operand.U8(4), b)
	a.MOVQ(b, blocks)
	a.loop(blocks, func() {
		for _, pr := range patchPairs {
			wAt, uAt := a.clone(w), a.clone(u)
			channels := a.local()
			a.MOVQ(count, channels)
			a.loop(channels, func() {
				a.halves(func() {
					var rows [2][3]reg.VecVirtual
					for j := range 3 {
						rows[0][j], rows[1][j] = a.weightPair(pr, func(i int) operand.Op {
							return p.element.row(wAt, 3*i+j)
						})
					}
					for i, row := range []int{pr.first, pr.second} {
						store := a.storeTo(uAt, p, row)
						for _, pr := range patchPairs {
							x, y := a.weightPair(pr, inRegisters(rows[i][:]))
							store(pr.first, x)
							store(pr.second, y)
						}
					}
				}, wAt, uAt)
				a.ADDQ(operand.U32(lineBytes), uAt)
				a.ADDQ(wRow, wAt)
			})
		}
		a.ADDQ(operand.U32(lineBytes), w)
		next := a.integer("c")
		a.SHLQ(operand.U8(6), next)
		a.ADDQ(next, u)
	})
	a.Label(none)
	a.end()
}

// transformWeightsGrad emits the kernel of Set.TransformWeightsGrad. Channels
// do not matter to it: the taps, and the elements further apart, are planes of
// c*k values.
func transformWeightsGrad(a *asm) {
	a.function("transformWeightsGrad", "w, u []float32, c, k, plane int", "is TransformWeightsGrad of a Set.")
	w, u := a.pointer("w"), a.pointer("u")
	tap := a.integer("c")
	a.IMULQ(a.integer("k"), tap)
	count := a.local()
	a.MOVQ(tap, count)
	a.SHLQ(operand.U8(2), tap)
	taps := a.strides(tap, 8)
	plane := a.size("plane")
	rowsOf := a.planes(plane).row
	a.holdWide(1.0/4, 1.0/6, 1.0/12, 1.0/24)

	columns := func(emit func(j int, u func(i int) operand.Op)) {
		for j := range 6 {
			emit(j, func(i int) operand.Op { return rowsOf.row(u, i) })
			a.ADDQ(plane, u)
		}
		a.SUBQ(rowsOf[0], u)
	}
	storeRow := func(i int, row []reg.VecVirtual) {
		x, z := a.weightGradPair(inRegisters(row))
		a.VMOVUPS(x, taps.row(w, 3*i))
		a.VMOVUPS(z, taps.row(w, 3*i+2))
		a.VMOVUPS(a.weightGradMiddle(inRegisters(row)), taps.row(w, 3*i+1))
	}
	a.loopBy(a.width, count, func() {
		var rows [3][6]reg.VecVirtual
		columns(func(j int, u func(i int) operand.Op) {
			rows[0][j], rows[2][j] = a.weightGradPair(u)
		})
		storeRow(0, rows[0][:])
		storeRow(2, rows[2][:])
		columns(func(j int, u func(i int) operand.Op) {
			rows[1][j] = a.weightGradMiddle(u)
		})
		storeRow(1, rows[1][:])
		a.ADDQ(operand.U8(a.bytes()), w)
		a.ADDQ(operand.U8(a.bytes()), u)
	})
	a.end()
}

// inRegisters gives a transform values in registers.
func inRegisters(v []reg.VecVirtual) func(i int) operand.Op {
	return func(i int) operand.Op { return v[i] }
}
