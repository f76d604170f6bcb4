package expr_test

import (
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deepresidual/models/expr"
)

// leaves makes inputs of a graph.
type leaves struct {
	graph *gorgonia.ExprGraph
	n     int
}

func (l *leaves) leaf(shape ...int) *gorgonia.Node {
	l.n++
	return gorgonia.NewTensor(l.graph, tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(string(rune('a'+l.n))))
}

func (l *leaves) labels(n int) *gorgonia.Node {
	return gorgonia.NewTensor(l.graph, tensor.Uint8, 1, gorgonia.WithShape(n), gorgonia.WithName("labels"))
}

// Every operation infers its shape from its inputs.
func TestShapes(t *testing.T) {
	l := &leaves{graph: gorgonia.NewGraph()}
	for name, c := range map[string]struct {
		node *gorgonia.Node
		err  error
		want tensor.Shape
	}{
		"convolution":            built(expr.Convolve(l.leaf(4, 16, 32, 32), l.leaf(32, 16, 3, 3), 1)).shaped(4, 32, 32, 32),
		"convolution, stride 2":  built(expr.Convolve(l.leaf(4, 16, 32, 32), l.leaf(32, 16, 3, 3), 2)).shaped(4, 32, 16, 16),
		"convolution of 1x1":     built(expr.Convolve(l.leaf(4, 16, 32, 32), l.leaf(32, 16, 1, 1), 2)).shaped(4, 32, 16, 16),
		"batch normalisation":    built(expr.Normalise(l.leaf(4, 16, 8, 8), l.leaf(16), l.leaf(16), expr.Statistics{})).shaped(4, 16, 8, 8),
		"in halves":              built(expr.Normalise(l.leaf(4, 16, 8, 8), l.leaf(16), l.leaf(16), expr.Statistics{Images: 2})).shaped(4, 16, 8, 8),
		"by running statistics":  built(expr.NormaliseBy(l.leaf(4, 16, 8, 8), l.leaf(16), l.leaf(16), l.leaf(16), l.leaf(16), 0)).shaped(4, 16, 8, 8),
		"ReLU":                   built(expr.Rectify(l.leaf(4, 16, 8, 8))).shaped(4, 16, 8, 8),
		"addition":               built(expr.Add(l.leaf(4, 16, 8, 8), l.leaf(4, 16, 8, 8))).shaped(4, 16, 8, 8),
		"shortcut":               built(expr.Shortcut(l.leaf(4, 16, 8, 8), 32, 8)).shaped(4, 32, 4, 4),
		"global average pooling": built(expr.Average(l.leaf(4, 64, 8, 8))).shaped(4, 64),
		"linear":                 built(expr.Classify(l.leaf(4, 64), l.leaf(10, 64), l.leaf(10))).shaped(4, 10),
		"cross-entropy":          built(expr.Loss(l.leaf(4, 10), l.labels(4))).shaped(),
	} {
		if c.err != nil {
			t.Errorf("%s: %v", name, c.err)
		} else if got := c.node.Shape(); !got.Eq(c.want) {
			t.Errorf("%s: shape %v, want %v", name, got, c.want)
		}
	}
}

// result is a node or why there is none, with the shape it should have.
type result struct {
	node *gorgonia.Node
	err  error
	want tensor.Shape
}

func built(n *gorgonia.Node, err error) result { return result{node: n, err: err} }

func (r result) shaped(shape ...int) result {
	r.want = shape
	return r
}

