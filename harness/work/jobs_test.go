package work

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/fixture"
	"deepresidual/harness/train"
	"deepresidual/models/network"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// small returns a plan of short runs on synthetic data, and the data.
func small(t *testing.T, store *results.Store, seeds ...int64) (Plan, *data.Set) {
	t.Helper()
	set, err := data.Load(t.Context(), data.Options{Path: data.SyntheticPath})
	if err != nil {
		t.Fatal(err)
	}
	e := fixture.Experiment(t, "e", func(p *experiments.Protocol) {
		p.Batch, p.Iterations, p.Milestones, p.EvalInterval = 8, 4, []int{2}, 2
	})
	e.Networks = e.Networks[:1]
	plan := Make(store, nil, results.Request{Experiments: []*experiments.Experiment{e}, Scale: experiments.Full(), Seeds: seeds, Data: set.Fingerprint})
	return plan.Work(), set
}

// numbers are the files of a plan's runs that hold nothing but results.
func numbers(t *testing.T, store *results.Store, plan Plan) string {
	t.Helper()
	var all strings.Builder
	for _, r := range plan {
		for _, name := range []string{results.CurveFile, results.ResponsesFile, train.WeightsFile} {
			b, err := os.ReadFile(filepath.Join(store.Path(r.Key), name))
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
		}
	}
	return all.String()
}

// Runs come out the same, however many are trained at once.
func TestJobsSameResults(t *testing.T) {
	var want string
	for _, jobs := range []int{1, 3, 2} {
		if jobs == 2 && testing.Short() {
			continue
		}
		store := open(t, t.TempDir())
		plan, set := small(t, store, 1, 2, 3)
		var log safeLog
		w := &Worker{Store: store, Data: set, Jobs: jobs, Threads: 3, Output: &log}
		if err := w.Train(t.Context(), plan); err != nil {
			t.Fatalf("%d jobs: %v\n%s", jobs, err, &log)
		}
		got := numbers(t, store, plan)
		if jobs == 1 {
			want = got
		}
		if got != want {
			t.Errorf("%d jobs: other results than with one", jobs)
		}
		if n := strings.Count(log.String(), " begins\n"); n != len(plan) {
			t.Errorf("%d jobs: %d runs begun, want %d\n%s", jobs, n, len(plan), &log)
		}
		records, _ := store.Records()
		alone := 0 // the last run has all threads if it begins when the others are done
		for _, r := range records {
			switch threads := r.Provenance.Threads; {
			case threads == 3 && jobs > 1:
				alone++
			case threads != 3/jobs && threads != 3/jobs+1:
				t.Errorf("%d jobs: a run had %d threads", jobs, threads)
			}
			// Several at once share it; only Linux tells it.
			if got := r.PeakMiB > 0; got && jobs > 1 || !got && jobs == 1 && runtime.GOOS == "linux" {
				t.Errorf("%d jobs: %v MiB are recorded for one run", jobs, r.PeakMiB)
			}
		}
		if alone > 1 {
			t.Errorf("%d jobs: %d runs had all threads", jobs, alone)
		}
	}
}

// together waits until all the runs of a plan are held at once, by this process, and
// each has so many rows.
func together(t *testing.T, store *results.Store, plan Plan, rows int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		held := 0
		for _, r := range plan {
			s := store.State(r.Key)
			if s.Holder != nil && s.Holder.PID == os.Getpid() && s.Status == results.Running && s.Record != nil && len(s.Record.Rows) >= rows {
				held++
			}
		}
		if held == len(plan) {
			return
		}
		if time.Now().After(deadline) {
			t.Error("the runs are not trained at once")
			return
		}
	}
}

