package models

import (
	"math"
	"math/rand/v2"
)

// Initialisation says how the weights of a new network are drawn.
type Initialisation struct {
	// FanIn takes the variance of a k x k convolution's weights, 2/(k² x channels), by
	// its input channels rather than by its output channels. Both are in He et
	// al., "Delving Deep into Rectifiers" (2015), the paper's [13].
	FanIn bool
	// LastStd is the standard deviation of the last layer's weights. They are
	// uniformly distributed with LastUniform, and normally without.
	LastStd     float64
	LastUniform bool
}

// Initialise draws the weights of a new network. Biases, shifts and running means are
// 0, scales and running variances 1; the momentum is cleared. The numbers depend on the
// network, the seed and the kind of initialisation alone; but for one draw in some 10¹⁰,
// which math/rand/v2 decides otherwise where Go's compiler fuses its products (arm64,
// GOAMD64=v3).
func (m *Model) Initialise(seed int64, kind Initialisation) {
	rng := rand.New(rand.NewPCG(uint64(seed), 0x696e6974)) // "init"
	p := m.params
	normal := func(dst []float32, std float64) {
		for i := range dst {
			dst[i] = float32(rng.NormFloat64() * std)
		}
	}
	for i, f := range p.filters {
		fan := f.Shape[3]
		if kind.FanIn {
			fan = f.Shape[2]
		}
		normal(f.Value, math.Sqrt(2/float64(f.Shape[0]*f.Shape[1]*fan)))
		n := p.norms[i]
		setAll(n.Gamma.Value, 1)
		setAll(n.Beta.Value, 0)
		setAll(n.Mean, 0)
		setAll(n.Var, 1)
	}
	if kind.LastUniform {
		bound := kind.LastStd * math.Sqrt(3)
		for i := range p.weight.Value {
			// Float64 is inlined and ends with a product, which is not to be fused either.
			p.weight.Value[i] = float32((2*float64(rng.Float64()) - 1) * bound)
		}
	} else {
		normal(p.weight.Value, kind.LastStd)
	}
	setAll(p.bias.Value, 0)
	setAll(p.momentum, 0)
	m.stale = true
}

func setAll(dst []float32, x float32) {
	for i := range dst {
		dst[i] = x
	}
}
