package ops

import "deepresidual/models/kernels"

// convolution computes one 3x3 layer of a block: its forward pass, and its
// backward pass with respect to input and weights.
type convolution interface {
	// forward convolves in into out.z and finishes out.norm.
	forward(in, out *Activation)
	// backward takes the gradient out.grad, whose sums must be in out.norm, and
	// computes in.grad and the gradient of the weights. It leaves the sums of
	// the former in in.norm, and adds to it that of a shortcut from in, if
	// there is one.
	backward(in, out *Activation, shortcut *shortcut)
}

// shortcut is the path from a block's input to its output, in the backward pass.
type shortcut struct {
	g *buffer // gradient with respect to the block's output before ReLU, see [Activation]
	// zeros is the number of zero channels before the input's, if the maps shrink.
	zeros int

	// projection is the shortcut's, if it has one; g is then the gradient with
	// respect to the pixels that it read.
	projection *projection
}

// newConvolution returns the convolution of a filter onto maps of size x size.
func (p *Program) newConvolution(f *Filter, size int) convolution {
	if f.stride == 2 {
		c := newStrided(p.machine, f, size)
		c.batch, c.slotCount = p.batch, slots(p.batch)
		return c
	}
	w := newWinograd(p.machine, f, size)
	w.batch, w.groupCount = p.batch, w.groups(p.batch)
	w.slotCount = slots(w.groupCount)
	return w
}

// fill writes rows of one block of the activation into dst, whose rows are
// stride apart. The first reader in a step stores the activation in out.
func (a *Activation) fill(k *kernels.Set, dst []float32, stride, image, block, row, rows int, store bool) {
	o := a.offset(image, block, row)
	z, norm := a.z.Data[o:], a.norm.blockApply(image, block)
	switch {
	case a.add != nil && store && a.out != nil:
		k.FillAddStore(dst, a.out.Data[o:], z, a.add.Data[o:], norm, rows, a.size, stride)
	case a.add != nil:
		k.FillAdd(dst, z, a.add.Data[o:], norm, rows, a.size, stride)
	case store && a.out != nil:
		k.FillNormStore(dst, a.out.Data[o:], z, norm, rows, a.size, stride)
	default:
		k.FillNorm(dst, z, norm, rows, a.size, stride)
	}
}

// refill writes the same again in the backward pass.
func (a *Activation) refill(k *kernels.Set, dst []float32, stride, image, block, row, rows int) {
	if a.out == nil {
		a.fill(k, dst, stride, image, block, row, rows, false)
		return
	}
	k.FillCopy(dst, a.out.Data[a.offset(image, block, row):], rows, a.size, stride)
}

// fillGrad writes rows of the gradient with respect to a.z.
func (a *Activation) fillGrad(k *kernels.Set, dst []float32, stride, image, block, row, rows int) {
	o := a.offset(image, block, row)
	k.FillGrad(dst, a.grad.Data[o:], a.z.Data[o:], a.norm.blockCoef(image, block), rows, a.size, stride)
}

// reduction adds up the gradients of a filter that the slots have computed.
type reduction struct {
	m     *Machine
	grad  []float32
	slots int
	body  func(thread, item int)
}

// reduceRoom is how many values one item of the sum covers.
const reduceRoom = 4096

func newReduction(m *Machine, grad []float32) *reduction {
	r := &reduction{m: m, grad: grad}
	r.body = r.item
	return r
}

// slot returns the memory for one slot's gradient.
func (r *reduction) slot(s int) []float32 {
	return r.m.partial[s*len(r.grad):][:len(r.grad)]
}

// run sums the given number of slots in order.
func (r *reduction) run(slots int) {
	r.slots = slots
	r.m.pool.run(Sums(len(r.grad)), r.body)
}

func (r *reduction) item(_, i int) {
	from, to := i*reduceRoom, min((i+1)*reduceRoom, len(r.grad))
	dst := r.grad[from:to]
	copy(dst, r.slot(0)[from:to])
	for s := 1; s < r.slots; s++ {
		r.m.Kernels.Add(dst, r.slot(s)[from:to])
	}
}
