package neon

import (
	"strings"
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
}

// exported is the name of the field of Set that a function is for.
func exported(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// halves runs body for the two halves of a block, pairs of vector registers:
// with the number of the first of them and its displacement.
func (a *asm) halves(body func(part, disp int)) {
	for part := 0; part < parts; part += 2 {
		a.scope(func() { body(part, part*quadBytes) })
	}
}

// loadedPair is a new pair of registers, read from memory.
func (a *asm) loadedPair(m mem) []vec {
	v := a.vecs(2)
	a.loadPair(m, v)
	return v
}

// fill runs body for every pixel of a Fill function: rows x width of them, in
// dst with rows stride apart, in the other streams contiguous.
func (a *asm) fill(dst reg, streams []reg, body func()) {
	done := a.label("done")
	rows, width, gap := a.param("rows"), a.param("width"), a.size("stride")
	a.op("CBZ", rows, done)
	a.op("CBZ", width, done)
	a.op("SUB", width.String()+"<<6", gap, gap) // a block has 64 bytes
	a.loop(1, rows, func() {
		a.loop(1, a.clone(width), func() {
			body()
			for _, s := range append([]reg{dst}, streams...) {
				a.add(lineBytes, s)
			}
		})
		a.add(gap, dst)
	})
	a.place(done)
	a.end()
}

// fillNorm emits ReLU(n(z)), with a shortcut added before ReLU, and the result
// stored a second time, if wanted.
func fillNorm(a *asm, name, slices string, shortcut, store bool) {
	a.function(name, slices+" []float32, rows, width, stride int", "is "+exported(name)+" of a Set.")
	norm := a.pointer("norm")
	scale, shift, zero := a.block(norm, 0), a.block(norm, 1), a.vec()
	a.zero(zero)
	dst, z := a.pointer("dst"), a.pointer("z")
	streams := []reg{z}
	var more, out reg
	if shortcut {
		more = a.pointer("add")
		streams = append(streams, more)
	}
	if store {
		out = a.pointer("out")
		streams = append(streams, out)
	}
	a.fill(dst, streams, func() {
		a.halves(func(part, disp int) {
			x := a.loadedPair(mem{z, disp})
			y := []vec{a.copyOf(shift[part]), a.copyOf(shift[part+1])}
			for i := range y {
				a.fmla(x[i], scale[part+i], y[i])
			}
			if shortcut {
				a.loadPair(mem{more, disp}, x)
				for i := range y {
					a.fadd(y[i], x[i], y[i])
				}
			}
			for i := range y {
				a.fmax(y[i], zero, y[i])
			}
			a.storePair(y, mem{dst, disp})
			if store {
				a.storePair(y, mem{out, disp})
			}
		})
	})
}

func fillCopy(a *asm) {
	a.function("fillCopy", "dst, a []float32, rows, width, stride int", "is FillCopy of a Set.")
	dst, src := a.pointer("dst"), a.pointer("a")
	a.fill(dst, []reg{src}, func() {
		a.halves(func(_, disp int) { a.storePair(a.loadedPair(mem{src, disp}), mem{dst, disp}) })
	})
}

// fillGrad emits the gradient through batch normalisation.
func fillGrad(a *asm) {
	a.function("fillGrad", "dst, g, z, coef []float32, rows, width, stride int", "is FillGrad of a Set.")
	coef := a.pointer("coef")
	dst, g, z := a.pointer("dst"), a.pointer("g"), a.pointer("z")
	k1, k2, k3 := a.block(coef, 0), a.block(coef, 1), a.block(coef, 2)
	a.fill(dst, []reg{g, z}, func() {
		a.halves(func(part, disp int) {
			gx, zx, x := a.loadedPair(mem{g, disp}), a.loadedPair(mem{z, disp}), a.vecs(2)
			for i := range 2 {
				a.move(k3[part+i], x[i])
				a.fmla(zx[i], k2[part+i], x[i])
				a.fmla(gx[i], k1[part+i], x[i])
			}
			a.storePair(x, mem{dst, disp})
		})
	})
}

// reduce increases the two runs of stats by what body adds up over the pixels.
// body is given a pair of sums and of products and where a half of a pixel is
// in the streams.
//
// Even and odd pixels have their own sums: an addition waits for the one before.
func (a *asm) reduce(streams []reg, body func(sum, product []vec, part, disp int)) {
	const ways = 2
	var sum, product [ways][]vec
	for w := range ways {
		sum[w], product[w] = a.vecs(parts), a.vecs(parts)
		a.zero(sum[w]...)
		a.zero(product[w]...)
	}
	count := a.param("pixels")
	one, done, top := a.label("one"), a.label("done"), a.label("pixels")
	pixel := func(w, at int) {
		a.halves(func(part, disp int) { body(sum[w][part:part+2], product[w][part:part+2], part, at+disp) })
	}
	a.op("SUBS", ways, count, count)
	a.op("BLT", one)
	a.place(top)
	for w := range ways {
		pixel(w, w*lineBytes)
	}
	for _, s := range streams {
		a.add(ways*lineBytes, s)
	}
	a.op("SUBS", ways, count, count)
	a.op("BGE", top)
	a.place(one)
	a.op("ADDS", 1, count, count)
	a.op("BNE", done)
	pixel(0, 0)
	a.place(done)

	stats := a.pointer("stats")
	for run, s := range [][ways][]vec{sum, product} {
		for part := range parts {
			a.scope(func() {
				m := mem{stats, run*lineBytes + part*quadBytes}
				x := a.loaded(m)
				a.fadd(s[0][part], s[1][part], s[0][part])
				a.fadd(s[0][part], x, x)
				a.store(x, m)
			})
		}
	}
	a.end()
}

func sums(a *asm) {
	a.function("sums", "stats, y []float32, pixels int", "is Sums of a Set.")
	y := a.pointer("y")
	a.reduce([]reg{y}, func(sum, square []vec, _, disp int) {
		for i, x := range a.loadedPair(mem{y, disp}) {
			a.fadd(sum[i], x, sum[i])
			a.fmla(x, x, square[i])
		}
	})
}

// gradSums emits the mask of a gradient and the sums over it; the mask comes
// from n(z) or from the activation.
func gradSums(a *asm, name, slices string, activation bool) {
	a.function(name, slices+" []float32, pixels int", "is "+exported(name)+" of a Set.")
	g, z := a.pointer("g"), a.pointer("z")
	streams := []reg{g, z}
	var scale, shift []vec
	var act reg
	if activation {
		act = a.pointer("a")
		streams = append(streams, act)
	} else {
		norm := a.pointer("norm")
		scale, shift = a.block(norm, 0), a.block(norm, 1)
	}
	a.reduce(streams, func(sum, product []vec, part, disp int) {
		gx, zx, m := a.loadedPair(mem{g, disp}), a.loadedPair(mem{z, disp}), a.vecs(2)
		if activation {
			a.loadPair(mem{act, disp}, m)
		}
		for i := range 2 {
			if !activation {
				a.move(shift[part+i], m[i])
				a.fmla(zx[i], scale[part+i], m[i])
			}
			a.positive(m[i], m[i])
			a.keep(m[i], gx[i], gx[i])
			a.fadd(sum[i], gx[i], sum[i])
			a.fmla(gx[i], zx[i], product[i])
		}
		a.storePair(gx, mem{g, disp})
	})
}

// stream runs body over streams of any length, the slice parameter's: quad for
// four values, then single for each that is left.
func (a *asm) stream(length string, streams []reg, quad, single func()) {
	count := a.param(length + "_len")
	top, tail, one, done := a.label("four"), a.label("tail"), a.label("one"), a.label("done")
	step := func(bytes int) {
		for _, s := range streams {
			a.add(bytes, s)
		}
	}
	a.op("SUBS", 4, count, count)
	a.op("BLT", tail)
	a.place(top)
	a.scope(quad)
	step(quadBytes)
	a.op("SUBS", 4, count, count)
	a.op("BGE", top)
	a.place(tail)
	a.op("ADDS", 4, count, count)
	a.op("BEQ", done)
	a.place(one)
	a.scope(single)
	step(4)
	a.op("SUBS", 1, count, count)
	a.op("BNE", one)
	a.place(done)
	a.end()
}

func add(a *asm) {
	a.function("add", "dst, src []float32", "is Add of a Set.")
	dst, src := a.pointer("dst"), a.pointer("src")
	a.stream("dst", []reg{dst, src}, func() {
		x, y := a.loaded(mem{dst, 0}), a.loaded(mem{src, 0})
		a.fadd(x, y, x)
		a.store(x, mem{dst, 0})
	}, func() {
		x, y := a.vec(), a.vec()
		a.op("FMOVS", mem{dst, 0}, x)
		a.op("FMOVS", mem{src, 0}, y)
		a.op("FADDS", y, x, x)
		a.op("FMOVS", x, mem{dst, 0})
	})
}

func update(a *asm) {
	a.function("update", "w, v, g []float32, rate, momentum, decay float32", "is Update of a Set.")
	w, v, g := a.pointer("w"), a.pointer("v"), a.pointer("g")
	var factor [3]vec
	for i, name := range []string{"rate", "momentum", "decay"} {
		factor[i] = a.vec()
		a.op("FMOVS", a.params[name], factor[i])
	}
	rate, momentum, decay := factor[0], factor[1], factor[2]
	a.stream("w", []reg{w, v, g}, func() {
		wx, vx, x := a.loaded(mem{w, 0}), a.loaded(mem{v, 0}), a.loaded(mem{g, 0})
		a.fmlaLane(wx, lane{decay, 0}, x)
		a.fmlaLane(vx, lane{momentum, 0}, x)
		a.store(x, mem{v, 0})
		a.fmlsLane(x, lane{rate, 0}, wx)
		a.store(wx, mem{w, 0})
	}, func() {
		wx, vx, x := a.vec(), a.vec(), a.vec()
		a.op("FMOVS", mem{w, 0}, wx)
		a.op("FMOVS", mem{v, 0}, vx)
		a.op("FMOVS", mem{g, 0}, x)
		a.op("FMADDS", decay, x, wx, x)
		a.op("FMADDS", momentum, x, vx, x)
		a.op("FMOVS", x, mem{v, 0})
		a.op("FMSUBS", rate, wx, x, wx)
		a.op("FMOVS", wx, mem{w, 0})
	})
}
