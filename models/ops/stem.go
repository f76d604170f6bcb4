package ops

import "deepresidual/models/kernels"

// stem is the first layer: 3x3 convolution of the images, batch normalisation
// and ReLU, as an [Activation].
type stem struct {
	m         *Machine
	input     *input
	f         *Filter
	activate  *Activation
	size      int
	taps      []int
	batch     int
	slotCount int
	body      func(thread, slot int)
}

// stemGrad is the gradient of the first layer's weights.
type stemGrad struct {
	stem *stem
	sum  *reduction
	body func(thread, slot int)
}

// Stem adds the first layer, on images of size x size in a border of a pixel.
// With stored, the activation is kept for a shortcut.
func (p *Program) Stem(size int, f *Filter, n *NormParams, stored bool) *Activation {
	row := (size + 2) * f.in
	s := &stem{
		m: p.machine, input: &p.input, f: f, activate: p.newActivation(f.out, size, n, stored), size: size,
		taps:  []int{0, row, 2 * row}, // one for each row of the filter, three pixels of three channels
		batch: p.batch, slotCount: slots(p.batch),
	}
	s.body = s.forwardSlot
	p.steps = append(p.steps, s)
	return s.activate
}

func (s *stem) buffers() []*buffer { return []*buffer{s.activate.z} }

// run convolves the images.
func (s *stem) run() {
	s.m.pool.run(s.slotCount, s.body)
	s.activate.norm.finish(s.slotCount, float64(s.batch*s.size*s.size))
}

// image returns the padded pixels of an image.
func (s *stem) image(i int) []float32 {
	room := (s.size + 2) * s.taps[1]
	return s.input.Images[i*room:][:room]
}

func (s *stem) forwardSlot(thread, slot int) {
	k, w := s.m.Kernels, s.m.scratch[thread]
	a := s.activate
	area := s.size * s.size
	clearSlot(a.norm.sums, slot, a.channels)
	from, to := slotRange(slot, s.slotCount, s.batch)
	for image := from; image < to; image++ {
		x, y := s.image(image), a.z.Data[a.offset(image, 0, 0):]
		for row := range s.size {
			k.Direct(y[row*s.size*kernels.Lanes:], x[row*s.taps[1]:], s.f.Value, s.taps, 3*s.f.in, a.channels,
				s.size, s.f.in, kernels.Lanes, area*kernels.Lanes)
		}
		for block := range a.channels / kernels.Lanes {
			k.Sums(w.stats, y[block*area*kernels.Lanes:], area)
			flush(a.norm.sums, slot, a.channels, block, w.stats)
		}
	}
}

func (s *stem) gradient() step {
	b := &stemGrad{stem: s, sum: newReduction(s.m, s.f.Grad)}
	b.body = b.backwardSlot
	return b
}

func (b *stemGrad) buffers() []*buffer {
	a := b.stem.activate
	return []*buffer{a.z, a.grad}
}

// run computes the gradient of the weights.
func (b *stemGrad) run() {
	b.stem.m.pool.run(b.stem.slotCount, b.body)
	b.sum.run(b.stem.slotCount)
}

func (b *stemGrad) backwardSlot(thread, slot int) {
	s, a := b.stem, b.stem.activate
	k, w := s.m.Kernels, s.m.scratch[thread]
	grad := b.sum.slot(slot)
	clear(grad)
	row := s.size * kernels.Lanes
	from, to := slotRange(slot, s.slotCount, s.batch)
	for image := from; image < to; image++ {
		for block := range a.channels / kernels.Lanes {
			a.fillGrad(k, w.grads[block*s.size*row:], row, image, block, 0, s.size)
		}
		k.DirectGrad(grad, s.image(image), w.grads, s.taps, 3*s.f.in, a.channels, s.size, s.size,
			s.taps[1], s.f.in, row, s.size*row)
	}
}
