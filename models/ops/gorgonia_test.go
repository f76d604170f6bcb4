package ops

import (
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deepresidual/models/kernels"
)

// ordinary is the small network of [newNetwork] once more, in float64 and of
// nothing but operations that come with Gorgonia.
type ordinary struct {
	t      *testing.T
	graph  *gorgonia.ExprGraph
	from   *network
	params gorgonia.Nodes // in the order of from.params
	next   int            // of from.params to become a node
}

func (o *ordinary) must(n *gorgonia.Node, err error) *gorgonia.Node {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}

// leaf returns a node that holds data.
func (o *ordinary) leaf(name string, data []float64, shape ...int) *gorgonia.Node {
	v := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
	return gorgonia.NewTensor(o.graph, tensor.Float64, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name), gorgonia.WithValue(v))
}

// param returns the node of the next parameter, filters as (K, C, 3, 3).
func (o *ordinary) param() *gorgonia.Node {
	p := o.from.params[o.next]
	o.next++
	shape := tensor.Shape(p.Shape)
	data := make([]float64, len(p.Value))
	if len(shape) == 4 {
		shape = tensor.Shape{shape[3], shape[2], 3, 3}
		filterOrder(shape[0], shape[1], func(here, there int) { data[there] = float64(p.Value[here]) })
	} else {
		for i, x := range p.Value {
			data[i] = float64(x)
		}
	}
	n := o.leaf(p.Name, data, shape...)
	o.params = append(o.params, n)
	return n
}

// filterOrder calls f for each element of a filter with its index in (3, 3,
// in, out) and in (out, in, 3, 3).
func filterOrder(out, in int, f func(here, there int)) {
	for k := range out {
		for c := range in {
			for tap := range 9 {
				f((tap*in+c)*out+k, (k*in+c)*9+tap)
			}
		}
	}
}

// layer is a 3x3 convolution and batch normalisation with the statistics of
// the batch, which is taken apart into means, squares and a root of the maps
// as a matrix (N*H*W, C): their gradients are simpler than that of Gorgonia's
// BatchNorm, which was derived as a whole like ours.
func (o *ordinary) layer(x *gorgonia.Node, stride int) *gorgonia.Node {
	must := o.must
	filter := o.param()
	x = must(gorgonia.Conv2d(x, filter, tensor.Shape{3, 3}, []int{1, 1}, []int{stride, stride}, []int{1, 1}))
	shape := x.Shape().Clone()
	n, c, h, w := shape[0], shape[1], shape[2], shape[3]
	x = must(gorgonia.Reshape(must(gorgonia.Transpose(x, 0, 2, 3, 1)), tensor.Shape{n * h * w, c}))
	rows := []byte{0}
	x = must(gorgonia.BroadcastSub(x, must(gorgonia.Mean(x, 0)), nil, rows))
	variance := must(gorgonia.Mean(must(gorgonia.Square(x)), 0))
	deviation := must(gorgonia.Sqrt(must(gorgonia.Add(variance, gorgonia.NewConstant(CommonConventions().Epsilon)))))
	x = must(gorgonia.BroadcastHadamardDiv(x, deviation, nil, rows))
	x = must(gorgonia.BroadcastHadamardProd(x, o.param(), nil, rows))
	x = must(gorgonia.BroadcastAdd(x, o.param(), nil, rows))
	return must(gorgonia.Transpose(must(gorgonia.Reshape(x, tensor.Shape{n, h, w, c})), 0, 3, 1, 2))
}

func (o *ordinary) block(x *gorgonia.Node, stride int, residual bool) *gorgonia.Node {
	y := o.must(gorgonia.Rectify(o.layer(x, stride)))
	y = o.layer(y, 1)
	if residual {
		if stride == 2 {
			x = o.shortcut(x)
		}
		y = o.must(gorgonia.Add(y, x))
	}
	return o.must(gorgonia.Rectify(y))
}

