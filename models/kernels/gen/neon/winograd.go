package neon

// planes are the distances in a transformed group of tiles: the multiples of
// that between elements of a row of a patch, and that between rows.
type planes struct {
	element []reg // times 1 to 5
	row     reg
}

func (a *asm) planes(plane reg) planes {
	p := planes{a.multiples(plane, 5), a.reg()}
	a.op("ADD", plane, p.element[4], p.row)
	return p
}

// storeTo stores the elements of a row of the patch at v.
func (a *asm) storeTo(v reg, p planes, row int) func(element int, x vec) {
	at := a.row(v, p.row, row)
	return func(element int, x vec) {
		if element == 0 {
			a.store(x, mem{at, 0})
		} else {
			a.storeAt(x, at, p.element[element-1])
		}
	}
}

// rowPointers are new pointers to n rows, stride apart.
func (a *asm) rowPointers(base, stride reg, n int) []reg {
	rows := []reg{a.clone(base)}
	for len(rows) < n {
		r := a.reg()
		a.op("ADD", stride, rows[len(rows)-1], r)
		rows = append(rows, r)
	}
	return rows
}

// values gives a transform the values that column reads, each loaded once.
func (a *asm) values(load func(i int, v vec)) func(i int) vec {
	loaded := map[int]vec{}
	return func(i int) vec {
		v, found := loaded[i]
		if !found {
			v = a.vec()
			load(i, v)
			loaded[i] = v
		}
		return v
	}
}

// transformInput emits the kernel of Set.TransformInput. A pair of rows of the
// patches is done for a whole row of tiles, because neighbouring patches share
// two columns.
func transformInput(a *asm) {
	a.function("transformInput", "v, s []float32, tilesX, tilesY, stride, channels, plane int",
		"is TransformInput of a Set.")
	v, s, stride, channels := a.pointer("v"), a.pointer("s"), a.size("stride"), a.size("channels")
	p := a.planes(a.size("plane"))
	t := &transforms{a, a.numbers(4, 5)}

	a.forParam("tilesY", func() {
		a.quarters([]reg{v, s}, func() {
			for _, pr := range patchPairs {
				a.scope(func() { t.inputRows(pr, v, s, stride, channels, p) })
			}
		})
		// Past the block: to the next row of tiles.
		a.scope(func() {
			a.add(shifted(stride, 4), s)
			tiles := a.param("tilesX")
			a.op("MUL", channels, tiles, tiles)
			a.add(tiles, v)
			a.op("SUB", lineBytes, s, s)
			a.op("SUB", lineBytes, v, v)
		})
	})
	a.end()
}

// inputRows computes two rows of the patches of a row of tiles.
func (t *transforms) inputRows(pr pair, v, s, stride, channels reg, p planes) {
	rows, vAt := t.rowPointers(s, stride, 6), t.clone(v)
	first, second := t.vecs(6), t.vecs(6)
	column := func(j, disp int) {
		t.scope(func() {
			t.inputColumn(pr, t.values(func(i int, v vec) { t.load(mem{rows[i], disp}, v) }), first[j], second[j])
		})
	}
	column(4, 0)
	column(5, lineBytes)
	t.forParam("tilesX", func() {
		for j := range 2 {
			t.move(first[4+j], first[j])
			t.move(second[4+j], second[j])
		}
		for j := 2; j < 6; j++ {
			column(j, j*lineBytes)
		}
		for _, r := range rows {
			t.add(tileBytes, r)
		}
		t.scope(func() { t.inputRow(first, t.storeTo(vAt, p, pr.first)) })
		t.scope(func() { t.inputRow(second, t.storeTo(vAt, p, pr.second)) })
		t.add(channels, vAt)
	})
}

// transformGrad emits the kernel of Set.TransformGrad.
func transformGrad(a *asm) {
	a.function("transformGrad", "v, s []float32, tilesX, tilesY, stride, channels, plane int",
		"is TransformGrad of a Set.")
	v, s, stride, channels := a.pointer("v"), a.pointer("s"), a.size("stride"), a.size("channels")
	p := a.planes(a.size("plane"))
	t := &transforms{a, a.numbers(4)}

	a.forParam("tilesY", func() {
		rows := a.rowPointers(s, stride, 4)
		a.forParam("tilesX", func() {
			a.quarters(append([]reg{v}, rows...), func() {
				for _, pr := range patchPairs {
					a.scope(func() {
						first, second := a.vecs(4), a.vecs(4)
						for j := range 4 {
							a.scope(func() {
								t.gradColumn(pr, a.values(func(i int, v vec) { a.load(mem{rows[i], j * lineBytes}, v) }),
									first[j], second[j])
							})
						}
						a.scope(func() { t.gradRow(first, a.storeTo(v, p, pr.first)) })
						a.scope(func() { t.gradRow(second, a.storeTo(v, p, pr.second)) })
					})
				}
			})
			for _, r := range rows {
				a.add(tileBytes-lineBytes, r)
			}
			a.add(channels, v)
			a.op("SUB", lineBytes, v, v)
		})
		a.add(shifted(stride, 4), s)
	})
	a.end()
}
