package slurm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"time"
)

// ErrNoJob says that the process is no job of Slurm's.
var ErrNoJob = errors.New("-requeue: this is no job of Slurm's ($SLURM_JOB_ID is not set)")

// InJob reports whether this process is a part of a job of Slurm's.
func InJob() bool { return self(os.Getenv) != "" }

// Requeue puts the job that this process belongs to back into Slurm's queue, and reports
// whether it did. A job ends by an exit code as it ends by any other, so one
// that was signalled before its time limit must ask for that itself (only an
// administrator can have it done, by RequeueExit in slurm.conf(5)).
//
// A job that is no longer running is left alone: it was cancelled, or preempted,
// and Slurm requeues those that are preempted by itself, unless a site has it cancel
// them. A Slurm that does not answer is asked again until ctx ends.
func Requeue(ctx context.Context) (bool, error) {
	id := self(os.Getenv)
	if id == "" {
		return false, ErrNoJob
	}
	for asked := false; ; {
		out, err := output(exec.CommandContext(ctx, "scontrol", "--oneliner", "show", "job", id))
		switch {
		case err != nil:
			err = fmt.Errorf("asking after job %s: %w", id, err)
		case !running.MatchString(out):
			return asked, nil // where it was asked for before, the answer was lost
		default:
			asked = true
			if err = requeue(ctx, id); err == nil {
				return true, nil
			}
		}
		if ctx.Err() == nil && !unanswered.MatchString(err.Error()) && !away.MatchString(err.Error()) {
			return false, err // it is not for want of time
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("%w; there is no time to try again: submit the run again, it goes on from its checkpoint", err)
		case <-time.After(requeuePause):
		}
	}
}

// away is in what scontrol complains of where Slurm's controller does not listen just
// now: it is being started again, or another takes its place.
var away = regexp.MustCompile(`(?i)unable to contact|standby|rate limit`)

// requeuePause is the time between two tries.
const requeuePause = 2 * time.Second

func requeue(ctx context.Context, id string) error {
	_, err := output(exec.CommandContext(ctx, "scontrol", "requeue", id))
	// Slurm ends the job, which scontrol is a part of, as soon as it hears of it. The
	// end of ctx ends scontrol in the same way.
	var ended *exec.ExitError
	if err == nil || ctx.Err() == nil && errors.As(err, &ended) && !ended.Exited() {
		return nil
	}
	return fmt.Errorf("requeueing job %s: %w", id, err)
}

// What scontrol says of a job that neither ends nor has ended.
var running = regexp.MustCompile(`(?m)(^|\s)JobState=RUNNING(\s|$)`)

// self is the number of this job. A task of an array has one of its own, too, but
// that of the last task is the number of the whole array.
func self(env func(string) string) string {
	if array, task := env("SLURM_ARRAY_JOB_ID"), env("SLURM_ARRAY_TASK_ID"); array != "" && task != "" {
		return array + "_" + task
	}
	return env("SLURM_JOB_ID")
}
