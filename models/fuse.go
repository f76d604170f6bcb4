package models

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"

	"deepresidual/models/expr"
	"deepresidual/models/network"
)

// unit is a part of the graph that one fused operation computes, forward and
// backward.
type unit struct {
	in, out    *gorgonia.Node // activations
	sum        *gorgonia.Node // what the last ReLU is of
	layers     []layer        // one: the first layer of the network; two: a building block
	shortcut   *gorgonia.Node // what is added before the last ReLU; nil in a plain network
	projection *layer         // that of the shortcut, if it has one
}

// layer is a convolution with its batch normalisation.
type layer struct {
	in, filter, conv *gorgonia.Node
	scale, shift     *gorgonia.Node
	norm             *gorgonia.Node
}

// fuse finds the units of a graph, first to last. It goes from the loss back to
// the images:
//
//	images -> convolution -> batch normalisation -> ReLU
//	x -> (convolution -> batch normalisation -> ReLU -> convolution -> batch normalisation) (+ shortcut of x) -> ReLU
//	shortcut: x -> (every second pixel | 1x1 convolution -> batch normalisation)
//	x -> pooling -> linear -> cross-entropy with the labels
//
// Strides, parameters, what is normalised by and where zero channels go must be
// those of the network and its conventions. In a training graph it makes sure that the
// gradients which Gorgonia has derived are those that the fused operations
// compute. What it cannot match is an error that names the node.
func fuse(g *Graph) ([]unit, error) {
	f := &fusion{graph: g, layers: map[string]network.Layer{}}
	for _, l := range g.net.Convolutions() {
		f.layers[l.Name+".weight"] = l
	}
	scores := f.match(g.Loss, expr.CrossEntropy)[0]
	in := f.match(scores, expr.Linear)
	f.named(scores, in[1:], "linear.weight", "linear.bias")
	pooled := in[0]
	x := f.match(pooled, expr.Pool)[0]
	f.headGradients(scores, pooled, x)
	var units []unit
	for x != g.Images && f.err == nil {
		u := f.unit(x)
		f.gradients(u)
		units = append(units, u)
		x = u.in
	}
	slices.Reverse(units)
	return units, f.err
}

// fusion is the state of fuse. After an error, its methods return nodes that
// mean nothing.
type fusion struct {
	graph  *Graph
	layers map[string]network.Layer // by the names of their filters
	err    error
}

// match returns the inputs of a node that must be of a kind.
func (f *fusion) match(n *gorgonia.Node, kind expr.Kind) gorgonia.Nodes {
	if f.err == nil {
		if is(n, kind) {
			return expr.Inputs(n)
		}
		f.err = fmt.Errorf("no fused operation computes %v where %s is expected", n, kind)
	}
	return make(gorgonia.Nodes, 5) // of nil: as many as any operation has inputs
}

// named makes sure that the inputs of a node are the network's tensors of the given
// names: package ops computes with those.
func (f *fusion) named(n *gorgonia.Node, inputs gorgonia.Nodes, names ...string) {
	for i, name := range names {
		if f.err == nil && inputs[i].Name() != name {
			f.err = fmt.Errorf("%v has the input %s where the network's is %s", n, inputs[i].Name(), name)
		}
	}
}

// is reports whether a node is of a kind, without an error.
func is(n *gorgonia.Node, kind expr.Kind) bool {
	op := expr.Of(n)
	return op != nil && op.Kind == kind
}

