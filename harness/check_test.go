package main

import (
	"io"
	"strings"
	"testing"

	"deepresidual/experiments"
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
			for _, run := range e.Runs(c.scale, nil) {
				key, more := results.Key{Spec: run.RunSpec, Data: fixture.CIFAR(), Arithmetic: models.Arithmetic}, 0.0
				if run.Network.Depth() == 56 {
					more = c.worse
				}
				fixture.LeaveComplete(t, store, key, 5+more, 10+more)
			}
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
