package ops

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// block is a building block (figure 2): two 3x3 layers, each with its batch
// normalisation, ReLU between them, and in a residual network the shortcut
// from the block's input to its output, where ReLU follows.
type block struct {
	node
	m            *Machine
	residual     bool
	first, last  *Filter
	conv1, conv2 convolution
	in           *Activation
	middle       *Activation
	result       *Activation
	shrunk       *Buffer // the shortcut of option A, if the block halves its maps
	n            int
	zeros        int // channels of it before the input's
	slotsN       int
	shrink       func(thread, slot int)
}

// blockGrad is the gradient of a block with respect to its input and weights.
type blockGrad struct {
	node
	block  *block
	g      *Gradient // with respect to the block's output
	middle *Buffer   // with respect to what lies between the layers
	gin    *Gradient // with respect to the block's input
	short  *shortcut
}

// Block adds a building block with the given filters and normalisations.
func (p *Program) Block(x *gorgonia.Node, f1 *Filter, n1 *NormParams, f2 *Filter, n2 *NormParams, residual bool) (*gorgonia.Node, error) {
	in := p.values[x].(*Activation)
	size := in.size / f1.stride
	if err := p.checkParts(size); err != nil {
		return nil, err
	}
	inputs := []*gorgonia.Node{
		x,
		p.Param(f1.Param), p.Param(n1.Gamma), p.Param(n1.Beta),
		p.Param(f2.Param), p.Param(n2.Gamma), p.Param(n2.Beta),
	}
	b := &block{
		m: p.machine, residual: residual, first: f1, last: f2,
		conv1: newConvolution(p.machine, f1, size), conv2: newConvolution(p.machine, f2, size),
		in: in, middle: p.newActivation(f1.out, size, n1, false), result: p.newActivation(f2.out, size, n2, residual),
	}
	switch {
	case residual && f1.stride == 1:
		b.result.add = in.out
	case residual:
		b.shrunk = newBuffer(p.batch * f1.out * size * size)
		b.result.add = b.shrunk
		b.zeros = p.conventions.zerosBefore(f1.in, f1.out)
		b.shrink = b.shrinkSlot
	}
	b.node = p.newNode("block "+f1.Name, b.result, b.result.shape, inputs...)
	return p.apply(b, inputs...)
}

func (b *block) buffers() []*Buffer {
	return withoutNil(b.in.z, b.in.add, b.in.out, b.middle.z, b.result.z, b.shrunk)
}

// Do convolves twice. The shortcut is added by the reader of the result.
func (b *block) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	b.n = b.program.input.N
	b.conv1.forward(b.n, b.in, b.middle)
	if b.shrink != nil {
		b.slotsN = slots(b.n)
		b.m.pool.run(b.slotsN, b.shrink)
	}
	b.conv2.forward(b.n, b.middle, b.result)
	return b.out, nil
}

func (b *block) shrinkSlot(_, slot int) {
	from, to := slotRange(slot, b.slotsN, b.n)
	for image := from; image < to; image++ {
		subsample(b.shrunk.Data[b.result.offset(image, 0, 0):], b.in.out.Data[b.in.offset(image, 0, 0):],
			b.first.in, b.first.out, b.result.size, b.zeros)
	}
}

// DiffWRT says that all inputs have a gradient.
func (b *block) DiffWRT(n int) []bool {
	all := make([]bool, n)
	for i := range all {
		all[i] = true
	}
	return all
}

// SymDiff adds the block's backward pass to the graph.
func (b *block) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	p := b.program
	back := &blockGrad{
		block:  b,
		g:      p.values[grad].(*Gradient),
		middle: newBuffer(b.middle.z.size),
		gin:    newGradient(b.in),
	}
	if b.residual {
		back.short = &shortcut{g: back.g.g, out: b.result.out, zeros: b.zeros}
	}
	back.node = p.newNode("gradient of block "+b.first.Name, back.gin, b.in.shape, inputs[0], output, grad)
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

// newGradient returns the value of the gradient with respect to an activation.
func newGradient(a *Activation) *Gradient {
	return &Gradient{value: value{shape: a.shape, dtype: tensor.Float32}, g: newBuffer(a.z.size)}
}

func (b *blockGrad) buffers() []*Buffer {
	k := b.block
	return withoutNil(k.in.z, k.in.out, k.middle.z, k.result.z, k.result.out, b.g.g, b.middle, b.gin.g)
}

// Do computes the gradients of the second layer, then of the first.
func (b *blockGrad) Do(...gorgonia.Value) (gorgonia.Value, error) {
	k := b.block
	k.conv2.backward(k.n, k.middle, k.result, b.g.g, b.middle, nil)
	k.conv1.backward(k.n, k.in, k.middle, b.middle, b.gin.g, b.short)
	return b.out, nil
}
