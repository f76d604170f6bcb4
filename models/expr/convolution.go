package expr

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Convolve adds a convolution of x (N, C, H, W) with filters (K, C, k, k), k odd,
// padded by k/2 zeros on each side, of which every stride-th output in both
// directions is kept: (N, K, H/stride, W/stride). It has no bias.
func Convolve(x, filters *gorgonia.Node, stride int) (*gorgonia.Node, error) {
	o := convolution(stride)
	o.wrt = []bool{x.Op() != nil, true} // nobody asks for the gradient of the images
	return o.apply(x, filters)
}

func convolution(stride int) *Op {
	return &Op{
		Kind: Convolution, Stride: stride, attributes: fmt.Sprintf("stride %d", stride),
		inputs: types(activation, filter), output: activation,
		shape: func(in []tensor.Shape) (tensor.Shape, error) { return convolved(in[0], in[1], stride) },
		compute: func(out []float32, shape tensor.Shape, in []value) {
			sums := make([]float64, len(out))
			rows(in[0].shape, in[1].shape, stride, func(x, w, y, n int) {
				for j := range n {
					sums[y+j] += float64(in[0].data[x+j*stride]) * float64(in[1].data[w])
				}
			})
			round(out, sums)
		},
		diff: func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			var n nodes
			if in[0].Op() == nil {
				n.add(nil, nil)
			} else {
				n.add(convolutionInputGradient(stride).apply(in[1], grad))
			}
			n.add(convolutionFilterGradient(stride, in[1].Shape()[2]).apply(in[0], grad))
			return n.list, n.err
		},
	}
}

// convolved returns the shape of a convolution's output.
func convolved(x, w tensor.Shape, stride int) (tensor.Shape, error) {
	switch {
	case w[2] != w[3] || w[2]%2 == 0:
		return nil, fmt.Errorf("filters of %dx%d are not square with an odd side", w[2], w[3])
	case x[1] != w[1]:
		return nil, fmt.Errorf("filters of %d channels on an input of %d", w[1], x[1])
	case stride < 1 || x[2]%stride != 0 || x[3]%stride != 0:
		return nil, fmt.Errorf("stride %d does not divide maps of %dx%d", stride, x[2], x[3])
	}
	return tensor.Shape{x[0], w[0], x[2] / stride, x[3] / stride}, nil
}

// rows calls f for each row of products of a convolution, with the indices of the
// first in input, filter and output and their number: the j-th are those of
// x+j*stride, w and y+j.
func rows(x, w tensor.Shape, stride int, f func(x, w, y, n int)) {
	k, side, height, width := w[2], x[3], x[2]/stride, x[3]/stride
	for n := range x[0] {
		for out := range w[0] {
			for c := range x[1] {
				for tap := range k * k {
					up, left := tap/k-k/2, tap%k-k/2
					first, end := (max(0, -left)+stride-1)/stride, min(width, (side-left+stride-1)/stride)
					for i := range height {
						if a := i*stride + up; a >= 0 && a < x[2] {
							f(((n*x[1]+c)*x[2]+a)*side+first*stride+left, (out*w[1]+c)*k*k+tap, ((n*w[0]+out)*height+i)*width+first, end-first)
						}
					}
				}
			}
		}
	}
}

// convolutionInputGradient is of filters and the output's gradient.
func convolutionInputGradient(stride int) *Op {
	shape := func(in []tensor.Shape) (tensor.Shape, error) {
		w, g := in[0], in[1]
		if g[1] != w[0] {
			return nil, fmt.Errorf("%d filters and a gradient of %d channels", w[0], g[1])
		}
		return tensor.Shape{g[0], w[1], g[2] * stride, g[3] * stride}, nil
	}
	return &Op{
		Kind: ConvolutionInputGradient, Stride: stride, attributes: fmt.Sprintf("stride %d", stride),
		inputs: types(filter, activation), output: activation, shape: shape,
		compute: func(out []float32, shape tensor.Shape, in []value) {
			sums := make([]float64, len(out))
			rows(shape, in[0].shape, stride, func(x, w, y, n int) {
				for j := range n {
					sums[x+j*stride] += float64(in[0].data[w]) * float64(in[1].data[y+j])
				}
			})
			round(out, sums)
		},
	}
}

// convolutionFilterGradient is of input and the output's gradient, for filters
// of size x size.
func convolutionFilterGradient(stride, size int) *Op {
	shape := func(in []tensor.Shape) (tensor.Shape, error) {
		x, g := in[0], in[1]
		if x[0] != g[0] || x[2] != g[2]*stride || x[3] != g[3]*stride {
			return nil, fmt.Errorf("an input of shape %v and a gradient of shape %v", x, g)
		}
		return tensor.Shape{g[1], x[1], size, size}, nil
	}
	return &Op{
		Kind: ConvolutionFilterGradient, Stride: stride, attributes: fmt.Sprintf("%dx%d, stride %d", size, size, stride),
		inputs: types(activation, activation), output: filter, shape: shape,
		compute: func(out []float32, shape tensor.Shape, in []value) {
			sums := make([]float64, len(out))
			rows(in[0].shape, shape, stride, func(x, w, y, n int) {
				for j := range n {
					sums[w] += float64(in[0].data[x+j*stride]) * float64(in[1].data[y+j])
				}
			})
			round(out, sums)
		},
	}
}
