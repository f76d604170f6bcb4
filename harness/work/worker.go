package work

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"deepresidual/harness/cost"
	"deepresidual/harness/data"
	"deepresidual/harness/process"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/models"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// pollHeld is the time between two looks at runs that other workers hold.
const pollHeld = 2 * time.Second

// Worker trains runs, one after the other.
type Worker struct {
	Store           *results.Store
	Data            *data.Set
	Threads         int
	Kernels         string        // empty for the best this processor has
	CheckpointEvery time.Duration // see train.Job
	Retrain         bool          // train again what is recorded
	Output          io.Writer     // for progress

	// Row is called with a run's record as it stands after each row of its curve.
	Row func(*results.Record) error

	began time.Time
}

// say prints a line for the user to follow along.
func (w *Worker) say(format string, args ...any) { fmt.Fprintf(w.Output, format+"\n", args...) }

// Train trains the runs of a plan: the next that nobody holds, until none
// is left. Runs that other workers hold are waited for, and taken over should
// their worker die. A run that fails does not keep the others from being
// trained.
func (w *Worker) Train(ctx context.Context, work Plan) error {
	w.began = time.Now()
	var failed error
	waiting := false
	for i := range work {
		work[i].name = fmt.Sprintf("%s (%d of %d)", work[i].Key.Spec.Network, i+1, len(work))
	}
	for len(work) > 0 {
		var held Plan
		for i, r := range work {
			err := w.trainOne(ctx, r, held.Cost()+work[i+1:].Cost())
			var other *lease.HeldError
			var lost *lease.LostError
			switch {
			case errors.As(err, &other):
				r.Reason = "waiting for " + holder(&other.Holder)
				held = append(held, r)
			case errors.As(err, &lost):
				r.Reason = text.OneLine(err)
				held = append(held, r)
			case errors.Is(err, train.ErrStopped):
				return err
			case ctx.Err() != nil:
				return fmt.Errorf("%w before %s", train.ErrStopped, r.Key)
			case err != nil:
				w.say("%s: %s", r.Key, text.OneLine(err))
				failed = ErrUnfinished
			}
		}
		if len(held) == len(work) {
			if !waiting {
				for _, r := range held {
					w.say("%s: %s", r.Key, r.Reason)
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
func (w *Worker) trainOne(ctx context.Context, r Planned, rest int64) (err error) {
	run, err := w.Store.Begin(ctx, r.Key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.Release()) }()
	record, damage := run.Record()
	if record != nil && record.Status.Finished() && (!w.Retrain || record.Provenance.Ended.After(w.began)) {
		w.say("%s: %s by another worker meanwhile", r.Key, record.Status)
		return nil
	}
	if damage != nil && !w.Retrain {
		return damage
	}
	if w.Retrain {
		if err := train.Discard(run); err != nil {
			return err
		}
	}

	spec := r.Key.Spec
	net, err := cost.Describe(spec.Network)
	if err != nil {
		return err
	}
	// The memory of the run before is not this one's.
	debug.FreeOSMemory()
	process.ResetPeak()
	m, err := models.New(net, models.Options{Conventions: train.Conventions(spec.Protocol), Batch: spec.Protocol.Batch, EvalBatch: train.EvalBatch, Threads: w.Threads, Kernels: w.Kernels})
	if err != nil {
		return err
	}
	defer m.Close()

	p, err := newProgress(w.Output, spec, r.name, rest)
	if err != nil {
		return err
	}
	defer p.End()
	fresh := &results.Record{WarmupEnded: -1, Provenance: process.Provenance(ctx, w.Threads)}
	if record != nil && !w.Retrain {
		fresh.Provenance.Started = record.Provenance.Started
	}
	job := train.Job{
		Data:            w.Data,
		Model:           m,
		Run:             run,
		Record:          fresh,
		Observer:        &watched{progress: p, row: w.Row, record: fresh},
		CheckpointEvery: w.CheckpointEvery,
	}
	return job.Train(ctx)
}

// watched is a run's progress that also tells of each row what else is to be
// done with it.
type watched struct {
	*progress
	row    func(*results.Record) error
	record *results.Record
}

// Row implements train.Observer.
func (w *watched) Row(r results.Row) {
	w.progress.Row(r)
	if w.row == nil {
		return
	}
	if err := w.row(w.record); err != nil {
		w.Warn(err)
	}
}
