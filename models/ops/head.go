package ops

import "deepresidual/models/kernels"

// head is global average pooling and the fully connected layer.
type head struct {
	m            *Machine
	in           *Activation
	weight, bias *Param
	pooled       []float32 // (N, C)
	scores       *Scores
	batch        int
	slotCount    int
	body         func(thread, slot int)
}

// headGrad is its gradient.
type headGrad struct {
	head *head
	body func(thread, slot int)
}

// Head adds the pooling and the last layer, of weight (classes, C) and bias (classes).
func (p *Program) Head(in *Activation, weight, bias *Param) *Scores {
	classes := len(bias.Value)
	scores := &Scores{make([]float32, p.batch*classes), make([]float32, p.batch*classes), classes}
	h := &head{
		m: p.machine, in: in, weight: weight, bias: bias, scores: scores,
		pooled: make([]float32, p.batch*in.channels), batch: p.batch, slotCount: slots(p.batch),
	}
	h.body = h.forwardSlot
	p.steps = append(p.steps, h)
	return scores
}

func (h *head) buffers() []*buffer { return withoutNil(h.in.z, h.in.add, h.in.out) }

// run pools and multiplies.
func (h *head) run() { h.m.pool.run(h.slotCount, h.body) }

func (h *head) forwardSlot(thread, slot int) {
	k, s := h.m.Kernels, h.m.scratch[thread]
	a := h.in
	area := a.size * a.size
	from, to := slotRange(slot, h.slotCount, h.batch)
	for image := from; image < to; image++ {
		pooled := h.pooled[image*a.channels:][:a.channels]
		for block := range a.channels / kernels.Lanes {
			a.fill(k, s.pixels, a.size*kernels.Lanes, image, block, 0, a.size, true)
			k.Sums(s.stats, s.pixels, area)
			for l, sum := range s.stats[:kernels.Lanes] {
				pooled[block*kernels.Lanes+l] = sum / float32(area)
			}
			clear(s.stats)
		}
		classify(h.scores.data[image*h.scores.classes:][:h.scores.classes], pooled, h.weight, h.bias)
	}
}

// classify computes the scores of an image from its pooled features.
func classify(scores, pooled []float32, weight, bias *Param) {
	for j := range scores {
		w := weight.Value[j*len(pooled):][:len(pooled)]
		sum := bias.Value[j]
		for c, x := range pooled {
			sum += float32(x * w[c])
		}
		scores[j] = sum
	}
}

func (h *head) gradient() step {
	h.in.grad = newBuffer(h.in.z.size)
	b := &headGrad{head: h}
	b.body = b.backwardSlot
	return b
}

func (b *headGrad) buffers() []*buffer {
	a := b.head.in
	return withoutNil(a.z, a.out, a.grad)
}

// run computes the gradients of weights and bias, and spreads that of the
// pooled features over their pixels.
func (b *headGrad) run() {
	h := b.head
	clear(h.weight.Grad)
	clear(h.bias.Grad)
	for image := range h.batch {
		pooled := h.pooled[image*h.in.channels:][:h.in.channels]
		for j, g := range h.scores.grad[image*h.scores.classes:][:h.scores.classes] {
			h.bias.Grad[j] += g
			w := h.weight.Grad[j*h.in.channels:][:h.in.channels]
			for c, x := range pooled {
				w[c] += float32(g * x)
			}
		}
	}
	h.m.pool.run(h.slotCount, b.body)
	h.in.norm.finishGrad(h.slotCount, float64(h.batch*h.in.size*h.in.size))
}

func (b *headGrad) backwardSlot(thread, slot int) {
	h, a := b.head, b.head.in
	k, s := h.m.Kernels, h.m.scratch[thread]
	area := a.size * a.size
	clearSlot(a.norm.gradSums, slot, a.channels)
	from, to := slotRange(slot, h.slotCount, h.batch)
	for image := from; image < to; image++ {
		grads := h.scores.grad[image*h.scores.classes:][:h.scores.classes]
		for block := range a.channels / kernels.Lanes {
			var pixel [kernels.Lanes]float32
			for j, g := range grads {
				w := h.weight.Value[j*a.channels+block*kernels.Lanes:][:kernels.Lanes]
				for l, x := range w {
					pixel[l] += g * x / float32(area)
				}
			}
			o := a.offset(image, block, 0)
			dst := a.grad.Data[o:][:area*kernels.Lanes]
			for p := 0; p < len(dst); p += kernels.Lanes {
				*(*[kernels.Lanes]float32)(dst[p:]) = pixel
			}
			if a.out != nil {
				k.GradSumsMask(s.stats, dst, a.z.Data[o:], a.out.Data[o:], area)
			} else {
				k.GradSums(s.stats, dst, a.z.Data[o:], a.norm.blockApply(image, block), area)
			}
			flush(a.norm.gradSums, slot, a.channels, block, s.stats)
		}
	}
}