// Every operation refuses inputs that do not fit each other.
func TestRefused(t *testing.T) {
	l := &leaves{graph: gorgonia.NewGraph()}
	for _, c := range []struct {
		name string
		result
		says string
	}{
		{"filters of other channels", built(expr.Convolve(l.leaf(4, 16, 32, 32), l.leaf(64, 32, 3, 3), 1)), "filters of 32 channels on an input of 16"},
		{"filters of 2x2", built(expr.Convolve(l.leaf(4, 16, 32, 32), l.leaf(64, 16, 2, 2), 1)), "not square with an odd side"},
		{"filters that are not square", built(expr.Convolve(l.leaf(4, 16, 32, 32), l.leaf(64, 16, 1, 3), 1)), "not square"},
		{"stride that does not divide", built(expr.Convolve(l.leaf(4, 16, 7, 7), l.leaf(16, 16, 3, 3), 2)), "stride 2 does not divide"},
		{"filters that are a matrix", built(expr.Convolve(l.leaf(4, 16, 32, 32), l.leaf(64, 16), 1)), "not of 4 dimensions"},
		{"scales of other channels", built(expr.Normalise(l.leaf(4, 16, 8, 8), l.leaf(32), l.leaf(32), expr.Statistics{})), "parameters of 32 channels on an input of 16"},
		{"parts that do not divide", built(expr.Normalise(l.leaf(4, 16, 8, 8), l.leaf(16), l.leaf(16), expr.Statistics{Images: 3})), "cannot be normalised in parts of 3"},
		{"variances of other channels", built(expr.NormaliseBy(l.leaf(4, 16, 8, 8), l.leaf(16), l.leaf(16), l.leaf(16), l.leaf(8), 0)), "parameters of 8 channels"},
		{"a sum of different shapes", built(expr.Add(l.leaf(4, 16, 8, 8), l.leaf(4, 32, 8, 8))), "differ"},
		{"a shortcut to fewer channels", built(expr.Shortcut(l.leaf(4, 64, 8, 8), 32, 0)), "cannot become one of 32 channels"},
		{"a shortcut from odd maps", built(expr.Shortcut(l.leaf(4, 16, 7, 7), 32, 8)), "cannot become"},
		{"a last layer of other features", built(expr.Classify(l.leaf(4, 64), l.leaf(10, 7), l.leaf(10))), "on 64 features"},
		{"a bias of other classes", built(expr.Classify(l.leaf(4, 64), l.leaf(10, 64), l.leaf(7))), "a bias of shape (7)"},
		{"labels of another batch", built(expr.Loss(l.leaf(4, 10), l.labels(5))), "labels of 5"},
		{"labels that are numbers", built(expr.Loss(l.leaf(4, 10), l.leaf(4))), "Type inference"},
		{"ReLU of a matrix", built(expr.Rectify(l.leaf(4, 16))), "not of 4 dimensions"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", c.name, c.err, c.says)
		}
	}
}

// values gives a graph's leaves values and runs it.
func values(t *testing.T, g *gorgonia.ExprGraph, of map[*gorgonia.Node]any) {
	t.Helper()
	for n, backing := range of {
		if err := gorgonia.Let(n, tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(backing))); err != nil {
			t.Fatal(err)
		}
	}
	vm := gorgonia.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
}

// A score far below the others has a probability that float64 rounds to 0; its
// cross-entropy is still their distance.
func TestLossOfFarScores(t *testing.T) {
	l := &leaves{graph: gorgonia.NewGraph()}
	scores, labels := l.leaf(2, 3), l.labels(2)
	loss, err := expr.Loss(scores, labels)
	if err != nil {
		t.Fatal(err)
	}
	values(t, l.graph, map[*gorgonia.Node]any{scores: []float32{0, 1000, -5, 0, 1000, -5}, labels: []uint8{0, 1}})
	if got := loss.Value().Data().(float32); got != 500 {
		t.Errorf("the mean loss is %v, want 500", got)
	}
}

// Convolutions of every size of filter, stride and map against the definition.
func TestConvolutionByDefinition(t *testing.T) {
	for _, c := range []struct{ size, kernel, stride int }{{1, 1, 1}, {1, 3, 1}, {2, 3, 2}, {2, 5, 1}, {4, 5, 2}, {6, 3, 3}, {4, 1, 2}, {4, 7, 4}} {
		l := &leaves{graph: gorgonia.NewGraph()}
		x, w := l.leaf(2, 2, c.size, c.size), l.leaf(3, 2, c.kernel, c.kernel)
		y, err := expr.Convolve(x, w, c.stride)
		if err != nil {
			t.Fatal(err)
		}
		data := func(n int) []float32 { // small integers: sums are exact
			v := make([]float32, n)
			for i := range v {
				v[i] = float32(i*7%11 - 5)
			}
			return v
		}
		xs, ws := data(x.Shape().TotalSize()), data(w.Shape().TotalSize())
		values(t, l.graph, map[*gorgonia.Node]any{x: xs, w: ws})
		out := c.size / c.stride
		for i, got := range y.Value().Data().([]float32) {
			n, k, row, column := i/(3*out*out), i/(out*out)%3, i/out%out, i%out
			want := float32(0)
			for ch := range 2 {
				for tap := range c.kernel * c.kernel {
					a, b := row*c.stride+tap/c.kernel-c.kernel/2, column*c.stride+tap%c.kernel-c.kernel/2
					if a >= 0 && a < c.size && b >= 0 && b < c.size {
						want += xs[((n*2+ch)*c.size+a)*c.size+b] * ws[(k*2+ch)*c.kernel*c.kernel+tap]
					}
				}
			}
			if got != want {
				t.Errorf("%+v: output %d is %v, want %v", c, i, got, want)
			}
		}
	}
}
