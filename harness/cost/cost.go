// Package cost estimates what training a run takes before it is trained:
// multiply-adds, from which a machine's speed makes a time, and memory.
package cost

import (
	"math"

	"deepresidual/experiments"
	"deepresidual/models/network"
)

// testImages is the size of CIFAR-10's test set, for the cost of runs whose data
// is not loaded.
const testImages = 10000

// Passes is how many times the multiplications of a forward pass a training
// step takes: forward, the gradient of the inputs and that of the weights.
const Passes = 3

// Run returns the multiply-adds that a run still needs after a number of
// iterations: its minibatches and the evaluations of its rows.
func Run(spec experiments.RunSpec, done int) int64 {
	p := spec.Protocol
	left := p.Iterations - done
	images := int64(left) * int64(p.Batch) * Passes
	rows := (p.Iterations+p.EvalInterval-1)/p.EvalInterval - done/p.EvalInterval
	images += int64(rows) * int64(testImages+p.Validation)
	return spec.Network.MultiplyAdds() * images
}

// MemoryMiB estimates the memory that training needs on minibatches of so many
// images: the outputs of the convolutions, which the backward pass reads, and
// what it makes of them (1.7 times as much in all, measured for 20 and 110
// layers); the parameters with gradient, momentum and a checkpoint in the
// making, and as much as nine times the weights for the forms of them that the
// kernels read; eight threads' working memory, which wide layers take; the data
// set and the rest.
func MemoryMiB(net network.Network, batch int) int {
	outputs, widest := 0, 0
	for _, l := range net.Convolutions() {
		outputs += l.Size * l.Size * l.Out
		widest = max(widest, l.In*l.Out)
	}
	const size, rest = 4, 400 << 20
	bytes := 1.7*size*float64(outputs)*float64(batch) + (5+9)*size*float64(net.Parameters()) + (16*9+8*36)*size*float64(widest) + rest
	return int(min(bytes/(1<<20), math.MaxInt32))
}
