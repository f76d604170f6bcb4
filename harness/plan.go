package main

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/train"
	"deepresidual/models"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// plan is what a command would do: the runs of its experiments, each once
// however many experiments show it, in the order in which they would be
// trained: the longest first, so that of several workers none ends with a long
// run that nobody can help with.
type plan []planned

// planned is a run and what is to be done about it.
type planned struct {
	key     results.Key
	name    string   // for progress, among those that are trained: "resnet-20 (2 of 3)"
	shownBy []string // experiments
	state   results.State
	train   bool
	reason  string // why it is trained, or not
	done    int    // iterations that need not be trained again
	cost    int64  // multiply-adds that are left to train
}

// makePlan compares the runs of the experiments with what is recorded.
func makePlan(list []*experiments.Experiment, store *results.Store, records []*results.Record, data results.Fingerprint, o options) (plan, error) {
	var p plan
	for _, e := range list {
		for _, spec := range e.Runs(o.scale, o.seeds) {
			key := results.Key{Spec: spec, Data: data, Arithmetic: models.Arithmetic}
			same := func(r planned) bool { return r.key.Identity() == key.Identity() }
			if i := slices.IndexFunc(p, same); i >= 0 {
				p[i].shownBy = append(p[i].shownBy, e.Name)
				continue
			}
			if len(o.run) > 0 && !slices.Contains(o.run, key.Identity()) {
				continue
			}
			r := planned{key: key, shownBy: []string{e.Name}, state: store.State(key)}
			if at, ok := train.Latest(store.Path(key)); ok && !o.retrain {
				r.done = at
			}
			r.decide(records, o.retrain)
			if r.train {
				var err error
				if r.cost, err = cost(spec, r.done); err != nil {
					return nil, fmt.Errorf("%s: %w", e.Name, err)
				}
			}
			p = append(p, r)
		}
	}
	for _, id := range o.run {
		if !slices.ContainsFunc(p, func(r planned) bool { return r.key.Identity() == id }) {
			return nil, usagef("-run %s: no such run in %s at scale %s; -status lists them, and a changed spec changes them", id, strings.Join(o.exp, ", "), o.scale)
		}
	}
	slices.SortStableFunc(p, func(a, b planned) int { return cmp.Compare(b.cost, a.cost) })
	return p, nil
}

// decide says whether a run is trained and why.
func (r *planned) decide(records []*results.Record, retrain bool) {
	r.train = true
	switch status := r.state.Status; {
	case status == results.Running:
		r.reason = "being trained by " + holder(r.state.Holder)
	case status == results.Missing:
		r.reason = missingBecause(r.key, records)
	case retrain:
		r.reason = fmt.Sprintf("recorded as %s: trained again (-retrain)", status)
	case status == results.Complete:
		r.train, r.reason = false, "recorded: reused"
	case status == results.Diverged:
		r.train, r.reason = false, "recorded as diverged: reused (-retrain trains it again)"
	case status == results.Damaged:
		r.train, r.reason = false, oneLine(r.state.Damage)
	case r.done > 0:
		r.reason = fmt.Sprintf("interrupted: goes on from iteration %s of %s", grouped(r.done), grouped(r.key.Spec.Protocol.Iterations))
	default:
		r.reason = "interrupted before its first checkpoint: from the start"
	}
}

// holder names a worker that holds a run: "node7:4711 since 2026-11-24 09:00:00".
func holder(h *lease.Holder) string {
	if h.Host == "" {
		return "a worker that cannot be named"
	}
	return fmt.Sprintf("%s:%d since %s", h.Host, h.PID, h.Since.Local().Format(time.DateTime))
}

// missingBecause says why nothing is recorded for a key: nothing ever was, or
// something was that has another key by now.
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
	return "changed since it was recorded: " + strings.Join(closest, ", ")
}

// differences lists what differs between two keys of a network, seed and scale.
func differences(old, now results.Key) []string {
	var list []string
	a, b := reflect.ValueOf(old.Spec.Protocol), reflect.ValueOf(now.Spec.Protocol)
	for i := range a.NumField() {
		name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("toml"), ",")
		from, to := a.Field(i).Interface(), b.Field(i).Interface()
		if !reflect.DeepEqual(from, to) {
			list = append(list, fmt.Sprintf("%s %v -> %v", name, from, to))
		}
	}
	if old.Data != now.Data {
		list = append(list, "other data")
	}
	if old.Arithmetic != now.Arithmetic {
		list = append(list, fmt.Sprintf("arithmetic %d -> %d", old.Arithmetic, now.Arithmetic))
	}
	return list
}

// work returns the runs that are to be trained, by this process or another.
func (p plan) work() plan {
	return slices.DeleteFunc(slices.Clone(p), func(r planned) bool { return !r.train })
}

// failures returns an error if a run of the plan cannot be had: it diverged, or
// its record is damaged.
func (p plan) failures() error {
	for _, r := range p {
		if s := r.state.Status; !r.train && s != results.Complete {
			return errRuns
		}
	}
	return nil
}

// cost returns the multiply-adds that are left.
func (p plan) cost() int64 {
	var sum int64
	for _, r := range p {
		sum += r.cost
	}
	return sum
}
