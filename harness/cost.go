package main

import (
	"fmt"
	"time"

	"deepresidual/experiments"
	"deepresidual/results"
)

// The sizes of CIFAR-10, for the cost of runs whose data is not loaded.
const (
	trainImages = 50000
	testImages  = 10000
)

// passes is how many times the multiplications of a forward pass a training
// step takes: forward, the gradient of the inputs and that of the weights.
const passes = 3

// cost returns the multiply-adds that a run still needs after a number of
// iterations: its minibatches and the evaluations of its rows.
func cost(spec experiments.RunSpec, done int) (int64, error) {
	net, err := describe(spec.Network)
	if err != nil {
		return 0, err
	}
	p := spec.Protocol
	left := p.Iterations - done
	images := int64(left) * int64(p.Batch) * passes
	rows := (p.Iterations+p.Interval-1)/p.Interval - done/p.Interval
	images += int64(rows) * int64(testImages+p.Validation)
	return net.MultiplyAdds() * images, nil
}

// speed is how fast a machine trains, in multiply-adds a second.
type speed struct {
	perSecond float64
	source    string // how it is known, for people
}

func (s speed) time(multiplyAdds int64) time.Duration {
	return time.Duration(float64(multiplyAdds) / s.perSecond * float64(time.Second))
}

// recordedSpeed returns the speed of this machine's latest complete run, by its
// record: same processor, same number of threads. It reports whether there is
// one.
func recordedSpeed(records []*results.Record, cpu string, threads int) (speed, bool) {
	var latest *results.Record
	for _, r := range records {
		p := r.Provenance
		if r.Status != results.Complete || p.CPU != cpu || p.Threads != threads || p.TrainSeconds <= 0 || r.Key.Data.Synthetic {
			continue
		}
		if latest == nil || p.Ended.After(latest.Provenance.Ended) {
			latest = r
		}
	}
	if latest == nil {
		return speed{}, false
	}
	c, err := cost(latest.Key.Spec, 0)
	if err != nil {
		return speed{}, false
	}
	return speed{
		perSecond: float64(c) / latest.Provenance.TrainSeconds,
		source:    "the time " + latest.Key.Spec.Network.String() + " took on this machine",
	}, true
}

// measuredSpeed times a few training steps of a small network.
func (a *app) measuredSpeed() (speed, error) {
	net, err := describe(experiments.Network{Kind: experiments.Residual, Depth: 20})
	if err != nil {
		return speed{}, err
	}
	const batch, steps = 128, 5
	b, err := a.timeSteps(net, batch, steps)
	if err != nil {
		return speed{}, err
	}
	return speed{
		perSecond: float64(net.MultiplyAdds()) * batch * passes / b.step.Seconds(),
		source:    fmt.Sprintf("%d steps of %s just now", steps, net.Name()),
	}, nil
}

// roughly formats a duration as people say it: 40 s, 12 min, 3.5 h, 2.1 days.
func roughly(d time.Duration) string {
	switch {
	case d < 100*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 100*time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
	return fmt.Sprintf("%.1f days", d.Hours()/24)
}
