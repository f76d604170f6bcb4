package ops

import "deepresidual/models/kernels"

// strided is a convolution of stride 2, computed directly: the first layer of
// a stage, which halves the maps.
type strided struct {
	m    *Machine
	f    *Filter
	size int // of the output
	sum  *reduction

	inRow, inMap     int   // strides of the padded input: row, block
	gradRow, gradMap int   // strides of the padded output gradient
	inTaps           []int // offsets of the taps (kh, kw, block) in the padded input
	gradTaps         [][]int

	// padded is given every image of the forward pass as the layer reads it,
	// if it is not nil.
	padded func(image int, pixels []float32, strides mapStrides)

	batch, slotCount int // of a program

	// The operands of the pass at hand.
	in, out      *Activation
	shortcut     *shortcut
	forwardBody  func(thread, slot int)
	backwardBody func(thread, slot int)
}

func newStrided(m *Machine, f *Filter, size int) *strided {
	c := &strided{m: m, f: f, size: size, sum: newReduction(m, f.Grad)}
	c.inRow = (2*size + 2) * kernels.Lanes
	c.inMap = c.inRow * (2*size + 2)
	for kh := range 3 {
		for kw := range 3 {
			for block := range f.in / kernels.Lanes {
				c.inTaps = append(c.inTaps, kh*c.inRow+kw*kernels.Lanes+block*c.inMap)
			}
		}
	}
	c.gradRow = (size + 1) * kernels.Lanes
	c.gradMap = c.gradRow * (size + 1)
	for _, p := range phases {
		var taps []int
		for _, t := range p.taps {
			for block := range f.out / kernels.Lanes {
				taps = append(taps, t.row*c.gradRow+t.column*kernels.Lanes+block*c.gradMap)
			}
		}
		c.gradTaps = append(c.gradTaps, taps)
	}
	c.forwardBody, c.backwardBody = c.forwardSlot, c.backwardSlot
	return c
}

func (c *strided) forward(in, out *Activation) {
	c.in, c.out = in, out
	c.m.pool.run(c.slotCount, c.forwardBody)
	out.norm.finish(c.slotCount, float64(c.batch*c.size*c.size))
}

func (c *strided) forwardSlot(thread, slot int) {
	k, s := c.m.Kernels, c.m.scratch[thread]
	clearSlot(c.out.norm.sums, slot, c.f.out)
	clear(s.pixels[:c.f.in/kernels.Lanes*c.inMap])
	area := c.size * c.size
	from, to := slotRange(slot, c.slotCount, c.batch)
	for image := from; image < to; image++ {
		for block := range c.f.in / kernels.Lanes {
			c.in.fill(k, c.interior(s, block), c.inRow, image, block, 0, c.in.size, true)
		}
		if c.padded != nil {
			c.padded(image, c.interior(s, 0), mapStrides{c.inRow, c.inMap})
		}
		y := c.out.z.Data[c.out.offset(image, 0, 0):]
		for row := range c.size {
			c.direct(k, s, y[row*c.size*kernels.Lanes:], s.pixels[2*row*c.inRow:], c.f.Value, c.inTaps, c.f.out,
				2*kernels.Lanes, kernels.Lanes, area*kernels.Lanes)
		}
		for block := range c.f.out / kernels.Lanes {
			k.Sums(s.stats, y[block*area*kernels.Lanes:], area)
			flush(c.out.norm.sums, slot, c.f.out, block, s.stats)
		}
	}
}

// directPixels is the number of pixels that Direct works on at once.
const directPixels = 8

// direct computes a row of pixels for all output channels, as kernels.Set.Direct
// does. Rows of fewer pixels than that works on are computed together with what
// lies behind them, which is dropped.
func (c *strided) direct(k *kernels.Set, s *scratch, y, x, w []float32, taps []int, channels, xStride, yStride, yBlock int) {
	if c.size >= directPixels {
		k.Direct(y, x, w, taps, kernels.Lanes, channels, c.size, xStride, yStride, yBlock)
		return
	}
	k.Direct(s.output, x, w, taps, kernels.Lanes, channels, directPixels, xStride, kernels.Lanes, directPixels*kernels.Lanes)
	for block := range channels / kernels.Lanes {
		for p := range c.size {
			copy(y[block*yBlock+p*yStride:][:kernels.Lanes], s.output[(block*directPixels+p)*kernels.Lanes:])
		}
	}
}

