package work

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/fixture"
	"deepresidual/harness/train"
	"deepresidual/models/network"
	"deepresidual/results"
	"deepresidual/results/lease"
)

func planFor(t *testing.T, store *results.Store, request results.Request, list ...*experiments.Experiment) Plan {
	t.Helper()
	if request.Scale.Num == 0 {
		request.Scale = experiments.Scale{Num: 1, Den: 1}
	}
	records, damaged := store.Records()
	if len(damaged) > 0 {
		t.Fatal(damaged)
	}
	request.Experiments, request.Data = list, fixture.CIFAR()
	return Make(store, records, request)
}

// What is done about a run and why, by what was left of it.
func TestReasons(t *testing.T) {
	e := fixture.Experiment(t, "e", nil)
	for _, c := range []struct {
		name    string
		leave   func(*results.Store)
		request results.Request
		retrain bool
		train   bool
		reason  string
	}{
		{name: "nothing", leave: func(*results.Store) {}, train: true, reason: "not recorded"},
		{name: "complete", leave: func(s *results.Store) { fixture.Leave(t, s, fixture.Key(e, 1), results.Complete, false) },
			reason: "recorded: reused"},
		{name: "retrain", leave: func(s *results.Store) { fixture.Leave(t, s, fixture.Key(e, 1), results.Complete, false) },
			retrain: true, train: true, reason: "recorded as complete: trained again (-retrain)"},
		{name: "retrain what was asked for", leave: func(s *results.Store) {
			fixture.Leave(t, s, fixture.Key(e, 1), results.Complete, false)
			if err := s.Retrain([]results.Key{fixture.Key(e, 1)}, []results.Key{fixture.Key(e, 1)}); err != nil {
				t.Fatal(err)
			}
		}, reason: "recorded: reused; -retrain goes on with training it again"},
		{name: "diverged", leave: func(s *results.Store) { fixture.Leave(t, s, fixture.Key(e, 1), results.Diverged, false) },
			reason: "recorded as diverged: reused (-retrain trains it again)"},
		{name: "stopped", leave: func(s *results.Store) { fixture.Leave(t, s, fixture.Key(e, 1), results.Interrupted, true) },
			train: true, reason: "interrupted: goes on from iteration 321 of 64,000"},
		{name: "killed", leave: func(s *results.Store) { fixture.Leave(t, s, fixture.Key(e, 1), results.Running, true) },
			train: true, reason: "interrupted: goes on from iteration 321 of 64,000"},
		{name: "killed early", leave: func(s *results.Store) { fixture.Leave(t, s, fixture.Key(e, 1), results.Running, false) },
			train: true, reason: "interrupted before its first checkpoint: from the start"},
		{name: "protocol changed", leave: func(s *results.Store) {
			old := fixture.Experiment(t, "e", func(p *experiments.Protocol) {
				p.WeightDecay, p.Flip = 0.0002, false
				p.WarmupWindow = 1 // of no account: the network is not warmed up
			})
			fixture.Leave(t, s, fixture.Key(old, 1), results.Complete, false)
		}, train: true, reason: "recorded only with weight_decay 0.0002 instead of 0.0001, flip false instead of true"},
		{name: "arithmetic changed", leave: func(s *results.Store) {
			k := fixture.Key(e, 1)
			k.Arithmetic--
			fixture.Leave(t, s, k, results.Complete, false)
		}, train: true, reason: "recorded only with arithmetic 0 instead of 1"},
		{name: "another seed is no change", leave: func(s *results.Store) {
			k := fixture.Key(e, 1)
			k.Spec.Seed = 99
			fixture.Leave(t, s, k, results.Complete, false)
		}, train: true, reason: "not recorded"},
		{name: "held", leave: func(s *results.Store) {
			run, err := s.Begin(t.Context(), fixture.Key(e, 1))
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
			p := planFor(t, store, c.request, e)
			if c.retrain {
				if p, err = p.Retrain(store); err != nil {
					t.Fatal(err)
				}
			}
			for _, r := range p {
				if r.Key.Identity() != fixture.Key(e, 1).Identity() {
					continue
				}
				exact := r.Reason == c.reason || strings.HasSuffix(c.reason, " ") && strings.HasPrefix(r.Reason, c.reason)
				if r.Train != c.train || !exact {
					t.Errorf("train %v: %q; want %v: %q", r.Train, r.Reason, c.train, c.reason)
				}
				return
			}
			t.Error("the run is not in the plan")
		})
	}
}

