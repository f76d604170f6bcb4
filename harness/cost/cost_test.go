package cost_test

import (
	"testing"

	"deepresidual/experiments"
	"deepresidual/harness/cost"
	"deepresidual/harness/fixture"
	"deepresidual/results"
)

// A run is its minibatches, three passes each, its rows, each a pass over the test
// images and those held out, and one more pass over the test images.
func TestRun(t *testing.T) {
	for _, c := range []struct {
		data             results.Fingerprint
		validation, done int
		images           float64
	}{
		{fixture.CIFAR(), 0, 0, 3*100*128 + 5*10000},
		{fixture.CIFAR(), 5000, 0, 3*100*128 + 4*15000 + 10000},
		{fixture.CIFAR(), 0, 60, 3*40*128 + 3*10000},
		{results.Fingerprint{Synthetic: true}, 0, 0, 3*100*128 + 5*1000},
		{results.Fingerprint{Synthetic: true}, 500, 99, 3*1*128 + 1*1500 + 1000},
	} {
		e := fixture.Experiment(t, "e", func(p *experiments.Protocol) {
			p.Iterations, p.Milestones, p.EvalInterval, p.Validation = 100, nil, 30, c.validation
		})
		key := fixture.Key(e, 0)
		key.Data = c.data
		if got, want := cost.Run(key, c.done), c.images*float64(key.Spec.Network.MultiplyAdds()); got != want {
			t.Errorf("%+v: %g multiply-adds, want %g", c, got, want)
		}
	}
}
