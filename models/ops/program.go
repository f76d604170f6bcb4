package ops

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Program is a Gorgonia graph of this package's operations, and the order in
// which they run. Gorgonia's own tape machine runs the same graph; Program
// does so without allocating, and gives the operations' values their places in
// one planned piece of memory.
type Program struct {
	Graph   *gorgonia.ExprGraph
	machine *Machine

	conventions Conventions

	batch    int
	training bool
	parts    int // of a training batch, each normalised by itself
	input    *Input
	steps    []step
	values   map[*gorgonia.Node]gorgonia.Value
	release  func() error
	floats   int
}

// step is one operation with its inputs.
type step struct {
	op     operation
	inputs []gorgonia.Value
}

// operation is what all operations of this package are.
type operation interface {
	gorgonia.Op
	output() gorgonia.Value // the value that Do returns, always the same
	buffers() []*Buffer     // the memory that Do reads and writes
}

// NewProgram returns an empty program for batches of up to the given size.
// A training program normalises with the statistics of the batch, another with
// the running statistics.
func NewProgram(m *Machine, batch int, training bool, c Conventions) (*Program, error) {
	parts, err := c.parts(batch)
	if training && err != nil {
		return nil, err
	}
	return &Program{
		Graph: gorgonia.NewGraph(), machine: m, batch: batch, training: training,
		conventions: c, parts: parts,
		input:  &Input{},
		values: make(map[*gorgonia.Node]gorgonia.Value),
	}, nil
}

// Images returns the node of the input images, (N, 34, 34, 3).
func (p *Program) Images(height, width, channels int) *gorgonia.Node {
	p.input.value = value{shape: tensor.Shape{p.batch, height, width, channels}, dtype: tensor.Float32}
	return p.bind("images", p.input, p.input.shape, tensor.Float32)
}

// Param returns the node of a parameter.
func (p *Program) Param(param *Param) *gorgonia.Node {
	return p.bind(param.Name, param, param.shape, tensor.Float32)
}

func (p *Program) bind(name string, v gorgonia.Value, shape tensor.Shape, dtype tensor.Dtype) *gorgonia.Node {
	n := gorgonia.NewTensor(p.Graph, dtype, shape.Dims(), gorgonia.WithName(name), gorgonia.WithShape(shape...))
	p.values[n] = v
	// Bound as well, so that Gorgonia's machines find it.
	_ = gorgonia.Let(n, v)
	return n
}

// apply adds an operation to graph and order.
func (p *Program) apply(op operation, inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	n, err := gorgonia.ApplyOp(op, inputs...)
	if err != nil {
		return nil, fmt.Errorf("adding %v to the graph: %w", op, err)
	}
	if _, again := p.values[n]; again {
		return n, nil // Gorgonia found the operation in the graph
	}
	s := step{op: op}
	for _, in := range inputs {
		s.inputs = append(s.inputs, p.values[in])
	}
	p.steps = append(p.steps, s)
	p.values[n] = op.output()
	return n, nil
}

// Backward adds the backward pass: the gradient of loss with respect to each
// of the parameters, which it leaves in their Grad.
func (p *Program) Backward(loss *gorgonia.Node, params ...*gorgonia.Node) error {
	one := gorgonia.NewScalar(p.Graph, gorgonia.Float32, gorgonia.WithName("one"), gorgonia.WithValue(float32(1)))
	p.values[one] = one.Value()
	_, err := gorgonia.Backpropagate(gorgonia.Nodes{loss}, gorgonia.Nodes{one}, params)
	if err != nil {
		return fmt.Errorf("deriving the backward pass: %w", err)
	}
	return nil
}

// Plan allocates the memory of the program, which is complete.
func (p *Program) Plan() error {
	touched := make([][]*Buffer, len(p.steps))
	for i, s := range p.steps {
		touched[i] = s.op.buffers()
	}
	var err error
	p.release, p.floats, err = arena(touched)
	return err
}

// Bytes returns the size of the planned memory.
func (p *Program) Bytes() int64 { return int64(p.floats) * 4 }

// Close gives the memory back.
func (p *Program) Close() error { return p.release() }

// Run executes the program on n images.
func (p *Program) Run(n int, images []float32, labels []uint8) error {
	if n < 1 || n > p.batch || p.training && n != p.batch {
		return fmt.Errorf("running a program for batches of %d on %d images", p.batch, n)
	}
	p.input.N, p.input.Images, p.input.Labels = n, images, labels
	p.input.data = images
	for _, s := range p.steps {
		if _, err := s.op.Do(s.inputs...); err != nil {
			return fmt.Errorf("running %v: %w", s.op, err)
		}
	}
	return nil
}

// node is the part of gorgonia.Op that is the same for all operations.
type node struct {
	program *Program
	name    string
	inputs  []hm.Type
	out     gorgonia.Value
	shape   tensor.Shape
	dtype   tensor.Dtype
	serial  int // distinguishes operations that would else hash alike, and be merged
}

func (p *Program) newNode(name string, out gorgonia.Value, shape tensor.Shape, inputs ...*gorgonia.Node) node {
	n := node{program: p, name: name, out: out, shape: shape, dtype: tensor.Float32, serial: len(p.steps)}
	for _, in := range inputs {
		n.inputs = append(n.inputs, typeOf(in.Shape(), in.Dtype()))
	}
	return n
}

func (n *node) Arity() int             { return len(n.inputs) }
func (n *node) output() gorgonia.Value { return n.out }
func (n *node) ReturnsPtr() bool       { return true }
func (n *node) CallsExtern() bool      { return false }
func (n *node) OverwritesInput() int   { return -1 }
func (n *node) String() string         { return n.name }

func (n *node) Type() hm.Type {
	types := append([]hm.Type{}, n.inputs...)
	return hm.NewFnType(append(types, typeOf(n.shape, n.dtype))...)
}

func (n *node) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return n.shape, nil }

func (n *node) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%s/%d", n.name, n.serial) }

func (n *node) Hashcode() uint32 {
	h := fnv.New32a()
	n.WriteHash(h)
	return h.Sum32()
}

// gradientOf is an operation that passes on the gradient of one parameter,
// which the backward operation of a layer has computed along with others.
type gradientOf struct {
	node
	grad *ParamGradient
}

// gradients returns the gradient nodes of a layer's parameters, nil for
// inputs[0], given the node of its backward operation.
func (p *Program) gradients(back *gorgonia.Node, inputs gorgonia.Nodes) (gorgonia.Nodes, error) {
	grads := make(gorgonia.Nodes, len(inputs))
	for i, in := range inputs[1:] {
		param := p.values[in].(*Param)
		v := &ParamGradient{value{param.shape, tensor.Float32, param.Grad}, param}
		op := &gradientOf{p.newNode("gradient of "+param.Name, v, param.shape, back), v}
		var err error
		if grads[i+1], err = p.apply(op, back); err != nil {
			return nil, err
		}
	}
	return grads, nil
}

func (g *gradientOf) buffers() []*Buffer { return nil }

// Do passes the gradient on.
func (g *gradientOf) Do(...gorgonia.Value) (gorgonia.Value, error) { return g.out, nil }
