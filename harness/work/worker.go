package work

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"deepresidual/harness/data"
	"deepresidual/harness/process"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/models"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// Worker trains runs, one after the other.
type Worker struct {
	Store           *results.Store
	Data            *data.Set
	Program         process.Program // that trains, for the record
	Threads         int
	Kernels         string        // empty for the best this processor has
	CheckpointEvery time.Duration // see train.Job
	Retrain         bool          // train again what that was asked for: see Plan.AskForRetraining
	Output          io.Writer     // for progress; may be written from several goroutines at once

	// Row is called with a run's record as it stands after each row of its curve.
	Row func(*results.Record) error

	// LeaveHeld says that runs which other workers train are left to them. Else
	// they are waited for.
	LeaveHeld bool

	came bool // a run came to its end, or to a checkpoint, by this worker
}

// ErrStopped says that the context ended between two runs: what was done is
// recorded, and the same call goes on. Within a run it is train.ErrStopped.
var ErrStopped = errors.New("stopped")

// say prints a line for the user to follow along.
func (w *Worker) say(format string, args ...any) { fmt.Fprintf(w.Output, format+"\n", args...) }

// Train trains the runs of a plan: the next that nobody holds, until none
// is left. Runs that other workers hold are waited for, and taken over should
// their worker die. A run that fails does not keep the others from being
// trained, unless ctx has ended by then.
func (w *Worker) Train(ctx context.Context, work Plan) error {
	var failed error
	var waiting queue
	for i := range work {
		work[i].name = fmt.Sprintf("%s (%d of %d)", work[i].Key.Spec.Network, i+1, len(work))
	}
	for len(work) > 0 {
		var held Plan
		rest := work.Cost()
		for _, r := range work {
			rest -= r.Cost
			err := w.trainOne(ctx, r, held.Cost()+rest)
			var other *lease.HeldError
			var lost *lease.LostError
			switch {
			case err == nil:
				w.came = true
			case errors.As(err, &other):
				if w.LeaveHeld && waiting.alive(r, other) {
					w.say("%s: being trained by %s: left to it", r.Key, holder(&other.Holder))
					continue
				}
				r.Reason = "waiting for " + holder(&other.Holder)
				held = append(held, r)
			case errors.As(err, &lost):
				r.Reason = "taken over by another worker, since this one gave no sign of life"
				held = append(held, r)
			case errors.Is(err, train.ErrStopped):
				return errors.Join(err, failed)
			case ctx.Err() != nil && errors.Is(err, ctx.Err()):
				return errors.Join(w.stopped(ctx, "before "+r.Key.String()), failed)
			default:
				w.say("%s: %s", r.Key, text.OneLine(err))
				failed = ErrUnfinished
				if ctx.Err() != nil {
					return failed
				}
			}
		}
		if len(held) == len(work) {
			if err := waiting.wait(ctx, held, w.say); err != nil {
				return errors.Join(w.stopped(ctx, fmt.Sprintf("while other workers train %d more", len(held))), failed)
			}
		}
		work = held
	}
	return failed
}

// stopped is the error of a context that ended between runs. Where nothing was
// done yet there is nothing to go on from.
func (w *Worker) stopped(ctx context.Context, when string) error {
	if w.came {
		return fmt.Errorf("%w %s", ErrStopped, when)
	}
	return fmt.Errorf("interrupted %s: %w", when, ctx.Err())
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
	again, begun := run.Retraining()
	again = again && w.Retrain
	if record != nil && record.Status.Finished() && !again {
		if record.Status == results.Diverged {
			return fmt.Errorf("%w on another worker meanwhile: %s", train.ErrDiverged, record.Reason)
		}
		w.say("%s: %s by another worker meanwhile", r.Key, record.Status)
		return nil
	}
	if damage != nil && !(again && errors.As(damage, new(*results.DamagedError))) {
		return damage
	}
	if again && !begun {
		if err := train.Discard(run); err != nil {
			return err
		}
		if err := run.BeginRetraining(); err != nil {
			return err
		}
	}

	spec := r.Key.Spec
	// The memory of the run before is not this one's.
	debug.FreeOSMemory()
	process.ResetPeak()
	m, err := models.New(spec.Network, models.Options{Conventions: train.Conventions(spec.Protocol), Batch: spec.Protocol.Batch, EvalBatch: train.EvalBatch, Threads: w.Threads, Kernels: w.Kernels})
	if err != nil {
		return err
	}
	defer m.Close()

	p := newProgress(w.Output, spec, r.name, rest)
	defer p.End()
	note := context.AfterFunc(ctx, func() { w.say("%s: finishing the step and writing a checkpoint", r.Key) })
	defer note()
	fresh := &results.Record{WarmupEnded: -1, Provenance: process.Provenance(w.Program, w.Threads)}
	job := train.Job{
		Data:            w.Data,
		Model:           m,
		Run:             run,
		Record:          fresh,
		Observer:        &watched{progress: p, row: w.Row, record: fresh},
		CheckpointEvery: w.CheckpointEvery,
	}
	if err := job.Train(ctx); err != nil {
		return err
	}
	p.Done(fresh)
	return nil
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
