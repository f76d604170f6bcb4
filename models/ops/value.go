package ops

import (
	"fmt"
	"io"
	"unsafe"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Every value in the graph is one of the types in this file. They implement
// gorgonia.Value and live as long as the graph: running it changes what they
// hold, never which they are.
type value struct {
	shape tensor.Shape
	dtype tensor.Dtype
	data  []float32
}

func (v *value) Shape() tensor.Shape { return v.shape }
func (v *value) Size() int           { return v.shape.TotalSize() }
func (v *value) Data() any           { return v.data }
func (v *value) Dtype() tensor.Dtype { return v.dtype }
func (v *value) MemSize() uintptr    { return uintptr(len(v.data)) * 4 }
func (v *value) Uintptr() uintptr    { return uintptr(unsafe.Pointer(unsafe.SliceData(v.data))) }

// Type returns the Gorgonia type, which TypeOf asks for.
func (v *value) Type() hm.Type { return typeOf(v.shape, v.dtype) }

// Format prints the kind of value and its shape, not its numbers.
func (v *value) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, fmt.Sprintf("%v%v", v.dtype, v.shape))
}

func typeOf(shape tensor.Shape, dtype tensor.Dtype) hm.Type {
	if shape.Dims() == 0 {
		return dtype
	}
	return gorgonia.TensorType{Dims: shape.Dims(), Of: dtype}
}

// Input is the minibatch that a graph reads.
type Input struct {
	value
	N      int       // images in use, at most the batch size of the graph
	Images []float32 // (N, 34, 34, 3), see models.Batch
	Labels []uint8   // (N)
}

// Param is a trained array and its gradient.
type Param struct {
	value
	Name  string
	Value []float32
	Grad  []float32
}

// NewParam returns a parameter of the given shape that stores its value and
// gradient in the given memory.
func NewParam(name string, shape tensor.Shape, val, grad []float32) *Param {
	return &Param{value{shape, tensor.Float32, val}, name, val, grad}
}

// Activation is the input of a weighted layer: ReLU(BN(z) + add), of shape (N,
// C, H, W). What is stored is the output z of the convolution before it; its
// reader normalises, adds the shortcut and rectifies while it copies pixels
// into its padded working memory, which costs nothing beside the
// convolution, where passes of their own would cost a third of it.
//
// An activation that a shortcut needs again is stored by its first reader in
// out.
type Activation struct {
	value
	channels, size int
	z              *Buffer // (N, C/16, H, W, 16)
	norm           *norm
	add            *Buffer // the shortcut, laid out like z; nil if there is none
	out            *Buffer // where the first reader stores the activation; nil if nobody needs it
}

// offset returns where a row of a block of an image starts in z, add and out.
func (a *Activation) offset(image, block, row int) int {
	return ((image*(a.channels/16)+block)*a.size + row) * a.size * 16
}

// Gradient is the gradient with respect to an [Activation], laid out like its
// z. Its first reader needs two sums over it that its writer has left in the
// activation's norm.
type Gradient struct {
	value
	g *Buffer
}

// ParamGradient is the gradient of a parameter, as a value of the graph.
type ParamGradient struct {
	value
	Param *Param
}

// Scores are the outputs of the last layer before softmax, (N, 10), and the
// gradient with respect to them.
type Scores struct {
	value
	grad []float32
}

// Loss is the mean cross-entropy of a batch, and how many of its images have
// a label that is not the one with the highest score.
type Loss struct {
	value
	Mean  float64
	Wrong int
}
