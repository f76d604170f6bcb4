package expr

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Add adds the sum of two activations of one shape.
func Add(x, y *gorgonia.Node) (*gorgonia.Node, error) {
	o := &Op{
		Kind:   Addition,
		inputs: types(activation, activation), output: activation,
		shape: channelwise,
		compute: func(out []float32, _ tensor.Shape, in []value) {
			for i, x := range in[0].data {
				out[i] = x + in[1].data[i]
			}
		},
		wrt: []bool{true, true},
		diff: func(_ gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			return gorgonia.Nodes{grad, grad}, nil
		},
	}
	return o.apply(x, y)
}

// Rectify adds ReLU: the larger of x and 0.
func Rectify(x *gorgonia.Node) (*gorgonia.Node, error) {
	o := &Op{
		Kind:   ReLU,
		inputs: types(activation), output: activation,
		shape: channelwise,
		compute: func(out []float32, _ tensor.Shape, in []value) {
			for i, x := range in[0].data {
				out[i] = max(x, 0)
			}
		},
		wrt: []bool{true},
		diff: func(_ gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			n, err := reluGradient().apply(out, grad)
			return gorgonia.Nodes{n}, err
		},
	}
	return o.apply(x)
}

// reluGradient is of the output and its gradient, which passes where the output
// is positive.
func reluGradient() *Op {
	return &Op{
		Kind:   ReLUGradient,
		inputs: types(activation, activation), output: activation,
		shape: channelwise,
		compute: func(out []float32, _ tensor.Shape, in []value) {
			for i, y := range in[0].data {
				if y > 0 {
					out[i] = in[1].data[i]
				}
			}
		},
	}
}

// Shortcut adds the shortcut of option A (section 3.3) for a block that halves its
// maps: every second pixel of x (N, C, H, W) in both directions, with channels of
// zeros, the given number before those of x and the rest after: (N, channels, H/2,
// W/2).
func Shortcut(x *gorgonia.Node, channels, before int) (*gorgonia.Node, error) {
	o := &Op{
		Kind: Subsample, Zeros: before, attributes: fmt.Sprintf("%d channels, %d zeros before", channels, before),
		inputs: types(activation), output: activation,
		shape: func(in []tensor.Shape) (tensor.Shape, error) {
			x := in[0]
			if x[2]%2 != 0 || x[3]%2 != 0 || before < 0 || before+x[1] > channels {
				return nil, fmt.Errorf("an input of shape %v cannot become one of %d channels, %d zeros before", x, channels, before)
			}
			return tensor.Shape{x[0], channels, x[2] / 2, x[3] / 2}, nil
		},
		compute: func(out []float32, shape tensor.Shape, in []value) {
			kept(in[0].shape, shape, before, func(x, y int) { out[y] = in[0].data[x] })
		},
		wrt: []bool{true},
		diff: func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			n, err := subsampleGradient(in[0].Shape()[1], before).apply(grad)
			return gorgonia.Nodes{n}, err
		},
	}
	return o.apply(x)
}

// subsampleGradient is of the output's gradient, for an input of so many
// channels.
func subsampleGradient(channels, before int) *Op {
	return &Op{
		Kind: SubsampleGradient, Zeros: before, attributes: fmt.Sprintf("%d channels, %d zeros before", channels, before),
		inputs: types(activation), output: activation,
		shape: func(in []tensor.Shape) (tensor.Shape, error) {
			return tensor.Shape{in[0][0], channels, 2 * in[0][2], 2 * in[0][3]}, nil
		},
		compute: func(out []float32, shape tensor.Shape, in []value) {
			kept(shape, in[0].shape, before, func(x, y int) { out[x] = in[0].data[y] })
		},
	}
}

// kept calls f with the index of each value that a shortcut keeps, in its input
// and in its output.
func kept(x, y tensor.Shape, before int, f func(x, y int)) {
	for n := range x[0] {
		for c := range x[1] {
			for i := range y[2] {
				for j := range y[3] {
					f(((n*x[1]+c)*x[2]+2*i)*x[3]+2*j, ((n*y[1]+c+before)*y[2]+i)*y[3]+j)
				}
			}
		}
	}
}