// A signal stops all runs that are trained at once, each with a checkpoint from
// which it goes on.
func TestJobsStop(t *testing.T) {
	undisturbed := open(t, t.TempDir())
	plan, set := small(t, undisturbed, 1, 2)
	if err := (&Worker{Store: undisturbed, Data: set, Threads: 1, Output: &safeLog{}}).Train(t.Context(), plan); err != nil {
		t.Fatal(err)
	}

	store := open(t, t.TempDir())
	var log safeLog
	var once sync.Once
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	w := &Worker{Store: store, Data: set, Jobs: 2, Threads: 2, Output: &log, Row: func(*results.Record) error {
		once.Do(func() { // the first; the others wait for it, with their first row
			together(t, store, plan, 1)
			stop()
		})
		return nil
	}}
	err := w.Train(ctx, plan)
	if !errors.Is(err, train.ErrStopped) {
		t.Fatalf("got %v, want %v", err, train.ErrStopped)
	}
	for _, name := range []string{"plain-8 seed 1 (1 of 2): stopped with", "plain-8 seed 2 (2 of 2): stopped with"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not say %q", err, name)
		}
	}
	for _, r := range plan {
		if at, ok := train.Latest(store.Path(r.Key)); !ok || at < 2 {
			t.Errorf("%s: the checkpoint is of iteration %d", r.Key, at)
		}
	}
	if err := (&Worker{Store: store, Data: set, Jobs: 2, Threads: 2, Output: &log}).Train(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "goes on from iteration"); n != 2 {
		t.Errorf("%d runs went on, want 2\n%s", n, &log)
	}
	if numbers(t, store, plan) != numbers(t, undisturbed, plan) {
		t.Error("other results than without the stop")
	}
}

// A run that fails, or in which a library panics, takes no other down.
func TestJobsFailure(t *testing.T) {
	t.Setenv("GOTRACEBACK", "") // a panic is an error only without it
	store := open(t, t.TempDir())
	plan, set := small(t, store, 1, 2, 3)
	if err := os.MkdirAll(store.Path(plan[0].Key), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store.Path(plan[0].Key), results.RunFile), []byte("no record"), 0o666); err != nil {
		t.Fatal(err)
	}
	var log safeLog
	w := &Worker{Store: store, Data: set, Jobs: 2, Threads: 2, Output: &log, Row: func(r *results.Record) error {
		if r.Key.Spec.Seed == plan[1].Key.Spec.Seed {
			panic("a library's")
		}
		return nil
	}}
	if err := w.Train(t.Context(), plan); !errors.Is(err, ErrUnfinished) {
		t.Errorf("got %v, want %v", err, ErrUnfinished)
	}
	if s := store.State(plan[2].Key); s.Status != results.Complete {
		t.Errorf("the third run is %s\n%s", s.Status, &log)
	}
	for _, s := range []string{plan[0].Key.String() + ": ", plan[1].Key.String() + ": internal error in "} {
		if !strings.Contains(log.String(), s) {
			t.Errorf("nothing is said of %q:\n%s", s, &log)
		}
	}
	for _, r := range plan {
		if s := store.State(r.Key); s.Holder != nil {
			t.Errorf("%s is still held", r.Key)
		}
	}
}

// A run that fails as it is told to stop is a failure of all, though those beside
// it stop with a checkpoint.
func TestJobsFailToStop(t *testing.T) {
	t.Setenv("GOTRACEBACK", "") // as in TestJobsFailure
	store := open(t, t.TempDir())
	plan, set := small(t, store, 1, 2)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log safeLog
	w := &Worker{Store: store, Data: set, Jobs: 2, Threads: 2, Output: &log, Row: func(r *results.Record) error {
		if r.Key.Spec.Seed != plan[0].Key.Spec.Seed {
			<-ctx.Done()
			return nil
		}
		together(t, store, plan, 0)
		stop()
		panic("a library's")
	}}
	err := w.Train(ctx, plan)
	if !errors.Is(err, ErrUnfinished) || errors.Is(err, train.ErrStopped) || errors.Is(err, ErrStopped) {
		t.Errorf("got %v, want %v and no stop\n%s", err, ErrUnfinished, &log)
	}
	if err == nil || !strings.Contains(err.Error(), "plain-8 seed 2 (2 of 2): stopped with a checkpoint") {
		t.Errorf("%v does not say what can be gone on from", err)
	}
}

