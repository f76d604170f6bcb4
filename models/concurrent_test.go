package models

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// Models are built and used beside each other, and have nothing in common: each
// computes what it computes alone, by one thread. The kernels are those that the
// race detector sees, the network has what a model can have.
func TestModelsAtOnce(t *testing.T) {
	const batch, images, at = 16, 40, 3
	net, err := network.Parse("residual blocks=1,1 channels=16,32 shortcut=C")
	if err != nil {
		t.Fatal(err)
	}
	conventions := ops.CommonConventions()
	conventions.NormBatch = 8
	results := func(seed int64, threads int) string {
		m, err := New(net, Options{Batch: batch, EvalBatch: images, Threads: threads, Kernels: "portable", Conventions: conventions})
		if err != nil {
			t.Error(err)
			return ""
		}
		defer m.Close()
		m.Initialise(seed, Initialisation{LastUniform: true, LastStd: 0.1})
		said := ""
		say := func(r Result, err error) {
			if err != nil || !(r.Loss > 0) || math.IsInf(r.Loss, 0) {
				t.Errorf("seed %d: %+v, %v", seed, r, err)
			}
			said += fmt.Sprintln(r)
		}
		for i := range 2 {
			say(m.Step(randomBatch(batch, uint64(i)), Hyper{LearningRate: 0.01, Momentum: 0.9, WeightDecay: 1e-4, NormDecay: 1e-4}))
		}
		m.MeasureResponses()
		say(m.Evaluate(randomBatch(images, 2)))
		return said
	}
	var alone, together [at]string
	for i := range at {
		alone[i] = results(int64(i), 1)
	}
	var all sync.WaitGroup
	for i := range at {
		all.Go(func() { together[i] = results(int64(i), 2) })
	}
	all.Wait()
	if alone != together {
		t.Errorf("together: %q, alone: %q", together, alone)
	}
}
