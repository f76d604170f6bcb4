package ops

import "deepresidual/models/kernels"

// Stem adds the first layer, on images of size x size in a border of a pixel.
func (e *Evaluation) Stem(size int, f *Filter, n *NormParams) {
	row := (size + 2) * f.in
	e.stage(f.out, size)
	e.add(nil, &evaluatedStem{
		e: e, f: f, out: e.current, norm: e.newResponding(n, size), taps: []int{0, row, 2 * row},
	})
}

// Block adds a building block, with or without a shortcut; see [Program.Block].
func (e *Evaluation) Block(f1 *Filter, n1 *NormParams, f2 *Filter, n2 *NormParams, residual bool, projection *Projection) {
	in := e.current
	size := in.size / f1.stride
	if f1.stride != 1 {
		e.stage(f1.out, size)
		e.add(in, &evaluatedStrided{e: e, strided: newStrided(e.machine, f1, size), in: in, out: e.middle, norm: e.newResponding(n1, size)})
	} else {
		e.add(in, e.newWinograd(f1, in, e.middle, n1, false))
	}
	switch {
	case projection != nil:
		e.add(in, e.newProjection(projection, in, e.current))
	case residual && f1.stride != 1:
		e.add(in, &evaluatedSubsample{in: in, out: e.current, zeros: e.conventions.ZerosBefore(f1.in, f1.out)})
	}
	e.add(e.middle, e.newWinograd(f2, e.middle, e.current, n2, residual))
}

// Head adds pooling and the last layer, of weight (classes, C) and bias
// (classes), and the loss.
func (e *Evaluation) Head(weight, bias *Param) *Loss {
	in := e.current
	classes := len(bias.Value)
	h := &evaluatedHead{
		e: e, in: in, weight: weight, bias: bias,
		scores: &Scores{data: make([]float32, e.batch*classes), classes: classes},
	}
	e.add(in, h)
	e.loss = &loss{input: &e.input, scores: h.scores, result: &Loss{}, probs: make([]float64, len(h.scores.data))}
	return e.loss.result
}

// finish normalises an image's output z, (K/16, H, W, 16), into maps.
func (e *Evaluation) finish(c *chunk, image int, z []float32, norm *fixedNorm, out *maps) {
	k := e.machine.Kernels
	area := out.size * out.size
	for block := range out.channels / kernels.Lanes {
		z := z[block*area*kernels.Lanes:]
		if e.measuring {
			k.Sums(c.stats, z, area)
			flush(norm.sums, c.index, out.channels, block, c.stats)
		}
		k.FillNorm(out.interior(c, image, block), z, norm.block(block), out.size, out.size, out.row())
	}
}

// evaluatedStem is the first layer.
type evaluatedStem struct {
	e    *Evaluation
	f    *Filter
	out  *maps
	norm *fixedNorm
	taps []int // one for each row of the filter, three pixels of three channels
}

func (s *evaluatedStem) run(c *chunk, from, to int) {
	k, size := s.e.machine.Kernels, s.out.size
	row := s.taps[1]
	for image := from; image < to; image++ {
		x := s.e.input.Images[(c.first+image)*(size+2)*row:]
		for i := range size {
			k.Direct(c.grads[i*size*kernels.Lanes:], x[i*row:], s.f.Value, s.taps, 3*s.f.in, s.f.out,
				size, s.f.in, kernels.Lanes, size*size*kernels.Lanes)
		}
		s.e.finish(c, image, c.grads, s.norm, s.out)
	}
}

// evaluatedWinograd is a layer of stride 1.
type evaluatedWinograd struct {
	e       *Evaluation
	f       *Filter
	in, out *maps
	add     bool // the shortcut, which lies in out
	norm    *fixedNorm
	tiling
}

func (e *Evaluation) newWinograd(f *Filter, in, out *maps, n *NormParams, add bool) *evaluatedWinograd {
	return &evaluatedWinograd{e: e, f: f, in: in, out: out, add: add, norm: e.newResponding(n, in.size), tiling: productTiling(f, in.size)}
}

func (w *evaluatedWinograd) run(c *chunk, from, to int) {
	for image := from; image < to; image += w.images {
		for part := range w.parts {
			w.convolve(c, image, min(w.images, to-image), part)
		}
	}
}

// convolve computes a group of tiles: a number of images, or a part of one.
func (w *evaluatedWinograd) convolve(c *chunk, first, images, part int) {
	k := w.e.machine.Kernels
	in, out, tiles, row := w.f.in, w.f.out, w.rows*w.tiles, part*w.pixels()
	inPlane, outPlane := w.plane(in), w.plane(out)
	for i := range images {
		for block := range in / kernels.Lanes {
			k.TransformInput(c.input[i*tiles*in+block*kernels.Lanes:], w.in.at(c, first+i, block)[row*w.stride:],
				w.tiles, w.rows, w.stride, in, inPlane)
		}
	}
	whole := (images*tiles + fewTiles - 1) / fewTiles * fewTiles
	products := c.output
	if w.group == fewTiles {
		products = c.input
	}
	k.Multiply(products, c.input, w.f.forward, whole, in, out, inPlane, outPlane, nil, 0)
	for block := range out / kernels.Lanes {
		norm := w.norm.block(block)
		for i := range images {
			m := products[i*tiles*out+block*kernels.Lanes:]
			y := w.out.interior(c, first+i, block)[row*w.stride:]
			switch {
			case w.e.measuring:
				w.measure(c, y, m, norm)
			case w.add:
				k.TransformOutputNormAdd(y, m, y, norm, w.tiles, w.rows, w.stride, out, outPlane)
			default:
				k.TransformOutputNorm(y, m, norm, w.tiles, w.rows, w.stride, out, outPlane)
			}
		}
		// Sums in float32 are over as many tiles as in training (of 4x4 maps, half as many).
		if w.e.measuring && (part+1)*w.group%groupTiles == 0 {
			flush(w.norm.sums, c.index, out, block, c.stats)
		}
	}
}