// unit matches the part of the graph that ends in the activation out.
func (f *fusion) unit(out *gorgonia.Node) unit {
	u := unit{out: out}
	end := f.match(out, expr.ReLU)[0]
	u.sum = end
	if f.err == nil && is(end, expr.Addition) {
		sum := f.match(end, expr.Addition)
		end, u.shortcut = sum[0], sum[1]
	}
	last := f.layer(end)
	if f.err != nil {
		return u
	}
	if last.in == f.graph.Images {
		u.in, u.layers = last.in, []layer{last}
		f.filters3x3(u)
		if f.err == nil && u.shortcut != nil {
			f.err = fmt.Errorf("%v is a shortcut around the first layer, whose fused operation has none", u.shortcut)
		}
		return u
	}
	first := f.layer(f.match(last.in, expr.ReLU)[0])
	u.in, u.layers = first.in, []layer{first, last}
	f.filters3x3(u)
	if s := u.shortcut; f.err == nil && s != nil && is(s, expr.Normalisation) {
		p := f.layer(s)
		if f.err == nil && (p.in != u.in || p.filter.Shape()[2] != 1) {
			f.err = fmt.Errorf("%v is no projection of %v", s, u.in)
		}
		u.projection = &p
	} else if f.err == nil && s != nil && s != u.in && !f.isSubsample(s, u.in) {
		f.err = fmt.Errorf("%v is no shortcut around the block from %v", s, u.in)
	}
	return u
}

// filters3x3 makes sure that the layers of a unit have filters of 3x3, as the fused
// operations do.
func (f *fusion) filters3x3(u unit) {
	for _, l := range u.layers {
		if f.err == nil && l.filter.Shape()[2] != 3 {
			f.err = fmt.Errorf("%v has filters of %dx%[2]d, the fused operation of 3x3", l.conv, l.filter.Shape()[2])
		}
	}
}

// isSubsample reports whether s is the shortcut of option A from x.
func (f *fusion) isSubsample(s, x *gorgonia.Node) bool {
	return is(s, expr.Subsample) && expr.Inputs(s)[0] == x &&
		expr.Of(s).Zeros == f.graph.conventions.ZerosBefore(x.Shape()[1], s.Shape()[1])
}

// layer matches a batch normalisation and the convolution before it.
func (f *fusion) layer(norm *gorgonia.Node) layer {
	in := f.match(norm, expr.Normalisation)
	if f.err != nil {
		return layer{}
	}
	if by, want := expr.Of(norm).Statistics, f.graph.statistics(); by != want {
		f.err = fmt.Errorf("%v normalises by %v, the fused operation by %v", norm, by, want)
		return layer{}
	}
	conv := f.match(in[0], expr.Convolution)
	if f.err != nil {
		return layer{}
	}
	l, known := f.layers[conv[1].Name()]
	if !known {
		f.err = fmt.Errorf("%v has the filter %s, which is none of the network's", in[0], conv[1].Name())
		return layer{}
	}
	if stride := expr.Of(in[0]).Stride; stride != l.Stride {
		f.err = fmt.Errorf("%v has stride %d, the network's layer %d", in[0], stride, l.Stride)
	}
	names := []string{".weight", ".bias", ".running_mean", ".running_var"}[:len(in)-1]
	for i, name := range names {
		names[i] = l.Norm + name
	}
	f.named(norm, in[1:], names...)
	return layer{in: conv[0], filter: conv[1], conv: in[0], scale: in[1], shift: in[2], norm: norm}
}

// gradients makes sure that the derived gradients of a unit are those of its
// fused operation.
func (f *fusion) gradients(u unit) {
	if !f.graph.training || f.err != nil {
		return
	}
	g := f.derived(u.sum, u.sum.Deriv(), expr.ReLUGradient, nil, u.out, u.out.Deriv())
	back := g // with respect to what is normalised last
	for i := len(u.layers) - 1; i >= 0; i-- {
		l := u.layers[i]
		f.layerGradients(l, back)
		if i > 0 {
			f.derived(l.in, l.in.Deriv(), expr.ConvolutionInputGradient, l.conv, l.filter, l.conv.Deriv())
			back = f.derived(l.in, u.layers[i-1].norm.Deriv(), expr.ReLUGradient, nil, l.in, l.in.Deriv())
		}
	}
	if l := u.projection; l != nil {
		f.layerGradients(*l, g)
	}
	if u.in != f.graph.Images {
		f.inputGradient(u, g)
	}
}

