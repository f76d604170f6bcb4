package models

import "testing"

// A step of training must not allocate, nor an evaluation, once memory is
// planned.
func TestStepDoesNotAllocate(t *testing.T) {
	const batch = 3
	each(t, func(t *testing.T, residual bool, set string) {
		m := mustModel(t, residual, 8, Options{Batch: batch, EvalBatch: batch, Threads: 2, Kernels: set})
		b := randomBatch(batch, 1)
		for what, run := range map[string]func() error{
			"a training step": func() error {
				_, err := m.Step(b, Hyper{LearningRate: 0.01, Momentum: 0.9, WeightDecay: 1e-4, NormDecay: 1e-4})
				return err
			},
			"an evaluation": func() error { _, err := m.Evaluate(b); return err },
		} {
			allocs := testing.AllocsPerRun(3, func() {
				if err := run(); err != nil {
					t.Fatal(err)
				}
			})
			if allocs != 0 {
				t.Errorf("%s allocates %v times", what, allocs)
			}
		}
	})
}
