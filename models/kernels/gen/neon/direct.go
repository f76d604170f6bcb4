package neon

// direct emits the kernel of Set.Direct: for every block of output channels,
// register tiles of several pixels.
func direct(a *asm) {
	directForward(a)
	directGrad(a)
}

func directForward(a *asm) {
	a.function("direct", "y, x, w []float32, taps []int, depth, k, pixels, xStride, yStride, yBlock int",
		"is Direct of a Set.")
	y, x, w := a.pointer("y"), a.pointer("x"), a.pointer("w")
	xStride, yStride, wRow := a.size("xStride"), a.size("yStride"), a.size("k")

	a.loop(lanes, a.param("k"), func() {
		yAt, xAt, pixels := a.clone(y), a.clone(x), a.param("pixels")
		tiles := func(heights []int) {
			for _, h := range heights {
				a.scope(func() { a.directTile(h, yAt, xAt, w, xStride, yStride, wRow) })
			}
		}
		whole, rest, done := a.label("sixteen"), a.label("eight"), a.label("done")
		a.place(whole)
		a.op("CMP", 16, pixels)
		a.op("BLT", rest)
		tiles(heights)
		a.op("SUB", 16, pixels, pixels)
		a.op("B", whole)
		a.place(rest)
		a.op("CBZ", pixels, done)
		tiles([]int{4, 4})
		a.place(done)
		a.advance(y, "yBlock")
		a.add(lineBytes, w)
	})
	a.end()
}

// directTile computes height pixels of a block of y, and moves y and x on by
// them: input channels four at a time, then those that are left.
func (a *asm) directTile(height int, y, x, w, xStride, yStride, wRow reg) {
	t, numbers := a.newTile(height, height)
	wAt, tap := a.clone(w), a.pointer("taps")
	a.loop(1, a.param("taps_len"), func() {
		base := a.reg()
		a.op("MOVD.P", mem{tap, 8}, base)
		a.op("ADD", base.String()+"<<2", x, base)
		pixels, depth := a.pointers(base, xStride, height), a.param("depth")
		inputs := func(load string, channels int) {
			for r, n := range numbers {
				a.op(load, mem{pixels[r], 4 * channels}, n)
			}
			for c := range channels {
				t.outer(mem{wAt, 0}, func(r int) lane { return lane{numbers[r], c} })
				a.add(wRow, wAt)
			}
		}
		four, rest, one, done := a.label("four"), a.label("rest"), a.label("one"), a.label("done")
		a.place(four)
		a.op("SUBS", 4, depth, depth)
		a.op("BLT", rest)
		inputs("FMOVQ.P", 4)
		a.op("B", four)
		a.place(rest)
		a.op("ADDS", 4, depth, depth)
		a.op("BEQ", done)
		a.place(one)
		inputs("FMOVS.P", 1)
		a.op("SUBS", 1, depth, depth)
		a.op("BNE", one)
		a.place(done)
	})
	t.storeRows(y, yStride)
	for range height {
		a.add(xStride, x)
	}
}

// directGrad emits the kernel of Set.DirectGrad: for every tap and block of
// output channels, register tiles of several input channels.
func directGrad(a *asm) {
	a.function("directGrad", "w, x, d []float32, taps []int, depth, k, rows, pixels, xRow, xStride, dRow, dBlock int",
		"is DirectGrad of a Set.")
	w, x, tap := a.pointer("w"), a.pointer("x"), a.pointer("taps")
	xStride, wRow := a.size("xStride"), a.size("k")

	a.loop(1, a.param("taps_len"), func() {
		base, wBlock, d := a.reg(), a.clone(w), a.pointer("d")
		a.op("MOVD.P", mem{tap, 8}, base)
		a.op("ADD", base.String()+"<<2", x, base)
		a.loop(lanes, a.param("k"), func() {
			wAt := a.clone(wBlock)
			nine, done := a.label("nine"), a.label("done")
			a.scope(func() {
				a.op("CMP", lanes, a.param("depth"))
				a.op("BNE", nine)
			})
			a.gradTiles(heights, wAt, base, d, wRow, xStride)
			a.op("B", done)
			a.place(nine)
			a.gradTiles([]int{5, 4}, wAt, base, d, wRow, xStride)
			a.place(done)
			a.add(lineBytes, wBlock)
			a.advance(d, "dBlock")
		})
		a.scope(func() {
			size := a.size("k")
			a.op("MUL", a.param("depth"), size, size)
			a.add(size, w)
		})
	})
	a.end()
}

// gradTiles adds to the gradient of one tap, for a block of output channels and
// tiles of input channels of the given heights.
func (a *asm) gradTiles(heights []int, w, x, d, wRow, xStride reg) {
	from := 0
	for _, h := range heights {
		a.scope(func() {
			t, numbers := a.newTile(h, 2)
			xRow, dRow := a.clone(x), a.clone(d)
			a.forParam("rows", func() {
				xAt, dAt := a.clone(xRow), a.clone(dRow)
				a.loop(1, a.param("pixels"), func() {
					a.numbersOf(h, mem{xAt, 4 * from}, numbers)
					t.outer(mem{dAt, 0}, func(r int) lane { return rowNumber(numbers, r) })
					a.add(xStride, xAt)
					a.add(lineBytes, dAt)
				})
				a.advance(xRow, "xRow")
				a.advance(dRow, "dRow")
			})
			t.addRows(w, wRow)
			t.storeRows(w, wRow)
		})
		from += h
	}
}
