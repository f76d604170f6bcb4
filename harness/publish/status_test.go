package publish

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deepresidual/experiments"
	"deepresidual/harness/fixture"
	"deepresidual/models"
	"deepresidual/reports"
	"deepresidual/results"
)

// A record that cannot be read has a line or, where only it could say at which scale it
// is, a warning; one of a network that was not asked after has neither.
func TestStatusOfDamagedRecords(t *testing.T) {
	store := newStore(t)
	fig1 := load(t, "fig1")
	damage := func(e *experiments.Experiment, scale experiments.Scale) string {
		leave(t, store, e, reports.Choice{Scale: scale}, 1)
		key := results.Key{Spec: e.Runs(scale, nil)[0].RunSpec, Data: fixture.CIFAR(), Arithmetic: models.Arithmetic}
		path := filepath.Join(store.Path(key), results.RunFile)
		if err := os.WriteFile(path, []byte("format = what"), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, alone, other := damage(fig1, full), damage(fig1, sixteenth), damage(load(t, "table6"), sixteenth)
	for _, c := range []struct {
		scale experiments.Scale
		lines int // that say damaged
		warns bool
	}{{experiments.Scale{}, 1, true}, {sixteenth, 1, false}, {quarter, 0, false}} {
		status, err := StatusOf(store, results.Request{Experiments: []*experiments.Experiment{fig1}, Scale: c.scale, Data: fixture.CIFAR()})
		lines := 0
		for _, r := range status {
			if r.Status == results.Damaged {
				lines++
			}
		}
		if lines != c.lines || c.warns != (err != nil) || err != nil && !strings.Contains(err.Error(), alone) {
			t.Errorf("scale %s: %d lines, error %v; want %d, and a warning: %v", c.scale, lines, err, c.lines, c.warns)
		}
		if err != nil && (strings.Contains(err.Error(), whole) || strings.Contains(err.Error(), other)) {
			t.Errorf("scale %s: a warning of what has a line, or was not asked after: %v", c.scale, err)
		}
	}
}

// How fast a complete run was is told in images.
func TestStatusSpeed(t *testing.T) {
	store := newStore(t)
	e := fixture.Experiment(t, "e", nil)
	fixture.Leave(t, store, fixture.Key(e, 0), results.Complete, false) // in an hour
	status, err := StatusOf(store, results.Request{Experiments: []*experiments.Experiment{e}, Scale: full, Data: fixture.CIFAR()})
	if err != nil {
		t.Fatal(err)
	}
	p := fixture.Key(e, 0).Spec.Protocol
	if want := float64(p.Iterations*p.Batch) / 3600; status[0].ImagesPerSecond != want {
		t.Errorf("%v images/s, want %v", status[0].ImagesPerSecond, want)
	}
}

// What others have written does not steer the terminal.
func TestStatusIsPrintable(t *testing.T) {
	store := newStore(t)
	e := fixture.Experiment(t, "e", nil)
	run, err := store.Begin(t.Context(), fixture.Key(e, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Save(&results.Record{Key: fixture.Key(e, 0), Status: results.Diverged, Reason: "the loss\x1b[2J is infinite"}); err != nil {
		t.Fatal(err)
	}
	run.Release()
	status, err := StatusOf(store, results.Request{Experiments: []*experiments.Experiment{e}, Scale: full, Data: fixture.CIFAR()})
	if err != nil {
		t.Fatal(err)
	}
	if note := status[0].Note; strings.Contains(note, "\x1b") || !strings.Contains(note, "is infinite") {
		t.Errorf("note %q", note)
	}
}
