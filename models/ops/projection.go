package ops

import "deepresidual/models/kernels"

// Projection is the parameters of a shortcut of options B and C (section 4.1): a
// 1x1 convolution and its batch normalisation.
type Projection struct {
	Filter *Filter
	Norm   *NormParams
}

// projection is such a shortcut at work. A convolution of 1x1 is a product of
// matrices, one pixel a row, which the kernels for direct convolution compute. A
// stride of 2 is taken out first: every second pixel is copied.
type projection struct {
	m    *Machine
	f    *Filter
	in   *Activation // the block's input, as it is stored
	norm *norm
	size int // of the output

	z      *buffer // output of the convolution, (N, K/16, H, W, 16)
	out    *buffer // normalised: what the block's result adds
	grad   *buffer // with respect to the pixels that were read, (N, C/16, H, W, 16); nil before the backward pass is added
	affine []float32
	taps   []int // offsets of the blocks of input channels
	back   []int // of output channels
	sum    *reduction

	batch, slotCount                                     int
	g, mask                                              *buffer // of the pass at hand: see backward
	convolveBody, normaliseBody, sumsBody, gradientsBody func(thread, slot int)
}

func (p *Program) newProjection(in *Activation, params *Projection, size int) *projection {
	f := params.Filter
	s := &projection{
		m: p.machine, f: f, in: in, norm: p.newNorm(params.Norm), size: size,
		z: newBuffer(p.batch * f.out * size * size), out: newBuffer(p.batch * f.out * size * size),
		sum: newReduction(p.machine, f.Grad), batch: p.batch, slotCount: slots(p.batch),
	}
	s.affine = make([]float32, len(s.norm.coef))
	for block := range f.in / kernels.Lanes {
		s.taps = append(s.taps, block*s.area())
	}
	for block := range f.out / kernels.Lanes {
		s.back = append(s.back, block*s.area())
	}
	s.convolveBody, s.normaliseBody, s.sumsBody, s.gradientsBody = s.convolveSlot, s.normaliseSlot, s.sumsSlot, s.gradientsSlot
	return s
}

// area is the extent of a block's map.
func (s *projection) area() int { return s.size * s.size * kernels.Lanes }

// offset returns where a block of an image starts in z and out.
func (s *projection) offset(image, block int) int {
	return (image*s.f.out/kernels.Lanes + block) * s.area()
}

// forward projects the images.
func (s *projection) forward() {
	s.m.pool.run(s.slotCount, s.convolveBody)
	s.norm.finish(s.slotCount, float64(s.batch*s.size*s.size))
	s.prepareAffine()
	s.m.pool.run(s.slotCount, s.normaliseBody)
}

func (s *projection) convolveSlot(thread, slot int) {
	k, w := s.m.Kernels, s.m.scratch[thread]
	clearSlot(s.norm.sums, slot, s.f.out)
	from, to := slotRange(slot, s.slotCount, s.batch)
	for image := from; image < to; image++ {
		y := s.z.Data[s.offset(image, 0):]
		k.Direct(y, s.input(w, image), s.f.Value, s.taps, kernels.Lanes, s.f.out, s.size*s.size, kernels.Lanes, kernels.Lanes, s.area())
		for block := range s.f.out / kernels.Lanes {
			k.Sums(w.stats, y[block*s.area():], s.size*s.size)
			flush(s.norm.sums, slot, s.f.out, block, w.stats)
		}
	}
}

// input returns the pixels of an image that are projected, (C/16, H, W, 16).
func (s *projection) input(w *scratch, image int) []float32 {
	x := s.in.out.Data[s.in.offset(image, 0, 0):]
	if s.f.stride == 1 {
		return x
	}
	for block := range s.taps {
		for i := range s.size {
			src := x[(block*s.in.size+2*i)*s.in.size*kernels.Lanes:]
			dst := w.pixels[(block*s.size+i)*s.size*kernels.Lanes:]
			for j := range s.size {
				*(*[kernels.Lanes]float32)(dst[j*kernels.Lanes:]) = *(*[kernels.Lanes]float32)(src[2*j*kernels.Lanes:])
			}
		}
	}
	return w.pixels
}

