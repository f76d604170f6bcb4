package ops

import "deepresidual/models/kernels"

// Filter is the weights of a convolution, (3, 3, C, K) or (1, 1, C, K), with the forms of
// them that its passes read. [Filter.Prepare] brings these up to date after
// the weights have changed.
type Filter struct {
	*Param
	in, out, stride int

	// forward is (36, K/16, C, 16), transformed; nil where the convolution is
	// computed directly.
	forward []float32
	// backward is what the gradient with respect to the input reads. Stride 1:
	// the weights turned by 180 degrees, input and output channels exchanged,
	// transformed, (36, C/16, K, 16). Stride 2: (taps in the order of phases, K, C).
	// 1x1: (K, C).
	backward []float32
	turned   []float32 // (3, 3, K, C), on the way to backward
}

// NewFilter returns the weights of a convolution of the given kernel size (3 or 1),
// channels and stride that stores its value and gradient in the given memory.
func NewFilter(name string, kernel, in, out, stride int, val, grad []float32) *Filter {
	f := &Filter{Param: NewParam(name, []int{kernel, kernel, in, out}, val, grad), in: in, out: out, stride: stride}
	switch {
	case kernel == 1:
		f.backward = make([]float32, in*out)
	case in%kernels.Lanes != 0: // the first layer has no gradient with respect to its input
	case stride == 1:
		f.forward = make([]float32, kernels.PatchArea*in*out)
		f.turned = make([]float32, kernels.FilterArea*in*out)
		f.backward = make([]float32, kernels.PatchArea*in*out)
	default:
		f.backward = make([]float32, kernels.FilterArea*in*out)
	}
	return f
}

// Parts returns into how many independent parts Prepare is divided.
func (f *Filter) Parts() int {
	if f.backward == nil {
		return 0
	}
	return FilterParts(f.Shape[0], f.in, f.out, f.stride)
}

// FilterParts returns the [Filter.Parts] of a convolution that is not the first:
// blocks of output channels for what the backward pass reads and, if it is
// computed by minimal filtering, of input channels for what the forward pass does.
func FilterParts(kernel, in, out, stride int) int {
	parts := out / kernels.Lanes
	if kernel == 3 && stride == 1 {
		parts += in / kernels.Lanes
	}
	return parts
}

// Prepare brings one part of the derived forms up to date.
func (f *Filter) Prepare(k *kernels.Set, part int) {
	first := part * kernels.Lanes
	if first >= f.out {
		first -= f.out
		k.TransformWeights(f.forward, f.Value, f.in, f.out, first, first+kernels.Lanes)
		return
	}
	last := first + kernels.Lanes
	if f.Shape[0] == 1 {
		f.transpose(f.backward, 0, 0, first, last)
		return
	}
	if f.stride == 1 {
		for tap := range kernels.FilterArea {
			f.transpose(f.turned, kernels.FilterArea-1-tap, tap, first, last)
		}
		k.TransformWeights(f.backward, f.turned, f.out, f.in, first, last)
		return
	}
	i := 0
	for _, ph := range phases {
		for _, t := range ph.taps {
			f.transpose(f.backward, i, t.kh*3+t.kw, first, last)
			i++
		}
	}
}

// transpose writes tap of the weights, (C, K), as tap to of dst, (K, C), for
// the output channels from first to last.
func (f *Filter) transpose(dst []float32, to, tap, first, last int) {
	src := f.Value[tap*f.in*f.out:][:f.in*f.out]
	dst = dst[to*f.in*f.out:][:f.in*f.out]
	for k := first; k < last; k++ {
		row := dst[k*f.in:][:f.in]
		for c := range row {
			row[c] = src[c*f.out+k]
		}
	}
}

// tap is one element of a 3x3 filter in the gradient of a convolution of
// stride 2, and how far from the row and column of the phase its output is.
type tap struct{ kh, kw, row, column int }

// phases divides the inputs of a convolution of stride 2 by whether their row
// and column are even or odd: input (2i+row, 2j+column) has reached the
// outputs (i+tap.row, j+tap.column) through the taps listed.
var phases = []struct {
	row, column int
	taps        []tap
}{
	{0, 0, []tap{{1, 1, 0, 0}}},
	{0, 1, []tap{{1, 0, 0, 1}, {1, 2, 0, 0}}},
	{1, 0, []tap{{0, 1, 1, 0}, {2, 1, 0, 0}}},
	{1, 1, []tap{{0, 0, 1, 1}, {0, 2, 1, 0}, {2, 0, 0, 1}, {2, 2, 0, 0}}},
}
