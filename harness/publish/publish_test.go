package publish

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/fixture"
	"deepresidual/reports"
	"deepresidual/results"
	"deepresidual/results/atomicfile"
)

// A drawing that cannot be drawn, even one that panics, does not keep
// the others from being drawn. What a killed process left behind goes.
func TestDrawTheRest(t *testing.T) {
	t.Setenv("GOTRACEBACK", "")
	store, err := results.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	good := fixture.Experiment(t, "good", nil)
	for i := range good.Networks {
		fixture.Leave(t, store, fixture.Key(good, i), results.Complete, false)
	}
	bad := fixture.Experiment(t, "bad", nil)
	var printed strings.Builder
	p := &Publisher{
		Store: store, Experiments: []*experiments.Experiment{bad, good}, Output: &printed, Progress: io.Discard,
		Asked: reports.Choice{Scale: experiments.Full()},
	}
	choose := func(e *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
		if e == bad {
			e.Draw = "none"
		}
		return p.Asked, true
	}
	unfinished := filepath.Join(store.Dir(), "figures", atomicfile.Temporary+"good.png-KILLED")
	before := time.Now().Add(-2 * abandoned)
	err = errors.Join(os.Mkdir(filepath.Dir(unfinished), 0o777), os.WriteFile(unfinished, nil, 0o666), os.Chtimes(unfinished, before, before))
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := p.Draw(t.Context(), choose)
	var draw DrawError
	if !errors.As(err, &draw) || !strings.Contains(err.Error(), "drawing bad: ") || drawn.Drawings != 1 {
		t.Errorf("%+v, %v; want one drawing and what is wrong with the other", drawn, err)
	}
	if found, err := filepath.Glob(filepath.Join(store.Dir(), "figures", "good*.png")); len(found) != 1 {
		t.Errorf("pictures of the other: %v, %v", found, err)
	}
	if _, err := os.Stat(unfinished); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what a killed process left of a picture is still there: %v", err)
	}

	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := p.Draw(ctx, choose); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: got %v", err)
	}
	if _, err := os.Stat(store.Dir()); err != nil {
		t.Error(err)
	}
}
