package work

import (
	"context"
	"sync"
	"time"

	"deepresidual/results/lease"
)

// pollHeld is the time between two looks at runs that other workers hold.
const pollHeld = 2 * time.Second

// queue hands runs to the jobs of a worker, one at a time, and keeps those that
// other workers hold to be tried again. It may be used from any goroutine.
type queue struct {
	jobs int
	say  func(format string, args ...any)

	mu      sync.Mutex
	ahead   Plan                 // to be tried
	held    Plan                 // found held since they were last tried
	running int                  // runs that jobs have in hand
	ended   bool                 // since those held were last tried, a run was not found held
	told    bool                 // who is waited for has been said
	closed  bool                 // no run is to be begun any more
	beats   map[string]time.Time // by identity: the holder's sign of life when last looked at
}

// next returns the next run, and the cost of the runs that its job has to do
// after it; false if no run is left. While others hold all that is left it
// waits; it then says once who is waited for. The error is ctx's, and waiting
// says for how many runs the job waited.
func (q *queue) next(ctx context.Context) (r Planned, after float64, ok bool, waiting int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.ahead) == 0 {
		if len(q.held) == 0 {
			return Planned{}, 0, false, 0, nil
		}
		if !q.ended {
			if waiting, err = q.wait(ctx); err != nil {
				return Planned{}, 0, false, waiting, err
			}
		}
		q.ahead, q.held, q.ended = append(q.ahead, q.held...), nil, false
	}
	r, q.ahead = q.ahead[0], q.ahead[1:]
	q.running++
	return r, q.after(), true, 0, nil
}

// after is the cost of what a job that has just got a run will have to do after
// it: its part of what is left when every job has one.
func (q *queue) after() float64 {
	left := q.ahead[min(len(q.ahead), max(0, q.jobs-q.running)):]
	return (left.Cost() + q.held.Cost()) / float64(q.jobs)
}

// wait waits a little for the runs that are held, of which it returns the
// number, without keeping other jobs from the queue.
func (q *queue) wait(ctx context.Context) (waiting int, err error) {
	waiting = len(q.held)
	if !q.told {
		for _, r := range q.held {
			q.say("%s: %s", r.Key, r.Reason)
		}
		q.say("what is recorded then is reused, and what is left by a worker that dies is taken over; Ctrl-C ends the waiting, -status tells how far the others are")
		q.told = true
	}
	q.mu.Unlock()
	defer q.mu.Lock()
	select {
	case <-time.After(pollHeld):
		return waiting, nil
	case <-ctx.Done():
		return waiting, ctx.Err()
	}
}

// done takes a run that next has returned off its job's hands.
func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	q.ended = true
}

// close ends the queue: the runs that are left are nobody's.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ahead, q.held, q.closed = nil, nil, true
}

// hold puts a run back that another worker holds.
func (q *queue) hold(r Planned, reason string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	if q.closed {
		return
	}
	r.Reason = reason
	q.held = append(q.held, r)
}

// alive reports whether the holder of a run is known to live: it does on this
// machine, or has given a sign of life since the look before.
func (q *queue) alive(r Planned, held *lease.HeldError) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.beats == nil {
		q.beats = map[string]time.Time{}
	}
	id := r.Key.Identity()
	before := q.beats[id]
	if !held.Beat.IsZero() { // else it could not be read, which is no sign of life
		q.beats[id] = held.Beat
	}
	return held.Wait == 0 || !before.IsZero() && !q.beats[id].Equal(before)
}
