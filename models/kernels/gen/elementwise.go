package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// elementwise emits the kernels that go over activations or parameters once.
func elementwise(a *asm) {
	fillNorm(a, "fillNorm", "dst, z, norm", false, false)
	fillNorm(a, "fillNormStore", "dst, out, z, norm", false, true)
	fillNorm(a, "fillAdd", "dst, z, add, norm", true, false)
	fillNorm(a, "fillAddStore", "dst, out, z, add, norm", true, true)
	fillCopy(a)
	fillGrad(a)
	sums(a)
	gradSums(a, "gradSums", "stats, g, z, norm", false)
	gradSums(a, "gradSumsMask", "stats, g, z, a", true)
	add(a)
	update(a)
	prefetch(a)
	fence(a)
}

// block loads 16 lanes from the n-th run of lanes at base.
func (a *asm) block(base reg.Register, n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, a.parts())
	for p := range v {
		v[p] = a.load(operand.Mem{Base: base, Disp: n*lineBytes + p*a.bytes()})
	}
	return v
}

// zeros is a new vector of zeros.
func (a *asm) zeros() reg.VecVirtual {
	z := a.vec()
	a.zero(z)
	return z
}

// affine sets x to x*scale + shift.
func (a *asm) affine(scale, shift operand.Op, x reg.Register) {
	a.VFMADD213PS(shift, scale, x)
}

// fill runs body for the parts of every pixel of a Fill function: rows x width
// of them, in dst with rows stride apart, in the sources contiguous. body is
// given the addresses of the part in dst and in the sources.
func (a *asm) fill(dst reg.Register, sources []reg.Register, body func(part int, dst operand.Mem, src []operand.Mem)) {
	done := a.label("done")
	count := a.local()
	rows := a.integer("rows")
	a.TESTQ(rows, rows)
	a.JZ(operand.LabelRef(done))
	a.MOVQ(rows, count)
	row := a.integer("width")
	a.SHLQ(operand.U8(6), row) // a block has 64 bytes
	a.JZ(operand.LabelRef(done))
	stride := a.size("stride")

	// The pointers stand at the end of a row, the index runs up to 0.
	streams := append([]reg.Register{dst}, sources...)
	for _, s := range streams {
		a.ADDQ(row, s)
	}
	a.loop(count, func() {
		index := a.clone(row)
		a.NEGQ(index)
		top := a.label("pixel")
		a.Label(top)
		for part := range a.parts() {
			var at []operand.Mem
			for _, s := range streams {
				at = append(at, operand.Mem{Base: s, Index: index, Scale: 1, Disp: part * a.bytes()})
			}
			body(part, at[0], at[1:])
		}
		a.ADDQ(operand.U8(lineBytes), index)
		a.JNZ(operand.LabelRef(top))
		a.ADDQ(stride, dst)
		for _, s := range sources {
			a.ADDQ(row, s)
		}
	})
	a.Label(done)
	a.end()
}

// fillNorm emits ReLU(n(z)), with a shortcut added before ReLU, and the result
// stored a second time, if wanted.
func fillNorm(a *asm, name, slices string, shortcut, store bool) {
	a.function(name, slices+" []float32, rows, width, stride int", "is "+exported(name)+" of a Set.")
	norm := a.pointer("norm")
	scale, shift := a.block(norm, 0), a.block(norm, 1)
	zero := a.zeros()
	dst, sources := a.pointer("dst"), []reg.Register{a.pointer("z")}
	if shortcut {
		sources = append(sources, a.pointer("add"))
	}
	if store {
		sources = append(sources, a.pointer("out"))
	}
	body := func() {
		a.fill(dst, sources, func(part int, dst operand.Mem, src []operand.Mem) {
			x := a.load(src[0])
			a.affine(scale[part], shift[part], x)
			if shortcut {
				a.VADDPS(src[1], x, x)
			}
			// Of an operand that is not a number the maximum is the first
			// one here: NaN stays NaN, so that a run that diverges shows it.
			a.VMAXPS(x, zero, x)
			a.VMOVUPS(x, dst)
			if store {
				a.storePast(x, src[len(src)-1])
			}
		})
	}
	if store {
		a.pastCaches(sources[len(sources)-1:], body)
	} else {
		body()
	}
}

func fillCopy(a *asm) {
	a.function("fillCopy", "dst, a []float32, rows, width, stride int", "is FillCopy of a Set.")
	a.fill(a.pointer("dst"), []reg.Register{a.pointer("a")}, func(_ int, dst operand.Mem, src []operand.Mem) {
		a.VMOVUPS(a.load(src[0]), dst)
	})
}

