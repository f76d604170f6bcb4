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
	const size, rest = 4, (commonMiB + 100) << 20
	bytes := 1.7*size*float64(outputs)*float64(batch) + (5+9)*size*float64(net.Parameters()) + (16*9+8*36)*size*float64(widest) + rest
	return int(min(bytes/(1<<20), math.MaxInt32))
}
