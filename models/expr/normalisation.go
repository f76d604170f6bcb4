package expr

import (
	"fmt"
	"math"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Statistics says what batch normalisation (Ioffe and Szegedy 2015) normalises
// by.
type Statistics struct {
	Epsilon float64 // added to the variance
	Images  int     // whose mean and variance are taken together; 0 for the whole batch
	Running bool    // mean and variance are given: see [NormaliseBy]
}

// Normalise adds batch normalisation of x (N, C, H, W), with scale and shift of (C):
// scale*(x-mean)/sqrt(variance+epsilon) + shift, with mean and biased variance of each
// channel over the images, height and width of the batch, or of each part of s.Images.
func Normalise(x, scale, shift *gorgonia.Node, s Statistics) (*gorgonia.Node, error) {
	return normalisation(s).apply(x, scale, shift)
}

// NormaliseBy adds batch normalisation by a given mean and variance of (C): the
// running statistics, in evaluation. It has no gradient.
func NormaliseBy(x, scale, shift, mean, variance *gorgonia.Node, epsilon float64) (*gorgonia.Node, error) {
	s := Statistics{Epsilon: epsilon, Running: true}
	o := &Op{
		Kind: Normalisation, Statistics: s, attributes: s.String(),
		inputs: types(activation, vector, vector, vector, vector), output: activation,
		shape: channelwise,
		compute: func(out []float32, shape tensor.Shape, in []value) {
			channels(shape, func(c, p int) {
				std := math.Sqrt(float64(in[4].data[c]) + epsilon)
				out[p] = in[1].data[c]*float32((float64(in[0].data[p])-float64(in[3].data[c]))/std) + in[2].data[c]
			})
		},
	}
	return o.apply(x, scale, shift, mean, variance)
}

func (s Statistics) String() string {
	switch {
	case s.Running:
		return fmt.Sprintf("running statistics, epsilon %g", s.Epsilon)
	case s.Images == 0:
		return fmt.Sprintf("epsilon %g", s.Epsilon)
	}
	return fmt.Sprintf("of %d images, epsilon %g", s.Images, s.Epsilon)
}

// channelwise is the shape of an operation on x (N, C, H, W), vectors of (C) and
// gradients shaped like x.
func channelwise(in []tensor.Shape) (tensor.Shape, error) {
	x := in[0]
	for _, s := range in[1:] {
		switch {
		case len(s) == 1 && s[0] != x[1]:
			return nil, fmt.Errorf("parameters of %d channels on an input of %d", s[0], x[1])
		case len(s) == 4 && !s.Eq(x):
			return nil, fmt.Errorf("shapes %v and %v differ", x, s)
		}
	}
	return x.Clone(), nil
}

// check reports a batch that cannot be cut so.
func (s Statistics) check(in []tensor.Shape) (tensor.Shape, error) {
	if s.Images > 0 && in[0][0]%s.Images != 0 {
		return nil, fmt.Errorf("a batch of %d cannot be normalised in parts of %d", in[0][0], s.Images)
	}
	return channelwise(in)
}

func normalisation(s Statistics) *Op {
	return &Op{
		Kind: Normalisation, Statistics: s, attributes: s.String(),
		inputs: types(activation, vector, vector), output: activation,
		shape: s.check,
		compute: func(out []float32, shape tensor.Shape, in []value) {
			s.normalised(in[0], func(c, p int, x, _ float64) {
				out[p] = in[1].data[c]*float32(x) + in[2].data[c]
			})
		},
		wrt: []bool{true, true, true},
		diff: func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			var n nodes
			n.add(normalisationGradient(s).apply(in[0], in[1], grad))
			n.add(scaleGradient(s).apply(in[0], grad))
			n.add(shiftGradient().apply(grad))
			return n.list, n.err
		},
	}
}

