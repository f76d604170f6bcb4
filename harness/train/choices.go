package train

import (
	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/models"
	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// Conventions returns how a network of a protocol computes.
func Conventions(p experiments.Protocol) ops.Conventions {
	return ops.Conventions{
		Epsilon:   p.NormEpsilon,
		Momentum:  p.NormMomentum,
		NormBatch: p.NormBatch,
		PadEnd:    p.PaddingSide == experiments.PadEnd,
	}
}

// Initialisation returns how a protocol initialises the weights of a network.
func Initialisation(n network.Network, p experiments.Protocol) models.Initialisation {
	std, uniform := p.LastLayer.Std(n.Features())
	return models.Initialisation{FanIn: p.Initialisation == experiments.FanIn, LastStd: std, LastUniform: uniform}
}

// Augmentation returns how a protocol augments its training images.
func Augmentation(p experiments.Protocol) data.Augmentation {
	return data.Augmentation{Pad: p.Pad, Flip: p.Flip}
}

// Hyper returns the parameters of a step at a learning rate.
func Hyper(p experiments.Protocol, rate float64) models.Hyper {
	h := models.Hyper{
		LearningRate: float32(rate),
		Momentum:     float32(p.Momentum),
		WeightDecay:  float32(p.WeightDecay),
		Nesterov:     p.Nesterov,
	}
	if p.DecayNorm {
		h.NormDecay = h.WeightDecay
	}
	return h
}
