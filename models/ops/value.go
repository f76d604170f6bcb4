package ops

// input is the minibatch that a program reads.
type input struct {
	N      int       // images in use: a program's batch, of an evaluation at most that
	Images []float32 // (N, 34, 34, 3), see models.Batch
	Labels []uint8   // (N)
}

// Param is a trained array and its gradient.
type Param struct {
	Name  string
	Shape []int
	Value []float32
	Grad  []float32
}

// NewParam returns a parameter of the given shape that stores its value and
// gradient in the given memory.
func NewParam(name string, shape []int, val, grad []float32) *Param {
	return &Param{name, shape, val, grad}
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
	channels, size int
	z              *buffer // (N, C/16, H, W, 16)
	norm           *norm
	add            *buffer // the shortcut, laid out like z; nil if there is none
	out            *buffer // where the first reader stores the activation; nil if nobody needs it
	// grad is the gradient with respect to what ReLU is applied to, 0 where that
	// is not positive, laid out like z; nil before the backward pass is added.
	// Its first reader needs two sums over it that its writer has left in norm.
	grad *buffer
}

// newActivation returns the value of a layer's output.
func (p *Program) newActivation(channels, size int, n *NormParams, stored bool) *Activation {
	count := p.batch * channels * size * size
	a := &Activation{channels: channels, size: size, z: newBuffer(count), norm: p.newNorm(n)}
	if stored {
		a.out = newBuffer(count)
	}
	return a
}

// offset returns where a row of a block of an image starts in z, add and out.
func (a *Activation) offset(image, block, row int) int {
	return ((image*(a.channels/16)+block)*a.size + row) * a.size * 16
}

// lines returns how many lines of 64 bytes an image of z, add, out or grad has.
func (a *Activation) lines() int { return a.channels / 16 * a.size * a.size }

// Scores are the logits, what the last layer puts out before softmax, (N, classes), and the
// gradient with respect to them.
type Scores struct {
	data, grad []float32
	classes    int
}

// Loss is the mean cross-entropy of a batch, and how many of its images have
// a label that is not the one with the highest score.
type Loss struct {
	Mean  float64
	Wrong int
}
