package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// outputKind distinguishes the kernels that transform tiles back to pixels, by
// what they add and sum up.
type outputKind int

const (
	outputPlain   outputKind = iota // sum of x and of x*x
	outputGrad                      // x where n(z) > 0; of x and x*z
	outputGradAdd                   // x plus a gradient, where a > 0; of x and x*z
	outputNorm                      // ReLU(n(x)), no sums
	outputNormAdd                   // ReLU(n(x) + a shortcut), no sums
)

// finished reports whether the pixels are normalised and rectified.
func (k outputKind) finished() bool { return k == outputNorm || k == outputNormAdd }

// transformOutput emits the kernels of Set.TransformOutput and its relatives.
// They compute rows 0 and 2 of a tile, then 1 and 3. The sums of a row of four
// pixels are added to those of the tile, and these to stats.
func transformOutput(a *asm, kind outputKind) {
	name := []string{"transformOutput", "transformOutputGrad", "transformOutputGradAdd", "transformOutputNorm", "transformOutputNormAdd"}[kind]
	slices := []string{"y, stats, m", "y, stats, m, z, norm", "y, stats, m, z, a, g2", "y, m, norm", "y, m, add, norm"}[kind]
	a.function(name, slices+" []float32, tilesX, tilesY, stride, channels, plane int", "is "+exported(name)+" of a Set.")
	t := outputTile{asm: a, kind: kind, y: a.pointer("y"), m: a.pointer("m")}
	moving := []reg.Register{t.m}
	if !kind.finished() {
		t.stats = a.pointer("stats")
		moving = append(moving, t.stats)
	}
	switch kind {
	case outputNorm, outputNormAdd:
		t.norm = a.pointer("norm")
		moving = append(moving, t.norm)
		if kind == outputNormAdd {
			t.a = a.pointer("add")
		}
	case outputGrad:
		t.z, t.norm = a.pointer("z"), a.pointer("norm")
		moving = append(moving, t.norm)
	case outputGradAdd:
		t.z, t.a, t.g2 = a.pointer("z"), a.pointer("a"), a.pointer("g2")
	}
	t.element = a.size("plane")
	row := a.GP64()
	a.LEAQ(operand.Mem{Base: t.element, Index: t.element, Scale: 2}, row)
	a.ADDQ(row, row)
	t.rows = a.strides(row, 6)
	t.stride = a.size("stride")
	t.offset = a.GP64()
	moving = append(moving, t.offset)
	a.holdWide(2, 4, 8)
	if kind != outputPlain {
		a.holdWide(0)
	}
	if t.norm != nil {
		t.scale, t.shift = operand.Mem{Base: t.norm}, operand.Mem{Base: t.norm, Disp: lineBytes}
		if a.width == 16 {
			t.scale, t.shift = a.copyOf(t.scale), a.copyOf(t.shift)
		}
	}

	t.tiles(moving)
}

// outputTile emits the transform of one tile.
type outputTile struct {
	*asm
	kind           outputKind
	y, z, a, g2    reg.Register // start of pixels
	offset         reg.Register // of the tile in these
	stride         reg.Register // between rows of pixels
	m, stats, norm reg.Register
	scale, shift   operand.Op   // at norm, or held
	element        reg.Register // between elements of a row at m
	rows           strides      // between rows
	sum, product   reg.VecVirtual
}

// tiles runs over the tiles of a block.
func (t *outputTile) tiles(moving []reg.Register) {
	start := t.local() // of the row of tiles
	t.MOVQ(operand.U32(0), start)
	t.forParam("tilesY", func() {
		t.MOVQ(start, t.offset)
		t.forParam("tilesX", func() {
			t.halves(t.emit, moving...)
			t.ADDQ(operand.U32(tileBytes), t.offset)
			t.advance(t.m, "channels")
		})
		next := t.GP64()
		t.MOVQ(start, next)
		t.LEAQ(operand.Mem{Base: next, Index: t.stride, Scale: 4}, next)
		t.MOVQ(next, start)
	})
	t.end()
}

func (t *outputTile) emit() {
	t.sum, t.product = nil, nil
	for _, pr := range []pair{{0, 2}, {1, 3}} {
		var rows [2][6]reg.VecVirtual
		for j := range 6 {
			rows[0][j], rows[1][j] = t.outputColumn(pr, func(i int) operand.Mem { return t.rows.row(t.m, i) })
			t.ADDQ(t.element, t.m)
		}
		t.SUBQ(t.rows[0], t.m)
		for _, row := range rows {
			t.pixels(t.outputRow(row[:]))
			t.LEAQ(operand.Mem{Base: t.offset, Index: t.stride, Scale: 2}, t.offset)
		}
		// From row 4 to row 1, and from row 5 to row 0.
		for range 3 {
			t.SUBQ(t.stride, t.offset)
		}
	}
	for range 2 {
		t.SUBQ(t.stride, t.offset)
	}
	if t.kind.finished() {
		return
	}
	for i, s := range []reg.VecVirtual{t.sum, t.product} {
		m := operand.Mem{Base: t.stats, Disp: i * lineBytes}
		t.VADDPS(m, s, s)
		t.VMOVUPS(s, m)
	}
}

// at is the address of pixel j of the current row.
func (t *outputTile) at(base reg.Register, j int) operand.Mem {
	return operand.Mem{Base: base, Index: t.offset, Scale: 1, Disp: j * lineBytes}
}

// finish normalises a row of pixels, adds the shortcut, if there is one,
// rectifies and stores it.
func (t *outputTile) finish(x [4]reg.VecVirtual) {
	zero := t.zeros()
	for j, x := range x {
		n := t.copyOf(t.shift)
		t.VFMADD231PS(t.scale, x, n)
		if t.kind == outputNormAdd {
			t.VADDPS(t.at(t.a, j), n, n)
		}
		// Of an operand that is not a number the maximum is the first one
		// here: NaN stays NaN.
		t.VMAXPS(n, zero, n)
		t.VMOVUPS(n, t.at(t.y, j))
	}
}

// pixels stores a row of pixels and takes its sums.
func (t *outputTile) pixels(x [4]reg.VecVirtual) {
	if t.kind.finished() {
		t.finish(x)
		return
	}
	var sum, product reg.VecVirtual
	for j, x := range x {
		factor := operand.Op(x)
		switch t.kind {
		case outputGrad:
			z := t.load(t.at(t.z, j))
			n := t.copyOf(t.shift)
			t.VFMADD231PS(t.scale, z, n)
			t.keep(t.positive(n, t.number(0)), x, x)
			factor = z
		case outputGradAdd:
			t.VADDPS(t.at(t.g2, j), x, x)
			a := t.load(t.at(t.a, j))
			t.keep(t.positive(a, t.number(0)), x, x)
			factor = t.at(t.z, j)
		}
		t.VMOVUPS(x, t.at(t.y, j))
		if j == 0 {
			sum, product = t.copyOf(x), t.vec()
			t.VMULPS(factor, x, product)
			continue
		}
		t.VADDPS(x, sum, sum)
		t.VFMADD231PS(factor, x, product)
	}
	if t.sum == nil {
		t.sum, t.product = sum, product
		return
	}
	t.VADDPS(sum, t.sum, t.sum)
	t.VADDPS(product, t.product, t.product)
}
