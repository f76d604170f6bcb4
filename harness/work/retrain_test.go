package work

import (
	"testing"

	"deepresidual/harness/fixture"
	"deepresidual/results"
)

// Between a worker's plan and its work another may do all that was left of the
// request: that is no reason to ask for it once more.
func TestRetrainedByAnother(t *testing.T) {
	e := fixture.Experiment(t, "e", nil)
	store := open(t, t.TempDir())
	finish := func() {
		for _, r := range planFor(t, store, Request{}, e) {
			fixture.Leave(t, store, r.Key, results.Complete, false)
		}
	}
	finish()
	ask := func() (answer func() int) {
		p, err := planFor(t, store, Request{}, e).Retrain(store)
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
