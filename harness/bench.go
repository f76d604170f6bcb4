package main

import (
	"context"
	"fmt"

	"deepresidual/harness/bench"
	"deepresidual/models/network"
)

// benchMode times training steps of a network on random images and prints a line
// each of the speed, its share of what the processor can do at most, the
// allocations that a step makes, and the speed of evaluation.
type benchMode struct {
	network *network.Network
	batch   int
	steps   int
	machine machine
}

func (m *benchMode) declare(o *options) {
	o.network(&m.network, "bench", "NET", "time training steps of a network")
	m.batch, m.steps = 128, 20
	o.count(&m.batch, "batch", "images in a minibatch (default 128)")
	o.count(&m.steps, "steps", "steps to time (default 20)")
	m.machine.declare(o)
}

func (m *benchMode) do(ctx context.Context, env *environment) error {
	r, err := bench.Steps(ctx, *m.network, bench.Options{Batch: m.batch, Steps: m.steps, Threads: m.machine.threads, Kernels: m.machine.kernels})
	if err != nil {
		return err
	}
	peak := ""
	if r.PeakMiB > 0 { // of a system that tells
		peak = fmt.Sprintf(" peak %.0f MiB", r.PeakMiB)
	}
	fmt.Fprintf(env.stdout, "%s batch %d threads %d kernels %s: %.1f ms/step %.0f images/s%s\n",
		m.network, m.batch, m.machine.threads, r.Kernels, r.Step.Seconds()*1000, float64(m.batch)/r.Step.Seconds(), peak)
	if r.PeakFLOPS > 0 {
		fmt.Fprintf(env.stdout, "%.0f GFLOP/s, counted as direct convolution: %.0f %% of the FMA peak of %.0f GFLOP/s\n",
			r.FLOPS/1e9, 100*r.FLOPS/r.PeakFLOPS, r.PeakFLOPS/1e9)
	}
	fmt.Fprintf(env.stdout, "allocations per step: %.1f\n", r.Allocations)
	fmt.Fprintf(env.stdout, "evaluation: %.1f ms/batch %.0f images/s\n", r.Evaluation.Seconds()*1000, float64(m.batch)/r.Evaluation.Seconds())
	return nil
}
