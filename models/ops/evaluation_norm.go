package ops

import (
	"math"

	"deepresidual/models/kernels"
)

// fixedNorm is a batch normalisation by the running statistics.
type fixedNorm struct {
	*NormParams
	epsilon float64
	size    int       // of the maps
	apply   []float32 // per block the scale and shift that normalise, two runs of 16 lanes

	// Where responses are measured:
	sums     []float64 // (chunks, C/16, 2, 16): sum and sum of squares of what is normalised
	response response
}

// response accumulates the spread of the normalised outputs for figure 7.
type response struct {
	n, sum, square float64
}

func (e *Evaluation) newNorm(params *NormParams, size int) *fixedNorm {
	c := len(params.Mean)
	n := &fixedNorm{NormParams: params, epsilon: e.conventions.Epsilon, size: size, apply: make([]float32, 2*c)}
	e.norms = append(e.norms, n)
	return n
}

// newResponding does the same for a layer whose response can be measured.
func (e *Evaluation) newResponding(params *NormParams, size int) *fixedNorm {
	n := e.newNorm(params, size)
	_, chunks := units(e.batch)
	n.sums = make([]float64, max(chunks, maxSlots)*2*len(params.Mean))
	e.responding = append(e.responding, n)
	return n
}

// affine returns scale and shift of a channel.
func (n *fixedNorm) affine(c int) (scale, shift float64) {
	scale = float64(float64(n.Gamma.Value[c]) * (1 / math.Sqrt(float64(n.Var[c])+n.epsilon)))
	return scale, float64(n.Beta.Value[c]) - float64(float64(n.Mean[c])*scale)
}

// prepare brings scales and shifts up to date.
func (n *fixedNorm) prepare() {
	for c := range n.Mean {
		scale, shift := n.affine(c)
		i := c/kernels.Lanes*2*kernels.Lanes + c%kernels.Lanes
		n.apply[i], n.apply[i+kernels.Lanes] = float32(scale), float32(shift)
	}
}

// block returns what normalises a block.
func (n *fixedNorm) block(b int) []float32 { return n.apply[b*2*kernels.Lanes:][:2*kernels.Lanes] }

// measure adds the sums that the chunks of a number of images have taken.
func (n *fixedNorm) measure(chunks int, images float64) {
	channels := len(n.Mean)
	count := float64(images * float64(n.size*n.size))
	for c := range channels {
		sum, square := total(n.sums, 0, chunks, channels, c)
		scale, shift := n.affine(c)
		n.response.n += count
		n.response.sum += float64(scale*sum) + float64(shift*count)
		n.response.square += float64(scale*scale*square) + float64(2*scale*shift*sum) + float64(shift*shift*count)
	}
}

// std returns the standard deviation of the responses seen so far.
func (r response) std() float64 {
	mean := r.sum / r.n
	return math.Sqrt(max(r.square/r.n-float64(mean*mean), 0))
}

// MeasureResponses starts the measurement of layer responses, anew if it has
// begun.
func (e *Evaluation) MeasureResponses() {
	e.measuring = true
	for _, n := range e.responding {
		n.response = response{}
	}
}

// Responses returns, layer by layer, the standard deviation of the outputs of
// batch normalisation over all images since MeasureResponses (figure 7).
func (e *Evaluation) Responses() []float64 {
	var stds []float64
	for _, n := range e.responding {
		stds = append(stds, n.response.std())
	}
	return stds
}
