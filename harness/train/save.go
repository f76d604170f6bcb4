package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"deepresidual/harness/process"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// What a run leaves on the disk while it is trained: checkpoints to go on from,
// and its record.

// checkpointShare bounds the share of the time that goes into checkpoints: a
// large network's are written less often than CheckpointEvery says.
const checkpointShare = 0.02

// saved is about the last checkpoint.
type saved struct {
	iteration int // -1: none yet
	rows      int
	at        time.Time
	took      time.Duration
}

// failures are since when rows and checkpoints cannot be saved.
type failures struct{ row, checkpoint time.Time }

// usualPatience is how long a run goes on that cannot save what it has: disks are
// full, and servers away, for a while.
const usualPatience = 10 * time.Minute

// endure returns the error of saving a row or a checkpoint, or nil if the run can go
// on without: the next one holds all that this one would have held. It keeps when
// that began to fail.
func (t *trainer) endure(since *time.Time, err error) error {
	if err == nil {
		*since = time.Time{}
		return nil
	}
	if since.IsZero() {
		*since = time.Now()
	}
	left := cmp.Or(t.patience, usualPatience) - time.Since(*since)
	if left <= 0 || errors.As(err, new(*lease.LostError)) {
		return err
	}
	t.Observer.Warn(fmt.Errorf("saving it is tried again, for %v at most: %w", left.Round(time.Second), err))
	return nil
}

// keepCheckpoint writes a checkpoint, if it can. It holds the rows, too.
func (t *trainer) keepCheckpoint() error {
	err := t.checkpoint()
	if err == nil {
		t.failing.row = time.Time{}
	} else {
		t.saved.at = time.Now() // or it would be tried at every step
	}
	return t.endure(&t.failing.checkpoint, err)
}

// insistPause is the time between two tries of insist.
const insistPause = 5 * time.Second

// insist saves what nothing that comes later would save: it tries until that can no
// longer be endured, or ctx ends.
func (t *trainer) insist(ctx context.Context, save func() error) error {
	for since := (time.Time{}); ; {
		err := save()
		if err == nil {
			return nil
		}
		if err := t.endure(&since, err); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(insistPause, cmp.Or(t.patience, usualPatience))):
		}
	}
}

// stop leaves a checkpoint of a run that was told to stop, be it while its end could
// not be saved.
func (t *trainer) stop() error {
	t.Record.Responses, t.Record.Provenance.Ended = nil, time.Time{}
	if t.saved.iteration != t.Iteration || t.saved.rows != len(t.Rows) {
		if err := t.checkpoint(); err != nil {
			return fmt.Errorf("stopped at iteration %d, of which there is no checkpoint: %w", t.Iteration, err)
		}
	}
	reason := fmt.Sprintf("stopped at iteration %d", t.Iteration)
	if err := t.save(results.Interrupted, reason); err != nil {
		return fmt.Errorf("%s with a checkpoint, but it is not recorded: %w", reason, err)
	}
	return fmt.Errorf("%w at iteration %d", ErrStopped, t.Iteration)
}

// retryCheckpoint is the longest time between two tries to save what could not be
// saved: so that there are many before the patience ends.
const retryCheckpoint = 30 * time.Second

// checkpointDue reports whether it is time for a checkpoint. When one is
// written changes nothing but how much work a kill can cost.
func (t *trainer) checkpointDue() bool {
	if t.CheckpointEvery < 0 && t.failing == (failures{}) {
		return true
	}
	wait := max(t.CheckpointEvery, time.Duration(float64(t.saved.took)/checkpointShare))
	if t.failing != (failures{}) { // a checkpoint holds the rows, too
		if wait = min(wait, retryCheckpoint); t.CheckpointEvery < 0 {
			wait = retryCheckpoint // and not at every step
		}
	}
	return time.Since(t.saved.at) >= wait
}

// checkpoint writes a checkpoint. It is one to go on from, whether older ones can be
// removed or not.
func (t *trainer) checkpoint() error {
	began := t.clock.Now()
	t.Seconds = t.seconds()
	t.WarmUp = t.schedule.state
	t.observePeak()
	c := checkpoint{state: t.state, tensors: t.Model.Tensors(), momentum: t.Model.Momentum()}
	if err := writeCheckpoint(t.Run, c); err != nil {
		return err
	}
	if err := removeOlder(t.Run, t.Iteration); errors.As(err, new(*lease.LostError)) {
		return err
	} else if err != nil {
		t.Observer.Warn(fmt.Errorf("an old checkpoint stays: %w", err))
	}
	t.saved = saved{iteration: t.Iteration, rows: len(t.Rows), at: time.Now(), took: t.clock.Now().Sub(began)}
	return nil
}

// save saves the run's record as it is now.
func (t *trainer) save(status results.Status, reason string) error {
	r := t.Record
	r.Key, r.Status, r.Reason = t.Run.Key(), status, reason
	r.WarmupEnded = t.schedule.WarmupEnded()
	r.Rows = slices.Clone(t.Rows)
	r.Times = slices.Clone(t.Times)
	r.Provenance.Kernels = slices.Clone(t.Kernels)
	r.Provenance.Resumed = t.Resumed
	r.Processes = slices.Clone(t.Processes)
	r.Provenance.TrainSeconds = t.seconds()
	t.observePeak()
	r.PeakMiB = t.PeakMiB
	return t.Run.Save(r)
}

// observePeak raises the peak memory to that of this process, if it is this run's.
func (t *trainer) observePeak() {
	if !t.Besides {
		t.PeakMiB = max(t.PeakMiB, process.PeakMiB())
	}
}
