package neon

// The one-dimensional transforms of F(4x4, 3x3). Those that read memory compute
// pairs of results, because two dimensions of a tile do not fit into the
// registers at once, but two rows of one do.

// patchArea is the number of elements of a transformed tile.
const patchArea = 36

// tileBytes is the distance of neighbouring tiles, four pixels.
const tileBytes = 4 * lineBytes

// pair is two results of a one-dimensional transform that share work.
type pair struct{ first, second int }

// patchPairs are the pairs of the six results of the transforms to a patch.
var patchPairs = []pair{{1, 2}, {3, 4}, {0, 5}}

// transforms writes the transforms with the numbers they multiply by.
type transforms struct {
	*asm
	number map[float32]lane
}

// butterfly sets sum to x + y and y to their difference x - y.
func (t *transforms) butterfly(x, y, sum vec) {
	t.fadd(x, y, sum)
	t.fsub(x, y, y)
}

// plus is x += n*y, minus x -= n*y, times x *= n.
func (t *transforms) plus(x vec, n float32, y vec)  { t.fmlaLane(y, t.number[n], x) }
func (t *transforms) minus(x vec, n float32, y vec) { t.fmlsLane(y, t.number[n], x) }
func (t *transforms) times(x vec, n float32)        { t.fmulLane(x, t.number[n], x) }

// inputColumn computes a pair of results x and y of B^T from six values.
func (t *transforms) inputColumn(p pair, d func(i int) vec, x, y vec) {
	switch p {
	case pair{1, 2}:
		even, odd := d(4), d(3)
		t.minus(even, 4, d(2))
		t.minus(odd, 4, d(1))
		t.fadd(even, odd, x)
		t.fsub(even, odd, y)
	case pair{3, 4}:
		even, odd := d(4), d(3)
		t.fsub(even, d(2), even)
		t.fsub(odd, d(1), odd)
		t.fadd(odd, odd, odd)
		t.fadd(even, odd, x)
		t.fsub(even, odd, y)
	default:
		even, odd := d(4), d(5)
		t.minus(even, 5, d(2))
		t.minus(odd, 5, d(3))
		t.plus(even, 4, d(0))
		t.plus(odd, 4, d(1))
		t.move(even, x)
		t.move(odd, y)
	}
}

// inputRow computes the six results of B^T, using up the value 3.
func (t *transforms) inputRow(d []vec, store func(i int, x vec)) {
	t.scope(func() {
		even, odd, sum := t.vec(), t.vec(), t.vec()
		t.fsub(d[4], d[2], even)
		t.fsub(d[3], d[1], odd)
		t.fadd(odd, odd, odd)
		t.butterfly(even, odd, sum)
		store(3, sum)
		store(4, odd)
	})
	t.scope(func() {
		for i := range 2 {
			x := t.copyOf(d[4+i])
			t.minus(x, 5, d[2+i])
			t.plus(x, 4, d[i])
			store(5*i, x)
		}
	})
	t.scope(func() {
		even, sum := t.copyOf(d[4]), t.vec()
		t.minus(even, 4, d[2])
		t.minus(d[3], 4, d[1])
		t.butterfly(even, d[3], sum)
		store(1, sum)
		store(2, d[3])
	})
}

// gradColumn computes a pair of results x and y of A from four values.
func (t *transforms) gradColumn(p pair, d func(i int) vec, x, y vec) {
	switch p.first {
	case 0:
		t.move(d(0), x)
		t.move(d(3), y)
	case 1:
		even, odd := d(0), d(1)
		t.fadd(even, d(2), even)
		t.fadd(odd, d(3), odd)
		t.fadd(even, odd, x)
		t.fsub(even, odd, y)
	case 3:
		even, odd := d(0), d(1)
		t.plus(even, 4, d(2))
		t.plus(odd, 4, d(3))
		t.fadd(odd, odd, odd)
		t.fadd(even, odd, x)
		t.fsub(even, odd, y)
	}
}

// gradRow computes the six results of A, using up the values.
func (t *transforms) gradRow(d []vec, store func(i int, x vec)) {
	store(0, d[0])
	store(5, d[3])
	t.scope(func() {
		even, odd, sum := t.vec(), t.vec(), t.vec()
		t.fadd(d[0], d[2], even)
		t.fadd(d[1], d[3], odd)
		t.butterfly(even, odd, sum)
		store(1, sum)
		store(2, odd)
		t.plus(d[0], 4, d[2])
		t.plus(d[1], 4, d[3])
		t.fadd(d[1], d[1], d[1])
		t.butterfly(d[0], d[1], d[2])
		store(3, d[2])
		store(4, d[1])
	})
}

// outputColumn computes the results 0 and 2, or 1 and 3, of A^T from six values.
func (t *transforms) outputColumn(p pair, m func(i int) vec, x, y vec) {
	s, d := m(1), m(3)
	if p.first == 0 {
		t.fadd(s, m(2), y)
		t.fadd(d, m(4), d)
		t.fadd(m(0), y, x)
		t.fadd(x, d, x)
		t.plus(y, 4, d)
		return
	}
	t.fsub(s, m(2), y)
	t.fsub(d, m(4), d)
	t.move(y, x)
	t.plus(x, 2, d)
	t.plus(y, 8, d)
	t.fadd(y, m(5), y)
}

// outputRow computes the four results of A^T, using up the values.
func (t *transforms) outputRow(m []vec) [4]vec {
	s, d := t.vec(), t.vec()
	t.fadd(m[1], m[2], s)
	t.fadd(m[3], m[4], d)
	t.fsub(m[1], m[2], m[1])
	t.fsub(m[3], m[4], m[3])
	t.fadd(m[0], s, m[0])
	t.fadd(m[0], d, m[0])
	t.plus(s, 4, d)
	t.move(m[1], d)
	t.plus(d, 2, m[3])
	t.plus(m[1], 8, m[3])
	t.fadd(m[1], m[5], m[1])
	return [4]vec{m[0], d, s, m[1]}
}

// weightPair computes a pair of results x and y of G from three values.
func (t *transforms) weightPair(p pair, g []vec, x, y vec) {
	switch p {
	case pair{1, 2}:
		t.fadd(g[0], g[2], x)
		t.fsub(x, g[1], y)
		t.fadd(x, g[1], x)
		t.times(x, -1.0/6)
		t.times(y, -1.0/6)
	case pair{3, 4}:
		t.move(g[0], x)
		t.plus(x, 4, g[2])
		t.move(x, y)
		t.plus(x, 2, g[1])
		t.minus(y, 2, g[1])
		t.times(x, 1.0/24)
		t.times(y, 1.0/24)
	default:
		t.fmulLane(g[0], t.number[1.0/4], x)
		t.move(g[2], y)
	}
}

// weightGrad computes the three results of G^T from six values.
func (t *transforms) weightGrad(u []vec, x [3]vec) {
	t.scope(func() {
		s, d := t.vec(), t.vec()
		t.fadd(u[1], u[2], s)
		t.fadd(u[3], u[4], d)
		t.fmulLane(u[0], t.number[1.0/4], x[0])
		t.plus(x[0], 1.0/24, d)
		t.minus(x[0], 1.0/6, s)
		t.move(u[5], x[2])
		t.fsub(d, s, d)
		t.plus(x[2], 1.0/6, d)
		t.fsub(u[2], u[1], x[1])
		t.fsub(u[3], u[4], d)
		t.times(x[1], 1.0/6)
		t.plus(x[1], 1.0/12, d)
	})
}
