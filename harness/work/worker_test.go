package work

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"deepresidual/harness/fixture"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// open opens a store in a folder.
func open(t *testing.T, dir string) *results.Store {
	t.Helper()
	s, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A run that ended as diverged on another worker meanwhile is a failure here,
// too.
func TestDivergedElsewhere(t *testing.T) {
	store := open(t, t.TempDir())
	e := fixture.Experiment(t, "e", nil)
	plan := planFor(t, store, results.Request{}, e).Work()
	fixture.Leave(t, store, fixture.Key(e, 0), results.Diverged, false)
	fixture.Leave(t, store, fixture.Key(e, 1), results.Complete, false)
	var log strings.Builder
	w := &Worker{Store: store, Output: &log}
	if err := w.Train(t.Context(), plan); !errors.Is(err, ErrUnfinished) || !strings.Contains(log.String(), "diverged on another worker meanwhile") {
		t.Errorf("got %v, want %v; %s", err, ErrUnfinished, &log)
	}
}

// A worker that is told to stop between two runs says what it can go on from.
func TestStoppedBetweenRuns(t *testing.T) {
	store := open(t, t.TempDir())
	e := fixture.Experiment(t, "e", nil)
	plan := planFor(t, store, results.Request{}, e).Work()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	w := &Worker{Store: store, Output: &strings.Builder{}}
	if err := w.Train(ctx, plan); !errors.Is(err, context.Canceled) || errors.Is(err, ErrStopped) {
		t.Errorf("nothing was done: got %v, want an interruption", err)
	}
	plan[1].Done = 1
	if err := w.Train(ctx, plan); !errors.Is(err, ErrStopped) || errors.Is(err, context.Canceled) {
		t.Errorf("an earlier process left a checkpoint: got %v, want %v", err, ErrStopped)
	}
	w, plan[1].Done = &Worker{Store: store, Output: &strings.Builder{}, came: true}, 0
	if err := w.Train(ctx, plan); !errors.Is(err, ErrStopped) {
		t.Errorf("a run was done: got %v, want %v", err, ErrStopped)
	}
}

// A signal that comes when the last run is done stops nothing.
func TestDoneThoughStopped(t *testing.T) {
	store := open(t, t.TempDir())
	plan, set := small(t, store, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	w := &Worker{Store: store, Data: set, Threads: 1, Output: writerFunc(func(b []byte) (int, error) {
		if strings.Contains(string(b), " done: ") {
			stop()
		}
		return len(b), nil
	})}
	if err := w.Train(ctx, plan); err != nil || ctx.Err() == nil {
		t.Errorf("got %v, %v; want no error of a run that was done", err, ctx.Err())
	}
	if s := store.State(plan[0].Key); s.Status != results.Complete {
		t.Errorf("the run is %s", s.Status)
	}
}

// heldPlan returns a plan of one run, which another worker holds until the test
// ends.
func heldPlan(t *testing.T) (*results.Store, Plan) {
	t.Helper()
	dir := t.TempDir()
	e := fixture.Experiment(t, "e", nil)
	run, err := open(t, dir).Begin(t.Context(), fixture.Key(e, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Release() })
	store := open(t, dir)
	plan, err := planFor(t, store, results.Request{}, e).Only([]string{fixture.Key(e, 0).Identity()})
	if err != nil {
		t.Fatal(err)
	}
	return store, plan
}

// A job does not sit on its processors while another worker trains its run.
func TestLeaveHeld(t *testing.T) {
	store, plan := heldPlan(t)
	var log strings.Builder
	w := &Worker{Store: store, Output: &log, LeaveHeld: true}
	if err := w.Train(t.Context(), plan); err != nil || !strings.Contains(log.String(), ": left to it\n") {
		t.Errorf("got %v, %q; want the run left to its worker", err, &log)
	}
}

// It takes over where that worker, on another machine, gives no sign of life.
func TestLeaveHeldSilent(t *testing.T) {
	dir := t.TempDir()
	elsewhere := *lease.ThisMachine()
	elsewhere.Host, elsewhere.ID, elsewhere.Boot = "elsewhere", "elsewhere", "another"
	other, err := results.OpenWith(dir, lease.Options{Heartbeat: time.Hour, StaleAfter: 24 * time.Hour, Machine: &elsewhere})
	if err != nil {
		t.Fatal(err)
	}
	store, err := results.OpenWith(dir, lease.Options{Heartbeat: 50 * time.Millisecond, StaleAfter: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	plan, set := small(t, store, 1)
	run, err := other.Begin(t.Context(), plan[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Release()
	var log safeLog
	w := &Worker{Store: store, Data: set, Threads: 1, Output: &log, LeaveHeld: true}
	if err := w.Train(t.Context(), plan); err != nil || store.State(plan[0].Key).Status != results.Complete {
		t.Errorf("got %v, %s; want the run taken over", err, log.String())
	}
}

// Who is waited for is said once, with what to do.
func TestWaitingIsSaid(t *testing.T) {
	store, plan := heldPlan(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	said := make(chan string, 10)
	w := &Worker{Store: store, Output: writerFunc(func(b []byte) (int, error) { said <- string(b); return len(b), nil })}
	ended := make(chan error, 1)
	go func() { ended <- w.Train(ctx, plan) }()
	if line := <-said; !regexp.MustCompile(`: waiting for \S+:\d+ since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+\n$`).MatchString(line) { // with the zone
		t.Errorf("said: %q", line)
	}
	if line := <-said; !strings.Contains(line, "Ctrl-C ends the waiting") || !strings.Contains(line, "-status") {
		t.Errorf("said: %q", line)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) || len(said) > 0 {
		t.Errorf("%v, and %d more lines", err, len(said))
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// safeLog may be written from several goroutines.
type safeLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeLog) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeLog) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
