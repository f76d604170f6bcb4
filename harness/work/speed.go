package work

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"deepresidual/harness/bench"
	"deepresidual/harness/cost"
	"deepresidual/harness/text"
	"deepresidual/models"
	"deepresidual/models/network"
	"deepresidual/results"
)

// Speed is how fast a machine trains, in multiply-adds a second.
type Speed struct {
	PerSecond float64
	Source    string // how it is known, for people
}

// Time returns how long so many multiply-adds take.
func (s Speed) Time(multiplyAdds float64) time.Duration {
	return inSeconds(multiplyAdds / s.PerSecond)
}

// inSeconds returns so many seconds, at most the three centuries that a
// time.Duration holds.
func inSeconds(s float64) time.Duration {
	if ns := s * float64(time.Second); ns < math.MaxInt64 {
		return time.Duration(ns)
	}
	return math.MaxInt64
}

// RecordedSpeed returns the speed of a machine's latest complete run, by its
// record: the same host, since many machines have a processor of one name, the
// same processor, kernels and number of threads, from its start to its end. It
// reports whether there is one. Hosts elsewhere can be alike in all of these, so
// the source names them and does not say that it was this machine.
func RecordedSpeed(records []*results.Record, host, cpu, kernels string, threads int) (Speed, bool) {
	var latest *results.Record
	for _, r := range records {
		p := r.Provenance
		if r.Status != results.Complete || p.Host != host || p.CPU != cpu || p.Threads != threads || p.TrainSeconds <= 0 || r.Key.Data.Synthetic {
			continue
		}
		if !slices.Equal(p.Kernels, []string{kernels}) {
			continue // a processor of the same name can have fewer instructions
		}
		if !trainedBy(r, func(o results.Process) bool {
			return o.Host == host && o.CPU == cpu && o.Kernels == kernels && o.Threads == threads
		}) {
			continue
		}
		if latest == nil || p.Ended.After(latest.Provenance.Ended) {
			latest = r
		}
	}
	if latest == nil {
		return Speed{}, false
	}
	return Speed{
		PerSecond: cost.Run(latest.Key, 0) / undisturbed(latest),
		Source:    fmt.Sprintf("the pace of %s on %s (%s, %s, %s)", latest.Key.Spec.Network, host, cpu, kernels, text.Count(threads, "thread")),
	}, true
}

// undisturbed returns the seconds that a complete run takes where nothing holds
// it up: those of all its iterations at the median pace of the intervals between
// evaluations. The seconds of a process that was stopped for an hour, or shared
// the machine for one, are in few of them.
func undisturbed(r *results.Record) float64 {
	var paces []float64 // seconds an iteration
	before := results.Time{}
	for _, t := range r.Times {
		if t.Iteration <= before.Iteration || t.Seconds <= before.Seconds {
			return r.Provenance.TrainSeconds // what the times of such a record mean is not known
		}
		paces = append(paces, (t.Seconds-before.Seconds)/float64(t.Iteration-before.Iteration))
		before = t
	}
	if len(paces) == 0 {
		return r.Provenance.TrainSeconds
	}
	slices.Sort(paces)
	median := paces[len(paces)/2]
	return min(r.Provenance.TrainSeconds, median*float64(r.Key.Spec.Protocol.Iterations))
}

// trainedBy reports whether each process that had a part in a run is like the
// others, as like says: the seconds of a run are those of all its processes,
// while its provenance is the last one's.
func trainedBy(r *results.Record, like func(results.Process) bool) bool {
	if len(r.Processes) == 0 {
		return r.Provenance.Resumed == 0 // else who they were is not known
	}
	return !slices.ContainsFunc(r.Processes, func(p results.Process) bool { return !like(p) })
}

// measured is the network that MeasuredSpeed trains, on minibatches of
// measuredBatch images.
func measured() network.Network { return network.Standard(network.Residual, 3) }

const measuredBatch = 128

// MeasuredSpeed times a few training steps of a small network.
func MeasuredSpeed(ctx context.Context, threads int, kernels string) (Speed, error) {
	net := measured()
	const batch, steps = measuredBatch, 5
	b, err := bench.Steps(ctx, net, bench.Options{Batch: batch, Steps: steps, Threads: threads, Kernels: kernels, NoEvaluation: true})
	if err != nil {
		return Speed{}, err
	}
	return Speed{
		PerSecond: float64(net.MultiplyAdds()) * batch * cost.Passes / b.Step.Seconds(),
		Source:    fmt.Sprintf("%d steps of %s just now", steps, net),
	}, nil
}

// MeasuredThread returns the multiply-adds a second of one thread by
// [MeasuredSpeed].
func MeasuredThread(ctx context.Context, threads int, kernels string) (perSecond float64, err error) {
	s, err := MeasuredSpeed(ctx, threads, kernels)
	return s.PerSecond / models.Speedup(measured(), measuredBatch, threads, threads), err
}

// SlowestThread returns the fewest multiply-adds a second that one thread would
// have done in any complete run that had the same number of them throughout, since
// the nodes of a cluster are seldom alike. Kernels restricts it to runs by these
// alone; empty for any.
func SlowestThread(records []*results.Record, kernels string) (perSecond float64, ok bool) {
	for _, r := range records {
		p := r.Provenance
		if r.Status != results.Complete || p.TrainSeconds <= 0 || p.Threads < 1 || r.Key.Data.Synthetic {
			continue
		}
		if !trainedBy(r, func(o results.Process) bool { return o.Threads == p.Threads }) {
			continue
		}
		if kernels != "" && (len(p.Kernels) != 1 || strings.TrimSuffix(p.Kernels[0], "-fma") != kernels) { // they have their rounding with them
			continue
		}
		spec := r.Key.Spec
		speedup := models.Speedup(spec.Network, spec.Protocol.Batch, p.Threads, p.Threads)
		if s := cost.Run(r.Key, 0) / undisturbed(r) / speedup; !ok || s < perSecond {
			perSecond, ok = s, true
		}
	}
	return perSecond, ok
}
