package data

import "math/bits"

// stream is a source of random numbers, SplitMix64 (Steele, Lea and Flood,
// "Fast splittable pseudorandom number generators", OOPSLA 2014): a counter
// that goes up in steps of the golden ratio, each value scrambled. It is
// written out here because recorded runs depend on every bit of it.
type stream struct{ state uint64 }

// purpose keeps streams with the same seed and position apart.
type purpose uint64

const (
	forShuffle   purpose = iota + 1 // position: the pass over the training set
	forSplit                        // position: 0
	forCrop                         // position: the iteration, then the place in the batch
	forSynthetic                    // position: see Synthetic
)

const golden = 0x9e3779b97f4a7c15

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// newStream returns the stream for a seed, a purpose and a position. Each is
// scrambled into the state in turn, so that near seeds and positions give
// unrelated streams.
func newStream(seed int64, p purpose, position uint64) stream {
	s := mix(uint64(seed) + golden)
	s = mix(s + uint64(p)*golden)
	return stream{s}.at(position)
}

// at returns the stream for a position below the receiver's.
func (s stream) at(position uint64) stream {
	return stream{mix(s.state + (position+1)*golden)}
}

func (s *stream) next() uint64 {
	s.state += golden
	return mix(s.state)
}

// below returns a number in [0, n), by the high half of a product. Its bias is
// at most n/2^64, which no use here could notice.
func (s *stream) below(n int) int {
	hi, _ := bits.Mul64(s.next(), uint64(n))
	return int(hi)
}

// permute fills order with a random permutation of 0 to len(order)-1
// (Fisher-Yates).
func permute(order []int32, s stream) {
	for i := range order {
		order[i] = int32(i)
	}
	for i := len(order) - 1; i > 0; i-- {
		j := s.below(i + 1)
		order[i], order[j] = order[j], order[i]
	}
}
