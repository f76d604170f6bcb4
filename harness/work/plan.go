// Package work plans the runs of experiments, like make: what is recorded is
// reused, what was interrupted goes on ([Make]). A [Worker] then trains what is
// left, beside others on the same results folder, and shows how it gets on. How one run
// is trained is for package train; nothing is drawn here.
package work

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"deepresidual/harness/cost"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/models"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// ErrUnfinished says that not every run came to its end.
var ErrUnfinished = errors.New("not every run was trained to its end")

// ErrGone is the ErrUnfinished of a results folder that went away: whatever is written
// to it then may be written to another place.
var ErrGone = fmt.Errorf("%w, and nothing is drawn: the results folder is gone", ErrUnfinished)

// A Plan is what a command would do: the runs of its experiments, each once
// however many experiments show it, in the order in which they would be
// trained: the longest first, so that of several workers none ends with a long
// run that nobody can help with.
type Plan []Planned

// Planned is a run and what is to be done about it.
type Planned struct {
	Key     results.Key
	ShownBy []string // experiments
	State   results.State
	Train   bool
	Reason  string  // why it is trained, or not
	Done    int     // iterations that need not be trained again
	Cost    float64 // multiply-adds that are left to train

	again bool   // it is to be asked for (-retrain)
	name  string // for progress, among those that are trained: "resnet-20 (2 of 3)"
}

// Make compares the runs of experiments with what is recorded: records are
// those of the store.
func Make(store *results.Store, records []*results.Record, request results.Request) Plan {
	var p Plan
	for _, run := range request.Runs(models.Arithmetic) {
		r := Planned{Key: run.Key, ShownBy: run.By, State: store.State(run.Key)}
		if at, ok := train.Latest(store.Path(run.Key)); ok {
			r.Done = at
		}
		r.decide(records)
		p = append(p, r)
	}
	return p.inOrder()
}

// Begun reports whether some run has a checkpoint, of an earlier process.
func (p Plan) Begun() bool {
	return slices.ContainsFunc(p, func(r Planned) bool { return r.Done > 0 })
}

// inOrder settles what the runs cost and in which order they are trained.
func (p Plan) inOrder() Plan {
	for i := range p {
		r := &p[i]
		if r.Cost = 0; r.Train {
			r.Cost = cost.Run(r.Key, r.Done)
		}
	}
	slices.SortStableFunc(p, func(a, b Planned) int { return cmp.Compare(b.Cost, a.Cost) })
	return p
}

// Only returns the runs whose identities begin as given. The error names the
// first beginning that no run of the plan has, or more than one.
func (p Plan) Only(beginnings []string) (Plan, error) {
	chosen := make([]bool, len(p))
	for _, begin := range beginnings {
		found := 0
		for i, r := range p {
			if strings.HasPrefix(r.Key.Identity(), begin) {
				chosen[i] = true
				found++
			}
		}
		switch {
		case found == 0:
			return nil, fmt.Errorf("%s: no such run", begin)
		case found > 1:
			return nil, fmt.Errorf("%s: so begin %d runs", begin, found)
		}
	}
	var only Plan
	for i, r := range p {
		if chosen[i] {
			only = append(only, r)
		}
	}
	return only, nil
}

// decide says whether a run is trained and why.
func (r *Planned) decide(records []*results.Record) {
	r.Train = true
	switch status := r.State.Status; {
	case status == results.Running:
		r.Reason = "being trained by " + holder(r.State.Holder)
	case status == results.Missing:
		r.Reason = missingBecause(r.Key, records)
	case status == results.Complete:
		r.Train, r.Reason = false, "recorded: reused"
		if r.State.Retraining {
			r.Reason += "; -retrain goes on with training it again"
		}
	case status == results.Diverged:
		r.Train, r.Reason = false, "recorded as diverged: reused (-retrain trains it again)"
	case status == results.Damaged, status == results.Newer:
		r.Train, r.Reason = false, text.OneLine(r.State.Damage)
		if r.State.Retraining && status == results.Damaged {
			r.Reason += "; -retrain goes on with training it again"
		}
	case r.Done > 0:
		r.Reason = fmt.Sprintf("interrupted: goes on from iteration %s of %s", text.Grouped(r.Done), text.Grouped(r.Key.Spec.Protocol.Iterations))
	default:
		r.Reason = "interrupted before its first checkpoint: from the start"
	}
}

