package ops

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deepresidual/models/kernels"
)

// stem is the first layer: 3x3 convolution of the images, batch normalisation
// and ReLU, as an [Activation].
type stem struct {
	node
	m        *Machine
	f        *Filter
	activate *Activation
	size     int
	taps     []int
	n        int
	images   []float32
	slotsN   int
	body     func(thread, slot int)
}

// stemGrad is the gradient of the first layer's weights.
type stemGrad struct {
	node
	stem  *stem
	sum   *reduction
	grads *Gradient
	body  func(thread, slot int)
}

// Stem adds the first layer. With stored, the activation is kept for a shortcut.
func (p *Program) Stem(images *gorgonia.Node, f *Filter, n *NormParams, stored bool) (*gorgonia.Node, error) {
	size := images.Shape()[1] - 2
	inputs := []*gorgonia.Node{images, p.Param(f.Param), p.Param(n.Gamma), p.Param(n.Beta)}
	act := p.newActivation(f.out, size, n, stored)
	row := images.Shape()[2] * f.in
	s := &stem{
		node: p.newNode("stem", act, act.shape, inputs...),
		m:    p.machine, f: f, activate: act, size: size,
		taps: []int{0, row, 2 * row}, // one for each row of the filter, three pixels of three channels
	}
	s.body = s.forwardSlot
	return p.apply(s, inputs...)
}

// newActivation returns the value of a layer's output.
func (p *Program) newActivation(channels, size int, n *NormParams, stored bool) *Activation {
	count := p.batch * channels * size * size
	a := &Activation{
		value:    value{shape: tensor.Shape{p.batch, channels, size, size}, dtype: tensor.Float32},
		channels: channels, size: size,
		z: newBuffer(count), norm: p.newNorm(n),
	}
	if stored {
		a.out = newBuffer(count)
	}
	return a
}

func (s *stem) buffers() []*Buffer { return []*Buffer{s.activate.z} }

// Do convolves the images.
func (s *stem) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	in := inputs[0].(*Input)
	s.n, s.images = in.N, in.Images
	s.slotsN = slots(s.n)
	s.m.pool.run(s.slotsN, s.body)
	s.activate.norm.finish(s.slotsN, float64(s.n*s.size*s.size))
	return s.out, nil
}

// image returns the padded pixels of an image.
func (s *stem) image(i int) []float32 {
	room := (s.size + 2) * s.taps[1]
	return s.images[i*room:][:room]
}

func (s *stem) forwardSlot(thread, slot int) {
	k, w := s.m.Kernels, s.m.scratch[thread]
	a := s.activate
	area := s.size * s.size
	clearSlot(a.norm.sums, slot, a.channels)
	from, to := slotRange(slot, s.slotsN, s.n)
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

// DiffWRT says that the images have no gradient.
func (s *stem) DiffWRT(int) []bool { return []bool{false, true, true, true} }

// SymDiff adds the gradient of the weights to the graph.
func (s *stem) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	p := s.program
	back := &stemGrad{
		node: p.newNode("stem gradient", &value{shape: tensor.Shape{1}, dtype: tensor.Float32}, tensor.Shape{1}, output, grad),
		stem: s, sum: newReduction(s.m, s.f.Grad), grads: p.values[grad].(*Gradient),
	}
	back.body = back.backwardSlot
	n, err := p.apply(back, output, grad)
	if err != nil {
		return nil, err
	}
	return p.gradients(n, inputs)
}

func (b *stemGrad) buffers() []*Buffer {
	return withoutNil(b.stem.activate.z, b.stem.activate.out, b.grads.g)
}

// Do computes the gradient of the weights.
func (b *stemGrad) Do(...gorgonia.Value) (gorgonia.Value, error) {
	b.stem.m.pool.run(b.stem.slotsN, b.body)
	b.sum.run(b.stem.slotsN)
	return b.out, nil
}

func (b *stemGrad) backwardSlot(thread, slot int) {
	s, a := b.stem, b.stem.activate
	k, w := s.m.Kernels, s.m.scratch[thread]
	grad := b.sum.slot(slot)
	clear(grad)
	row := s.size * kernels.Lanes
	from, to := slotRange(slot, s.slotsN, s.n)
	for image := from; image < to; image++ {
		for block := range a.channels / kernels.Lanes {
			a.fillGrad(k, w.grads[block*s.size*row:], b.grads.g, row, image, block, 0, s.size)
		}
		k.DirectGrad(grad, s.image(image), w.grads, s.taps, 3*s.f.in, a.channels, s.size, s.size,
			s.taps[1], s.f.in, row, s.size*row)
	}
}

func withoutNil(buffers ...*Buffer) []*Buffer {
	var list []*Buffer
	for _, b := range buffers {
		if b != nil {
			list = append(list, b)
		}
	}
	return list
}
