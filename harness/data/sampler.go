package data

// Sampler decides which images make up the batch of an iteration. Training is
// a sequence of passes over the indices, each in an order of its own; the
// passes are laid end to end and cut into batches, so every batch is full: the
// short last batch of a pass is completed from the next pass.
//
// The batch of an iteration is a pure function of the indices, the batch size,
// the seed and the iteration. The permutations of two passes are kept, which
// makes asking in order cheap and asking in any other order correct. A Sampler
// is not safe for concurrent use.
type Sampler struct {
	indices []int
	batch   int
	seed    int64
	passes  [2]pass // pass e is kept in passes[e%2]
}

type pass struct {
	number int // -1: none yet
	order  []int32
}

// NewSampler returns the sampler over the given indices, which must not be
// empty and are not copied, for batches of the given size.
func NewSampler(indices []int, batch int, seed int64) *Sampler {
	s := &Sampler{indices: indices, batch: batch, seed: seed}
	for i := range s.passes {
		s.passes[i] = pass{number: -1, order: make([]int32, len(indices))}
	}
	return s
}

// Size returns the number of images in a batch.
func (s *Sampler) Size() int { return s.batch }

// Epoch returns how many passes over the indices are done when the given
// number of iterations is.
func (s *Sampler) Epoch(iterations int) float64 {
	return float64(iterations) * float64(s.batch) / float64(len(s.indices))
}

// Batch writes the indices of the images of an iteration, counted from 0, to
// dst, which must have the length of a batch.
func (s *Sampler) Batch(iteration int, dst []int) {
	at := iteration * s.batch
	number, offset := at/len(s.indices), at%len(s.indices)
	order := s.pass(number)
	for i := range dst[:s.batch] {
		if offset == len(order) {
			number, offset = number+1, 0
			order = s.pass(number)
		}
		dst[i] = s.indices[order[offset]]
		offset++
	}
}

// pass returns the order of a pass over the indices.
func (s *Sampler) pass(number int) []int32 {
	p := &s.passes[number%2]
	if p.number != number {
		permute(p.order, newStream(s.seed, forShuffle, uint64(number)))
		p.number = number
	}
	return p.order
}
