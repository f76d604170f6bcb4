package expr

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Average adds global average pooling: the mean of each map of x (N, C, H, W),
// (N, C).
func Average(x *gorgonia.Node) (*gorgonia.Node, error) {
	o := &Op{
		Kind:   Pool,
		inputs: types(activation), output: matrix,
		shape: func(in []tensor.Shape) (tensor.Shape, error) { return tensor.Shape{in[0][0], in[0][1]}, nil },
		compute: func(out []float32, _ tensor.Shape, in []value) {
			area := in[0].shape[2] * in[0].shape[3]
			sums := make([]float64, len(out))
			for p, x := range in[0].data {
				sums[p/area] += float64(x) / float64(area)
			}
			round(out, sums)
		},
		wrt: []bool{true},
		diff: func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			n, err := poolGradient(in[0].Shape()[2], in[0].Shape()[3]).apply(grad)
			return gorgonia.Nodes{n}, err
		},
	}
	return o.apply(x)
}

// poolGradient is of the output's gradient, for maps of height x width.
func poolGradient(height, width int) *Op {
	return &Op{
		Kind: PoolGradient, attributes: fmt.Sprintf("%dx%d", height, width),
		inputs: types(matrix), output: activation,
		shape: func(in []tensor.Shape) (tensor.Shape, error) {
			return tensor.Shape{in[0][0], in[0][1], height, width}, nil
		},
		compute: func(out []float32, _ tensor.Shape, in []value) {
			area := height * width
			for p := range out {
				out[p] = in[0].data[p/area] / float32(area)
			}
		},
	}
}

// Classify adds the fully connected layer: scores (N, K) of features (N, C), by
// weights (K, C) and a bias (K).
func Classify(x, weight, bias *gorgonia.Node) (*gorgonia.Node, error) {
	o := &Op{
		Kind:   Linear,
		inputs: types(matrix, matrix, vector), output: matrix,
		shape: func(in []tensor.Shape) (tensor.Shape, error) {
			x, w, b := in[0], in[1], in[2]
			if x[1] != w[1] || w[0] != b[0] {
				return nil, fmt.Errorf("weights of shape %v and a bias of shape %v on %d features", w, b, x[1])
			}
			return tensor.Shape{x[0], w[0]}, nil
		},
		compute: func(out []float32, shape tensor.Shape, in []value) {
			sums := make([]float64, len(out))
			for p := range out {
				sums[p] = float64(in[2].data[p%shape[1]])
			}
			products(in[0].shape, shape, func(x, w, y int) { sums[y] += float64(in[0].data[x]) * float64(in[1].data[w]) })
			round(out, sums)
		},
		wrt: []bool{true, true, true},
		diff: func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			var n nodes
			n.add(linearInputGradient().apply(in[1], grad))
			n.add(linearWeightGradient().apply(in[0], grad))
			n.add(linearBiasGradient().apply(grad))
			return n.list, n.err
		},
	}
	return o.apply(x, weight, bias)
}

// products calls f for each product of a fully connected layer of features x to
// scores y with the indices of feature, weight and score.
func products(x, y tensor.Shape, f func(x, w, y int)) {
	for n := range x[0] {
		for k := range y[1] {
			for c := range x[1] {
				f(n*x[1]+c, k*x[1]+c, n*y[1]+k)
			}
		}
	}
}

// linearInputGradient is of the weights and the output's gradient.
func linearInputGradient() *Op {
	return &Op{
		Kind:   LinearInputGradient,
		inputs: types(matrix, matrix), output: matrix,
		shape: func(in []tensor.Shape) (tensor.Shape, error) {
			if in[0][0] != in[1][1] {
				return nil, fmt.Errorf("weights of shape %v and a gradient of shape %v", in[0], in[1])
			}
			return tensor.Shape{in[1][0], in[0][1]}, nil
		},
		compute: func(out []float32, shape tensor.Shape, in []value) {
			products(shape, in[1].shape, func(x, w, y int) { out[x] += in[0].data[w] * in[1].data[y] })
		},
	}
}

// linearWeightGradient is of the input and the output's gradient.
func linearWeightGradient() *Op {
	return &Op{
		Kind:   LinearWeightGradient,
		inputs: types(matrix, matrix), output: matrix,
		shape: func(in []tensor.Shape) (tensor.Shape, error) {
			if in[0][0] != in[1][0] {
				return nil, fmt.Errorf("features of shape %v and a gradient of shape %v", in[0], in[1])
			}
			return tensor.Shape{in[1][1], in[0][1]}, nil
		},
		compute: func(out []float32, _ tensor.Shape, in []value) {
			products(in[0].shape, in[1].shape, func(x, w, y int) { out[w] += in[0].data[x] * in[1].data[y] })
		},
	}
}

// linearBiasGradient is of the output's gradient.
func linearBiasGradient() *Op {
	return &Op{
		Kind:   LinearBiasGradient,
		inputs: types(matrix), output: vector,
		shape: func(in []tensor.Shape) (tensor.Shape, error) { return tensor.Shape{in[0][1]}, nil },
		compute: func(out []float32, _ tensor.Shape, in []value) {
			for p, g := range in[0].data {
				out[p%len(out)] += g
			}
		},
	}
}

// Loss adds the mean cross-entropy of the softmax of scores (N, K) with labels
// (N), a scalar.
func Loss(scores, label *gorgonia.Node) (*gorgonia.Node, error) {
	o := &Op{
		Kind:   CrossEntropy,
		inputs: types(matrix, labels), output: scalar,
		shape: func(in []tensor.Shape) (tensor.Shape, error) {
			if in[0][0] != in[1][0] {
				return nil, fmt.Errorf("scores of %d images and labels of %d", in[0][0], in[1][0])
			}
			return tensor.ScalarShape(), nil
		},
		compute: func(out []float32, _ tensor.Shape, in []value) {
			sum := 0.0
			softmax(in[0], func(n, k, _ int, logp float64) {
				if k == int(in[1].labels[n]) {
					sum -= logp
				}
			})
			out[0] = float32(sum / float64(in[0].shape[0]))
		},
		wrt: []bool{true, false},
		diff: func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			n, err := crossEntropyGradient().apply(in[0], in[1], grad)
			return gorgonia.Nodes{n, nil}, err
		},
	}
	return o.apply(scores, label)
}

// crossEntropyGradient is of scores, labels and the loss's gradient.
func crossEntropyGradient() *Op {
	return &Op{
		Kind:   CrossEntropyGradient,
		inputs: types(matrix, labels, scalar), output: matrix,
		shape: func(in []tensor.Shape) (tensor.Shape, error) { return in[0].Clone(), nil },
		compute: func(out []float32, shape tensor.Shape, in []value) {
			each := float64(in[2].data[0]) / float64(shape[0])
			softmax(in[0], func(n, k, at int, logp float64) {
				p := math.Exp(logp)
				if k == int(in[1].labels[n]) {
					p--
				}
				out[at] = float32(p * each)
			})
		},
	}
}

// softmax calls f for each score of (N, K) with image, class, index and the
// logarithm of the probability, which is finite where the probability is too small
// for a float64.
func softmax(scores value, f func(n, k, at int, logp float64)) {
	classes := scores.shape[1]
	for n := range scores.shape[0] {
		row := scores.data[n*classes:][:classes]
		most, sum := math.Inf(-1), 0.0
		for _, s := range row {
			most = max(most, float64(s))
		}
		for _, s := range row {
			sum += math.Exp(float64(s) - most)
		}
		for k, s := range row {
			f(n, k, n*classes+k, float64(s)-most-math.Log(sum))
		}
	}
}
