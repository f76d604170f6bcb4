package work

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// Retrain returns the plan for training its runs again, those that have a record
// as well: all of them or, if that was asked for before, what is left of them. In
// the latter case nothing is to be asked for, even if another worker has done the
// rest by the time that this one comes to it.
func (p Plan) Retrain(store *results.Store) (Plan, error) {
	left, err := store.Retraining(p.keys())
	if err != nil {
		return nil, err
	}
	again := slices.Clone(p)
	asked := len(left) > 0
	for i := range again {
		r := &again[i]
		status := r.State.Status
		switch status {
		case results.Missing:
			r.again = !asked // trained anyway, and part of what is asked for: it can be interrupted
			continue
		case results.Running, results.Newer:
			continue // no matter
		}
		begun, isLeft := left[r.Key.Identity()]
		switch {
		case isLeft && begun && r.Done > 0:
			r.Reason = fmt.Sprintf("recorded as %s: goes on with training it again from iteration %s of %s",
				status, text.Grouped(r.Done), text.Grouped(r.Key.Spec.Protocol.Iterations))
		case isLeft || !asked:
			r.Done, r.Reason = 0, fmt.Sprintf("recorded as %s: trained again (-retrain)", status)
		case status.Finished():
			r.Reason = "trained again already: the rest of that goes on (-retrain)"
			continue
		default:
			continue
		}
		r.Train, r.again = true, !asked
		if h := r.State.Holder; h != nil {
			r.Reason = "being trained again by " + holder(h)
		}
	}
	return again.inOrder(), nil
}

// AskForRetraining notes in the store that the runs of a plan from Retrain are
// to be trained again, so that the same command goes on should it be interrupted.
func (p Plan) AskForRetraining(store *results.Store) error {
	var again []results.Key
	for _, r := range p {
		if r.again {
			again = append(again, r.Key)
		}
	}
	left, err := store.Retraining(p.keys())
	if err != nil || len(left) > 0 { // or it was asked for before
		return err
	}
	return store.Retrain(p.keys(), again)
}

func (p Plan) keys() []results.Key {
	keys := make([]results.Key, len(p))
	for i, r := range p {
		keys[i] = r.Key
	}
	return keys
}

// Clean removes what a worker left which was killed between the last record of a
// run and its tidying up. What belongs to a run that is being trained again stays.
func (p Plan) Clean(ctx context.Context, store *results.Store) error {
	var failed []error
	for _, r := range p {
		if !r.State.Status.Finished() || r.Done == 0 || r.State.Retraining || r.State.Holder != nil {
			continue
		}
		if err := clean(ctx, store, r.Key); err != nil && !errors.As(err, new(*lease.HeldError)) {
			failed = append(failed, fmt.Errorf("%s: removing old checkpoints: %w", r.Key, err))
		}
	}
	return errors.Join(failed...)
}

func clean(ctx context.Context, store *results.Store, key results.Key) (err error) {
	run, err := store.Begin(ctx, key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.Release()) }()
	record, _ := run.Record() // one that is damaged by now is no reason to remove anything
	if again, _ := run.Retraining(); again || record == nil || !record.Status.Finished() {
		return nil
	}
	return train.Tidy(run, record.Status)
}
