package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/fixture"
	"deepresidual/models"
	"deepresidual/results"
)

// What is all recorded is drawn without the data set; a -data that leads to nothing
// is refused all the same.
func TestRecordedWithoutData(t *testing.T) {
	withoutData(t, "")
	dir := t.TempDir()
	store, e := figure1In(t, dir)
	for _, r := range e.Runs(experiments.Full(), nil) {
		fixture.LeaveComplete(t, store, results.Key{Spec: r.RunSpec, Data: fixture.CIFAR(), Arithmetic: models.Arithmetic}, 5, 10)
	}
	for option, want := range map[string]int{"": exitDone, "-data nowhere": exitUsage} {
		args := append([]string{"-exp", "fig1", "-results", dir}, strings.Fields(option)...)
		var stderr strings.Builder
		if code := run(t.Context(), args, io.Discard, &stderr); code != want {
			t.Errorf("%q: exit code %d, want %d:\n%s", option, code, want, &stderr)
		}
	}
}

// TestCheckExits: with -check the exit code is the verdicts', drawn after training
// or from the records alone; without it they change nothing.
func TestCheckExits(t *testing.T) {
	full, sixteenth := experiments.Full(), experiments.Scale{Num: 1, Den: 16}
	for _, c := range []struct {
		name  string
		scale experiments.Scale
		worse float64 // by how much plain-56's errors are higher than plain-20's: more than others' seeds scatter
		code  int
	}{
		{"the whole schedule, the paper's order", full, 3, exitDone},
		{"the whole schedule, another order", full, -3, exitNotReproduced},
		{"a sixteenth, the paper's order", sixteenth, 3, exitNotJudged},
		{"a sixteenth, another order", sixteenth, -3, exitNotJudged},
	} {
		t.Run(c.name, func(t *testing.T) {
			withoutData(t, "")
			dir := t.TempDir()
			store, e := figure1In(t, dir)
			leaveFigure1(t, store, e, c.scale, c.worse)
			for _, how := range []string{"", "-report", "-check", "-report -check"} {
				want := exitDone
				if strings.Contains(how, "-check") {
					want = c.code
				}
				args := append([]string{"-exp", "fig1", "-scale", c.scale.String(), "-results", dir}, strings.Fields(how)...)
				var stderr strings.Builder
				if code := run(t.Context(), args, io.Discard, &stderr); code != want {
					t.Errorf("%q: exit code %d, want %d:\n%s", how, code, want, &stderr)
				}
			}
		})
	}
}

// leaveFigure1 leaves complete runs of Figure 1's networks, of which plain-56 has
// errors that are by so much worse.
func leaveFigure1(t *testing.T, store *results.Store, e *experiments.Experiment, scale experiments.Scale, worse float64) {
	t.Helper()
	for _, run := range e.Runs(scale, nil) {
		key, more := results.Key{Spec: run.RunSpec, Data: fixture.CIFAR(), Arithmetic: models.Arithmetic}, 0.0
		if run.Network.Depth() == 56 {
			more = worse
		}
		fixture.LeaveComplete(t, store, key, 5+more, 10+more)
	}
}

// What there is nothing to draw of is said, and its claims count as not judged.
func TestCheckOfNothingRecorded(t *testing.T) {
	withoutData(t, "")
	dir := t.TempDir()
	store, e := figure1In(t, dir)
	leaveFigure1(t, store, e, experiments.Full(), 3)
	for _, how := range []string{"-report -check", "-check"} { // without data, so that it cannot train either
		args := append([]string{"-exp", "fig1,table6", "-results", dir}, strings.Fields(how)...)
		var stderr strings.Builder
		code := run(t.Context(), args, io.Discard, &stderr)
		for _, want := range []string{"table6: not drawn, nothing that was asked of it is recorded", "2 reproduced, 6 not judged"} {
			if code != exitNotJudged || !strings.Contains(stderr.String(), want) {
				t.Errorf("%s: exit code %d, want %d and %q:\n%s", how, code, exitNotJudged, want, &stderr)
			}
		}
	}
}

// A scale that is asked for is drawn, though a larger one is recorded.
func TestReportOfAskedScale(t *testing.T) {
	withoutData(t, "")
	dir := t.TempDir()
	store, e := figure1In(t, dir)
	sixteenth := experiments.Scale{Num: 1, Den: 16}
	for _, scale := range []experiments.Scale{experiments.Full(), sixteenth} {
		for _, run := range e.Runs(scale, nil) {
			fixture.LeaveComplete(t, store, results.Key{Spec: run.RunSpec, Data: fixture.CIFAR(), Arithmetic: models.Arithmetic}, 5, 10)
		}
	}
	for scale, shortened := range map[string]bool{"": false, "1/16": true, "1": false} {
		args := []string{"-exp", "fig1", "-report", "-results", dir}
		if scale != "" {
			args = append(args, "-scale", scale)
		}
		var stdout strings.Builder
		if code := run(t.Context(), args, &stdout, io.Discard); code != exitDone {
			t.Errorf("-scale %s: exit code %d", scale, code)
		}
		if got := strings.Contains(stdout.String(), ", scale 1/16"); got != shortened || got != strings.Contains(stdout.String(), "fig1-scale-1-16.png") {
			t.Errorf("-scale %q: %s", scale, &stdout)
		}
	}
}

// A run that is recorded as diverged is a failure of the command that meets it, also
// where there is another to train.
func TestDivergedBesideAnother(t *testing.T) {
	dir := t.TempDir()
	spec := filepath.Join(dir, "two.toml")
	text := "title = \"T\"\ndraw = \"curves\"\nnetworks = [\"plain-8\", \"resnet-8\"]\n[protocol]\nbatch = 8\niterations = 4\nmilestones = [2]\neval_interval = 2\n"
	if err := os.WriteFile(spec, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	e, err := experiments.Load(spec)
	if err != nil {
		t.Fatal(err)
	}
	store, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	set, err := data.Load(t.Context(), data.Options{Path: data.SyntheticPath})
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]results.Key, 2)
	for i, run := range e.Runs(experiments.Full(), nil) {
		keys[i] = results.Key{Spec: run.RunSpec, Data: set.Fingerprint, Arithmetic: models.Arithmetic}
	}
	fixture.Leave(t, store, keys[0], results.Diverged, false)
	var stderr strings.Builder
	code := run(t.Context(), []string{"-exp", spec, "-data", "synthetic", "-results", dir}, io.Discard, &stderr)
	if code != exitFailed || store.State(keys[1]).Status != results.Complete {
		t.Errorf("exit code %d, the other is %s; want %d and complete\n%s", code, store.State(keys[1]).Status, exitFailed, &stderr)
	}
}
