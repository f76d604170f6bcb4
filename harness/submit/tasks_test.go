package submit

import (
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/work"
	"deepresidual/results"
)

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
