package models

import (
	"fmt"
	"sync"
	"testing"

	"deepresidual/models/network"
)

// Models are built and used beside each other, and have nothing in common: each
// computes what it computes alone.
func TestModelsAtOnce(t *testing.T) {
	const batch, at = 8, 4
	loss := func(seed int64) string {
		m, err := New(network.Standard(network.Residual, 1), Options{Batch: batch, EvalBatch: batch, Threads: 2})
		if err != nil {
			return err.Error()
		}
		defer m.Close()
		m.Initialise(seed, Initialisation{LastUniform: true, LastStd: 0.1})
		b := NewBatch(batch)
		b.N = batch
		for i := range b.Images {
			b.Images[i] = float32(i%7) / 7
		}
		said := ""
		for range 2 {
			r, err := m.Step(b, Hyper{LearningRate: 0.1, Momentum: 0.9})
			said += fmt.Sprint(r, err)
		}
		r, err := m.Evaluate(b)
		return said + fmt.Sprint(r, err)
	}
	var alone, together [at]string
	for i := range at {
		alone[i] = loss(int64(i))
	}
	var all sync.WaitGroup
	for i := range at {
		all.Go(func() { together[i] = loss(int64(i)) })
	}
	all.Wait()
	if alone != together {
		t.Errorf("together: %q, alone: %q", together, alone)
	}
}