// interior returns the padded input of a block from its first pixel on.
func (c *strided) interior(s *scratch, block int) []float32 {
	return s.pixels[block*c.inMap+c.inRow+kernels.Lanes:]
}

func (c *strided) backward(in, out *Activation, shortcut *shortcut) {
	c.in, c.out, c.shortcut = in, out, shortcut
	c.m.pool.run(c.slotCount, c.backwardBody)
	c.sum.run(c.slotCount)
	in.norm.finishGrad(c.slotCount, float64(c.batch*in.size*in.size))
}

func (c *strided) backwardSlot(thread, slot int) {
	k, s := c.m.Kernels, c.m.scratch[thread]
	inBlocks, outBlocks := c.f.in/kernels.Lanes, c.f.out/kernels.Lanes
	clearSlot(c.in.norm.gradSums, slot, c.f.in)
	clear(s.pixels[:inBlocks*c.inMap])
	clear(s.grads[:outBlocks*c.gradMap])
	grad := c.sum.slot(slot)
	clear(grad)
	area := c.in.size * c.in.size
	from, to := slotRange(slot, c.slotCount, c.batch)
	for image := from; image < to; image++ {
		for block := range outBlocks {
			c.out.fillGrad(k, s.grads[block*c.gradMap:], c.gradRow, image, block, 0, c.size)
		}
		for block := range inBlocks {
			c.in.refill(k, c.interior(s, block), c.inRow, image, block, 0, c.in.size)
		}
		k.DirectGrad(grad, s.pixels, s.grads, c.inTaps, kernels.Lanes, c.f.out, c.size, c.size,
			2*c.inRow, 2*kernels.Lanes, c.gradRow, c.gradMap)

		ins, outs := s.ahead, s.ahead
		if image+1 < c.batch {
			ins = expect(ins, c.in.offset(image+1, 0, 0), c.in.z, c.in.out, c.in.grad)
			outs = expect(ins[len(ins):], c.out.offset(image+1, 0, 0), c.out.z, c.out.grad)
		}
		inLines, outLines := c.in.lines()/(len(phases)*c.size), c.out.lines()/(len(phases)*c.size)
		gin := c.in.grad.Data[c.in.offset(image, 0, 0):]
		weights := c.f.backward
		for p, phase := range phases {
			for i := range c.size {
				row := p*c.size + i
				k.Prefetch(ins, row*inLines, inLines)
				k.Prefetch(outs, row*outLines, outLines)
				y := gin[((2*i+phase.row)*c.in.size+phase.column)*kernels.Lanes:]
				c.direct(k, s, y, s.grads[i*c.gradRow:], weights, c.gradTaps[p], c.f.in,
					kernels.Lanes, 2*kernels.Lanes, area*kernels.Lanes)
			}
			weights = weights[len(phase.taps)*c.f.in*c.f.out:]
		}
		switch {
		case c.shortcut == nil:
		case c.shortcut.projection != nil:
			c.shortcut.projection.spread(gin, image)
		default:
			c.shortcut.subsampleGrad(gin, image, c.f.in, c.f.out, c.size)
		}
		for block := range inBlocks {
			o := c.in.offset(image, block, 0)
			g, z := c.in.grad.Data[o:], c.in.z.Data[o:]
			if c.in.out != nil {
				k.GradSumsMask(s.stats, g, z, c.in.out.Data[o:], area)
			} else {
				k.GradSums(s.stats, g, z, c.in.norm.blockApply(image, block), area)
			}
			flush(c.in.norm.gradSums, slot, c.f.in, block, s.stats)
		}
	}
}