// shortcut is option A as a convolution of 1x1 with stride 2, whose matrix
// leaves half of the new channels before the old ones and half after.
func (o *ordinary) shortcut(x *gorgonia.Node) *gorgonia.Node {
	in := x.Shape()[1]
	choice := make([]float64, 2*in*in)
	for c := range in {
		choice[(c+in/2)*in+c] = 1
	}
	return o.must(gorgonia.Conv2d(x, o.leaf("choice", choice, 2*in, in, 1, 1), tensor.Shape{1, 1}, []int{0, 0}, []int{2, 2}, []int{1, 1}))
}

// gradients returns the loss and the gradient of each parameter.
func (o *ordinary) gradients(residual bool) (float64, [][]float64) {
	must, n := o.must, len(o.from.labels)
	images := make([]float64, 0, n*3*32*32)
	for i := range n {
		for c := range 3 {
			for r := 1; r <= 32; r++ {
				for col := 1; col <= 32; col++ {
					images = append(images, float64(o.from.images[((i*34+r)*34+col)*3+c]))
				}
			}
		}
	}
	x := must(gorgonia.Rectify(o.layer(o.leaf("images", images, n, 3, 32, 32), 1)))
	x = o.block(x, 1, residual)
	x = o.block(x, 2, residual)
	c, area := x.Shape()[1], x.Shape()[2]*x.Shape()[3]
	x = must(gorgonia.Mean(must(gorgonia.Reshape(x, tensor.Shape{n * c, area})), 1))
	x = must(gorgonia.Reshape(x, tensor.Shape{n, c}))
	weight, bias := o.param(), o.param()
	x = must(gorgonia.BroadcastAdd(must(gorgonia.Mul(x, must(gorgonia.Transpose(weight, 1, 0)))), bias, nil, []byte{0}))

	target := make([]float64, n*10)
	for i, label := range o.from.labels {
		target[i*10+int(label)] = -1 / float64(n)
	}
	x = must(gorgonia.Log(must(gorgonia.SoftMax(x))))
	loss := must(gorgonia.Sum(must(gorgonia.HadamardProd(x, o.leaf("target", target, n, 10)))))

	grads, err := gorgonia.Grad(loss, o.params...)
	if err != nil {
		o.t.Fatal(err)
	}
	vm := gorgonia.NewTapeMachine(o.graph)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		o.t.Fatal(err)
	}
	list := make([][]float64, len(grads))
	for i, g := range grads {
		list[i] = slices.Clone(g.Value().Data().([]float64))
		if shape := o.params[i].Shape(); len(shape) == 4 {
			data := list[i]
			list[i] = make([]float64, len(data))
			filterOrder(shape[0], shape[1], func(here, there int) { list[i][here] = data[there] })
		}
	}
	return loss.Value().Data().(float64), list
}

// Loss and all gradients must be those of Gorgonia's own operations. What
// separates them is rounding, about 1e-5 of the largest gradient.
func TestGradientsAgainstGorgonia(t *testing.T) {
	const batch = 3
	for _, residual := range []bool{false, true} {
		var loss float64
		var want [][]float64
		for _, name := range kernels.Available() {
			set, err := kernels.Select(name)
			if err != nil {
				t.Fatal(err)
			}
			n := newNetwork(t, set, residual, batch)
			if want == nil {
				o := &ordinary{t: t, graph: gorgonia.NewGraph(), from: n}
				loss, want = o.gradients(residual)
			}
			if err := n.program.Run(batch, n.images, n.labels); err != nil {
				t.Fatal(err)
			}
			if !(math.Abs(n.loss.Mean-loss) <= 1e-4*loss) {
				t.Errorf("residual=%v, %s: the loss is %v, Gorgonia's is %v", residual, name, n.loss.Mean, loss)
			}
			for i, got := range n.gradients() {
				largest, worst := 0.0, 0.0
				for j, x := range want[i] {
					largest = max(largest, math.Abs(x))
					worst = max(worst, math.Abs(x-float64(got[j])))
				}
				if largest == 0 || !(worst <= 1e-4*largest) {
					t.Errorf("residual=%v, %s: the gradient of %s is off by %v, where Gorgonia's is %v at most",
						residual, name, n.params[i].Name, worst, largest)
				}
			}
		}
	}
}