// measure transforms products back to pixels, takes the sums over them, and only
// then finishes them.
func (w *evaluatedWinograd) measure(c *chunk, y, m, norm []float32) {
	k := w.e.machine.Kernels
	z, row := c.grads, w.size*kernels.Lanes
	k.TransformOutput(z, c.stats, m, w.tiles, w.rows, row, w.f.out, w.plane(w.f.out))
	for i := range w.pixels() {
		if y := y[i*w.stride:]; w.add {
			k.FillAdd(y, z[i*row:], y, norm, 1, w.size, row)
		} else {
			k.FillNorm(y, z[i*row:], norm, 1, w.size, row)
		}
	}
}

// evaluatedStrided is a layer of stride 2.
type evaluatedStrided struct {
	*strided
	e       *Evaluation
	in, out *maps
	norm    *fixedNorm
}

func (s *evaluatedStrided) run(c *chunk, from, to int) {
	k := s.e.machine.Kernels
	row := s.size * kernels.Lanes
	for image := from; image < to; image++ {
		x := s.in.at(c, image, 0)
		for i := range s.size {
			s.direct(k, c.scratch, c.grads[i*row:], x[2*i*s.inRow:], s.f.Value, s.inTaps, s.f.out,
				2*kernels.Lanes, kernels.Lanes, s.size*row)
		}
		s.e.finish(c, image, c.grads, s.norm, s.out)
	}
}

// evaluatedSubsample is the shortcut of option A where the maps shrink.
type evaluatedSubsample struct {
	in, out *maps
	zeros   int
}

func (s *evaluatedSubsample) run(c *chunk, from, to int) {
	for image := from; image < to; image++ {
		subsample(s.out.interior(c, image, 0), s.in.interior(c, image, 0), s.in.channels, s.out.channels, s.out.size, s.zeros,
			mapStrides{s.out.row(), s.out.plane()}, mapStrides{s.in.row(), s.in.plane()})
	}
}

// evaluatedProjection is the shortcut of options B and C. Where it reads and
// writes the same maps, nobody else needs what it overwrites.
type evaluatedProjection struct {
	e       *Evaluation
	f       *Filter
	in, out *maps
	norm    *fixedNorm
	taps    []int // offsets of the blocks of input channels
}

func (e *Evaluation) newProjection(p *Projection, in, out *maps) *evaluatedProjection {
	s := &evaluatedProjection{e: e, f: p.Filter, in: in, out: out, norm: e.newNorm(p.Norm, out.size)}
	for block := range in.channels / kernels.Lanes {
		s.taps = append(s.taps, block*out.size*out.size*kernels.Lanes)
	}
	return s
}

func (s *evaluatedProjection) run(c *chunk, from, to int) {
	k, size, stride := s.e.machine.Kernels, s.out.size, s.f.stride
	area := size * size * kernels.Lanes
	for image := from; image < to; image++ {
		for block, at := range s.taps {
			x := s.in.interior(c, image, block)
			for i := range size {
				for j := range size {
					*(*[kernels.Lanes]float32)(c.pixels[at+(i*size+j)*kernels.Lanes:]) =
						*(*[kernels.Lanes]float32)(x[stride*(i*s.in.row()+j*kernels.Lanes):])
				}
			}
		}
		k.Direct(c.grads, c.pixels, s.f.Value, s.taps, kernels.Lanes, s.f.out, size*size, kernels.Lanes, kernels.Lanes, area)
		for block := range s.f.out / kernels.Lanes {
			z, norm := c.grads[block*area:], s.norm.block(block)
			coef := c.coef[:]
			copy(coef[kernels.Lanes:], norm)
			k.FillGrad(s.out.interior(c, image, block), z, z, coef, size, size, s.out.row())
		}
	}
}

// evaluatedHead is global average pooling and the fully connected layer.
type evaluatedHead struct {
	e            *Evaluation
	in           *maps
	weight, bias *Param
	scores       *Scores
}

func (h *evaluatedHead) run(c *chunk, from, to int) {
	k, in := h.e.machine.Kernels, h.in
	row := in.size * kernels.Lanes
	for image := from; image < to; image++ {
		pooled := c.output[:in.channels]
		for block := range in.channels / kernels.Lanes {
			x := in.interior(c, image, block)
			for i := range in.size {
				copy(c.pixels[i*row:][:row], x[i*in.row():])
			}
			k.Sums(c.stats, c.pixels, in.size*in.size)
			for l, sum := range c.stats[:kernels.Lanes] {
				pooled[block*kernels.Lanes+l] = sum / float32(in.size*in.size)
			}
			clear(c.stats)
		}
		classify(h.scores.data[(c.first+image)*h.scores.classes:][:h.scores.classes], pooled, h.weight, h.bias)
	}
}