// A results folder that goes away is not made again, to train everything from the
// beginning.
func TestFolderGone(t *testing.T) {
	for _, all := range []bool{true, false} { // or the run's alone
		store := open(t, filepath.Join(t.TempDir(), "results"))
		plan, set := small(t, store, 1, 2)
		var log safeLog
		w := &Worker{Store: store, Data: set, Threads: 1, Output: &log, Row: func(r *results.Record) error {
			if all {
				return os.RemoveAll(store.Dir())
			}
			return os.RemoveAll(store.Path(r.Key))
		}}
		err := w.Train(t.Context(), plan)
		if !errors.Is(err, ErrUnfinished) || errors.Is(err, ErrGone) != all || !strings.Contains(log.String(), "is gone with its folder") {
			t.Errorf("all of it: %v: %v\n%s", all, err, &log)
		}
		if _, err := os.Stat(store.Dir()); (err != nil) != all || strings.Contains(log.String(), "(2 of 2) begins") {
			t.Errorf("all of it: %v: there is another folder\n%s", all, &log)
		}
	}
}

// A queue that is closed hands out nothing more, nor what comes back to it.
func TestClosedQueue(t *testing.T) {
	store := open(t, t.TempDir())
	plan, _ := small(t, store, 1, 2)
	q := &queue{jobs: 2, say: func(string, ...any) {}, ahead: plan}
	r, _, _, _, err := q.next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	q.close()
	q.hold(r, "held")
	if _, _, ok, _, err := q.next(t.Context()); ok || err != nil {
		t.Errorf("another run: %v, %v", ok, err)
	}
}

// A worker whose run was taken over, trained on and given up while it slept takes
// it up again, and leaves none of its own undone.
func TestTakenOverAndGivenUp(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "results"))
	plan, set := small(t, store, 1, 2)
	var log safeLog
	slept := false
	w := &Worker{Store: store, Data: set, Threads: 1, Output: &log, Row: func(r *results.Record) error {
		if slept {
			return nil
		}
		slept = true
		return os.Remove(filepath.Join(store.Path(r.Key), "claim"))
	}}
	if err := w.Train(t.Context(), plan); err != nil {
		t.Errorf("%v\n%s", err, &log)
	}
	for _, r := range plan {
		if state := store.State(r.Key); state.Status != results.Complete {
			t.Errorf("%s is %s\n%s", r.Key, state.Status, &log)
		}
	}
}

// Only a sign of life that is another than the one before says that a holder lives.
func TestAlive(t *testing.T) {
	store := open(t, t.TempDir())
	plan, _ := small(t, store, 1)
	beat := time.Now()
	for _, c := range []struct {
		name         string
		first, later time.Time
		here         bool
		want         bool
	}{
		{"on this machine", beat, beat, true, true},
		{"silent", beat, beat, false, false},
		{"beating", beat, beat.Add(time.Second), false, true},
		{"unreadable now", beat, time.Time{}, false, false},
		{"unreadable before", time.Time{}, beat, false, false},
	} {
		q := &queue{jobs: 1}
		held := func(beat time.Time, wait time.Duration) *lease.HeldError {
			if c.here {
				wait = 0
			}
			return &lease.HeldError{Holder: lease.Holder{Beat: beat}, Wait: wait}
		}
		first := q.alive(plan[0], held(c.first, time.Minute))
		// An unreadable sign of life begins the wait anew: that proves nothing.
		if got := q.alive(plan[0], held(c.later, 2*time.Minute)); got != c.want || first != c.here {
			t.Errorf("%s: first %v, then %v, want %v, %v", c.name, first, got, c.here, c.want)
		}
	}
}

