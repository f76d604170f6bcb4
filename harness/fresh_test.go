package main

import (
	"path/filepath"
	"strings"
	"testing"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/fixture"
	"deepresidual/models"
	"deepresidual/results"
)

// figure1In opens a results folder for the records of Figure 1.
func figure1In(t *testing.T, dir string) (*results.Store, *experiments.Experiment) {
	t.Helper()
	store, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := experiments.Load("fig1")
	if err != nil {
		t.Fatal(err)
	}
	return store, e
}

// On a machine without data and network, the drawing is drawn from the largest
// scale that is recorded, and the output says so and how to get the data.
func TestFreshMachine(t *testing.T) {
	for _, c := range []struct {
		name   string
		args   []string
		scales []experiments.Scale
		code   int
		stderr []string
		figure bool
	}{
		{"recorded at two scales", nil, []experiments.Scale{{Num: 1, Den: 64}, {Num: 1, Den: 16}}, exitDone,
			[]string{"fig1: drawn from what is recorded at scale 1/16", "to train: ", "CIFAR10_DIR"}, true},
		{"another scale asked for", []string{"-scale", "1/4"}, []experiments.Scale{{Num: 1, Den: 16}}, exitFailed,
			[]string{"fig1: drawn from what is recorded at scale 1/16", "what was asked for is not drawn: not all of fig1 is recorded at scale 1/4", "CIFAR10_DIR"}, true},
		{"other seeds asked for", []string{"-seeds", "7"}, []experiments.Scale{{Num: 1, Den: 16}}, exitFailed,
			[]string{"nothing of fig1 with these seeds is recorded in ", "CIFAR10_DIR"}, false},
		{"training asked for again", []string{"-retrain"}, []experiments.Scale{{Num: 1, Den: 16}}, exitFailed,
			[]string{"fig1: drawn from what is recorded at scale 1/16", "nothing was trained: data: CIFAR-10 is not available"}, true},
		{"an address that does not answer", []string{"-data", "http://127.0.0.1:1/cifar.tar.gz"}, []experiments.Scale{{Num: 1, Den: 16}}, exitFailed,
			[]string{"fig1: drawn from what is recorded at scale 1/16", "nothing was trained: data: CIFAR-10 is not available"}, true},
		{"nothing recorded", nil, nil, exitFailed, []string{"nothing of fig1 is recorded in ", "CIFAR10_DIR"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			withoutData(t, "")
			dir := t.TempDir()
			store, e := figure1In(t, dir)
			for _, s := range c.scales {
				for _, run := range e.Runs(s, nil) {
					fixture.Leave(t, store, results.Key{Spec: run.RunSpec, Data: fixture.CIFAR(), Arithmetic: models.Arithmetic}, results.Complete, false)
				}
			}
			var stdout, stderr strings.Builder
			env := &environment{stdout: &stdout, stderr: &stderr, data: data.Options{Sources: []string{"http://127.0.0.1:1/"}}} // where nobody answers
			if code := env.run(t.Context(), append([]string{"-exp", "fig1", "-results", dir}, c.args...)); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.stderr {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("stderr does not say %q:\n%s", want, stderr.String())
				}
			}
			drawn, err := filepath.Glob(filepath.Join(dir, "figures", "fig1.png"))
			if got := len(drawn) == 1; got != c.figure || err != nil {
				t.Errorf("figure drawn: %v (%v), want %v", got, err, c.figure)
			}
			if c.figure && !strings.Contains(stdout.String(), "scale 1/16") {
				t.Errorf("the answer does not name the scale:\n%s", stdout.String())
			}
		})
	}
}
