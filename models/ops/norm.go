package ops

import (
	"fmt"
	"math"

	"deepresidual/models/kernels"
)

// Conventions are what the paper leaves open of how a network computes.
type Conventions struct {
	// Epsilon is added to the variance in batch normalisation (Ioffe and Szegedy
	// 2015).
	Epsilon float64
	// Momentum is the weight of a batch in the running statistics, running =
	// (1-Momentum)*running + Momentum*batch. The running variance takes the unbiased
	// one, while training normalises by the biased one, as in the common frameworks.
	Momentum float64
	// NormBatch is the number of images whose statistics normalise them (ghost batch
	// normalisation, Hoffer et al. 2017); 0 stands for all of a training batch. The
	// running statistics then take the mean of those of the parts.
	NormBatch int
	// PadEnd puts the zero channels of a shortcut of option A after the others,
	// rather than half of them before.
	PadEnd bool
}

// CommonConventions returns those of the common frameworks and public weights.
func CommonConventions() Conventions { return Conventions{Epsilon: 1e-5, Momentum: 0.1} }

// parts returns in how many parts a training batch is normalised. What it and
// checkParts refuse, a spec refuses before: checkNormBatch and checkNormBatches in
// experiments/choices.go.
func (c Conventions) parts(batch int) (int, error) {
	if c.NormBatch == 0 {
		return 1, nil
	}
	parts := batch / c.NormBatch
	if parts < 1 || batch%c.NormBatch != 0 || slots(batch)%parts != 0 {
		return 0, fmt.Errorf("a batch of %d cannot be normalised in parts of %d", batch, c.NormBatch)
	}
	return parts, nil
}

// checkParts reports a layer on maps of size x size whose groups of images are
// not whole parts of a batch that is normalised in parts.
func (p *Program) checkParts(size int) error {
	t := newTiling(size)
	if p.parts > 1 && (p.batch/p.parts%t.images != 0 || slots(t.groups(p.batch))%p.parts != 0) {
		return fmt.Errorf("layers of %dx%d work on %d images at once, so a batch of %d cannot be normalised in parts of %d",
			size, size, t.images, p.batch, p.batch/p.parts)
	}
	return nil
}

// NormParams are the parameters of one batch normalisation of C channels.
type NormParams struct {
	Gamma, Beta *Param
	Mean, Var   []float32 // running statistics, (C)
}

// norm is a batch normalisation at work in one program. Sums over the batch are
// taken per slot, in float64: in float32 the sum of squares loses digits.
type norm struct {
	*NormParams
	Conventions
	parts  int // of the batch, each normalised by itself
	images int // in a part
	// apply holds per part and block the scale and shift of z that normalise it:
	// two runs of 16 lanes.
	apply []float32
	// coef holds per part and block what the gradient with respect to z is
	// computed with: k1, k2, k3 (see kernels.Set.FillGrad).
	coef []float32

	partMean, partInvStd []float64 // (parts, C)
	sums                 []float64 // (slots, C/16, 2, 16): sum and sum of squares of z
	gradSums             []float64 // the same of the gradient g with respect to n(z): sum of g and of g*z
}

// newNorm returns the normalisation of the program's batches, by the statistics
// of the batch or of its parts.
func (p *Program) newNorm(params *NormParams) *norm {
	c := len(params.Mean)
	parts := p.parts
	return &norm{
		NormParams: params, Conventions: p.conventions,
		parts: parts, images: p.batch / parts,
		apply: make([]float32, parts*2*c), coef: make([]float32, parts*3*c),
		partMean: make([]float64, parts*c), partInvStd: make([]float64, parts*c),
		sums: make([]float64, maxSlots*2*c), gradSums: make([]float64, maxSlots*2*c),
	}
}

// blockApply returns what normalises a block of an image.
func (n *norm) blockApply(image, block int) []float32 {
	return n.apply[image/n.images*2*len(n.Mean)+block*2*kernels.Lanes:][:2*kernels.Lanes]
}

func (n *norm) blockCoef(image, block int) []float32 {
	return n.coef[image/n.images*3*len(n.Mean)+block*3*kernels.Lanes:][:3*kernels.Lanes]
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

// total returns the two sums of channel c over slots from to to, in order.
func total(sums []float64, from, to, channels, c int) (first, second float64) {
	i := from*2*channels + c/kernels.Lanes*2*kernels.Lanes + c%kernels.Lanes
	for range to - from {
		first += sums[i]
		second += sums[i+kernels.Lanes]
		i += 2 * channels
	}
	return first, second
}

// finish turns the sums over count values of z per channel, in the given
// number of slots, into the scale and shift that its readers apply. They come
// from the batch, or each part of it, which also enters the running statistics.
func (n *norm) finish(slots int, count float64) {
	channels := len(n.Mean)
	slots /= n.parts // of a part; the slots of a batch that has parts divide into them
	count /= float64(n.parts)
	for c := range channels {
		batchMean, batchVar := 0.0, 0.0
		for part := range n.parts {
			sum, square := total(n.sums, part*slots, (part+1)*slots, channels, c)
			mean := sum / count
			variance := max(square/count-float64(mean*mean), 0)
			batchMean += mean
			batchVar += variance * count / max(count-1, 1)
			invStd := 1 / math.Sqrt(variance+n.Epsilon)
			scale := float64(n.Gamma.Value[c]) * invStd
			shift := float64(n.Beta.Value[c]) - float64(mean*scale)
			n.partMean[part*channels+c], n.partInvStd[part*channels+c] = mean, invStd
			i := part*2*channels + c/kernels.Lanes*2*kernels.Lanes + c%kernels.Lanes
			n.apply[i], n.apply[i+kernels.Lanes] = float32(scale), float32(shift)
		}
		batchMean /= float64(n.parts)
		batchVar /= float64(n.parts)
		n.Mean[c] += float32(n.Momentum * (batchMean - float64(n.Mean[c])))
		n.Var[c] += float32(n.Momentum * (batchVar - float64(n.Var[c])))
	}
}

// finishGrad turns the sums over the gradient with respect to n(z) into the
// gradients of gamma and beta, and into the coefficients of the gradient with
// respect to z:
//
//	dz = gamma/std * (g - mean(g) - (z-mean)/std * mean(g*(z-mean)/std))
//
// as a linear function of g and z. It never divides by gamma, which may be 0.
func (n *norm) finishGrad(slots int, count float64) {
	channels := len(n.Mean)
	slots /= n.parts
	count /= float64(n.parts)
	for c := range channels {
		sumBeta, sumGamma := 0.0, 0.0
		for part := range n.parts {
			sumG, sumGZ := total(n.gradSums, part*slots, (part+1)*slots, channels, c)
			mean, invStd := n.partMean[part*channels+c], n.partInvStd[part*channels+c]
			dBeta := sumG
			dGamma := float64((sumGZ - float64(mean*sumG)) * invStd)
			sumBeta += dBeta
			sumGamma += dGamma

			k1 := float64(n.Gamma.Value[c]) * invStd
			k2 := -k1 * invStd * dGamma / count
			k3 := -k1*dBeta/count - float64(mean*k2)
			image, block, lane := part*n.images, c/kernels.Lanes, c%kernels.Lanes
			coef := n.blockCoef(image, block)
			coef[lane] = float32(k1)
			coef[kernels.Lanes+lane] = float32(k2)
			coef[2*kernels.Lanes+lane] = float32(k3)
		}
		n.Beta.Grad[c], n.Gamma.Grad[c] = float32(sumBeta), float32(sumGamma)
	}
}
