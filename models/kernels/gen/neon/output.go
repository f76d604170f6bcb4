package neon

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

// outputTile emits the transform of one tile back to pixels.
type outputTile struct {
	transforms
	kind           outputKind
	y, z, a, g2    reg   // start of pixels
	offset         reg   // of the tile in these
	stride         reg   // between rows of pixels
	m, stats, norm reg   // of the tile
	plane          reg   // between elements of a row at m
	rows           []reg // between rows, times 1 to 5
	scale, shift   vec
	zeros          vec
	sum, product   vec
	counted        bool // sum and product hold something
}

// transformOutput emits the kernels of Set.TransformOutput and its relatives.
// They compute rows 0 and 2 of a tile, then 1 and 3. The sums of a row of four
// pixels are added to those of the tile, and these to stats.
func transformOutput(a *asm, kind outputKind) {
	name := []string{"transformOutput", "transformOutputGrad", "transformOutputGradAdd", "transformOutputNorm", "transformOutputNormAdd"}[kind]
	slices := []string{"y, stats, m", "y, stats, m, z, norm", "y, stats, m, z, a, g2", "y, m, norm", "y, m, add, norm"}[kind]
	a.function(name, slices+" []float32, tilesX, tilesY, stride, channels, plane int", "is "+exported(name)+" of a Set.")
	t := outputTile{kind: kind, y: a.pointer("y"), m: a.pointer("m")}
	t.transforms = transforms{a, a.numbers(2, 4, 8)}
	moving := []reg{t.m}
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
	t.plane = a.size("plane")
	t.rows = a.multiples(a.row(t.plane, t.plane, 5), 5)
	t.stride, t.offset = a.size("stride"), a.reg()
	moving = append(moving, t.offset)

	start := a.reg() // of the row of tiles
	a.op("MOVD", 0, start)
	a.forParam("tilesY", func() {
		a.op("MOVD", start, t.offset)
		a.forParam("tilesX", func() {
			a.quarters(moving, t.emit)
			for _, r := range moving {
				a.op("SUB", lineBytes, r, r)
			}
			a.add(tileBytes, t.offset)
			a.advance(t.m, "channels")
		})
		a.add(shifted(t.stride, 4), start)
	})
	a.end()
}

// emit computes a quarter of the lanes.
func (t *outputTile) emit() {
	if t.kind == outputGrad || t.kind.finished() {
		t.scale, t.shift = t.loaded(mem{t.norm, 0}), t.loaded(mem{t.norm, lineBytes})
	}
	if t.kind.finished() {
		t.zeros = t.vec()
		t.zero(t.zeros)
	} else {
		t.sum, t.product, t.counted = t.vec(), t.vec(), false
	}
	row := t.clone(t.offset)
	for _, pr := range []pair{{0, 2}, {1, 3}} {
		t.scope(func() {
			rows := [2][]vec{t.vecs(6), t.vecs(6)}
			t.scope(func() {
				column := t.clone(t.m)
				for j := range 6 {
					t.scope(func() {
						t.outputColumn(pr, t.values(func(i int, v vec) {
							if i == 0 {
								t.load(mem{column, 0}, v)
							} else {
								t.loadAt(column, t.rows[i-1], v)
							}
						}), rows[0][j], rows[1][j])
					})
					if j < 5 {
						t.add(t.plane, column)
					}
				}
			})
			for i, r := range rows {
				t.scope(func() { t.pixels(row, t.outputRow(r)) })
				if i == 0 {
					t.add(shifted(t.stride, 2), row)
				}
			}
			if pr.first == 0 { // from row 2 to row 1
				t.op("SUB", t.stride, row, row)
			}
		})
	}
	if t.kind.finished() {
		return
	}
	for i, s := range []vec{t.sum, t.product} {
		t.scope(func() {
			m := mem{t.stats, i * lineBytes}
			x := t.loaded(m)
			t.fadd(x, s, x)
			t.store(x, m)
		})
	}
}

// finish normalises a row of pixels, adds the shortcut, if there is one,
// rectifies and stores it.
func (t *outputTile) finish(row reg, x [4]vec) {
	y := t.rowAt(t.y, row)
	var shortcut reg
	if t.kind == outputNormAdd {
		shortcut = t.rowAt(t.a, row)
	}
	for j, x := range x {
		t.scope(func() {
			n := t.copyOf(t.shift)
			t.fmla(x, t.scale, n)
			if t.kind == outputNormAdd {
				t.fadd(n, t.loaded(mem{shortcut, j * lineBytes}), n)
			}
			t.fmax(n, t.zeros, n)
			t.store(n, mem{y, j * lineBytes})
		})
	}
}

// rowAt is a new register with the address of a row of pixels.
func (t *outputTile) rowAt(base, row reg) reg {
	r := t.reg()
	t.op("ADD", row, base, r)
	return r
}

// pixels stores a row of pixels and takes its sums.
func (t *outputTile) pixels(row reg, x [4]vec) {
	if t.kind.finished() {
		t.finish(row, x)
		return
	}
	y := t.rowAt(t.y, row)
	var z, a, g2 reg
	if t.kind != outputPlain {
		z = t.rowAt(t.z, row)
	}
	if t.kind == outputGradAdd {
		a, g2 = t.rowAt(t.a, row), t.rowAt(t.g2, row)
	}
	sum, product := t.vec(), t.vec()
	for j, x := range x {
		t.scope(func() {
			factor := x
			switch t.kind {
			case outputGrad:
				factor = t.loaded(mem{z, j * lineBytes})
				mask := t.copyOf(t.shift)
				t.fmla(factor, t.scale, mask)
				t.positive(mask, mask)
				t.keep(mask, x, x)
			case outputGradAdd:
				factor = t.loaded(mem{g2, j * lineBytes})
				t.fadd(x, factor, x)
				mask := t.loaded(mem{a, j * lineBytes})
				t.positive(mask, mask)
				t.keep(mask, x, x)
				t.load(mem{z, j * lineBytes}, factor)
			}
			t.store(x, mem{y, j * lineBytes})
			if j == 0 {
				t.move(x, sum)
				t.fmul(x, factor, product)
				return
			}
			t.fadd(sum, x, sum)
			t.fmla(x, factor, product)
		})
	}
	if !t.counted {
		t.counted = true
		t.move(sum, t.sum)
		t.move(product, t.product)
		return
	}
	t.fadd(t.sum, sum, t.sum)
	t.fadd(t.product, product, t.product)
}
