package submit

import (
	"strings"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/work"
	"deepresidual/models"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// Of a run that is left out because a worker trains it the worker's last sign of life
// is told, and what to do should it be dead.
func TestMissing(t *testing.T) {
	e, err := experiments.Load("fig1")
	if err != nil {
		t.Fatal(err)
	}
	runs := e.Runs(experiments.Full(), []int64{1, 2})
	trained := work.Planned{
		Key: results.Key{Spec: runs[0].RunSpec}, Train: true, Reason: "being trained by node7\x1b[2J:4711",
		State: results.State{Status: results.Running, Holder: &lease.Holder{Host: "node7\x1b[2J", PID: 4711, Beat: time.Now().Add(-3 * time.Minute)}},
	}
	queued := work.Planned{Key: results.Key{Spec: runs[1].RunSpec}, Train: true}
	missing := work.Planned{Key: results.Key{Spec: runs[2].RunSpec}, Train: true}
	var said strings.Builder
	rest := Missing(work.Plan{trained, queued, missing}, map[string]string{queued.Key.Identity(): "slurm/20261201-100000"}, &said)
	if len(rest) != 1 || rest[0].Key.Identity() != missing.Key.Identity() {
		t.Errorf("missing are %v", rest)
	}
	want := trained.Key.String() + ": being trained by node7\ufffd[2J:4711, last sign of life 3 min ago\n" +
		queued.Key.String() + ": queued already, in slurm/20261201-100000\n" +
		"a worker that was killed counts as alive for ten minutes after its last sign of life; after that the same command submits its run\n"
	if said.String() != want {
		t.Errorf("said\n%q\nwant\n%q", said.String(), want)
	}
	said.Reset()
	trained.State.Holder.Beat = time.Time{} // none yet
	if Missing(work.Plan{trained}, nil, &said); !strings.Contains(said.String(), "4711, no sign of life yet\n") {
		t.Errorf("said\n%s", said.String())
	}
	said.Reset()
	if Missing(work.Plan{queued, missing}, nil, &said); said.String() != "" {
		t.Errorf("said\n%s", said.String())
	}
}

// The estimate for a task does not count on processors that have nothing to do:
// work is cut into sixteen parts. Some of the time
// goes into handing them out and into memory.
func TestTasksTime(t *testing.T) {
	e, err := experiments.Load("fig1")
	if err != nil {
		t.Fatal(err)
	}
	plan := work.Plan{{Key: results.Key{Spec: e.Runs(experiments.Scale{Num: 1, Den: 1}, nil)[0].RunSpec}, Cost: 64e9}}
	for _, c := range []struct {
		cpus        int
		least, most time.Duration // at 1e9 multiply-adds a second and thread
	}{
		{1, 64 * time.Second, 64 * time.Second}, {2, 32 * time.Second, 36 * time.Second},
		{8, 8 * time.Second, 14 * time.Second}, {12, 8 * time.Second, 14 * time.Second}, {15, 8 * time.Second, 14 * time.Second},
		{16, 4 * time.Second, 7 * time.Second}, {64, 4 * time.Second, 7 * time.Second},
	} {
		if got := Tasks(plan, nil, c.cpus, 1e9)[0].Time; got < c.least || got > c.most {
			t.Errorf("%d processors: %v, want %v to %v", c.cpus, got, c.least, c.most)
		}
	}
}

// A run is given what one of the same network and minibatch has needed, if that is more
// than the estimate.
func TestTasksMemory(t *testing.T) {
	e, err := experiments.Load("fig1")
	if err != nil {
		t.Fatal(err)
	}
	runs := e.Runs(experiments.Full(), nil) // of plain-20, then of plain-56
	plan := work.Plan{{Key: results.Key{Spec: runs[0].RunSpec}}}
	recorded := func(spec experiments.RunSpec, batch int, peak float64) *results.Record {
		spec.Protocol.Batch = batch
		return &results.Record{Key: results.Key{Spec: spec}, PeakMiB: peak}
	}
	same, another := runs[0].RunSpec, runs[len(runs)-1].RunSpec
	for _, c := range []struct {
		records []*results.Record
		want    int
	}{
		{[]*results.Record{recorded(same, 128, 9000), recorded(same, 256, 88_000), recorded(another, 128, 99_000)}, 9000},
		{[]*results.Record{recorded(same, 128, 1)}, models.MemoryMiB(same.Network, 128)},
	} {
		if got := Tasks(plan, c.records, 2, 1e9)[0].Memory; got != c.want {
			t.Errorf("%d MiB, want %d", got, c.want)
		}
	}
}

// More processors than a run can use are told.
func TestTooMany(t *testing.T) {
	e, err := experiments.Load("fig1")
	if err != nil {
		t.Fatal(err)
	}
	plan := work.Plan{{Key: results.Key{Spec: e.Runs(experiments.Full(), nil)[0].RunSpec}}}
	for cpus, want := range map[int]int{1: 0, 16: 0, 17: 16, 64: 16} {
		if got := TooMany(plan, cpus); got != want {
			t.Errorf("%d processors: %d find work, want %d", cpus, got, want)
		}
	}
}

// Of -sbatch one value may be a file; options that a submission needs for itself
// are refused.
func TestSiteOptions(t *testing.T) {
	site, err := Site([]string{"--qos=long", "--array=%2"})
	if err != nil || site.AtOnce != 2 || len(site.Options) != 1 {
		t.Errorf("%+v, %v", site, err)
	}
	for _, wrong := range [][]string{{"--array=1-3"}, {"--output=x"}, {"a.toml", "b.toml"}} {
		if _, err := Site(wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}
