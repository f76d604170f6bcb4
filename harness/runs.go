package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/train"
	"deepresidual/models"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// pollHeld is the time between two looks at runs that other workers hold.
const pollHeld = 2 * time.Second

// reproduce trains what the experiments lack and draws them.
func (a *app) reproduce(ctx context.Context) error {
	list, err := a.load()
	if err != nil {
		return err
	}
	store, err := a.open()
	if err != nil {
		return err
	}
	p, err := a.plan(ctx, list, store)
	if err != nil {
		return err
	}
	for _, r := range p {
		a.say("%s: %s", r.key, r.reason)
	}
	work := p.work()
	if len(work) == 0 {
		return errors.Join(p.failures(), a.drawTrained(list, store))
	}
	set, err := a.loadData(ctx)
	if errors.Is(err, data.ErrUnavailable) && len(a.run) == 0 {
		return a.drawRecorded(list, store, err)
	}
	if err != nil {
		return err
	}
	w := &worker{app: a, store: store, data: set, began: time.Now()}
	err = w.trainAll(ctx, work)
	if errors.Is(err, train.ErrStopped) {
		return fmt.Errorf("%w; the same command goes on from there", err)
	}
	// What could be trained is drawn even when something failed.
	return errors.Join(err, p.failures(), a.drawTrained(list, store))
}

// drawTrained draws the experiments, if not only some of their runs were asked
// for.
func (a *app) drawTrained(list []*experiments.Experiment, store *results.Store) error {
	if len(a.run) > 0 {
		return nil
	}
	return a.drawExhibits(list, store)
}

// plan compares the experiments with the records of the store.
func (a *app) plan(ctx context.Context, list []*experiments.Experiment, store *results.Store) (plan, error) {
	fingerprint, err := a.fingerprint(ctx)
	if err != nil {
		return nil, err
	}
	return makePlan(list, store, a.records(store), fingerprint, a.options)
}

// records returns what is recorded, and warns of records that are damaged.
func (a *app) records(store *results.Store) []*results.Record {
	records, damaged := store.Records()
	for _, err := range damaged {
		a.say("warning: %s", oneLine(err))
	}
	return records
}

// fingerprint returns that of the data set -data names. For CIFAR-10 it is
// known without the data: another set is not loaded.
func (a *app) fingerprint(ctx context.Context) (results.Fingerprint, error) {
	if a.data != data.SyntheticPath {
		return results.Fingerprint{Train: data.TrainFingerprint, Test: data.TestFingerprint}, nil
	}
	set, err := a.loadData(ctx)
	if err != nil {
		return results.Fingerprint{}, err
	}
	return set.Fingerprint, nil
}

// worker trains runs, one after the other.
type worker struct {
	*app
	store *results.Store
	data  *data.Set
	began time.Time
}

// trainAll trains the runs of a plan: the next that nobody holds, until none
// is left. Runs that other workers hold are waited for, and taken over should
// their worker die. A run that fails does not keep the others from being
// trained.
func (w *worker) trainAll(ctx context.Context, work plan) error {
	var failed error
	waiting := false
	for i := range work {
		work[i].name = fmt.Sprintf("%s (%d of %d)", work[i].key.Spec.Network, i+1, len(work))
	}
	for len(work) > 0 {
		var held plan
		for i, r := range work {
			err := w.trainOne(ctx, r, held.cost()+work[i+1:].cost())
			var other *lease.HeldError
			var lost *lease.LostError
			switch {
			case errors.As(err, &other):
				r.reason = "waiting for " + holder(&other.Holder)
				held = append(held, r)
			case errors.As(err, &lost):
				r.reason = oneLine(err)
				held = append(held, r)
			case errors.Is(err, train.ErrStopped):
				return err
			case ctx.Err() != nil:
				return fmt.Errorf("%w before %s", train.ErrStopped, r.key)
			case err != nil:
				w.say("%s: %s", r.key, oneLine(err))
				failed = errRuns
			}
		}
		if len(held) == len(work) {
			if !waiting {
				for _, r := range held {
					w.say("%s: %s", r.key, r.reason)
				}
			}
			waiting = true
			select {
			case <-time.After(pollHeld):
			case <-ctx.Done():
				return fmt.Errorf("%w while other workers train %d more", train.ErrStopped, len(held))
			}
		} else {
			waiting = false
		}
		work = held
	}
	return failed
}

// trainOne trains a run, unless another worker has done so since the plan was
// made. rest is the cost of the runs after it.
func (w *worker) trainOne(ctx context.Context, r planned, rest int64) (err error) {
	run, err := w.store.Begin(ctx, r.key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.Release()) }()
	record, damage := run.Record()
	if record != nil && record.Status.Finished() && (!w.retrain || record.Provenance.Ended.After(w.began)) {
		w.say("%s: %s by another worker meanwhile", r.key, record.Status)
		return nil
	}
	if damage != nil && !w.retrain {
		return damage
	}
	if w.retrain {
		if err := train.Discard(run); err != nil {
			return err
		}
	}

	spec := r.key.Spec
	net, err := describe(spec.Network)
	if err != nil {
		return err
	}
	// The memory of the run before is not this one's.
	debug.FreeOSMemory()
	train.ResetPeak()
	m, err := models.New(net, models.Options{Conventions: train.Conventions(spec.Protocol), Batch: spec.Protocol.Batch, EvalBatch: train.EvalBatch, Threads: w.threads, Kernels: w.kernels})
	if err != nil {
		return err
	}
	defer m.Close()

	p, err := newProgress(w.stderr, spec, r.name, rest)
	if err != nil {
		return err
	}
	defer p.End()
	fresh := &results.Record{WarmupEnded: -1, Provenance: provenance(ctx, w.threads)}
	if record != nil && !w.retrain {
		fresh.Provenance.Started = record.Provenance.Started
	}
	job := train.Job{
		Data:     w.data,
		Model:    m,
		Run:      run,
		Record:   fresh,
		Observer: &watched{progress: p, app: w.app, record: fresh},
		Every:    w.checkpoint,
	}
	return job.Train(ctx)
}

// watched is a run's progress that also keeps its TensorBoard event file up to
// date, if -tensorboard asks for one.
type watched struct {
	*progress
	app    *app
	record *results.Record
}

// Row implements train.Observer.
func (w *watched) Row(r results.Row) {
	w.progress.Row(r)
	if err := w.app.export(w.record); err != nil {
		w.Warn(err)
	}
}
