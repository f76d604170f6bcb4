package models

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deepresidual/models/expr"
	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// named finds an input of the graph, nil if it has none of this name.
func (g *Graph) named(name string) *gorgonia.Node {
	for _, n := range g.Inputs() {
		if n.Name() == name {
			return n
		}
	}
	return nil
}

// bind gives the graph's inputs their values.
func bind(t *testing.T, g *Graph, tensors []Tensor, b *Batch) {
	t.Helper()
	let := func(n *gorgonia.Node, v gorgonia.Value) {
		if err := gorgonia.Let(n, v); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range tensors {
		if n := g.named(w.Name); n != nil {
			let(n, tensor.New(tensor.WithShape(w.Shape...), tensor.WithBacking(slices.Clone(w.Data))))
		}
	}
	images := make([]float32, 0, b.N*Channels*ImageSize*ImageSize)
	for n := range b.N {
		for c := range Channels {
			for i := range ImageSize {
				for j := range ImageSize {
					images = append(images, b.Image(n)[((i+1)*PaddedSize+j+1)*Channels+c])
				}
			}
		}
	}
	let(g.Images, tensor.New(tensor.WithShape(b.N, Channels, ImageSize, ImageSize), tensor.WithBacking(images)))
	let(g.Labels, tensor.New(tensor.WithShape(b.N), tensor.WithBacking(slices.Clone(b.Labels[:b.N]))))
}

// Gorgonia's own tape machine, running the graph as it is written down, gives
// the loss and the gradients of the fused operations. Gradients are compared as
// wholes: ReLU's jumps where rounding moves an activation over 0, which one in a
// million does.
func TestTapeMachineAgrees(t *testing.T) {
	projected, err := network.Parse("residual blocks=1,1 channels=16,32 shortcut=C")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		network     network.Network
		batch       int
		conventions ops.Conventions
	}{
		"plain":               {standard(false, 8), 3, ops.CommonConventions()},
		"residual":            {standard(true, 8), 3, ops.CommonConventions()},
		"projections":         {projected, 3, ops.CommonConventions()},
		"plain, parts":        {standard(false, 8), 16, ops.Conventions{Epsilon: 0.1, Momentum: 0.1, NormBatch: 8}},
		"projections, parts":  {projected, 16, ops.Conventions{Epsilon: 0.1, Momentum: 0.1, NormBatch: 8}},
		"residual, otherwise": {standard(true, 8), 16, ops.Conventions{Epsilon: 0.1, Momentum: 0.1, NormBatch: 8, PadEnd: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.batch > 3 && testing.Short() {
				t.Skip("a large batch in the plainest way")
			}
			m := mustNetwork(t, c.network, Options{Batch: c.batch, EvalBatch: c.batch, Conventions: c.conventions})
			roughen(t, m, 3)
			b := randomBatch(c.batch, 6)
			tensors := m.Tensors()
			evaluated, err := m.Evaluate(b)
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.Step(b, Hyper{})
			if err != nil {
				t.Fatal(err)
			}
			for _, training := range []bool{false, true} {
				g, err := NewGraph(m.Network, c.batch, training, c.conventions)
				if err != nil {
					t.Fatal(err)
				}
				bind(t, g, tensors, b)
				vm := gorgonia.NewTapeMachine(g.ExprGraph)
				defer vm.Close()
				if err := vm.RunAll(); err != nil {
					t.Fatal(err)
				}
				want := float64(g.Loss.Value().Data().(float32))
				if !training {
					if !(math.Abs(evaluated.Loss-want) <= 1e-4*want) {
						t.Errorf("evaluation: loss %v, the tape machine's is %v", evaluated.Loss, want)
					}
					continue
				}
				if !(math.Abs(got.Loss-want) <= 1e-4*want) {
					t.Errorf("loss %v, the tape machine's is %v", got.Loss, want)
				}
				for _, gradient := range m.gradient() {
					of := g.named(gradient.Name).Deriv()
					data := of.Value().Data().([]float32)
					size, off := 0.0, 0.0
					for i, x := range data {
						size = math.Hypot(size, float64(x))
						off = math.Hypot(off, float64(x-gradient.Data[i]))
					}
					if size == 0 || !(off <= 0.01*size) {
						t.Errorf("the gradient of %s is off by %v of %v", gradient.Name, off, size)
					}
				}
			}
		})
	}
}

