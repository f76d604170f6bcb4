package models

import (
	"math"
	"math/rand/v2"
)

// Initialise draws the weights of a new network: those of convolutions and of
// the last layer from normal distributions of variance 2/fan-in (He et al.,
// "Delving Deep into Rectifiers", 2015, the paper's [13]); biases and shifts 0,
// scales 1. The numbers depend on the seed and on nothing else.
func (m *Model) Initialise(seed int64) {
	rng := rand.New(rand.NewPCG(uint64(seed), 0x696e6974)) // "init"
	p := m.params
	normal := func(dst []float32, fanIn int) {
		std := math.Sqrt(2 / float64(fanIn))
		for i := range dst {
			dst[i] = float32(rng.NormFloat64() * std)
		}
	}
	for i, f := range p.filters {
		normal(f.Value, 9*f.Shape()[2])
		n := p.norms[i]
		fill(n.Gamma.Value, 1)
		fill(n.Beta.Value, 0)
		fill(n.Mean, 0)
		fill(n.Var, 1)
	}
	normal(p.weight.Value, features)
	fill(p.bias.Value, 0)
	fill(p.momentum, 0)
	m.stale = true
}

func fill(dst []float32, x float32) {
	for i := range dst {
		dst[i] = x
	}
}
