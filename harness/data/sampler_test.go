package data

import (
	"fmt"
	"slices"
	"testing"
)

func TestSamplerPasses(t *testing.T) {
	for _, c := range []struct{ n, batch int }{
		{10, 5},    // batches tile a pass
		{10, 4},    // a batch is completed from the next pass
		{10, 3},    //
		{7, 7},     // a pass is a batch
		{5, 13},    // a batch is more than two passes
		{1, 4},     //
		{391, 128}, //
	} {
		t.Run(fmt.Sprintf("%d by %d", c.n, c.batch), func(t *testing.T) {
			indices := make([]int, c.n)
			for i := range indices {
				indices[i] = 100 + 3*i
			}
			s := NewSampler(indices, c.batch, 1)
			var drawn []int
			dst := make([]int, c.batch)
			for iteration := range 5 * c.n {
				s.Batch(iteration, dst)
				drawn = append(drawn, dst...)
			}
			var before []int
			for e := 0; (e+1)*c.n <= len(drawn); e++ {
				pass := drawn[e*c.n : (e+1)*c.n]
				if c.n >= 10 && slices.Equal(pass, before) {
					t.Errorf("passes %d and %d have the same order", e-1, e)
				}
				before = pass
				sorted := slices.Sorted(slices.Values(pass))
				if !slices.Equal(sorted, indices) {
					t.Fatalf("pass %d does not visit each image once: %v", e, pass)
				}
			}
		})
	}
}

func TestSamplerAnyOrder(t *testing.T) {
	const n, batch, iterations = 50, 16, 100
	ask := func(s *Sampler, iteration int) []int {
		dst := make([]int, batch)
		s.Batch(iteration, dst)
		return dst
	}
	inOrder := NewSampler(all(n), batch, 9)
	var want [][]int
	for i := range iterations {
		want = append(want, ask(inOrder, i))
	}
	jumping := NewSampler(all(n), batch, 9)
	for i := range iterations {
		i = i * 37 % iterations
		if got := ask(jumping, i); !slices.Equal(got, want[i]) {
			t.Fatalf("iteration %d gives %v out of order, %v in order", i, got, want[i])
		}
		if got := ask(NewSampler(all(n), batch, 9), i); !slices.Equal(got, want[i]) {
			t.Fatalf("iteration %d gives %v after a resume, %v in order", i, got, want[i])
		}
	}
	if slices.Equal(ask(NewSampler(all(n), batch, 10), 0), want[0]) {
		t.Error("two seeds give the same first batch")
	}
}

// Recorded runs depend on these numbers: if they change, so must the version
// of the arithmetic.
func TestSamplerIsPinned(t *testing.T) {
	s := NewSampler(all(50000), 128, 1)
	dst := make([]int, 128)
	for _, c := range []struct {
		iteration int
		want      []int
	}{
		{0, []int{2232, 10792, 5008, 22261}},
		{390, []int{42129, 26467, 16491, 4019}}, // the first that two passes share
		{63999, []int{8369, 32074, 13105, 14128}},
	} {
		s.Batch(c.iteration, dst)
		got := append(slices.Clone(dst[:3]), dst[127])
		if !slices.Equal(got, c.want) {
			t.Errorf("iteration %d: %#v, want %v", c.iteration, got, c.want)
		}
	}
}

func TestSamplerEpoch(t *testing.T) {
	s := NewSampler(all(50000), 128, 1)
	if got := s.Epoch(64000); got != 163.84 {
		t.Errorf("64000 iterations are %v epochs, want 163.84", got)
	}
	if s.Size() != 128 {
		t.Errorf("the size is %d, want 128", s.Size())
	}
}
