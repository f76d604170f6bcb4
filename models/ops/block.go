package ops

// block is a building block (figure 2): two 3x3 layers, each with its batch
// normalisation, ReLU between them, and in a residual network the shortcut
// from the block's input to its output, where ReLU follows.
type block struct {
	residual     bool
	first        *Filter
	conv1, conv2 convolution
	in           *Activation
	middle       *Activation
	result       *Activation
	shrunk       *buffer     // the shortcut of option A, if the block halves its maps
	projection   *projection // the shortcut of options B and C, nil if there is none
	zeros        int         // channels of it before the input's
}

// blockGrad is the gradient of a block with respect to its input and weights.
type blockGrad struct {
	block    *block
	shortcut *shortcut
}

// Block adds a building block with the given filters and normalisations. The
// shortcut of a residual one is the identity, or option A, without a projection.
func (p *Program) Block(in *Activation, f1 *Filter, n1 *NormParams, f2 *Filter, n2 *NormParams, residual bool, params *Projection) (*Activation, error) {
	size := in.size / f1.stride
	if err := p.checkParts(size); err != nil {
		return nil, err
	}
	b := &block{
		residual: residual, first: f1,
		conv1: p.newConvolution(f1, size), conv2: p.newConvolution(f2, size),
		in: in, middle: p.newActivation(f1.out, size, n1, false), result: p.newActivation(f2.out, size, n2, residual),
	}
	switch {
	case params != nil:
		b.projection = p.newProjection(in, params, size)
		b.result.add = b.projection.out
	case residual && f1.stride == 1:
		b.result.add = in.out
	case residual:
		b.shrunk = newBuffer(p.batch * f1.out * size * size)
		b.result.add = b.shrunk
		b.zeros = p.conventions.ZerosBefore(f1.in, f1.out)
		b.conv1.(*strided).padded = b.shrink
	}
	p.steps = append(p.steps, b)
	return b.result, nil
}

func (b *block) buffers() []*buffer {
	list := withoutNil(b.in.z, b.in.add, b.in.out, b.middle.z, b.result.z, b.shrunk)
	if b.projection != nil {
		list = append(list, b.projection.z, b.projection.out)
	}
	return list
}

// run convolves twice. The shortcut is added by the reader of the result.
func (b *block) run() {
	b.conv1.forward(b.in, b.middle)
	if b.projection != nil {
		b.projection.forward()
	}
	b.conv2.forward(b.middle, b.result)
}

// shrink computes the shortcut of option A of an image from the pixels that the
// first layer reads, which are still in the caches.
func (b *block) shrink(image int, pixels []float32, strides mapStrides) {
	subsample(b.shrunk.Data[b.result.offset(image, 0, 0):], pixels,
		b.first.in, b.first.out, b.result.size, b.zeros, contiguous(b.result.size), strides)
}

func (b *block) gradient() step {
	b.middle.grad, b.in.grad = newBuffer(b.middle.z.size), newBuffer(b.in.z.size)
	if b.residual && b.projection == nil && b.first.stride == 1 {
		// What reaches the input past the layers is the gradient of the result, which
		// nobody reads any more by then but where it is added to.
		b.in.grad = b.result.grad
	}
	back := &blockGrad{block: b}
	if s := b.projection; s != nil {
		s.grad = newBuffer(b.in.z.size / (s.f.stride * s.f.stride))
		back.shortcut = &shortcut{g: s.grad, projection: s}
	} else if b.residual {
		back.shortcut = &shortcut{g: b.result.grad, zeros: b.zeros}
	}
	return back
}

func (b *blockGrad) buffers() []*buffer {
	k := b.block
	list := withoutNil(k.in.z, k.in.out, k.middle.z, k.result.z, k.result.grad, k.middle.grad, k.in.grad)
	if k.projection != nil {
		list = append(list, k.projection.z, k.projection.grad, k.result.out)
	}
	return list
}

// run computes the gradients of the shortcut, of the second layer and of the
// first.
func (b *blockGrad) run() {
	k := b.block
	if k.projection != nil {
		k.projection.backward(k.result.grad, k.result.out)
	}
	k.conv2.backward(k.middle, k.result, nil)
	k.conv1.backward(k.in, k.middle, b.shortcut)
}