// prepareAffine writes the normalisation as coefficients of FillGrad: with k1 of
// 0 what is left of it is k2*z + k3.
func (s *projection) prepareAffine() {
	const lanes = kernels.Lanes
	for i := range len(s.affine) / (3 * lanes) {
		copy(s.affine[(3*i+1)*lanes:(3*i+3)*lanes], s.norm.apply[2*i*lanes:])
	}
}

func (s *projection) normaliseSlot(_, slot int) {
	from, to := slotRange(slot, s.slotCount, s.batch)
	for image := from; image < to; image++ {
		for block := range s.f.out / kernels.Lanes {
			o := s.offset(image, block)
			z := s.z.Data[o:]
			coef := s.affine[image/s.norm.images*3*s.f.out+block*3*kernels.Lanes:]
			s.m.Kernels.FillGrad(s.out.Data[o:], z, z, coef, s.size, s.size, s.size*kernels.Lanes)
		}
	}
}

// backward takes the gradient g with respect to the sum of the block's last layer
// and the shortcut, which is 0 where mask, the block's output, is. It computes the
// gradients of the parameters and, in grad, of the pixels that were read.
func (s *projection) backward(g, mask *buffer) {
	s.g, s.mask = g, mask
	s.m.pool.run(s.slotCount, s.sumsBody)
	s.norm.finishGrad(s.slotCount, float64(s.batch*s.size*s.size))
	s.m.pool.run(s.slotCount, s.gradientsBody)
	s.sum.run(s.slotCount)
}

func (s *projection) sumsSlot(thread, slot int) {
	k, w := s.m.Kernels, s.m.scratch[thread]
	clearSlot(s.norm.gradSums, slot, s.f.out)
	from, to := slotRange(slot, s.slotCount, s.batch)
	for image := from; image < to; image++ {
		for block := range s.f.out / kernels.Lanes {
			o := s.offset(image, block)
			k.GradSumsMask(w.stats, s.g.Data[o:], s.z.Data[o:], s.mask.Data[o:], s.size*s.size)
			flush(s.norm.gradSums, slot, s.f.out, block, w.stats)
		}
	}
}

func (s *projection) gradientsSlot(thread, slot int) {
	k, w := s.m.Kernels, s.m.scratch[thread]
	filter := s.sum.slot(slot)
	clear(filter)
	from, to := slotRange(slot, s.slotCount, s.batch)
	for image := from; image < to; image++ {
		for block := range s.f.out / kernels.Lanes {
			o := s.offset(image, block)
			k.FillGrad(w.grads[block*s.area():], s.g.Data[o:], s.z.Data[o:], s.norm.blockCoef(image, block),
				s.size, s.size, s.size*kernels.Lanes)
		}
		k.DirectGrad(filter, s.input(w, image), w.grads, s.taps, kernels.Lanes, s.f.out, 1, s.size*s.size, 0, kernels.Lanes, 0, s.area())
		k.Direct(s.grad.Data[image*len(s.taps)*s.area():], w.grads, s.f.backward, s.back, kernels.Lanes, s.f.in,
			s.size*s.size, kernels.Lanes, kernels.Lanes, s.area())
	}
}

// spread adds the gradient of the pixels that were read, every second one, to
// that of one image's input.
func (s *projection) spread(gin []float32, image int) {
	for block := range s.taps {
		for i := range s.size {
			src := s.grad.Data[((image*len(s.taps)+block)*s.size+i)*s.size*kernels.Lanes:]
			dst := gin[(block*s.in.size+2*i)*s.in.size*kernels.Lanes:]
			for j := range s.size {
				from, to := (*[kernels.Lanes]float32)(src[j*kernels.Lanes:]), (*[kernels.Lanes]float32)(dst[2*j*kernels.Lanes:])
				for l, x := range from {
					to[l] += x
				}
			}
		}
	}
}
