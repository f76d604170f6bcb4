package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/models"
	"deepresidual/results"
)

// cifar is the fingerprint of the real data set.
func cifar() results.Fingerprint {
	return results.Fingerprint{Train: data.TrainFingerprint, Test: data.TestFingerprint}
}

// experiment returns an experiment on two networks, of which resnet-20 is the
// longer run.
func experiment(t *testing.T, name string, change func(*experiments.Protocol)) *experiments.Experiment {
	t.Helper()
	e, err := experiments.Load("fig1")
	if err != nil {
		t.Fatal(err)
	}
	e.Name = name
	e.Networks = []experiments.Network{{Kind: experiments.Plain, Depth: 8}, {Kind: experiments.Residual, Depth: 20}}
	e.Claims, e.Panels = nil, nil
	if change != nil {
		change(&e.Protocol)
	}
	return e
}

// left leaves something behind of a run, as a worker would that has ended.
func left(t *testing.T, store *results.Store, key results.Key, status results.Status, checkpoint bool) {
	t.Helper()
	run, err := store.Begin(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Release()
	p := key.Spec.Protocol
	r := &results.Record{Key: key, Status: status, WarmupEnded: -1, Provenance: results.Provenance{Started: time.Unix(1e9, 0), CPU: "old", Threads: 2}}
	for i := p.Interval; i < p.Iterations; i += p.Interval {
		r.Rows = append(r.Rows, results.Row{Iteration: i, LearningRate: 0.1, TrainLoss: 1, TrainError: 20, TestError: 15})
	}
	r.Rows = append(r.Rows, results.Row{Iteration: p.Iterations, LearningRate: 0.001, TrainLoss: 0.5, TrainError: 10, TestError: 12})
	if status.Finished() {
		r.Provenance.Ended = time.Unix(1e9+3600, 0)
		r.Provenance.TrainSeconds = 3600
	} else {
		r.Rows = r.Rows[:1]
	}
	if err := run.Save(r); err != nil {
		t.Fatal(err)
	}
	if checkpoint {
		err := run.WriteFile("checkpoint-00000321", func(w io.Writer) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
}

func planFor(t *testing.T, store *results.Store, o options, list ...*experiments.Experiment) plan {
	t.Helper()
	if o.scale.Num == 0 {
		o.scale = experiments.Scale{Num: 1, Den: 1}
	}
	records, damaged := store.Records()
	if len(damaged) > 0 {
		t.Fatal(damaged)
	}
	p, err := makePlan(list, store, records, cifar(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// keyOf is the run of one of the experiment's networks on the full schedule.
func keyOf(e *experiments.Experiment, network int) results.Key {
	return results.Key{Spec: e.Runs(experiments.Scale{Num: 1, Den: 1}, nil)[network], Data: cifar(), Arithmetic: models.Arithmetic}
}

// What is done about a run and why, by what was left of it.
func TestReasons(t *testing.T) {
	e := experiment(t, "e", nil)
	for _, c := range []struct {
		name    string
		leave   func(*results.Store)
		options options
		train   bool
		reason  string
	}{
		{name: "nothing", leave: func(*results.Store) {}, train: true, reason: "not recorded"},
		{name: "complete", leave: func(s *results.Store) { left(t, s, keyOf(e, 1), results.Complete, false) },
			reason: "recorded: reused"},
		{name: "retrain", leave: func(s *results.Store) { left(t, s, keyOf(e, 1), results.Complete, false) },
			options: options{retrain: true}, train: true, reason: "recorded as complete: trained again (-retrain)"},
		{name: "diverged", leave: func(s *results.Store) { left(t, s, keyOf(e, 1), results.Diverged, false) },
			reason: "recorded as diverged: reused (-retrain trains it again)"},
		{name: "stopped", leave: func(s *results.Store) { left(t, s, keyOf(e, 1), results.Interrupted, true) },
			train: true, reason: "interrupted: goes on from iteration 321 of 64,000"},
		{name: "killed", leave: func(s *results.Store) { left(t, s, keyOf(e, 1), results.Running, true) },
			train: true, reason: "interrupted: goes on from iteration 321 of 64,000"},
		{name: "killed early", leave: func(s *results.Store) { left(t, s, keyOf(e, 1), results.Running, false) },
			train: true, reason: "interrupted before its first checkpoint: from the start"},
		{name: "protocol changed", leave: func(s *results.Store) {
			old := experiment(t, "e", func(p *experiments.Protocol) { p.WeightDecay = 0.0002; p.Flip = false })
			left(t, s, keyOf(old, 1), results.Complete, false)
		}, train: true, reason: "changed since it was recorded: weight_decay 0.0002 -> 0.0001, flip false -> true"},
		{name: "arithmetic changed", leave: func(s *results.Store) {
			k := keyOf(e, 1)
			k.Arithmetic--
			left(t, s, k, results.Complete, false)
		}, train: true, reason: "changed since it was recorded: arithmetic 0 -> 1"},
		{name: "another seed is no change", leave: func(s *results.Store) {
			k := keyOf(e, 1)
			k.Spec.Seed = 99
			left(t, s, k, results.Complete, false)
		}, train: true, reason: "not recorded"},
		{name: "held", leave: func(s *results.Store) {
			run, err := s.Begin(t.Context(), keyOf(e, 1))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { run.Release() })
		}, train: true, reason: "being trained by "},
	} {
		t.Run(c.name, func(t *testing.T) {
			store, err := results.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			c.leave(store)
			for _, r := range planFor(t, store, c.options, e) {
				if r.key.Identity() != keyOf(e, 1).Identity() {
					continue
				}
				exact := r.reason == c.reason || strings.HasSuffix(c.reason, " ") && strings.HasPrefix(r.reason, c.reason)
				if r.train != c.train || !exact {
					t.Errorf("train %v: %q; want %v: %q", r.train, r.reason, c.train, c.reason)
				}
				return
			}
			t.Error("the run is not in the plan")
		})
	}
}

// A run of two experiments is planned once, and the longest comes first.
func TestPlanOrder(t *testing.T) {
	store, err := results.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a, b := experiment(t, "a", nil), experiment(t, "b", nil)
	b.Networks = append(b.Networks, experiments.Network{Kind: experiments.Plain, Depth: 32})
	var got []string
	for _, r := range planFor(t, store, options{}, a, b) {
		got = append(got, r.key.Spec.Network.String()+" for "+strings.Join(r.shownBy, "+"))
	}
	want := "plain-32 for b, resnet-20 for a+b, plain-8 for a+b"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("plan: %s; want %s", s, want)
	}
	// What is done already counts: the rest of a long run may be the shortest.
	left(t, store, keyOf(b, 2), results.Running, false)
	run, err := store.Begin(t.Context(), keyOf(b, 2))
	if err != nil {
		t.Fatal(err)
	}
	if err := run.WriteFile("checkpoint-00063999", func(io.Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	run.Release()
	p := planFor(t, store, options{}, a, b)
	if n := p[len(p)-1].key.Spec.Network; n.Depth != 32 {
		t.Errorf("%s is last, want plain-32, of which one iteration is left", n)
	}
}

// On a machine without data and network, the exhibit is drawn from the largest
// scale that is recorded, and the output says so and how to get the data.
func TestFreshMachine(t *testing.T) {
	for _, c := range []struct {
		name   string
		scales []experiments.Scale
		code   int
		stderr []string
		figure bool
	}{
		{"recorded at two scales", []experiments.Scale{{Num: 1, Den: 64}, {Num: 1, Den: 16}}, exitDone,
			[]string{"fig1: drawn from what is recorded at scale 1/16", "to train: ", "CIFAR10_DIR"}, true},
		{"nothing recorded", nil, exitFailed, []string{"nothing of fig1 is recorded in ", "CIFAR10_DIR"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(data.EnvironmentVariable, "")
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			t.Setenv("HOME", t.TempDir())
			dir := t.TempDir()
			store, err := results.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			e, err := experiments.Load("fig1")
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range c.scales {
				for _, spec := range e.Runs(s, nil) {
					left(t, store, results.Key{Spec: spec, Data: cifar(), Arithmetic: models.Arithmetic}, results.Complete, false)
				}
			}
			o, err := parseOptions([]string{"-exp", "fig1", "-results", dir})
			if err != nil {
				t.Fatal(err)
			}
			var stdout, stderr strings.Builder
			a := &app{options: o, stdout: &stdout, stderr: &stderr, source: "http://127.0.0.1:1/"} // where nobody answers
			err = a.reproduce(t.Context())
			if err != nil {
				stderr.WriteString(oneLine(err))
			}
			if code := exitCode(err); code != c.code {
				t.Errorf("exit code %d, want %d: %v", code, c.code, err)
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
