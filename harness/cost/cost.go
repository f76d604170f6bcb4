// Package cost estimates what training a run takes before it is trained:
// multiply-adds, from which a machine's speed makes a time. What memory it takes
// is for package models to say.
package cost

import (
	"deepresidual/harness/data"
	"deepresidual/results"
)

// Passes is how many times the multiplications of a forward pass a training
// step takes: forward, the gradient of the inputs and that of the weights.
const Passes = 3

// Run returns the multiply-adds that a run still needs after a number of
// iterations: its minibatches, the evaluations of its rows on the test images and
// those held out, and the pass over the test images that measures the layer
// responses. Those of many runs together are more than an int64 holds.
func Run(key results.Key, done int) float64 {
	p := key.Spec.Protocol
	left := p.Iterations - done
	images := int64(left) * int64(p.Batch) * Passes
	rows := (p.Iterations+p.EvalInterval-1)/p.EvalInterval - done/p.EvalInterval
	test := data.TestSize(key.Data)
	images += int64(rows)*int64(test+p.Validation) + int64(test)
	return float64(key.Spec.Network.MultiplyAdds()) * float64(images)
}
