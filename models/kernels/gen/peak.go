package main

// peak emits a loop of nothing but multiply-adds, n times 12 of them on
// registers: what the benchmarks measure the machine with.
func peak(a *asm) {
	a.function("fmaPeak", "n int", "does n times 12 independent multiply-adds of whole registers.")
	x := a.zeros()
	sums := a.vecs(12)
	for _, s := range sums {
		a.zero(s)
	}
	a.loop(a.integer("n"), func() {
		for _, s := range sums {
			a.VFMADD231PS(x, x, s)
		}
	})
	a.end()
}