// holder names a worker that holds a run: "node7:4711 since 2026-11-24 09:00:00 CET".
func holder(h *lease.Holder) string {
	if h.Host == "" {
		return "a worker that cannot be named"
	}
	return fmt.Sprintf("%s:%d since %s", text.Printable(h.Host), h.PID, h.Since.Local().Format(time.DateTime+" MST"))
}

// waitingFor names the holder of a run that is waited for, and says of one that may be
// dead, on another machine or on this one before it started again, how long.
func waitingFor(held *lease.HeldError) string {
	if held.Wait == 0 {
		return holder(&held.Holder)
	}
	return fmt.Sprintf("%s; taken over in %s unless it gives a sign of life", holder(&held.Holder), text.Roughly(held.Wait))
}

// missingBecause says why nothing is recorded for a key: nothing ever was, or
// something with other settings.
func missingBecause(key results.Key, records []*results.Record) string {
	var closest []string
	for _, r := range records {
		s := r.Key.Spec
		if s.Network != key.Spec.Network || s.Seed != key.Spec.Seed || s.Scale != key.Spec.Scale || r.Key.Data.Synthetic != key.Data.Synthetic {
			continue
		}
		if d := differences(r.Key, key); closest == nil || len(d) < len(closest) {
			closest = d
		}
	}
	if closest == nil {
		return "not recorded"
	}
	return "recorded only with " + strings.Join(closest, ", ")
}

// differences lists what differs between the key of a record and another of the
// same network, seed and scale.
func differences(recorded, wanted results.Key) []string {
	var list []string
	for _, d := range recorded.Spec.Protocol.DifferencesFor(wanted.Spec.Network, wanted.Spec.Protocol) {
		list = append(list, fmt.Sprintf("%s %v instead of %v", d.Key, d.From, d.To))
	}
	if recorded.Data != wanted.Data {
		list = append(list, "other data")
	}
	if recorded.Arithmetic != wanted.Arithmetic {
		list = append(list, fmt.Sprintf("arithmetic %d instead of %d", recorded.Arithmetic, wanted.Arithmetic))
	}
	return list
}

// names names the runs of a plan, each by its network and by as much more as
// tells it from the others: its seed, the beginning of its identity.
func (p Plan) names() []string {
	type seeded struct {
		network string
		seed    int64
	}
	ofNetwork, ofSeed := make(map[string]int), make(map[seeded]int)
	for _, r := range p {
		net := r.Key.Spec.Network.String()
		ofNetwork[net]++
		ofSeed[seeded{net, r.Key.Spec.Seed}]++
	}
	names := make([]string, len(p))
	for i, r := range p {
		run := seeded{r.Key.Spec.Network.String(), r.Key.Spec.Seed}
		names[i] = run.network
		if ofNetwork[run.network] > 1 {
			names[i] += fmt.Sprintf(" seed %d", run.seed)
		}
		if ofSeed[run] > 1 {
			names[i] += " " + r.Key.Identity()[:6]
		}
	}
	return names
}

// Work returns the runs that are to be trained, by this process or another.
func (p Plan) Work() Plan {
	return slices.DeleteFunc(slices.Clone(p), func(r Planned) bool { return !r.Train })
}

// Failures returns ErrUnfinished if a run of the plan cannot be had: it
// diverged, or its record is damaged.
func (p Plan) Failures() error {
	for _, r := range p {
		if s := r.State.Status; !r.Train && s != results.Complete {
			return ErrUnfinished
		}
	}
	return nil
}

// Cost returns the multiply-adds that are left.
func (p Plan) Cost() float64 {
	var sum float64
	for _, r := range p {
		sum += r.Cost
	}
	return sum
}