// What a worker left that was killed at its end goes: the checkpoint, and of a run
// that diverged when it was trained again the weights, which are another run's.
func TestClean(t *testing.T) {
	e := fixture.Experiment(t, "e", nil)
	for status, want := range map[results.Status]bool{results.Complete: true, results.Diverged: false} {
		store := open(t, t.TempDir())
		key := fixture.Key(e, 1)
		fixture.Leave(t, store, key, status, true)
		weights := filepath.Join(store.Path(key), train.WeightsFile)
		if err := os.WriteFile(weights, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := planFor(t, store, results.Request{}, e).Clean(t.Context(), store); err != nil {
			t.Fatal(err)
		}
		if _, ok := train.Latest(store.Path(key)); ok {
			t.Errorf("%s: the checkpoint is there", status)
		}
		if _, err := os.Stat(weights); (err == nil) != want {
			t.Errorf("%s: weights %v, want them there: %v", status, err, want)
		}
	}
}

// A run is named by a beginning of its identity that no other run has.
func TestOnly(t *testing.T) {
	e := fixture.Experiment(t, "e", nil)
	p := planFor(t, open(t, t.TempDir()), results.Request{Seeds: []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}, e)
	id := p[3].Key.Identity()
	for _, c := range []struct {
		begin string
		want  string // of the error
	}{
		{id, ""}, {id[:8], ""}, {"none", "none: no such run"}, {"", ": so begin 20 runs"},
	} {
		only, err := p.Only([]string{c.begin})
		switch {
		case c.want == "" && (err != nil || len(only) != 1 || only[0].Key.Identity() != id):
			t.Errorf("%q: %d runs, %v; want the run %s", c.begin, len(only), err, id)
		case c.want != "" && (err == nil || err.Error() != c.want):
			t.Errorf("%q: %v, want %q", c.begin, err, c.want)
		}
	}
}

// Of four times as many runs the plan is four times the work, not sixteen, and
// what they cost together is a number though an int64 does not hold it.
func TestManyRuns(t *testing.T) {
	store := open(t, t.TempDir())
	e := fixture.Experiment(t, "e", func(p *experiments.Protocol) { p.Iterations = 10_000_000 })
	e.Networks = e.Networks[1:]
	var p Plan
	work := func(n int) float64 {
		var request results.Request
		for seed := range n {
			request.Seeds = append(request.Seeds, int64(seed))
		}
		return testing.AllocsPerRun(1, func() { p = planFor(t, store, request, e) })
	}
	few, many := work(100), work(400)
	if many > 6*few {
		t.Errorf("100 runs make %.0f allocations, 400 make %.0f", few, many)
	}
	one := p[0].Cost
	if got, want := p.Cost(), 400*one; !(math.Abs(got/want-1) <= 1e-9) || got < math.MaxInt64 {
		t.Errorf("400 runs cost %g, want %g", got, want)
	}
	if got := p.Time(1, 1, Speed{PerSecond: 1}); got != math.MaxInt64 {
		t.Errorf("they take %v, want all the time there is", got)
	}
}

// Who reads how the runs of a plan get on can tell them apart.
func TestNames(t *testing.T) {
	e := fixture.Experiment(t, "e", nil)
	other := fixture.Experiment(t, "other", func(p *experiments.Protocol) { p.Flip = false })
	store := open(t, t.TempDir())
	for _, c := range []struct {
		seeds []int64
		list  []*experiments.Experiment
		want  string // with * for the beginning of an identity
	}{
		{nil, []*experiments.Experiment{e}, "resnet-20, plain-8"},
		{[]int64{1, 2}, []*experiments.Experiment{e}, "resnet-20 seed 1, resnet-20 seed 2, plain-8 seed 1, plain-8 seed 2"},
		{nil, []*experiments.Experiment{e, other}, "resnet-20 seed 1 *, resnet-20 seed 1 *, plain-8 seed 1 *, plain-8 seed 1 *"},
	} {
		p := planFor(t, store, results.Request{Seeds: c.seeds}, c.list...)
		names := p.names()
		got := strings.Join(names, ", ")
		for _, r := range p {
			got = strings.Replace(got, " "+r.Key.Identity()[:6], " *", 1)
		}
		if got != c.want {
			t.Errorf("seeds %v of %d experiments: %s; want %s", c.seeds, len(c.list), got, c.want)
		}
		slices.Sort(names)
		if len(slices.Compact(names)) != len(p) {
			t.Errorf("two runs have one name: %v", names)
		}
	}
}

// A record of a machine with a processor of the same name tells nothing of this
// one's speed.
func TestRecordedSpeed(t *testing.T) {
	store := open(t, t.TempDir())
	fixture.Leave(t, store, fixture.Key(fixture.Experiment(t, "e", nil), 0), results.Complete, false)
	records, _ := store.Records()
	records[0].Provenance.Kernels = []string{"avx2"}
	if _, ok := RecordedSpeed(records, "here", "old", "avx2", 2); ok {
		t.Error("the speed of another host is taken for this one's")
	}
	records[0].Provenance.Host = "here"
	if _, ok := RecordedSpeed(records, "here", "old", "avx512", 2); ok {
		t.Error("the speed of other kernels is taken for these's")
	}
	// A clone has records of hosts that may be called the same.
	s, ok := RecordedSpeed(records, "here", "old", "avx2", 2)
	if want := "the pace of plain-8 on here (old, avx2, 2 threads)"; !ok || s.PerSecond <= 0 || s.Source != want {
		t.Errorf("%+v, %v: want the speed of this host, going by %s", s, ok, want)
	}
}

// A run that was stopped for two hours on its way tells how fast the machine is
// all the same; one whose times make no sense tells it by its seconds.
func TestUndisturbed(t *testing.T) {
	key := fixture.Key(fixture.Experiment(t, "e", func(p *experiments.Protocol) { p.Iterations = 500 }), 0)
	times := func(pairs ...int) (all []results.Time) { // iteration, seconds
		for pair := range slices.Chunk(pairs, 2) {
			all = append(all, results.Time{Iteration: pair[0], Seconds: float64(pair[1])})
		}
		return all
	}
	for _, c := range []struct {
		name    string
		seconds float64
		times   []results.Time
		want    float64
	}{
		{"no times", 700, nil, 700},
		{"even", 500, times(100, 100, 200, 200, 300, 300, 400, 400, 500, 500), 500},
		{"stopped once", 7700, times(100, 100, 200, 200, 300, 7500, 400, 7600, 500, 7700), 500},
		{"intervals of several lengths", 1000, times(100, 200, 150, 300, 500, 1000), 1000},
		{"never more than it took", 920, times(100, 10, 200, 310, 300, 610, 400, 910, 500, 920), 920},
		{"backwards", 700, times(200, 500, 100, 600, 500, 700), 700},
	} {
		r := &results.Record{Key: key, Times: c.times, Provenance: results.Provenance{TrainSeconds: c.seconds}}
		if got := undisturbed(r); got != c.want {
			t.Errorf("%s: %g s, want %g", c.name, got, c.want)
		}
	}
}

// The seconds of a run are those of every process that trained it: what threads
// of which processor do is told by one that had the same throughout.
func TestSpeedOfSeveralProcesses(t *testing.T) {
	alike := results.Process{Host: "here", CPU: "old", Kernels: "avx2", Threads: 2}
	other := func(change func(*results.Process)) []results.Process {
		p := alike
		change(&p)
		return []results.Process{p, alike}
	}
	for _, c := range []struct {
		name            string
		resumed         int
		processes       []results.Process
		known, ofThread bool // a speed of this machine, one of a thread
	}{
		{"one", 0, nil, true, true},
		{"several that are not named", 1, nil, false, false},
		{"several alike", 2, []results.Process{alike, alike, alike}, true, true},
		{"fewer threads at the end", 1, other(func(p *results.Process) { p.Threads = 64 }), false, false},
		{"another host", 1, other(func(p *results.Process) { p.Host = "there" }), false, true},
		{"another processor", 1, other(func(p *results.Process) { p.CPU = "new" }), false, true},
		{"other kernels", 1, other(func(p *results.Process) { p.Kernels = "avx512" }), false, true},
	} {
		r := &results.Record{
			Key: fixture.Key(fixture.Experiment(t, "e", nil), 0), Status: results.Complete, Processes: c.processes,
			Provenance: results.Provenance{Host: "here", CPU: "old", Kernels: []string{"avx2"}, Threads: 2, TrainSeconds: 3600, Resumed: c.resumed},
		}
		if _, ok := RecordedSpeed([]*results.Record{r}, "here", "old", "avx2", 2); ok != c.known {
			t.Errorf("%s: the speed is known: %v, want %v", c.name, ok, c.known)
		}
		if _, ok := SlowestThread([]*results.Record{r}, ""); ok != c.ofThread {
			t.Errorf("%s: the speed of a thread is known: %v, want %v", c.name, ok, c.ofThread)
		}
		if _, ok := SlowestThread([]*results.Record{r}, "avx2"); ok != c.ofThread {
			t.Errorf("%s: the speed of a thread by its kernels is known: %v, want %v", c.name, ok, c.ofThread)
		}
		if _, ok := SlowestThread([]*results.Record{r}, "portable"); ok {
			t.Errorf("%s: the speed of a thread by other kernels is known", c.name)
		}
		r.Provenance.Kernels = []string{"portable-fma"} // the same set, on a processor where Go fuses
		if _, ok := SlowestThread([]*results.Record{r}, "portable"); ok != c.ofThread {
			t.Errorf("%s: the speed of a thread in plain Go is known: %v, want %v", c.name, ok, c.ofThread)
		}
	}
}

// A run of two experiments is planned once, and the longest comes first.
func TestPlanOrder(t *testing.T) {
	store, err := results.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a, b := fixture.Experiment(t, "a", nil), fixture.Experiment(t, "b", nil)
	b.Networks = append(b.Networks, network.Standard(network.Plain, 5))
	var got []string
	for _, r := range planFor(t, store, results.Request{}, a, b) {
		got = append(got, r.Key.Spec.Network.String()+" for "+strings.Join(r.ShownBy, "+"))
	}
	want := "plain-32 for b, resnet-20 for a+b, plain-8 for a+b"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("plan: %s; want %s", s, want)
	}
	// What is done already counts: the rest of a long run may be the shortest.
	fixture.Leave(t, store, fixture.Key(b, 2), results.Running, false)
	run, err := store.Begin(t.Context(), fixture.Key(b, 2))
	if err != nil {
		t.Fatal(err)
	}
	if err := run.WriteFile("checkpoint-00063999", func(io.Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	run.Release()
	p := planFor(t, store, results.Request{}, a, b)
	if n := p[len(p)-1].Key.Spec.Network; n.Depth() != 32 {
		t.Errorf("%s is last, want plain-32, of which one iteration is left", n)
	}
}

// Of a holder that may be dead it is said how long that is waited for.
func TestWaitingFor(t *testing.T) {
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for wait, want := range map[time.Duration]string{
		0:               since.Local().Format(time.DateTime + " MST"),
		9 * time.Minute: "; taken over in 9 min unless it gives a sign of life",
	} {
		got := waitingFor(&lease.HeldError{Holder: lease.Holder{Host: "box", PID: 7, Since: since}, Wait: wait})
		if !strings.HasPrefix(got, "box:7 since ") || !strings.HasSuffix(got, want) {
			t.Errorf("%v: %q, want %q at its end", wait, got, want)
		}
	}
}
