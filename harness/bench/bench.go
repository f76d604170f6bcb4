// Package bench times training steps and evaluations of a network on random
// images: how fast this machine is, without data or records.
package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/cost"
	"deepresidual/harness/process"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/models"
	"deepresidual/models/kernels"
	"deepresidual/models/network"
)

// Options say how steps are timed.
type Options struct {
	Batch   int // images in a minibatch
	Steps   int // that are timed, at least 1
	Threads int
	Kernels string // empty for the best this processor has

	NoEvaluation bool // time training alone
}

// Result is what timing a network's training step tells.
type Result struct {
	Step        time.Duration // the median
	Evaluation  time.Duration // of a batch of the same size, the median; 0 with NoEvaluation
	Kernels     string
	Allocations float64 // per step
	PeakMiB     float64 // resident memory
	FLOPS       float64 // floating-point operations a second of a step, its convolutions counted as direct ones
	PeakFLOPS   float64 // of Options.Threads threads, see kernels.Peak; 0 with kernels in plain Go
}

// Steps times training steps of a network, after a few that warm the machine
// up. It ends with ctx, after the step in hand.
func Steps(ctx context.Context, net network.Network, o Options) (Result, error) {
	if err := fits(net, o.Batch, process.FreeMiB()); err != nil {
		return Result{}, err
	}
	set, err := kernels.Select(o.Kernels)
	if err != nil {
		return Result{}, err
	}
	m, err := models.New(net, models.Options{Batch: o.Batch, EvalBatch: o.Batch, Threads: o.Threads, Kernels: set.Name})
	if err != nil {
		return Result{}, err
	}
	defer m.Close()
	m.Initialise(1, train.Initialisation(net, experiments.Paper()))
	b := randomBatch(o.Batch)
	hyper := train.Hyper(experiments.Paper(), 0.01)
	var before, after runtime.MemStats
	step, err := median(ctx, o.Steps, func() { runtime.ReadMemStats(&before) }, func() error {
		_, err := m.Step(b, hyper)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	runtime.ReadMemStats(&after)
	result := Result{
		Step:        step,
		Kernels:     set.Name,
		Allocations: float64(after.Mallocs-before.Mallocs) / float64(o.Steps),
		PeakMiB:     process.PeakMiB(),
		FLOPS:       2 * cost.Passes * float64(net.MultiplyAdds()) * float64(o.Batch) / step.Seconds(),
		PeakFLOPS:   kernels.Peak(set.Name, o.Threads),
	}
	if o.NoEvaluation {
		return result, nil
	}
	result.Evaluation, err = median(ctx, o.Steps, func() {}, func() error {
		_, err := m.Evaluate(b)
		return err
	})
	return result, err
}

// fits reports a network that does not fit into the memory that is free; 0 stands
// for a system that does not tell.
func fits(net network.Network, batch int, freeMiB float64) error {
	need := float64(models.MemoryMiB(net, batch))
	if freeMiB == 0 || need <= freeMiB {
		return nil
	}
	return fmt.Errorf("%s on minibatches of %s images takes about %.1f GiB of memory, and there are %.1f GiB for it: take smaller minibatches",
		net, text.Grouped(batch), need/1024, freeMiB/1024)
}

// median times body, after a few calls that warm the machine up, and calls
// warm when they are done.
func median(ctx context.Context, steps int, warm func(), body func() error) (time.Duration, error) {
	const warmUp = 3
	times := make([]time.Duration, 0, min(steps, 1<<16)) // an append later on is no cost of a step
	for i := -warmUp; i < steps; i++ {
		if i == 0 {
			warm()
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		began := time.Now()
		if err := body(); err != nil {
			return 0, err
		}
		if i >= 0 {
			times = append(times, time.Since(began))
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
