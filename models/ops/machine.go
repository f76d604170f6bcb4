package ops

import (
	"fmt"

	"deepresidual/models/kernels"
)

// Machine is what operations run on: a set of kernels, a number of threads and
// each thread's working memory.
type Machine struct {
	Kernels *kernels.Set
	pool    *pool
	scratch []*scratch // one per thread, of as many as find work where it is needed
	partial []float32  // (slots, gradient of a filter), see [reduction.slot]
	mapped
}

// maxSlots is the number of parts a batch is cut into. Sums over a batch are
// taken part by part and then over the parts in order, so that they do not
// depend on which thread computed which part. It bounds the number of threads
// that find work in a layer.
const maxSlots = 16

// Room is the extents of a machine's working memory: what the layers of a network
// need of it. The zero value is room for none.
type Room struct {
	// In float32 values:
	pixels  int // padded maps
	planes  int // a transformed group of tiles
	filters int // a transformed filter gradient
	partial int // a filter gradient

	chunks int // that an evaluation is divided into
}

// WithEvaluation returns the room with that for evaluations of so many images.
func (r Room) WithEvaluation(images int) Room {
	_, chunks := units(images)
	r.chunks = max(r.chunks, chunks)
	return r
}

// With returns the room with that for a convolution from in to out channels onto
// maps of size x size.
func (r Room) With(in, out, kernel, stride, size int) Room {
	r.partial = max(r.partial, kernel*kernel*in*out)
	// The output gradient of a convolution that is computed directly, and what its
	// rows of fewer pixels than [strided.direct] computes read behind the last.
	// Behind the padded input they read nothing.
	r.pixels = max(r.pixels, out*(size+1)*(size+1)+max(0, directPixels-size)*kernels.Lanes)
	switch {
	case kernel == 1:
		r.pixels = max(r.pixels, in*size*size)
	case stride > 1:
		r.pixels = max(r.pixels, in*(2*size+2)*(2*size+2))
	case in%kernels.Lanes == 0:
		r.pixels = max(r.pixels, kernels.Lanes*(size+2)*(size+2))
		r.planes = max(r.planes, kernels.PatchArea*(newTiling(size).group*max(in, out)+spread))
		r.filters = max(r.filters, kernels.PatchArea*(in*out+spread))
	}
	return r
}

// apart keeps the working memory of two threads on different pages.
const apart = 8 * spread

// workers returns how many of a machine's threads can find work in a loop that
// needs working memory.
func (r Room) workers(threads int) int { return min(threads, max(maxSlots, r.chunks)) }

// Values returns the float32 values that a machine of so many threads holds.
func (r Room) Values(threads int) int {
	each := 2*r.pixels + 3*r.planes + r.filters + 2*kernels.Lanes + apart
	return maxSlots*r.partial + r.workers(threads)*each
}

// scratch is the working memory of one thread.
type scratch struct {
	// Each is called by what the Winograd layers keep in it forward; others keep
	// there what has the same size.
	pixels  []float32 // padded input; backward the padded output gradient
	grads   []float32 // padded output gradient, of strided layers; in evaluation outputs
	input   []float32 // transformed input tiles; backward those of the gradient
	output  []float32 // products, to be transformed back
	grad    []float32 // transformed gradient tiles
	filters []float32 // sum of the filters' gradient in the Winograd domain
	stats   []float32 // two sums of 16 lanes

	ahead []*float32 // room for what will be read or written next: see [kernels.Set], Prefetch
}

// expect adds to a list of what will be read or written next the buffers that
// there are, from an offset on.
func expect(ahead []*float32, offset int, buffers ...*buffer) []*float32 {
	for _, b := range buffers {
		if b != nil {
			ahead = append(ahead, &b.Data[offset])
		}
	}
	return ahead
}

// NewMachine returns a machine of the given number of threads, with room for the
// layers of a network.
func NewMachine(k *kernels.Set, threads int, room Room) (*Machine, error) {
	values := room.Values(threads)
	slab, release, err := newSlab(values)
	if err != nil {
		return nil, fmt.Errorf("allocating %d MiB of working memory for %d threads: %w", values>>18, room.workers(threads), err)
	}
	cut := func(n int) []float32 {
		s := slab[:n:n]
		slab = slab[n:]
		return s
	}
	m := &Machine{Kernels: k, pool: newPool(threads, k.Fence), mapped: mapped{release}}
	m.partial = cut(maxSlots * room.partial)
	for range room.workers(threads) {
		s := &scratch{
			pixels: cut(room.pixels), grads: cut(room.pixels),
			input: cut(room.planes), output: cut(room.planes), grad: cut(room.planes),
			filters: cut(room.filters), stats: cut(2 * kernels.Lanes),
			ahead: make([]*float32, 0, 8),
		}
		cut(apart)
		m.scratch = append(m.scratch, s)
	}
	return m, nil
}

// Close ends the machine's threads and gives back its memory, the first time.
func (m *Machine) Close() error {
	if m.release == nil {
		return nil
	}
	m.pool.close()
	return m.mapped.Close()
}

// Threads returns the number of threads that there are.
func (m *Machine) Threads() int { return m.pool.threads }

// Use keeps the machine to so many of its threads from the next loop on.
func (m *Machine) Use(threads int) { m.pool.use(threads) }

// Run calls body for each item below items on the machine's threads.
func (m *Machine) Run(items int, body func(thread, item int)) { m.pool.run(items, body) }

// Loops returns how many loops have been divided over several threads so far. Tests
// compare it with what the model of speed (scale.go of package models) counts.
func (m *Machine) Loops() int { return m.pool.loops }

// slots returns in how many parts n pieces of work are cut.
func slots(n int) int { return min(n, maxSlots) }

// slotRange returns the pieces of n that slot s of count works on.
func slotRange(s, count, n int) (from, to int) {
	return s * n / count, (s + 1) * n / count
}
