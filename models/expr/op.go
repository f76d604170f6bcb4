package expr

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Kind says what an operation computes.
type Kind string

// The operations of the forward pass, and those of their gradients.
const (
	Convolution   Kind = "convolution"
	Normalisation Kind = "batch normalisation"
	ReLU          Kind = "ReLU"
	Addition      Kind = "addition"
	Subsample     Kind = "subsample"
	Pool          Kind = "global average pooling"
	Linear        Kind = "linear"
	CrossEntropy  Kind = "cross-entropy"

	ConvolutionInputGradient  Kind = "gradient of convolution, input"
	ConvolutionFilterGradient Kind = "gradient of convolution, filter"
	NormalisationGradient     Kind = "gradient of batch normalisation, input"
	ScaleGradient             Kind = "gradient of batch normalisation, scale"
	ShiftGradient             Kind = "gradient of batch normalisation, shift"
	ReLUGradient              Kind = "gradient of ReLU"
	SubsampleGradient         Kind = "gradient of subsample"
	PoolGradient              Kind = "gradient of global average pooling"
	LinearInputGradient       Kind = "gradient of linear, input"
	LinearWeightGradient      Kind = "gradient of linear, weight"
	LinearBiasGradient        Kind = "gradient of linear, bias"
	CrossEntropyGradient      Kind = "gradient of cross-entropy"
)

// Op is an operation of the graph.
type Op struct {
	Kind       Kind
	Stride     int        // of a convolution
	Statistics Statistics // of batch normalisation
	Zeros      int        // channels before those of the input, of a shortcut of option A

	attributes string // what else tells it from others of its kind
	inputs     []hm.Type
	output     hm.Type
	shape      func(in []tensor.Shape) (tensor.Shape, error)
	compute    func(out []float32, shape tensor.Shape, in []value)
	// diff returns the gradient nodes with respect to the inputs, given that with
	// respect to the output; nil where there is none. It is nil for operations
	// that are not differentiated: gradients, and those of evaluation.
	diff func(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error)
	wrt  []bool // the inputs that have a gradient
}

// value is an input of a computation.
type value struct {
	shape  tensor.Shape
	data   []float32
	labels []uint8
}

// Of returns the operation of a node; nil for inputs and operations of
// Gorgonia's own.
func Of(n *gorgonia.Node) *Op {
	op, _ := n.Op().(*Op)
	return op
}

// Inputs returns the nodes that a node is computed from, in order.
func Inputs(n *gorgonia.Node) gorgonia.Nodes {
	var list gorgonia.Nodes
	for in := n.Graph().From(n.ID()); in.Next(); {
		list = append(list, in.Node().(*gorgonia.Node))
	}
	return list
}

var (
	activation = gorgonia.TensorType{Dims: 4, Of: tensor.Float32}
	filter     = gorgonia.TensorType{Dims: 4, Of: tensor.Float32}
	matrix     = gorgonia.TensorType{Dims: 2, Of: tensor.Float32}
	vector     = gorgonia.TensorType{Dims: 1, Of: tensor.Float32}
	labels     = gorgonia.TensorType{Dims: 1, Of: tensor.Uint8}
	scalar     = tensor.Float32
)

// apply adds the operation to the graph of its inputs.
func (o *Op) apply(in ...*gorgonia.Node) (*gorgonia.Node, error) {
	n, err := gorgonia.ApplyOp(o, in...)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", o, err)
	}
	return n, nil
}

// Arity returns the number of inputs.
func (o *Op) Arity() int { return len(o.inputs) }

// Type returns the operation's type, a function of the inputs' types.
func (o *Op) Type() hm.Type {
	return hm.NewFnType(append(append([]hm.Type{}, o.inputs...), o.output)...)
}

// InferShape returns the output's shape, or what is wrong with the inputs'.
func (o *Op) InferShape(in ...gorgonia.DimSizer) (tensor.Shape, error) {
	shapes, err := gorgonia.DimSizersToShapes(in)
	if err != nil {
		return nil, err
	}
	// Gorgonia's type inference lets tensors of other dimensions pass.
	for i, s := range shapes {
		if t, ok := o.inputs[i].(gorgonia.TensorType); ok && s.Dims() != t.Dims {
			return nil, fmt.Errorf("input %d has shape %v, which is not of %d dimensions", i+1, s, t.Dims)
		}
	}
	return o.shape(shapes)
}

// Do computes the operation.
func (o *Op) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	values := make([]value, len(in))
	shapes := make([]tensor.Shape, len(in))
	for i, v := range in {
		values[i].shape = v.Shape()
		shapes[i] = v.Shape()
		switch data := v.Data().(type) {
		case []float32:
			values[i].data = data
		case float32:
			values[i].data = []float32{data}
		case []uint8:
			values[i].labels = data
		default:
			return nil, fmt.Errorf("%v: input %d holds %T", o, i+1, data)
		}
	}
	shape, err := o.shape(shapes)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", o, err)
	}
	if shape.IsScalar() {
		out := make([]float32, 1)
		o.compute(out, shape, values)
		return gorgonia.NewF32(out[0]), nil
	}
	out := make([]float32, shape.TotalSize())
	o.compute(out, shape, values)
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(out)), nil
}

// ReturnsPtr says that Do returns new memory.
func (o *Op) ReturnsPtr() bool { return false }

// CallsExtern says that nothing outside Go is called.
func (o *Op) CallsExtern() bool { return false }

// OverwritesInput says that no input is overwritten.
func (o *Op) OverwritesInput() int { return -1 }

// WriteHash writes what tells the operation from others.
func (o *Op) WriteHash(h hash.Hash) { fmt.Fprint(h, o.String()) }

// Hashcode is the hash of what WriteHash writes.
func (o *Op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *Op) String() string {
	if o.attributes == "" {
		return string(o.Kind)
	}
	return string(o.Kind) + ", " + o.attributes
}

// DiffWRT says which inputs have a gradient.
func (o *Op) DiffWRT(inputs int) []bool {
	if o.diff == nil {
		return make([]bool, inputs)
	}
	return o.wrt
}

// SymDiff adds the operation's gradient to the graph.
func (o *Op) SymDiff(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	if o.diff == nil {
		return nil, fmt.Errorf("%v has no gradient", o)
	}
	return o.diff(in, out, grad)
}

// nodes collects the nodes of a gradient and the first error.
type nodes struct {
	list gorgonia.Nodes
	err  error
}

func (n *nodes) add(node *gorgonia.Node, err error) {
	n.list = append(n.list, node)
	if n.err == nil {
		n.err = err
	}
}
