package neon

// The register tiles of the products are several rows by the 16 channels of a
// block: six rows have 24 sums. A vector of the other matrix is multiplied with
// all rows as soon as it is there, so that it takes two registers to load them,
// and a number of a row comes from the lane of a register (fmla by element).
// Sixteen rows are three tiles: at least 20 sums, where a processor with four
// multipliers of latency four keeps 16 in flight. Eight rows, a strip of layers of 16
// channels, are two tiles of 16.
var heights = []int{6, 5, 5}

// tile is a register tile: height rows of a block of sums.
type tile struct {
	*asm
	sums [][]vec
	line [][]vec // pairs of registers for the other matrix, taken in turn
	turn int
}

// newTile clears the sums; numbers are the registers for the rows' numbers. The
// registers that remain hold the other matrix.
func (a *asm) newTile(height, numbers int) (t *tile, rows []vec) {
	t = &tile{asm: a}
	for range height {
		t.sums = append(t.sums, a.vecs(parts))
	}
	rows = a.vecs(numbers)
	for len(a.freeVecs) >= 2 && len(t.line) < 4 {
		t.line = append(t.line, a.vecs(2))
	}
	for _, s := range t.sums {
		a.zero(s...)
	}
	return t, rows
}

// outer adds to the sums of each row the products of its number with the block
// at line.
func (t *tile) outer(line mem, number func(row int) lane) {
	for p := 0; p < parts; p += 2 {
		pair := t.line[t.turn%len(t.line)]
		t.turn++
		t.loadPair(mem{line.base, line.disp + p*quadBytes}, pair)
		for r, s := range t.sums {
			t.fmlaLane(pair[0], number(r), s[p])
			t.fmlaLane(pair[1], number(r), s[p+1])
		}
	}
}

// storeRows writes the rows of sums to memory, stride apart, and moves at on
// past them.
func (t *tile) storeRows(at, stride reg) {
	for _, s := range t.sums {
		t.storePair(s[:2], mem{at, 0})
		t.storePair(s[2:], mem{at, 2 * quadBytes})
		t.add(stride, at)
	}
}

// addRows adds to the rows of sums those in memory, stride apart.
func (t *tile) addRows(at, stride reg) {
	t.scope(func() {
		at := t.clone(at)
		for _, s := range t.sums {
			for p := 0; p < parts; p += 2 {
				pair := t.line[p/2%len(t.line)]
				t.loadPair(mem{at, p * quadBytes}, pair)
				t.fadd(pair[0], s[p], s[p])
				t.fadd(pair[1], s[p+1], s[p+1])
			}
			t.add(stride, at)
		}
	})
}

// pointers are those of rowPointers; base is moved on past their rows.
func (a *asm) pointers(base, stride reg, n int) []reg {
	rows := a.rowPointers(base, stride, n)
	a.op("ADD", stride, rows[n-1], base)
	return rows
}

// multiply emits the kernel of Set.Multiply: for every plane and block of
// output channels, tiles of several rows of v, four input channels at a time.
func multiply(a *asm) {
	a.function("multiply", "m, v, u []float32, tiles, c, k, vPlane, mPlane int, ahead []*float32, lines int",
		"is Multiply of a Set. It leaves fetching ahead to the processor.")
	m, v, u := a.pointer("m"), a.pointer("v"), a.pointer("u")
	vRow, mRow := a.size("c"), a.size("k")

	a.repeat(patchArea, func() {
		mBlock, blocks := a.clone(m), a.param("k")
		a.loop(lanes, blocks, func() {
			vAt, mAt := a.clone(v), a.clone(mBlock)
			tiles := func(heights []int) {
				for _, h := range heights {
					a.scope(func() {
						t, quads := a.newTile(h, h)
						rows, uAt := a.pointers(vAt, vRow, h), a.clone(u)
						const unroll = 4
						a.loop(unroll, a.param("c"), func() {
							for r, q := range quads {
								a.op("FMOVQ.P", mem{rows[r], quadBytes}, q)
							}
							for c := range unroll {
								t.outer(mem{uAt, c * lineBytes}, func(r int) lane { return lane{quads[r], c} })
							}
							a.add(unroll*lineBytes, uAt)
						})
						t.storeRows(mAt, mRow)
					})
				}
			}
			// Sixteen at a time, then the eight that may be left.
			count := a.param("tiles")
			sixteen, eight, done := a.label("sixteen"), a.label("eight"), a.label("done")
			a.place(sixteen)
			a.op("CMP", lanes, count)
			a.op("BLT", eight)
			tiles(heights)
			a.op("SUB", lanes, count, count)
			a.op("B", sixteen)
			a.place(eight)
			a.op("CBZ", count, done)
			tiles([]int{4, 4})
			a.place(done)
			a.add(vRow.String()+"<<4", u) // 16 lanes for every input channel
			a.add(lineBytes, mBlock)
		})
		a.advance(v, "vPlane")
		a.advance(m, "mPlane")
	})
	a.end()
}

// numbersOf loads the numbers of a tile's four to six rows from neighbouring memory
// into two registers, and reads nothing else.
func (a *asm) numbersOf(height int, at mem, v []vec) {
	a.load(at, v[0])
	rest := mem{at.base, at.disp + quadBytes}
	switch height {
	case 4:
	case 5:
		a.op("FMOVS", rest, v[1])
	case 6:
		a.op("FMOVD", rest, v[1])
	default:
		panic("a tile of four to six rows")
	}
}

// rowNumber is where numbersOf has put the number of a row.
func rowNumber(v []vec, row int) lane { return lane{v[row/4], row % 4} }

// multiplyGrad emits the kernel of Set.MultiplyGrad: for every plane and block
// of output channels, tiles of several input channels.
func multiplyGrad(a *asm) {
	a.function("multiplyGrad", "u, v, d []float32, before, tiles, c, k, uPlane, vPlane, dPlane int, ahead []*float32, lines int",
		"is MultiplyGrad of a Set. It leaves fetching ahead to the processor.")
	u, v, d := a.pointer("u"), a.pointer("v"), a.pointer("d")
	vRow, dRow := a.size("c"), a.size("k")

	a.repeat(patchArea, func() {
		uBlock, dBlock := a.clone(u), a.clone(d)
		a.loop(lanes, a.param("k"), func() {
			uAt, vBlock := a.clone(uBlock), a.clone(v)
			a.loop(lanes, a.param("c"), func() {
				for _, h := range heights {
					a.scope(func() {
						t, numbers := a.newTile(h, 2)
						vAt, dAt := a.clone(vBlock), a.clone(dBlock)
						a.loop(1, a.param("tiles"), func() {
							a.numbersOf(h, mem{vAt, 0}, numbers)
							t.outer(mem{dAt, 0}, func(r int) lane { return rowNumber(numbers, r) })
							a.add(vRow, vAt)
							a.add(dRow, dAt)
						})
						first := a.label("first")
						a.scope(func() { a.op("CBZ", a.param("before"), first) })
						t.addRows(uAt, dRow) // a row of u is as long as one of d
						a.place(first)
						t.storeRows(uAt, dRow)
						a.add(4*h, vBlock)
					})
				}
			})
			a.add(lineBytes, uBlock)
			a.add(lineBytes, dBlock)
		})
		a.advance(u, "uPlane")
		a.advance(v, "vPlane")
		a.advance(d, "dPlane")
	})
	a.end()
}
