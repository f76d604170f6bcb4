package work

import (
	"context"
	"time"

	"deepresidual/results/lease"
)

// pollHeld is the time between two looks at runs that other workers hold.
const pollHeld = 2 * time.Second

// queue is a worker's wait for runs that others hold.
type queue struct {
	told   bool                     // who is waited for has been said
	silent map[string]time.Duration // by identity: how long the holder could still be silent when last looked at
}

// alive reports whether the holder of a run is known to live: it does on this
// machine, or has given a sign of life since the look before.
func (q *queue) alive(r Planned, held *lease.HeldError) bool {
	if q.silent == nil {
		q.silent = map[string]time.Duration{}
	}
	id := r.Key.Identity()
	before, ok := q.silent[id]
	q.silent[id] = held.Wait
	return held.Wait == 0 || ok && held.Wait > before
}

// wait says once who is waited for, and waits a little. The error is ctx's.
func (q *queue) wait(ctx context.Context, held Plan, say func(string, ...any)) error {
	if !q.told {
		for _, r := range held {
			say("%s: %s", r.Key, r.Reason)
		}
		say("what is recorded then is reused, and what is left by a worker that dies is taken over; Ctrl-C ends the waiting, -status tells how far the others are")
		q.told = true
	}
	select {
	case <-time.After(pollHeld):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
