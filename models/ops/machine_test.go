package ops

import (
	"testing"

	"deepresidual/models/kernels"
)

// Threads that find no work where memory is needed have none.
func TestMemoryOfThreads(t *testing.T) {
	room := paperRoom()
	for _, c := range []struct{ threads, images, want int }{
		{1, 0, 1}, {16, 0, 16}, {5000, 0, 16}, {5000, 200, 16}, {5000, 1000, 63}, {20, 1000, 20},
	} {
		m, err := NewMachine(kernels.Portable(), c.threads, room.WithEvaluation(c.images))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(m.scratch); got != c.want || m.Threads() != c.threads {
			t.Errorf("%d threads, %d images: %d of %d have memory, want %d", c.threads, c.images, got, m.Threads(), c.want)
		}
		e := NewEvaluation(m, c.images, CommonConventions())
		e.stage(16, 32)
		if err := e.Plan(); err != nil || len(e.chunks) > c.want {
			t.Errorf("%d threads, %d images: %d have maps, %v", c.threads, c.images, len(e.chunks), err)
		}
		e.Close()
		e = NewEvaluation(m, 10_000, CommonConventions())
		if err := e.Plan(); (err == nil) != (c.want == c.threads) {
			t.Errorf("%d threads with memory for %d: evaluating 10,000 images at once: %v", c.threads, c.want, err)
		}
		e.Close()
		m.Close()
	}
}

// Rows of fewer pixels than are computed at once read no further than the padded
// input, and behind the output gradient what the machine has room for: the
// portable kernels check it.
func TestRoomOfShortRows(t *testing.T) {
	const in, out, size, area = 16, 112, 4, 16
	m, err := NewMachine(kernels.Portable(), 1, Room{}.With(in, out, 3, 2, size).With(out, out, 3, 1, size))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	f := NewFilter("", 3, in, out, 2, make([]float32, 9*in*out), make([]float32, 9*in*out))
	c, s := newStrided(m, f, size), m.scratch[0]
	input := s.pixels[: in/kernels.Lanes*c.inMap : in/kernels.Lanes*c.inMap]
	y := make([]float32, out*4*area)
	for row := range size {
		c.direct(m.Kernels, s, y, input[2*row*c.inRow:], f.Value, c.inTaps, out, 2*kernels.Lanes, kernels.Lanes, area*kernels.Lanes)
		for p := range phases {
			c.direct(m.Kernels, s, y, s.grads[row*c.gradRow:], f.backward, c.gradTaps[p], in, kernels.Lanes, 2*kernels.Lanes, 4*area*kernels.Lanes)
		}
	}
	if want := out*(size+1)*(size+1) + (directPixels-size)*kernels.Lanes; len(s.grads) != want {
		t.Errorf("room for %d values, want %d", len(s.grads), want)
	}
}
