package ops

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deepresidual/models/kernels"
)

// head is global average pooling and the fully connected layer.
type head struct {
	node
	m            *Machine
	in           *Activation
	weight, bias *Param
	pooled       []float32 // (N, C)
	scores       *Scores
	classes      int
	n            int
	slotsN       int
	body         func(thread, slot int)
}

// headGrad is its gradient.
type headGrad struct {
	node
	head *head
	gin  *Gradient
	body func(thread, slot int)
}

// Head adds the pooling and the last layer, of weight (classes, C) and bias (classes).
func (p *Program) Head(x *gorgonia.Node, weight, bias *Param) (*gorgonia.Node, error) {
	in := p.values[x].(*Activation)
	classes := len(bias.Value)
	inputs := []*gorgonia.Node{x, p.Param(weight), p.Param(bias)}
	scores := &Scores{value{tensor.Shape{p.batch, classes}, tensor.Float32, make([]float32, p.batch*classes)}, make([]float32, p.batch*classes)}
	h := &head{
		node: p.newNode("head", scores, scores.shape, inputs...),
		m:    p.machine, in: in, weight: weight, bias: bias, scores: scores, classes: classes,
		pooled: make([]float32, p.batch*in.channels),
	}
	h.body = h.forwardSlot
	return p.apply(h, inputs...)
}

func (h *head) buffers() []*Buffer { return withoutNil(h.in.z, h.in.add, h.in.out) }

// Do pools and multiplies.
func (h *head) Do(...gorgonia.Value) (gorgonia.Value, error) {
	h.n = h.program.input.N
	h.slotsN = slots(h.n)
	h.m.pool.run(h.slotsN, h.body)
	return h.out, nil
}

func (h *head) forwardSlot(thread, slot int) {
	k, s := h.m.Kernels, h.m.scratch[thread]
	a := h.in
	area := a.size * a.size
	from, to := slotRange(slot, h.slotsN, h.n)
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
		scores := h.scores.data[image*h.classes:][:h.classes]
		for j := range scores {
			w := h.weight.Value[j*a.channels:][:a.channels]
			sum := h.bias.Value[j]
			for c, x := range pooled {
				sum += x * w[c]
			}
			scores[j] = sum
		}
	}
}

// DiffWRT says that all inputs have a gradient.
func (h *head) DiffWRT(int) []bool { return []bool{true, true, true} }

// SymDiff adds the backward pass to the graph.
func (h *head) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	p := h.program
	gin := newGradient(h.in)
	back := &headGrad{
		node: p.newNode("gradient of head", gin, h.in.shape, inputs[0], output, grad),
		head: h, gin: gin,
	}
	back.body = back.backwardSlot
	n, err := p.apply(back, inputs[0], output, grad)
	if err != nil {
		return nil, err
	}
	grads, err := p.gradients(n, inputs)
	if err != nil {
		return nil, err
	}
	grads[0] = n
	return grads, nil
}

func (b *headGrad) buffers() []*Buffer { return withoutNil(b.head.in.z, b.head.in.out, b.gin.g) }

// Do computes the gradients of weights and bias, and spreads that of the
// pooled features over their pixels.
func (b *headGrad) Do(...gorgonia.Value) (gorgonia.Value, error) {
	h := b.head
	clear(h.weight.Grad)
	clear(h.bias.Grad)
	for image := range h.n {
		pooled := h.pooled[image*h.in.channels:][:h.in.channels]
		for j, g := range h.scores.grad[image*h.classes:][:h.classes] {
			h.bias.Grad[j] += g
			w := h.weight.Grad[j*h.in.channels:][:h.in.channels]
			for c, x := range pooled {
				w[c] += g * x
			}
		}
	}
	h.m.pool.run(h.slotsN, b.body)
	h.in.norm.finishGrad(h.slotsN, float64(h.n*h.in.size*h.in.size))
	return b.out, nil
}

func (b *headGrad) backwardSlot(thread, slot int) {
	h, a := b.head, b.head.in
	k, s := h.m.Kernels, h.m.scratch[thread]
	area := a.size * a.size
	clearSlot(a.norm.gradSums, slot, a.channels)
	from, to := slotRange(slot, h.slotsN, h.n)
	for image := from; image < to; image++ {
		grads := h.scores.grad[image*h.classes:][:h.classes]
		for block := range a.channels / kernels.Lanes {
			var pixel [kernels.Lanes]float32
			for j, g := range grads {
				w := h.weight.Value[j*a.channels+block*kernels.Lanes:][:kernels.Lanes]
				for l, x := range w {
					pixel[l] += g * x / float32(area)
				}
			}
			o := a.offset(image, block, 0)
			dst := b.gin.g.Data[o:][:area*kernels.Lanes]
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