func TestThreadsOf(t *testing.T) {
	for _, c := range []struct {
		jobs, threads int
		want          []int
	}{
		{1, 1, []int{1}}, {2, 2, []int{1, 1}}, {3, 8, []int{3, 3, 2}}, {4, 64, []int{16, 16, 16, 16}}, {5, 7, []int{2, 2, 1, 1, 1}},
	} {
		for job, want := range c.want {
			if got := threadsOf(job, c.jobs, c.threads); got != want {
				t.Errorf("job %d of %d has %d of %d threads, want %d", job, c.jobs, got, c.threads, want)
			}
		}
	}
}

// runs returns a plan of runs of a network on the full schedule.
func runs(t *testing.T, net network.Network, n int) Plan {
	t.Helper()
	e := fixture.Experiment(t, "e", nil)
	e.Networks = []network.Network{net}
	var seeds []int64
	for i := range n {
		seeds = append(seeds, int64(i))
	}
	return planFor(t, open(t, t.TempDir()), results.Request{Seeds: seeds}, e)
}

// How many runs are trained at once by default.
func TestDefaultJobs(t *testing.T) {
	deep, shallow := network.Standard(network.Residual, 18), network.Standard(network.Residual, 3)
	for _, c := range []struct {
		net     network.Network
		runs    int
		threads int
		want    int
	}{
		{shallow, 8, 1, 1}, {shallow, 8, 2, 1}, {deep, 8, 2, 1}, {deep, 8, 8, 1},
		{shallow, 1, 64, 1}, // nothing to train beside it
		{shallow, 2, 64, 2}, {deep, 2, 64, 2},
		{shallow, 4, 64, 4}, {deep, 4, 64, 4},
	} {
		if got := runs(t, c.net, c.runs).Jobs(c.threads); got != c.want {
			t.Errorf("%d runs of %s on %d threads: %d at once, want %d", c.runs, c.net, c.threads, got, c.want)
		}
	}
}

// A run that another worker trains gets no threads of this one's.
func TestJobsOfFreeRuns(t *testing.T) {
	plan := runs(t, network.Standard(network.Residual, 3), 3)
	plan[0].State.Status = results.Running
	for jobs, want := range map[int]int{1: 1, 2: 2, 3: 2, 9: 2} {
		if got := plan.AtMost(jobs); got != want {
			t.Errorf("-jobs %d: %d at once, want %d", jobs, got, want)
		}
	}
	if got := plan[:1].AtMost(2); got != 1 {
		t.Errorf("nothing to train: %d at once", got)
	}
	if got := plan[:1].Jobs(64); got != 1 {
		t.Errorf("nothing to train: %d at once by default", got)
	}
}

// Runs are trained at once as long as there is memory for them.
func TestFitMemory(t *testing.T) {
	plan := runs(t, network.Standard(network.Residual, 18), 4)
	one, two := plan.MemoryMiB(1), plan.MemoryMiB(2)
	if two <= one || two >= 2*one {
		t.Errorf("one run takes %d MiB, two take %d: want less than twice as much, for the data is there once", one, two)
	}
	for _, c := range []struct {
		free float64
		want int
	}{{1, 1}, {float64(one), 1}, {float64(two), 2}, {float64(two) + 1, 2}, {1e6, 4}} {
		if got := plan.FitMemory(4, c.free); got != c.want {
			t.Errorf("%.0f MiB are free: %d at once, want %d", c.free, got, c.want)
		}
	}
}

