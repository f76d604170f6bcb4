package models

import (
	"math"

	"deepresidual/models/network"
)

// commonMiB is the memory that runs in one process have in common: the program
// and the data set.
const commonMiB = 300

// TogetherMiB returns the memory that runs take in one process, by the
// [MemoryMiB] of each.
func TogetherMiB(each []int) int {
	sum := 0
	for _, mib := range each {
		sum += mib
	}
	return sum - max(0, len(each)-1)*commonMiB
}

// MemoryMiB estimates the memory that training needs on minibatches of so many
// images: the maps; the parameters with gradient, momentum and a checkpoint in
// the making, and as much as nine times the weights for the forms of them that
// the kernels read; the working memory of as many threads as find work; the data
// set and the rest.
func MemoryMiB(net network.Network, batch int) int {
	const size, rest = 4, (commonMiB + 100) << 20
	bytes := size*mapValues(net)*float64(batch) + (5+9)*size*float64(net.Parameters()) +
		size*float64(roomOf(net).Values(Parts(batch))) + rest
	return int(min(bytes/(1<<20), math.MaxInt32))
}

// mapValues estimates the values of the maps that a training step holds of an
// image: the outputs of the convolutions, which the backward pass reads, and
// what it makes of them. In deep residual networks they are 1.7 times the outputs,
// for the shortcuts; of a few large maps these and the gradients of the block at
// work, which are there at once, are the larger part.
func mapValues(net network.Network) float64 {
	outputs, largest := 0, 0
	for _, l := range net.Convolutions() {
		values := l.Size * l.Size * l.Out
		outputs += values
		largest = max(largest, values)
	}
	if net.Kind == network.Plain {
		return max(1.15*float64(outputs), float64(outputs)+4*float64(largest))
	}
	return max(1.7*float64(outputs), 1.5*float64(outputs)+4*float64(largest))
}
