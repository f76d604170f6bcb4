package train

import (
	"math"
	"reflect"
	"testing"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/models"
	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// reached is what a protocol's keys decide of the computing.
type reached struct {
	Hyper          models.Hyper
	Conventions    ops.Conventions
	Initialisation models.Initialisation
	Augmentation   data.Augmentation
}

// Every key of the protocol is what is trained, and that alone: each is given
// another value, and one thing changes, by the value. A key that is missing here, as
// a new one, is an error.
func TestProtocolReachesTraining(t *testing.T) {
	reaches := func(p experiments.Protocol) reached {
		return reached{Hyper(p, p.LearningRate), Conventions(p), Initialisation(network.Standard(network.Residual, 3), p), Augmentation(p)}
	}
	paper := reached{
		models.Hyper{LearningRate: 0.1, Momentum: 0.9, WeightDecay: 1e-4, NormDecay: 1e-4},
		ops.Conventions{Epsilon: 1e-5, Momentum: 0.1},
		models.Initialisation{LastStd: math.Sqrt(1.0 / 64 / 3), LastUniform: true}, // between -1/8 and 1/8
		data.Augmentation{Pad: 4, Flip: true},
	}
	if got := reaches(experiments.Paper()); got != paper {
		t.Errorf("the paper's protocol is %+v, want %+v", got, paper)
	}
	cases := map[string]struct {
		set  func(*experiments.Protocol)
		want func(*reached)
	}{
		"learning_rate": {func(p *experiments.Protocol) { p.LearningRate = 0.5 }, func(r *reached) { r.Hyper.LearningRate = 0.5 }},
		"momentum":      {func(p *experiments.Protocol) { p.Momentum = 0.5 }, func(r *reached) { r.Hyper.Momentum = 0.5 }},
		"weight_decay": {func(p *experiments.Protocol) { p.WeightDecay = 0.25 }, func(r *reached) {
			r.Hyper.WeightDecay, r.Hyper.NormDecay = 0.25, 0.25
		}},
		"nesterov":      {func(p *experiments.Protocol) { p.Nesterov = true }, func(r *reached) { r.Hyper.Nesterov = true }},
		"decay_norm":    {func(p *experiments.Protocol) { p.DecayNorm = false }, func(r *reached) { r.Hyper.NormDecay = 0 }},
		"norm_momentum": {func(p *experiments.Protocol) { p.NormMomentum = 0.5 }, func(r *reached) { r.Conventions.Momentum = 0.5 }},
		"norm_epsilon":  {func(p *experiments.Protocol) { p.NormEpsilon = 0.5 }, func(r *reached) { r.Conventions.Epsilon = 0.5 }},
		"norm_batch":    {func(p *experiments.Protocol) { p.NormBatch = 64 }, func(r *reached) { r.Conventions.NormBatch = 64 }},
		"padding_side":  {func(p *experiments.Protocol) { p.PaddingSide = experiments.PadEnd }, func(r *reached) { r.Conventions.PadEnd = true }},
		"initialisation": {func(p *experiments.Protocol) { p.Initialisation = experiments.FanIn }, func(r *reached) {
			r.Initialisation.FanIn = true
		}},
		"last_layer": {func(p *experiments.Protocol) { p.LastLayer = experiments.He }, func(r *reached) {
			r.Initialisation.LastStd, r.Initialisation.LastUniform = math.Sqrt(2.0/64), false
		}},
		"pad":  {func(p *experiments.Protocol) { p.Pad = 2 }, func(r *reached) { r.Augmentation.Pad = 2 }},
		"flip": {func(p *experiments.Protocol) { p.Flip = false }, func(r *reached) { r.Augmentation.Flip = false }},
		// The schedule's, which its own tests and those of the curve look at.
		"batch": {}, "iterations": {}, "milestones": {}, "learning_rate_divisor": {}, "eval_interval": {}, "validation": {},
		"warmup_from_depth": {}, "warmup_learning_rate": {}, "warmup_training_error": {}, "warmup_window": {},
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[experiments.Protocol]()) {
		key := field.Tag.Get("toml")
		c, ok := cases[key]
		if !ok {
			t.Errorf("%s: does it reach the training?", key)
		}
		if c.set == nil {
			continue
		}
		p, want := experiments.Paper(), paper
		c.set(&p)
		c.want(&want)
		if got := reaches(p); got != want {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
}

// What a protocol says reaches the model.
func TestProtocolReachesModel(t *testing.T) {
	a := newAttempt(t, t.TempDir(), images())
	p := &a.key.Spec.Protocol
	p.LearningRate, p.Momentum, p.WeightDecay, p.DecayNorm, p.Nesterov = 0.5, 0.25, 0.125, false, true
	p.Initialisation, p.LastLayer = experiments.FanIn, experiments.NormalLastLayer(0.75)
	if _, err := a.train(t, t.Context()); err != nil {
		t.Fatal(err)
	}
	rate := 0.5 / p.LearningRateDivisor / p.LearningRateDivisor // behind both milestones
	if got, want := a.model.hyper, (models.Hyper{LearningRate: float32(rate), Momentum: 0.25, WeightDecay: 0.125, Nesterov: true}); got != want {
		t.Errorf("the last step is made with %+v, want %+v", got, want)
	}
	if got, want := a.model.initialisation, (models.Initialisation{FanIn: true, LastStd: 0.75}); got != want {
		t.Errorf("the network begins as %+v says, want %+v", got, want)
	}
}
