package ops

import (
	"math"

	"deepresidual/models/kernels"
)

// Batch normalisation (Ioffe and Szegedy 2015) with the constants of the
// common frameworks, which the paper leaves open.
const (
	Epsilon  = 1e-5
	averages = 0.1 // weight of a batch in the running mean and variance
)

// NormParams are the parameters of one batch normalisation of C channels.
type NormParams struct {
	Gamma, Beta *Param
	Mean, Var   []float32 // running statistics, (C)
}

// norm is a batch normalisation at work in one graph. Sums over the batch are
// taken per slot, in float64: in float32 the sum of squares loses digits.
type norm struct {
	*NormParams
	training bool
	// apply holds per block the scale and shift of z that normalise it:
	// two runs of 16 lanes.
	apply []float32
	// coef holds per block what the gradient with respect to z is computed
	// with: scale, shift, k1, k2, k3 (see kernels.Set.FillGrad).
	coef []float32

	mean, invStd []float64 // of the batch
	sums         []float64 // (slots, C/16, 2, 16): sum and sum of squares of z
	gradSums     []float64 // the same of the masked gradient g: sum of g and of g*z

	response response
}

// response accumulates the spread of the normalised outputs for Figure 7.
type response struct {
	n, sum, square float64
}

func newNorm(p *NormParams, training bool) *norm {
	c := len(p.Mean)
	return &norm{
		NormParams: p, training: training,
		apply: make([]float32, 2*c), coef: make([]float32, 5*c),
		mean: make([]float64, c), invStd: make([]float64, c),
		sums: make([]float64, maxSlots*2*c), gradSums: make([]float64, maxSlots*2*c),
	}
}

func (n *norm) blockApply(block int) []float32 {
	return n.apply[block*2*kernels.Lanes:][:2*kernels.Lanes]
}

func (n *norm) blockCoef(block int) []float32 {
	return n.coef[block*5*kernels.Lanes:][:5*kernels.Lanes]
}

// clearSlot sets a slot's sums to zero.
func clearSlot(sums []float64, slot, channels int) {
	clear(sums[slot*2*channels:][:2*channels])
}

// flush adds a block's float32 sums to a slot and clears them.
func flush(sums []float64, slot, channels, block int, stats []float32) {
	dst := sums[slot*2*channels+block*2*kernels.Lanes:][:2*kernels.Lanes]
	for i, x := range stats[:2*kernels.Lanes] {
		dst[i] += float64(x)
	}
	clear(stats)
}

// total returns the two sums of channel c over the slots in order.
func total(sums []float64, slots, channels, c int) (first, second float64) {
	i := c/kernels.Lanes*2*kernels.Lanes + c%kernels.Lanes
	for range slots {
		first += sums[i]
		second += sums[i+kernels.Lanes]
		i += 2 * channels
	}
	return first, second
}

// finish turns the sums over count values of z per channel, in the given
// number of slots, into the scale and shift that its readers apply. In
// training they come from the batch, which also enters the running statistics;
// else from the running statistics.
func (n *norm) finish(slots int, count float64) {
	for c := range n.mean {
		sum, square := total(n.sums, slots, len(n.mean), c)
		mean, variance := float64(n.Mean[c]), float64(n.Var[c])
		if n.training {
			mean = sum / count
			variance = max(square/count-mean*mean, 0)
			if math.IsNaN(square) {
				variance = square // max would hide it
			}
			n.Mean[c] += float32(averages * (mean - float64(n.Mean[c])))
			n.Var[c] += float32(averages * (variance*count/max(count-1, 1) - float64(n.Var[c])))
		}
		invStd := 1 / math.Sqrt(variance+Epsilon)
		scale := float64(n.Gamma.Value[c]) * invStd
		shift := float64(n.Beta.Value[c]) - mean*scale
		n.mean[c], n.invStd[c] = mean, invStd
		i := c/kernels.Lanes*2*kernels.Lanes + c%kernels.Lanes
		n.apply[i], n.apply[i+kernels.Lanes] = float32(scale), float32(shift)
		if !n.training {
			n.response.n += count
			n.response.sum += scale*sum + shift*count
			n.response.square += scale*scale*square + 2*scale*shift*sum + shift*shift*count
		}
	}
}

// finishGrad turns the sums over the masked gradient into the gradients of
// gamma and beta, and into the coefficients of the gradient with respect to z:
//
//	dz = gamma/std * (g - mean(g) - (z-mean)/std * mean(g*(z-mean)/std))
//
// as a linear function of g and z. It never divides by gamma, which may be 0.
func (n *norm) finishGrad(slots int, count float64) {
	for c := range n.mean {
		sumG, sumGZ := total(n.gradSums, slots, len(n.mean), c)
		mean, invStd := n.mean[c], n.invStd[c]
		dBeta := sumG
		dGamma := (sumGZ - mean*sumG) * invStd
		n.Beta.Grad[c], n.Gamma.Grad[c] = float32(dBeta), float32(dGamma)

		k1 := float64(n.Gamma.Value[c]) * invStd
		k2 := -k1 * invStd * dGamma / count
		k3 := -k1*dBeta/count - mean*k2
		coef := n.blockCoef(c / kernels.Lanes)
		lane := c % kernels.Lanes
		apply := n.blockApply(c / kernels.Lanes)
		coef[lane], coef[kernels.Lanes+lane] = apply[lane], apply[kernels.Lanes+lane]
		coef[2*kernels.Lanes+lane] = float32(k1)
		coef[3*kernels.Lanes+lane] = float32(k2)
		coef[4*kernels.Lanes+lane] = float32(k3)
	}
}

// std returns the standard deviation of the responses seen so far.
func (r response) std() float64 {
	mean := r.sum / r.n
	return math.Sqrt(max(r.square/r.n-mean*mean, 0))
}