// normalised calls f for each value of x with its channel, its index, the value
// normalised, and the standard deviation it was divided by.
func (s Statistics) normalised(x value, f func(c, p int, normalised, std float64)) {
	s.parts(x.shape, func(c int, part []int) {
		mean, variance := 0.0, 0.0
		for _, p := range part {
			mean += float64(x.data[p]) / float64(len(part))
		}
		for _, p := range part {
			variance += (float64(x.data[p]) - mean) * (float64(x.data[p]) - mean) / float64(len(part))
		}
		std := math.Sqrt(variance + s.Epsilon)
		for _, p := range part {
			f(c, p, (float64(x.data[p])-mean)/std, std)
		}
	})
}

// parts calls f for each channel and part of a batch with the indices of its
// values, which are normalised together.
func (s Statistics) parts(x tensor.Shape, f func(c int, part []int)) {
	images := s.Images
	if images == 0 {
		images = x[0]
	}
	area := x[2] * x[3]
	for first := 0; first < x[0]; first += images {
		for c := range x[1] {
			var part []int
			for n := first; n < first+images; n++ {
				for p := range area {
					part = append(part, (n*x[1]+c)*area+p)
				}
			}
			f(c, part)
		}
	}
}

// normalisationGradient is of input, scale and the output's gradient g:
//
//	scale/std * (g - mean(g) - y * mean(g*y)),  y the normalised input
func normalisationGradient(s Statistics) *Op {
	return &Op{
		Kind: NormalisationGradient, Statistics: s, attributes: s.String(),
		inputs: types(activation, vector, activation), output: activation,
		shape: s.check,
		compute: func(out []float32, shape tensor.Shape, in []value) {
			y, std := make([]float64, len(out)), make([]float64, len(out))
			s.normalised(in[0], func(_, p int, x, deviation float64) { y[p], std[p] = x, deviation })
			g := in[2].data
			s.parts(shape, func(c int, part []int) {
				mean, along := 0.0, 0.0
				for _, p := range part {
					mean += float64(g[p]) / float64(len(part))
					along += float64(g[p]) * y[p] / float64(len(part))
				}
				for _, p := range part {
					out[p] = float32(float64(in[1].data[c]) / std[p] * (float64(g[p]) - mean - y[p]*along))
				}
			})
		},
	}
}

// scaleGradient is of input and the output's gradient.
func scaleGradient(s Statistics) *Op {
	return &Op{
		Kind: ScaleGradient, Statistics: s, attributes: s.String(),
		inputs: types(activation, activation), output: vector,
		shape: perChannel,
		compute: func(out []float32, _ tensor.Shape, in []value) {
			sums := make([]float64, len(out))
			s.normalised(in[0], func(c, p int, x, _ float64) { sums[c] += x * float64(in[1].data[p]) })
			round(out, sums)
		},
	}
}

// shiftGradient is of the output's gradient.
func shiftGradient() *Op {
	return &Op{
		Kind:   ShiftGradient,
		inputs: types(activation), output: vector,
		shape: perChannel,
		compute: func(out []float32, _ tensor.Shape, in []value) {
			sums := make([]float64, len(out))
			channels(in[0].shape, func(c, p int) { sums[c] += float64(in[0].data[p]) })
			round(out, sums)
		},
	}
}

// perChannel is the shape of a sum over all but the channels.
func perChannel(in []tensor.Shape) (tensor.Shape, error) {
	x, err := channelwise(in)
	if err != nil {
		return nil, err
	}
	return tensor.Shape{x[1]}, nil
}

// channels calls f for each value of a shape (N, C, H, W) with its channel and
// index.
func channels(x tensor.Shape, f func(c, p int)) {
	area := x[2] * x[3]
	for p := range x.TotalSize() {
		f(p/area%x[1], p)
	}
}

func round(out []float32, sums []float64) {
	for i, s := range sums {
		out[i] = float32(s)
	}
}

func types(list ...hm.Type) []hm.Type { return list }