// The time for all is that of the job that is done last. What has no run any more
// leaves its threads to the others.
func TestPlanTime(t *testing.T) {
	plan := Plan{{Train: true, Cost: 9}, {Train: true, Cost: 5}, {Train: true, Cost: 5}, {Cost: 1}}
	alike := func(Planned, int) float64 { return 1 }
	by := func(_ Planned, threads int) float64 { return float64(threads) }
	for _, c := range []struct {
		jobs, threads int
		speed         func(Planned, int) float64
		want          float64
	}{
		{1, 1, alike, 19}, {2, 2, alike, 10}, {3, 3, alike, 9}, {9, 9, alike, 9},
		{1, 6, by, 19. / 6}, {3, 6, by, 19. / 6}, {2, 6, by, 19. / 6},
		{3, 3, by, 19. / 3}, // 5 with a thread each, and 4 with three
		{2, 3, by, 19. / 3},
	} {
		if got := plan.Work().schedule(c.jobs, c.threads, c.speed); !(math.Abs(got-c.want) <= 1e-9) {
			t.Errorf("%d jobs on %d threads: %v, want %v", c.jobs, c.threads, got, c.want)
		}
	}
	two := runs(t, network.Standard(network.Residual, 3), 2)
	two[1].Cost /= 2
	pace := Speed{PerSecond: two[1].Cost}
	half, all := two.Time(2, 2, pace), two.Time(2, 2, Speed{PerSecond: 2 * pace.PerSecond})
	if half <= 1500*time.Millisecond || half >= 2*time.Second || (half/2-all).Abs() > time.Microsecond {
		t.Errorf("%v, and %v at twice the pace: want between 1.5 and 2 s, since the longer run has both threads for its second half", half, all)
	}
}

func TestShares(t *testing.T) {
	s := newShares(3, 8)
	for _, c := range []struct {
		ends int
		want []int
	}{{-1, []int{3, 3, 2}}, {1, []int{4, 0, 4}}, {0, []int{0, 0, 8}}} {
		if c.ends >= 0 {
			s.end(c.ends)
		}
		for job, want := range c.want {
			if want > 0 && s.of(job) != want {
				t.Errorf("after the end of job %d: job %d has %d threads, want %d", c.ends, job, s.of(job), want)
			}
		}
	}
}

// A run goes on with the threads of a job that has nothing more to train: with the
// same results, and its record says when.
func TestThreadsOfOthers(t *testing.T) {
	alone := open(t, t.TempDir())
	plan, set := small(t, alone, 1, 2)
	if err := (&Worker{Store: alone, Data: set, Threads: 1, Output: &safeLog{}}).Train(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	store := open(t, t.TempDir())
	var log safeLog
	second := plan[1].Key.Spec.Seed
	begun := make(chan struct{}) // the second has its first row
	w := &Worker{Store: store, Data: set, Jobs: 2, Threads: 2, Output: &log}
	w.Row = func(r *results.Record) error {
		if len(r.Rows) > 1 {
			return nil
		}
		if r.Key.Spec.Seed != second {
			select {
			case <-begun:
				return nil
			case <-time.After(time.Minute):
				return errors.New("the second job does not begin")
			}
		}
		close(begun)
		for deadline := time.Now().Add(time.Minute); w.shares.of(1) == 1; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				return errors.New("the first job does not end")
			}
		}
		return nil
	}
	if err := w.Train(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if numbers(t, store, plan) != numbers(t, alone, plan) {
		t.Error("other results than of one after the other")
	}
	if want := "plain-8 seed 2 (2 of 2) has 2 threads now\n"; !strings.Contains(log.String(), want) {
		t.Errorf("it does not say %q:\n%s", want, &log)
	}
	records, _ := store.Records()
	for _, r := range records {
		if r.Key.Spec.Seed != second {
			continue
		}
		var got [][2]int
		for _, p := range r.Processes {
			got = append(got, [2]int{p.Iteration, p.Threads})
		}
		if want := [][2]int{{0, 1}, {2, 2}}; !slices.Equal(got, want) || r.Provenance.Threads != 2 || r.Provenance.Resumed != 0 {
			t.Errorf("iterations and threads %v, %d at last, resumed %d times; want %v", got, r.Provenance.Threads, r.Provenance.Resumed, want)
		}
	}
}