// fillGrad emits the gradient through batch normalisation.
func fillGrad(a *asm) {
	a.function("fillGrad", "dst, g, z, coef []float32, rows, width, stride int", "is FillGrad of a Set.")
	coef := a.pointer("coef")
	k1, k2, k3 := a.block(coef, 0), a.block(coef, 1), a.block(coef, 2)
	sources := []reg.Register{a.pointer("g"), a.pointer("z")}
	a.fill(a.pointer("dst"), sources, func(part int, dst operand.Mem, src []operand.Mem) {
		x := a.load(src[1])
		a.affine(k2[part], k3[part], x)
		a.VFMADD231PS(src[0], k1[part], x)
		a.VMOVUPS(x, dst)
	})
}

// reduce increases the two runs of stats by what body adds up over the pixels,
// contiguous in the sources. body is given a pair of sums, one register for
// each part, and the address of a pixel in each source.
//
// Even and odd pixels have their own sums: an addition waits for the one before.
func (a *asm) reduce(sources []reg.Register, body func(sum, product []reg.VecVirtual, at []reg.Register, disp int)) {
	const ways = 2
	var sum, product [ways][]reg.VecVirtual
	for w := range ways {
		sum[w], product[w] = a.vecs(a.parts()), a.vecs(a.parts())
		for _, v := range append(sum[w][:len(sum[w]):len(sum[w])], product[w]...) {
			a.zero(v)
		}
	}
	count := a.integer("pixels")
	odd, done := a.label("odd"), a.label("done")
	top := a.label("pixels")
	a.SUBQ(operand.U8(ways), count)
	a.JLT(operand.LabelRef(odd))
	a.Label(top)
	for w := range ways {
		body(sum[w], product[w], sources, w*lineBytes)
	}
	for _, s := range sources {
		a.ADDQ(operand.I32(ways*lineBytes), s)
	}
	a.SUBQ(operand.U8(ways), count)
	a.JGE(operand.LabelRef(top))
	a.Label(odd)
	a.CMPQ(count, operand.I8(-1))
	a.JNE(operand.LabelRef(done))
	body(sum[0], product[0], sources, 0)
	a.Label(done)

	stats := a.pointer("stats")
	for part := range a.parts() {
		for run, s := range [][ways][]reg.VecVirtual{sum, product} {
			a.VADDPS(s[1][part], s[0][part], s[0][part])
			at := operand.Mem{Base: stats, Disp: run*lineBytes + part*a.bytes()}
			a.VADDPS(at, s[0][part], s[0][part])
			a.VMOVUPS(s[0][part], at)
		}
	}
	a.end()
}

func sums(a *asm) {
	a.function("sums", "stats, y []float32, pixels int", "is Sums of a Set.")
	a.reduce([]reg.Register{a.pointer("y")}, func(sum, square []reg.VecVirtual, at []reg.Register, disp int) {
		for part := range a.parts() {
			x := a.load(operand.Mem{Base: at[0], Disp: disp + part*a.bytes()})
			a.VADDPS(x, sum[part], sum[part])
			a.VFMADD231PS(x, x, square[part])
		}
	})
}

// gradSums emits the mask of a gradient and the sums over it; the mask comes
// from n(z) or from the activation.
func gradSums(a *asm, name, slices string, activation bool) {
	a.function(name, slices+" []float32, pixels int", "is "+exported(name)+" of a Set.")
	var scale, shift []reg.VecVirtual
	sources := []reg.Register{a.pointer("g"), a.pointer("z")}
	if activation {
		sources = append(sources, a.pointer("a"))
	} else {
		norm := a.pointer("norm")
		scale, shift = a.block(norm, 0), a.block(norm, 1)
	}
	zero := a.zeros()
	a.reduce(sources, func(sum, product []reg.VecVirtual, at []reg.Register, disp int) {
		for part := range a.parts() {
			disp := disp + part*a.bytes()
			m := a.load(operand.Mem{Base: at[len(at)-1], Disp: disp})
			if !activation {
				a.affine(scale[part], shift[part], m)
			}
			g := a.vec()
			a.keep(a.positive(m, zero), operand.Mem{Base: at[0], Disp: disp}, g)
			a.VMOVUPS(g, operand.Mem{Base: at[0], Disp: disp})
			a.VADDPS(g, sum[part], sum[part])
			a.VFMADD231PS(operand.Mem{Base: at[1], Disp: disp}, g, product[part])
		}
	})
}

func prefetch(a *asm) {
	a.function("prefetch", "ahead []*float32, from, lines int", "is Prefetch of a Set.")
	from := a.integer("from")
	a.SHLQ(operand.U8(6), from)
	a.ask(from)
	a.RET()
}

func fence(a *asm) {
	a.function("fence", "", "is Fence of a Set.")
	a.SFENCE()
	a.RET()
}
