package models

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deepresidual/models/expr"
	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// Graph is a network as a Gorgonia expression graph, of plain operations, for
// batches of one size: what is computed, and in training the gradients that
// Gorgonia derives from it. How it is computed is decided by [fuse].
type Graph struct {
	*gorgonia.ExprGraph
	Images, Labels *gorgonia.Node // (N, 3, 32, 32), float32, and (N), uint8
	Loss           *gorgonia.Node // mean cross-entropy, a scalar

	net         network.Network
	training    bool
	conventions ops.Conventions
	trained     gorgonia.Nodes // the parameters, in their order
	err         error          // the first that occurred
}

// NewGraph writes down a network for batches of the given size: for training,
// with the gradient of the loss with respect to every parameter (Deriv of its
// node), or for evaluation.
func NewGraph(net network.Network, batch int, training bool, c ops.Conventions) (*Graph, error) {
	g := &Graph{
		ExprGraph: gorgonia.NewGraph(gorgonia.WithGraphName(net.String())),
		net:       net, training: training, conventions: c,
	}
	g.Images = g.leaf("images", tensor.Float32, batch, Channels, ImageSize, ImageSize)
	g.Labels = g.leaf("labels", tensor.Uint8, batch)
	g.network()
	if g.err == nil && training {
		g.backward()
	}
	return g, g.err
}

// network is section 4.2: the first layer, the building blocks, and global
// average pooling with a fully connected layer.
func (g *Graph) network() {
	x := g.relu(g.layer(g.Images, g.net.Stem()))
	for _, b := range g.net.Blocks() {
		x = g.block(x, b)
	}
	scores := g.linear(g.average(x), "linear")
	g.Loss = g.try(expr.Loss(scores, g.Labels))
}

// block is a building block (figure 2): two layers, and in a residual network
// the block's input added to what they compute.
func (g *Graph) block(x *gorgonia.Node, b network.Block) *gorgonia.Node {
	y := g.relu(g.layer(x, b.Conv1))
	y = g.layer(y, b.Conv2)
	if g.net.Kind == network.Residual {
		y = g.try(expr.Add(y, g.shortcut(x, b)))
	}
	return g.relu(y)
}

// shortcut is the projection of options B and C or else the identity or, where
// the block halves its maps, option A of section 3.3.
func (g *Graph) shortcut(x *gorgonia.Node, b network.Block) *gorgonia.Node {
	switch {
	case b.Projection != nil:
		return g.layer(x, *b.Projection)
	case b.Conv1.Stride == 1:
		return x
	}
	return g.try(expr.Shortcut(x, b.Conv1.Out, g.conventions.ZerosBefore(b.Conv1.In, b.Conv1.Out)))
}

// layer is a convolution and its batch normalisation.
func (g *Graph) layer(x *gorgonia.Node, l network.Layer) *gorgonia.Node {
	x = g.try(expr.Convolve(x, g.param(l.Name+".weight", l.Out, l.In, l.Kernel, l.Kernel), l.Stride))
	scale, shift := g.param(l.Norm+".weight", l.Out), g.param(l.Norm+".bias", l.Out)
	if g.training {
		return g.try(expr.Normalise(x, scale, shift, g.statistics()))
	}
	mean := g.leaf(l.Norm+".running_mean", tensor.Float32, l.Out)
	variance := g.leaf(l.Norm+".running_var", tensor.Float32, l.Out)
	return g.try(expr.NormaliseBy(x, scale, shift, mean, variance, g.conventions.Epsilon))
}

// statistics are those that batch normalisation normalises by.
func (g *Graph) statistics() expr.Statistics {
	if !g.training {
		return expr.Statistics{Epsilon: g.conventions.Epsilon, Running: true}
	}
	return expr.Statistics{Epsilon: g.conventions.Epsilon, Images: g.conventions.NormBatch}
}

func (g *Graph) relu(x *gorgonia.Node) *gorgonia.Node { return g.try(expr.Rectify(x)) }

func (g *Graph) average(x *gorgonia.Node) *gorgonia.Node { return g.try(expr.Average(x)) }

func (g *Graph) linear(x *gorgonia.Node, name string) *gorgonia.Node {
	return g.try(expr.Classify(x, g.param(name+".weight", Classes, g.net.Features()), g.param(name+".bias", Classes)))
}

// backward has Gorgonia derive the gradient of the loss.
func (g *Graph) backward() {
	one := gorgonia.NewScalar(g.ExprGraph, gorgonia.Float32, gorgonia.WithName("one"), gorgonia.WithValue(float32(1)))
	if _, err := gorgonia.Backpropagate(gorgonia.Nodes{g.Loss}, gorgonia.Nodes{one}, g.trained); err != nil {
		g.err = fmt.Errorf("deriving the backward pass: %w", err)
	}
}

// param adds a parameter.
func (g *Graph) param(name string, shape ...int) *gorgonia.Node {
	n := g.leaf(name, tensor.Float32, shape...)
	g.trained = append(g.trained, n)
	return n
}

// leaf adds an input of the graph.
func (g *Graph) leaf(name string, of tensor.Dtype, shape ...int) *gorgonia.Node {
	return gorgonia.NewTensor(g.ExprGraph, of, len(shape), gorgonia.WithName(name), gorgonia.WithShape(shape...))
}

// try keeps the first error; after it, what is built means nothing, and is
// built on the images so that there is a node to go on from.
func (g *Graph) try(n *gorgonia.Node, err error) *gorgonia.Node {
	if err != nil && g.err == nil {
		g.err = err
	}
	if err != nil {
		return g.Images
	}
	return n
}
