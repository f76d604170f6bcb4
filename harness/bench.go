package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/train"
	"deepresidual/models"
)

// benchmark times training steps of a network on random images and prints
// three lines: the speed, the allocations that a step makes, and the speed of
// evaluation.
func (a *app) benchmark(context.Context) error {
	net, err := parseNetwork("-bench", a.bench)
	if err != nil {
		return err
	}
	b, err := a.timeSteps(net, a.batch, a.steps)
	if err != nil {
		return err
	}
	ms := b.step.Seconds() * 1000
	fmt.Fprintf(a.stdout, "%s batch %d threads %d kernels %s: %.1f ms/step %.0f images/s peak %.0f MiB\n",
		net.Name(), a.batch, a.threads, b.kernels, ms, float64(a.batch)/b.step.Seconds(), b.peak)
	fmt.Fprintf(a.stdout, "allocations per step: %.1f\n", b.allocations)
	fmt.Fprintf(a.stdout, "evaluation: %.1f ms/batch %.0f images/s\n", b.evaluation.Seconds()*1000, float64(a.batch)/b.evaluation.Seconds())
	return nil
}

// benchmarked is what timing a network's training step tells.
type benchmarked struct {
	step        time.Duration // the median
	evaluation  time.Duration // of a batch of the same size, the median
	kernels     string
	allocations float64 // per step
	peak        float64 // resident memory, MiB
}

// timeSteps times training steps of a network, after a few that warm the
// machine up.
func (a *app) timeSteps(net *models.Network, batch, steps int) (benchmarked, error) {
	m, err := models.New(net, models.Options{Batch: batch, EvalBatch: batch, Threads: a.threads, Kernels: a.kernels})
	if err != nil {
		return benchmarked{}, err
	}
	defer m.Close()
	m.Initialise(1, train.Initialisation(experiments.Paper()))
	b := randomBatch(batch)
	hyper := train.Hyper(experiments.Paper(), 0.01)
	var before, after runtime.MemStats
	step, err := median(steps, func() { runtime.ReadMemStats(&before) }, func() error {
		_, err := m.Step(b, hyper)
		return err
	})
	if err != nil {
		return benchmarked{}, err
	}
	runtime.ReadMemStats(&after)
	result := benchmarked{
		step:        step,
		kernels:     m.Kernels(),
		allocations: float64(after.Mallocs-before.Mallocs) / float64(steps),
		peak:        train.PeakMiB(),
	}
	result.evaluation, err = median(steps, func() {}, func() error {
		_, err := m.Evaluate(b)
		return err
	})
	return result, err
}

// median times body, after a few calls that warm the machine up, and calls
// warm when they are done.
func median(steps int, warm func(), body func() error) (time.Duration, error) {
	const warmUp = 3
	times := make([]time.Duration, steps)
	for i := -warmUp; i < steps; i++ {
		if i == 0 {
			warm()
		}
		began := time.Now()
		if err := body(); err != nil {
			return 0, err
		}
		if i >= 0 {
			times[i] = time.Since(began)
		}
	}
	slices.Sort(times)
	return (times[(steps-1)/2] + times[steps/2]) / 2, nil
}

// randomBatch returns images of noise within their zero border.
func randomBatch(n int) *models.Batch {
	b := models.NewBatch(n)
	random := rand.New(rand.NewPCG(1, 2))
	const last = models.PaddedSize - 1
	for i := range n {
		b.Labels[i] = uint8(random.IntN(models.Classes))
		for p := range models.PaddedSize * models.PaddedSize {
			x, y := p%models.PaddedSize, p/models.PaddedSize
			if x == 0 || y == 0 || x == last || y == last {
				continue
			}
			for c := range models.Channels {
				b.Image(i)[p*models.Channels+c] = random.Float32() - 0.5
			}
		}
	}
	return b
}
