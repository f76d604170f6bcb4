package ops

import "testing"

// What the busiest thread has to do, by the division that layers work by.
func TestBusiest(t *testing.T) {
	for _, c := range []struct {
		what    string
		n       int
		threads map[int]int // by the number of threads: pieces of the busiest
	}{
		{"128 images, as in strided layers", 128, map[int]int{1: 128, 2: 64, 3: 48, 8: 16, 12: 16, 15: 16, 16: 8, 64: 8}},
		{"groups of 32x32 maps", Groups(32, 128), map[int]int{1: 512, 2: 256, 8: 64, 16: 32, 64: 32}},
		{"groups of 16x16 maps", Groups(16, 128), map[int]int{1: 128, 2: 64, 8: 16, 16: 8, 64: 8}},
		{"groups of 8x8 maps", Groups(8, 128), map[int]int{1: 16, 2: 8, 8: 2, 16: 1, 64: 1}},
		{"200 images to evaluate", 200, map[int]int{1: 200, 2: 100, 8: 25, 16: 13, 64: 13}},
		{"their groups of 8x8 maps", Groups(8, 200), map[int]int{1: 25, 2: 13, 8: 4, 16: 2, 64: 2}},
		{"fewer images than parts", 3, map[int]int{1: 3, 2: 2, 3: 1, 8: 1}},
	} {
		for threads, want := range c.threads {
			if got := Busiest(c.n, threads); got != want {
				t.Errorf("%s: the busiest of %d threads has %d of %d, want %d", c.what, threads, got, c.n, want)
			}
		}
	}
}

// The parts of a loop are all of its pieces, each once.
func TestSlotRange(t *testing.T) {
	for n := 1; n < 600; n++ {
		next := 0
		for s := range slots(n) {
			from, to := slotRange(s, slots(n), n)
			if from != next || to <= from {
				t.Fatalf("part %d of %d pieces: %d to %d, want from %d", s, n, from, to, next)
			}
			next = to
		}
		if next != n {
			t.Fatalf("%d of %d pieces are in the parts", next, n)
		}
	}
}
