package neon

// transformWeights emits the kernel of Set.TransformWeights. A pair of rows is
// done for all channels of a block: the elements of u are a power of two apart
// and fall into the same cache set, which has no room for 36 at a time.
func transformWeights(a *asm) {
	a.function("transformWeights", "u, w []float32, c, k, first, last int", "is TransformWeights of a Set.")
	none := a.label("none")
	first, count := a.param("first"), a.param("last")
	a.op("SUBS", first, count, count)
	a.op("BLE", none)

	w, u, wRow, uBlock := a.pointer("w"), a.pointer("u"), a.size("k"), a.param("c")
	a.scope(func() {
		channel := a.reg()
		a.op("MUL", wRow, first, channel)
		a.add(channel, w)
	})
	a.add(first.String()+"<<6", u)
	plane := a.reg()
	a.op("MUL", uBlock, wRow, plane)
	a.op("LSL", 6, uBlock, uBlock)
	p := a.planes(plane) // the taps are as far apart
	t := &transforms{a, a.numbers(2, 4, 1.0/4, -1.0/6)}
	for x, l := range a.numbers(1.0 / 24) {
		t.number[x] = l
	}

	a.loop(lanes, a.param("k"), func() {
		for _, pr := range patchPairs {
			a.scope(func() {
				taps := a.rowPointers(w, p.element[2], 3)
				uAt, channels := a.clone(u), a.clone(count)
				a.loop(1, channels, func() {
					a.quarters(append([]reg{uAt}, taps...), func() {
						var rows [2][]vec
						for i := range rows {
							rows[i] = a.vecs(3)
						}
						for j := range 3 {
							a.scope(func() {
								g := a.vecs(3)
								for i, tap := range taps {
									if j == 0 {
										a.load(mem{tap, 0}, g[i])
									} else {
										a.loadAt(tap, p.element[j-1], g[i])
									}
								}
								t.weightPair(pr, g, rows[0][j], rows[1][j])
							})
						}
						for i, row := range []int{pr.first, pr.second} {
							a.scope(func() {
								store := a.storeTo(uAt, p, row)
								for _, pr := range patchPairs {
									a.scope(func() {
										x, y := a.vec(), a.vec()
										t.weightPair(pr, rows[i], x, y)
										store(pr.first, x)
										store(pr.second, y)
									})
								}
							})
						}
					})
					// Past the block: u is at the next channel.
					for _, tap := range taps {
						a.add(wRow, tap)
						a.op("SUB", lineBytes, tap, tap)
					}
				})
			})
		}
		a.add(lineBytes, w)
		a.add(uBlock, u)
	})
	a.place(none)
	a.end()
}

// transformWeightsGrad emits the kernel of Set.TransformWeightsGrad. Channels
// do not matter to it: the taps, and the elements further apart, are planes of
// c*k values.
func transformWeightsGrad(a *asm) {
	a.function("transformWeightsGrad", "w, u []float32, c, k, plane int", "is TransformWeightsGrad of a Set.")
	w, u, count := a.pointer("w"), a.pointer("u"), a.param("c")
	a.op("MUL", a.param("k"), count, count)
	apart := a.reg()
	a.op("LSL", 2, count, apart)
	plane := a.size("plane")
	rows := a.multiples(a.row(plane, plane, 5), 5)
	t := &transforms{a, a.numbers(1.0/4, 1.0/6, 1.0/12, 1.0/24)}

	a.loop(4, count, func() {
		rowsOf := [3][]vec{a.vecs(6), a.vecs(6), a.vecs(6)}
		column := a.clone(u)
		for j := range 6 {
			a.scope(func() {
				x := a.vecs(6)
				a.load(mem{column, 0}, x[0])
				for i := 1; i < 6; i++ {
					a.loadAt(column, rows[i-1], x[i])
				}
				t.weightGrad(x, [3]vec{rowsOf[0][j], rowsOf[1][j], rowsOf[2][j]})
			})
			if j < 5 {
				a.add(plane, column)
			}
		}
		tap := a.clone(w)
		for i, row := range rowsOf {
			a.scope(func() {
				x := [3]vec{a.vec(), a.vec(), a.vec()}
				t.weightGrad(row, x)
				for j, x := range x {
					a.store(x, mem{tap, 0})
					if i < 2 || j < 2 {
						a.add(apart, tap)
					}
				}
			})
		}
		a.add(quadBytes, w)
		a.add(quadBytes, u)
	})
	a.end()
}
