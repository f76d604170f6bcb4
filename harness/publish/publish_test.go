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
	"deepresidual/models/network"
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
	bad, worse := fixture.Experiment(t, "bad", nil), fixture.Experiment(t, "worse", nil)
	var printed strings.Builder
	p := &Publisher{
		Store: store, Experiments: []*experiments.Experiment{bad, worse, good}, Output: &printed, Progress: io.Discard,
		Asked: reports.Choice{Scale: experiments.Full()},
	}
	choose := func(e *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
		switch e {
		case bad:
			e.Draw = "none"
		case worse:
			e.Draw, e.Networks = experiments.Figure7, nil // without a network it looks for the deepest
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
	if !errors.As(err, &draw) || !strings.Contains(err.Error(), "drawing bad: ") || !strings.Contains(err.Error(), "drawing worse: internal error in deepresidual/reports.figure7") || drawn.Drawings != 1 {
		t.Errorf("%+v, %v; want one drawing and what is wrong with the others", drawn, err)
	}
	if found, err := filepath.Glob(filepath.Join(store.Dir(), "figures", "good*.png")); len(found) != 1 {
		t.Errorf("its pictures: %v, %v", found, err)
	}
	if _, err := os.Stat(unfinished); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what a killed process left of a picture is still there: %v", err)
	}

	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := p.Draw(ctx, choose); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: got %v", err)
	}
	if found, err := filepath.Glob(filepath.Join(store.Dir(), "figures", "good*.png")); len(found) != 1 {
		t.Errorf("its pictures after the interruption: %v, %v", found, err)
	}
}

// A record that cannot be read is named on the page of an experiment that has its
// network, and on no other.
func TestDrawDamaged(t *testing.T) {
	store, err := results.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := fixture.Experiment(t, "e", nil)
	e.Embedded = false // its page is its own
	other := fixture.Experiment(t, "other", nil)
	other.Networks = []network.Network{network.Standard(network.Plain, 5)}
	for _, key := range []results.Key{fixture.Key(e, 0), fixture.Key(e, 1), fixture.Key(other, 0)} {
		fixture.Leave(t, store, key, results.Complete, false)
	}
	damage := func(key results.Key) string {
		path := filepath.Join(store.Path(key), results.RunFile)
		if err := os.WriteFile(path, []byte("format = what"), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own, foreign := damage(fixture.Key(e, 0)), damage(fixture.Key(other, 0))
	p := &Publisher{
		Store: store, Experiments: []*experiments.Experiment{e}, Output: io.Discard, Progress: io.Discard,
		Asked: reports.Choice{Scale: experiments.Full()},
	}
	drawn, err := p.Draw(t.Context(), p.AsAsked)
	if err != nil || len(drawn.Damaged) != 1 || !strings.Contains(drawn.Damaged[0].Error(), own) {
		t.Errorf("%v, %v; want %s", drawn.Damaged, err, own)
	}
	pages, err := filepath.Glob(filepath.Join(store.Dir(), "*.html"))
	if err != nil || len(pages) != 1 {
		t.Fatalf("pages %v, %v; want one", pages, err)
	}
	page, err := os.ReadFile(pages[0])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), own) || strings.Contains(string(page), foreign) {
		t.Errorf("the page names the damaged record: %v, one of another experiment: %v", strings.Contains(string(page), own), strings.Contains(string(page), foreign))
	}

	// Nor is one passed over that cannot be opened.
	if err := errors.Join(os.Remove(own), os.Mkdir(own, 0o777)); err != nil {
		t.Fatal(err)
	}
	if drawn, err := p.Draw(t.Context(), p.AsAsked); err != nil || len(drawn.Damaged) != 1 || !strings.Contains(drawn.Damaged[0].Error(), own) {
		t.Errorf("a folder for a file: %v, %v; want %s", drawn.Damaged, err, own)
	}
}

// What another process records and draws meanwhile is not replaced by what there was
// before.
func TestDrawAgain(t *testing.T) {
	store, err := results.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := fixture.Experiment(t, "e", nil)
	fixture.Leave(t, store, fixture.Key(e, 0), results.Complete, false)
	var printed strings.Builder
	p := &Publisher{
		Store: store, Experiments: []*experiments.Experiment{e}, Output: &printed, Progress: io.Discard,
		Asked: reports.Choice{Scale: experiments.Full()},
	}
	times := 0
	drawn, err := p.Draw(t.Context(), func(e *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
		if times++; times == 1 { // the records are read
			fixture.Leave(t, store, fixture.Key(e, 1), results.Complete, false)
		}
		return p.Asked, true
	})
	if err != nil || drawn.Drawings != 1 || times != 2 || strings.Contains(printed.String(), "not recorded") || strings.Count(printed.String(), "files: ") != 1 {
		t.Errorf("%+v, %v, drawn %d times: %s", drawn, err, times, &printed)
	}
}