// The graph of the deepest network is written down, derived and matched.
func TestDeepestGraph(t *testing.T) {
	net := standard(true, 1202)
	g, err := NewGraph(net, 128, true, ops.CommonConventions())
	if err != nil {
		t.Fatal(err)
	}
	units, err := fuse(g)
	if err != nil {
		t.Fatal(err)
	}
	if len(units) != 601 || len(g.AllNodes()) < 15_000 {
		t.Errorf("%d units of %d nodes, want 601 of at least 15,000", len(units), len(g.AllNodes()))
	}
}

// What no fused operation computes is refused, and named.
func TestFuseRefuses(t *testing.T) {
	net := standard(true, 14)
	blocks := net.Blocks()
	for name, c := range map[string]struct {
		network func(g *Graph)
		says    string
	}{
		"no ReLU at the end of a block": {func(g *Graph) {
			x := g.relu(g.layer(g.Images, net.Stem()))
			y := g.relu(g.layer(x, blocks[0].Conv1))
			g.Loss = g.try(expr.Loss(g.linear16(g.average(g.try(expr.Add(g.layer(y, blocks[0].Conv2), x)))), g.Labels))
		}, "where ReLU is expected"},
		"a shortcut around two blocks": {func(g *Graph) {
			first := g.relu(g.layer(g.Images, net.Stem()))
			x := g.block(first, blocks[0])
			y := g.layer(g.relu(g.layer(x, blocks[1].Conv1)), blocks[1].Conv2)
			x = g.relu(g.try(expr.Add(y, first)))
			g.Loss = g.try(expr.Loss(g.linear16(g.average(x)), g.Labels))
		}, "is no shortcut around the block"},
		"a stride that is not the layer's": {func(g *Graph) {
			b := blocks[0]
			b.Conv1.Stride, b.Conv2.Stride = 2, 2
			x := g.relu(g.layer(g.Images, net.Stem()))
			y := g.relu(g.layer(g.relu(g.layer(x, b.Conv1)), b.Conv2))
			g.Loss = g.try(expr.Loss(g.linear16(g.average(y)), g.Labels))
		}, "has stride 2, the network's layer 1"},
		"a shortcut around the first layer": {func(g *Graph) {
			y := g.layer(g.Images, net.Stem())
			x := g.relu(g.try(expr.Add(y, g.relu(y))))
			g.Loss = g.try(expr.Loss(g.linear16(g.average(x)), g.Labels))
		}, "is a shortcut around the first layer"},
		"filters of 1x1": {func(g *Graph) {
			b := blocks[0]
			b.Conv1.Kernel = 1
			x := g.relu(g.layer(g.Images, net.Stem()))
			g.Loss = g.try(expr.Loss(g.linear16(g.average(g.block(x, b))), g.Labels))
		}, "has filters of 1x1, the fused operation of 3x3"},
		"another epsilon": {func(g *Graph) {
			g.conventions.Epsilon = 1e-3
			x := g.relu(g.layer(g.Images, net.Stem()))
			g.conventions.Epsilon = 1e-5
			g.Loss = g.try(expr.Loss(g.linear16(g.average(g.block(x, blocks[0]))), g.Labels))
		}, "epsilon 0.001"},
		"zeros on the other side": {func(g *Graph) {
			x := g.relu(g.layer(g.Images, net.Stem()))
			for _, b := range blocks[:3] {
				g.conventions.PadEnd = true
				x = g.block(x, b)
				g.conventions.PadEnd = false
			}
			g.Loss = g.try(expr.Loss(g.try(expr.Classify(g.average(x), g.param("linear.weight", Classes, 32), g.param("linear.bias", Classes))), g.Labels))
		}, "is no shortcut around the block"},
		"two layers that exchange their shifts": {func(g *Graph) {
			x := g.relu(g.layer(g.Images, net.Stem()))
			b := blocks[0]
			c1, c2 := b.Conv1, b.Conv2
			y := g.relu(g.normalised(g.convolved(x, c1), c1.Norm+".weight", c2.Norm+".bias"))
			y = g.normalised(g.convolved(y, c2), c2.Norm+".weight", c1.Norm+".bias")
			g.Loss = g.try(expr.Loss(g.linear16(g.average(g.relu(g.try(expr.Add(y, x))))), g.Labels))
		}, "has the input layer1.0.bn1.bias where the network's is layer1.0.bn2.bias"},
		"a normalisation of another layer": {func(g *Graph) {
			s := net.Stem()
			s.Norm = "bn2"
			g.Loss = g.try(expr.Loss(g.linear16(g.average(g.relu(g.layer(g.Images, s)))), g.Labels))
		}, "has the input bn2.weight where the network's is bn1.weight"},
		"a filter of another network": {func(g *Graph) {
			s := net.Stem()
			s.Name = "conv0"
			g.Loss = g.try(expr.Loss(g.linear16(g.average(g.relu(g.layer(g.Images, s)))), g.Labels))
		}, "has the filter conv0.weight, which is none of the network's"},
		"running statistics exchanged": {func(g *Graph) {
			g.training = false
			s := net.Stem()
			c := s.Out
			x := g.try(expr.NormaliseBy(g.convolved(g.Images, s), g.param("bn1.weight", c), g.param("bn1.bias", c),
				g.leaf("bn1.running_var", tensor.Float32, c), g.leaf("bn1.running_mean", tensor.Float32, c), g.conventions.Epsilon))
			g.Loss = g.try(expr.Loss(g.linear16(g.average(g.relu(x))), g.Labels))
		}, "has the input bn1.running_var where the network's is bn1.running_mean"},
		"an evaluation by the batch's statistics": {func(g *Graph) {
			g.training = false
			s := net.Stem()
			x := g.try(expr.Normalise(g.convolved(g.Images, s), g.param("bn1.weight", s.Out), g.param("bn1.bias", s.Out),
				expr.Statistics{Epsilon: g.conventions.Epsilon}))
			g.Loss = g.try(expr.Loss(g.linear16(g.average(g.relu(x))), g.Labels))
		}, "normalises by epsilon 1e-05, the fused operation by running statistics, epsilon 1e-05"},
		"another last layer": {func(g *Graph) {
			x := g.average(g.relu(g.layer(g.Images, net.Stem())))
			g.Loss = g.try(expr.Loss(g.try(expr.Classify(x, g.param("fc.weight", Classes, 16), g.param("linear.bias", Classes))), g.Labels))
		}, "has the input fc.weight where the network's is linear.weight"},
		"an activation that is read once more": {func(g *Graph) {
			x := g.relu(g.layer(g.Images, net.Stem()))
			y := g.block(x, blocks[0])
			z := g.relu(g.try(expr.Add(y, x)))
			g.Loss = g.try(expr.Loss(g.linear16(g.average(z)), g.Labels))
		}, "where batch normalisation is expected"},
	} {
		t.Run(name, func(t *testing.T) {
			g := &Graph{ExprGraph: gorgonia.NewGraph(), net: net, training: true, conventions: ops.CommonConventions()}
			g.Images = g.leaf("images", tensor.Float32, 4, Channels, ImageSize, ImageSize)
			g.Labels = g.leaf("labels", tensor.Uint8, 4)
			c.network(g)
			if g.err == nil && g.training {
				g.backward()
			}
			if g.err != nil {
				t.Fatal(g.err)
			}
			if _, err := fuse(g); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
}

// convolved is a layer without its normalisation, which normalised is.
func (g *Graph) convolved(x *gorgonia.Node, l network.Layer) *gorgonia.Node {
	return g.try(expr.Convolve(x, g.param(l.Name+".weight", l.Out, l.In, l.Kernel, l.Kernel), l.Stride))
}

func (g *Graph) normalised(x *gorgonia.Node, scale, shift string) *gorgonia.Node {
	c := x.Shape()[1]
	return g.try(expr.Normalise(x, g.param(scale, c), g.param(shift, c), g.statistics()))
}

// linear16 is a last layer on 16 features.
func (g *Graph) linear16(x *gorgonia.Node) *gorgonia.Node {
	return g.try(expr.Classify(x, g.param("linear.weight", Classes, 16), g.param("linear.bias", Classes)))
}

// A graph that was derived otherwise than the fused operations compute is
// refused.
func TestFuseChecksGradients(t *testing.T) {
	net := standard(true, 8)
	g, err := NewGraph(net, 4, true, ops.CommonConventions())
	if err != nil {
		t.Fatal(err)
	}
	a, b := g.named("layer1.0.conv1.weight"), g.named("layer1.0.conv2.weight")
	gorgonia.SetDerivOf(b.Deriv(), a)
	if _, err := fuse(g); err == nil || !strings.Contains(err.Error(), "is computed from") {
		t.Errorf("error %v, want one about the gradient of %v", err, a)
	}
}

// A description that does not fit together is refused when it is written down.
func TestGraphRefuses(t *testing.T) {
	net := network.Network{Kind: network.Residual, Shortcut: network.Identity, Stages: [4]network.Stage{{Blocks: 1, Channels: 64}, {Blocks: 1, Channels: 32}}}
	if _, err := NewGraph(net, 4, true, ops.CommonConventions()); err == nil || !strings.Contains(err.Error(), "cannot become one of 32 channels") {
		t.Errorf("error %v", err)
	}
}
