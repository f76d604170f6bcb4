package ops

import (
	"cmp"
	"fmt"
	"slices"
)

// buffer is a piece of an arena: memory that one operation writes and later
// ones read.
type buffer struct {
	Data        []float32
	size        int
	first, last int // steps between which it is in use; first is -1 before the plan
	offset      int
}

func newBuffer(size int) *buffer { return &buffer{size: size, first: -1} }

// align keeps buffers on cache lines of their own, and a step away from
// multiples of 4096 bytes, which would put the same pixel of two buffers into
// the same cache set.
const align = 16

// planArena gives each buffer that the steps touch its place in one slab of
// memory, so that buffers in use at the same step do not overlap and others
// share. touched lists the buffers of each step in order.
//
// It is the usual greedy plan: the largest buffer first, each at the lowest
// offset that is free during its life.
func planArena(touched [][]*buffer) (floats int, buffers []*buffer) {
	for step, list := range touched {
		for _, b := range list {
			if b.first < 0 {
				b.first = step
				buffers = append(buffers, b)
			}
			b.last = step
		}
	}
	bySize := slices.Clone(buffers)
	slices.SortStableFunc(bySize, func(a, b *buffer) int { return cmp.Compare(b.size, a.size) })
	var placed []*buffer // by offset
	for _, b := range bySize {
		offset := 0
		for _, other := range placed {
			if b.first > other.last || other.first > b.last {
				continue
			}
			if other.offset >= offset+b.room() {
				break
			}
			offset = max(offset, other.offset+other.room())
		}
		b.offset = offset
		floats = max(floats, offset+b.room())
		i, _ := slices.BinarySearchFunc(placed, b, func(p, b *buffer) int { return cmp.Compare(p.offset, b.offset) })
		placed = slices.Insert(placed, i, b)
	}
	return floats, buffers
}

func (b *buffer) room() int { return (b.size+align-1)/align*align + align }

// arena allocates the planned slab and hands each buffer its part.
func arena(touched [][]*buffer) (release func() error, floats int, err error) {
	floats, buffers := planArena(touched)
	slab, release, err := newSlab(floats)
	if err != nil {
		return nil, 0, fmt.Errorf("allocating %d MiB for activations: %w", floats>>18, err)
	}
	for _, b := range buffers {
		b.Data = slab[b.offset:][:b.size:b.size]
	}
	return release, floats, nil
}

// withoutNil leaves out the buffers that there are not.
func withoutNil(buffers ...*buffer) []*buffer {
	var list []*buffer
	for _, b := range buffers {
		if b != nil {
			list = append(list, b)
		}
	}
	return list
}

// mapped is memory from newSlab that is given back.
type mapped struct{ release func() error }

// Close gives the memory back, if there is any.
func (m *mapped) Close() error {
	if m.release == nil {
		return nil
	}
	release := m.release
	m.release = nil
	return release()
}