// layerGradients makes sure that the derived gradients of a layer's parameters and
// of its convolution's output are those of its fused operation; g is the gradient
// with respect to what the layer puts out.
func (f *fusion) layerGradients(l layer, g *gorgonia.Node) {
	if f.err != nil {
		return
	}
	f.derived(l.shift, l.shift.Deriv(), expr.ShiftGradient, nil, g)
	f.derived(l.scale, l.scale.Deriv(), expr.ScaleGradient, l.norm, l.conv, g)
	f.derived(l.conv, l.conv.Deriv(), expr.NormalisationGradient, l.norm, l.conv, l.scale, g)
	f.derived(l.filter, l.filter.Deriv(), expr.ConvolutionFilterGradient, l.conv, l.in, l.conv.Deriv())
}

// inputGradient makes sure that the gradient with respect to a block's input is
// that through its layers, and in a residual network that through the shortcut
// added to it; g is the gradient with respect to the sum before the last ReLU.
func (f *fusion) inputGradient(u unit, g *gorgonia.Node) {
	first, total := u.layers[0], u.in.Deriv()
	if u.shortcut == nil {
		f.derived(u.in, total, expr.ConvolutionInputGradient, first.conv, first.filter, first.conv.Deriv())
		return
	}
	if f.err != nil {
		return
	}
	// Gorgonia adds the two with an operation of its own.
	terms := expr.Inputs(total)
	if len(terms) != 2 {
		f.err = fmt.Errorf("the gradient with respect to %v is %v, not a sum of two", u.in, total)
		return
	}
	if !is(terms[0], expr.ConvolutionInputGradient) || expr.Inputs(terms[0])[0] != first.filter {
		slices.Reverse(terms)
	}
	f.derived(u.in, terms[0], expr.ConvolutionInputGradient, first.conv, first.filter, first.conv.Deriv())
	switch {
	case u.projection != nil:
		f.derived(u.in, terms[1], expr.ConvolutionInputGradient, u.projection.conv, u.projection.filter, u.projection.conv.Deriv())
	case u.shortcut != u.in:
		f.derived(u.in, terms[1], expr.SubsampleGradient, u.shortcut, g)
	case terms[1] != g && f.err == nil:
		f.err = fmt.Errorf("the gradient through the shortcut from %v is %v", u.in, terms[1])
	}
}

// headGradients does the same for the end of the network.
func (f *fusion) headGradients(scores, pooled, x *gorgonia.Node) {
	if !f.graph.training || f.err != nil {
		return
	}
	in := f.match(scores, expr.Linear)
	g := f.derived(scores, scores.Deriv(), expr.CrossEntropyGradient, nil, scores, f.graph.Labels, f.graph.Loss.Deriv())
	f.derived(in[1], in[1].Deriv(), expr.LinearWeightGradient, nil, pooled, g)
	f.derived(in[2], in[2].Deriv(), expr.LinearBiasGradient, nil, g)
	back := f.derived(pooled, pooled.Deriv(), expr.LinearInputGradient, nil, in[1], g)
	f.derived(x, x.Deriv(), expr.PoolGradient, nil, back)
}

// derived returns the gradient with respect to a node, which must be of a kind
// and of these inputs, and have the stride, statistics and zeros of the forward
// operation whose gradient it is; nil stands for one that has none.
func (f *fusion) derived(of, gradient *gorgonia.Node, kind expr.Kind, forward *gorgonia.Node, inputs ...*gorgonia.Node) *gorgonia.Node {
	if f.err != nil {
		return gradient
	}
	if gradient == nil {
		f.err = fmt.Errorf("nothing was derived for %v", of)
		return nil
	}
	for i, in := range f.match(gradient, kind) {
		if f.err == nil && in != inputs[i] {
			f.err = fmt.Errorf("the gradient with respect to %v, %v, is computed from %v, not from %v", of, gradient, in, inputs[i])
		}
	}
	if forward != nil && f.err == nil {
		a, b := expr.Of(gradient), expr.Of(forward)
		if a.Stride != b.Stride || a.Statistics != b.Statistics || a.Zeros != b.Zeros {
			f.err = fmt.Errorf("the gradient with respect to %v, %v, is none of %v", of, gradient, forward)
		}
	}
	return gradient
}
