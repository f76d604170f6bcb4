package work

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"deepresidual/harness/data"
	"deepresidual/harness/process"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/models"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// Worker trains runs, one after the other or several at once. Its fields are
// set before, and not changed while it trains.
type Worker struct {
	Store           *results.Store
	Data            *data.Set
	Program         process.Program // that trains, for the record
	Jobs            int             // runs that are trained at once, at most Threads; 0 stands for 1
	Threads         int             // of all of them: see shares
	Kernels         string          // empty for the best this processor has
	CheckpointEvery time.Duration   // see train.Job
	Retrain         bool            // train again what that was asked for: see Plan.AskForRetraining
	Output          io.Writer       // for progress; a Screen if others write there, too

	// Row is called with a run's record as it stands after each row of its curve,
	// by the goroutine that trains the run.
	Row func(*results.Record) error

	// LeaveHeld says that runs which other workers train are left to them. Else
	// they are waited for.
	LeaveHeld bool

	screen *Screen
	shares *shares

	mu   sync.Mutex
	came bool // there is something to go on from: a run came to its end, or one has a checkpoint
}

// ErrStopped says that the context ended between two runs: what was done is
// recorded, and the same call goes on. Within a run it is train.ErrStopped.
var ErrStopped = errors.New("stopped")

// Train trains the runs of a plan: the next that nobody holds, until none
// is left. Runs that other workers hold are waited for, and taken over should
// their worker die. A run that fails does not keep the others from being
// trained, unless ctx has ended by then.
func (w *Worker) Train(ctx context.Context, work Plan) error {
	w.screen = NewScreen(w.Output)
	for i, name := range work.names() {
		work[i].name = fmt.Sprintf("%s (%d of %d)", name, i+1, len(work))
	}
	w.came = w.came || work.Begun()
	jobs := max(1, min(w.Jobs, w.Threads, len(work)))
	q := &queue{jobs: jobs, say: w.screen.print, ahead: work}
	ends := make([]ending, jobs)
	w.shares = newShares(jobs, w.Threads)
	var all sync.WaitGroup
	for i := range jobs {
		all.Go(func() {
			defer w.shares.end(i)
			ends[i] = w.job(ctx, q, func() int { return w.shares.of(i) })
		})
	}
	all.Wait()
	var stopped, between, failed error
	lost := false
	for _, e := range ends {
		stopped = errors.Join(stopped, e.stopped)
		if between == nil {
			between = e.between
		}
		switch {
		case e.gone:
			failed = ErrGone
		case e.failed && failed == nil:
			failed = ErrUnfinished
		}
		lost = lost || e.lost
	}
	if stopped != nil {
		between = nil // a job without a run has nothing to add to those with a checkpoint
	}
	if stops := errors.Join(stopped, between); lost && stops != nil {
		return fmt.Errorf("%w; %v", failed, stops) // not all of what was done can be gone on from
	}
	return errors.Join(stopped, between, failed)
}

// ending is how a job came to its end.
type ending struct {
	stopped error // ctx ended within a run, which has a checkpoint
	between error // ctx ended between two runs
	failed  bool  // a run failed
	gone    bool  // the last one, since the results folder is gone
	lost    bool  // the last one did when ctx had ended, and so may have no checkpoint
}

// job trains one run of the queue after the other, with as many threads as it has
// by then.
func (w *Worker) job(ctx context.Context, q *queue, threads func() int) (end ending) {
	for {
		r, after, ok, waiting, err := q.next(ctx)
		if err != nil {
			end.between = w.stopped(ctx, fmt.Sprintf("while other workers train %d more", waiting))
			return end
		}
		if !ok {
			return end
		}
		err = w.trainOne(ctx, r, after, threads, q.jobs > 1)
		var other *lease.HeldError
		var lost *lease.LostError
		switch {
		case errors.As(err, &other) && w.LeaveHeld && q.alive(r, other):
			w.screen.print("%s: being trained by %s: left to it", r.Key, holder(&other.Holder))
		case errors.As(err, &other):
			q.hold(r, "waiting for "+waitingFor(other))
			continue
		case errors.As(err, &lost) && !lost.Gone:
			q.hold(r, "taken over by another worker, since this one gave no sign of life")
			continue
		case errors.As(err, &lost):
			// Someone has removed the folder, or unmounted it: what is begun now would
			// begin at the beginning, in another place.
			w.screen.print("%s: %s", r.Key, text.OneLine(err))
			end.gone, end.failed = w.Store.Empty(), true
			q.done()
			q.close()
			return end
		case err == nil:
			w.mu.Lock()
			w.came = true
			w.mu.Unlock()
		case errors.Is(err, train.ErrStopped):
			if end.stopped = err; q.jobs > 1 {
				end.stopped = fmt.Errorf("%s: %w", r.name, err)
			}
			return end
		case ctx.Err() != nil && errors.Is(err, ctx.Err()):
			end.between = w.stopped(ctx, "before "+r.Key.String())
			return end
		default:
			w.screen.print("%s: %s", r.Key, text.OneLine(err))
			end.failed = true
			if ctx.Err() != nil {
				end.lost = true
				return end
			}
		}
		q.done()
	}
}

// stopped is the error of a context that ended between runs. Where nothing was
// done yet there is nothing to go on from.
func (w *Worker) stopped(ctx context.Context, when string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.came {
		return fmt.Errorf("%w %s", ErrStopped, when)
	}
	return fmt.Errorf("interrupted %s: %w", when, ctx.Err())
}

// trainOne trains a run, unless another worker has done so since the plan was
// made. after is the cost of the runs that follow on the same threads, of which
// there may be more before it ends; besides says that others may be trained beside
// it.
func (w *Worker) trainOne(ctx context.Context, r Planned, after float64, threads func() int, besides bool) (err error) {
	defer process.Recover(&err) // of this run alone: the others go on
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
		w.screen.print("%s: %s by another worker meanwhile", r.Key, record.Status)
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
	if !besides {
		process.ResetPeak()
	}
	first := threads()
	m, err := models.New(spec.Network, models.Options{
		Conventions: train.Conventions(spec.Protocol), Batch: spec.Protocol.Batch, EvalBatch: train.EvalBatch,
		Threads: first, MostThreads: w.Threads, Kernels: w.Kernels,
	})
	if err != nil {
		return err
	}
	defer m.Close()

	p := newProgress(w.screen, r.Key, r.name, after)
	defer p.End()
	note := context.AfterFunc(ctx, func() {
		w.screen.leave()
		w.screen.print("%s: finishing the step and writing a checkpoint", r.Key)
	})
	defer note()
	fresh := &results.Record{WarmupEnded: -1, Provenance: process.Provenance(w.Program, first)}
	job := train.Job{
		Data:            w.Data,
		Model:           m,
		Run:             run,
		Record:          fresh,
		Observer:        &watched{progress: p, row: w.Row, record: fresh},
		CheckpointEvery: w.CheckpointEvery,
		Threads:         p.follow(threads, first),
		Besides:         besides,
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
