package work

import (
	"context"
	"errors"
	"strings"
	"testing"

	"deepresidual/harness/fixture"
	"deepresidual/harness/train"
	"deepresidual/results"
)

// A request to train runs again is for -retrain to go on with: without it what was
// interrupted goes on from its checkpoint.
func TestRequestIsLeft(t *testing.T) {
	store := open(t, t.TempDir())
	plan, set := small(t, store, 1)
	ctx, stop := context.WithCancel(t.Context())
	w := &Worker{Store: store, Data: set, Threads: 1, Output: writerFunc(func(b []byte) (int, error) {
		if strings.Contains(string(b), "iteration 2 of 4") {
			stop()
		}
		return len(b), nil
	})}
	if err := w.Train(ctx, plan); !errors.Is(err, train.ErrStopped) {
		t.Fatal(err)
	}
	if err := store.Retrain(plan.keys(), plan.keys()); err != nil {
		t.Fatal(err)
	}
	var log safeLog
	w = &Worker{Store: store, Data: set, Threads: 1, Output: &log}
	if err := w.Train(t.Context(), plan); err != nil || !strings.Contains(log.String(), "goes on from iteration 2\n") {
		t.Errorf("%v: %s", err, log.String())
	}
}

// Between a worker's plan and its work another may do all that was left of the
// request: that is no reason to ask for it once more.
func TestRetrainedByAnother(t *testing.T) {
	e := fixture.Experiment(t, "e", nil)
	store := open(t, t.TempDir())
	finish := func() {
		for _, r := range planFor(t, store, results.Request{}, e) {
			fixture.Leave(t, store, r.Key, results.Complete, false)
		}
	}
	finish()
	ask := func() (answer func() int) {
		p, err := planFor(t, store, results.Request{}, e).Retrain(store)
		if err != nil {
			t.Fatal(err)
		}
		return func() int {
			if err := p.AskForRetraining(store); err != nil {
				t.Fatal(err)
			}
			left, err := store.Retraining(p.keys())
			if err != nil {
				t.Fatal(err)
			}
			return len(left)
		}
	}
	if n := ask()(); n == 0 {
		t.Fatal("nothing is asked for")
	}
	slow := ask()
	finish()
	if n := slow(); n != 0 {
		t.Errorf("%d runs are to be trained again, which another has just trained", n)
	}
	if n := ask()(); n == 0 {
		t.Error("a request of later is not taken")
	}
}
