package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deepresidual/experiments"
	"deepresidual/harness/fixture"
	"deepresidual/harness/process"
	"deepresidual/harness/work"
	"deepresidual/models/network"
	"deepresidual/results"
)

// More runs at once than there are threads or memory for are refused before
// anything is trained.
func TestTooManyJobs(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large.toml")
	spec := "title = \"T\"\ndraw = \"curves\"\nnetworks = [\"resnet-1202\"]\nseeds = [1, 2]\n[protocol]\nbatch = 8192\n"
	if err := os.WriteFile(large, []byte(spec), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-exp", "fig1", "-jobs", "3", "-threads", "2"}, exitUsage, "-jobs 3 with 2 threads: each run needs a thread"},
		{[]string{"-exp", "fig1", "-jobs", "3", "-threads", "2", "-dry-run"}, exitUsage, "-jobs 3 with 2 threads: each run needs a thread"},
		{[]string{"-exp", "table6", "-seeds", "1-500", "-data", "synthetic", "-jobs", "1000", "-threads", "1000"}, exitFailed, "GiB for it: -jobs "},
		{[]string{"-exp", large, "-data", "synthetic", "-jobs", "2", "-threads", "2"}, exitFailed, "-jobs 2: the largest of these runs alone takes about 5"},
		{[]string{"-exp", large, "-data", "synthetic", "-threads", "2", "-dry-run"}, 0, "warning: the largest of these runs takes about 5"},
	} {
		if free := process.FreeMiB(); (free == 0 || free > 500<<10) && c.code != exitUsage {
			continue // the system does not tell, or has room even for these
		}
		dir := t.TempDir()
		var stderr strings.Builder
		if code := run(t.Context(), append(c.args, "-results", dir), io.Discard, &stderr); code != c.code || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%q: exit code %d, want %d\n%s\nwant: %s", c.args, code, c.code, last(stderr.String()), c.want)
		}
	}
}

// last returns the last line of a text.
func last(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// How many runs share how many threads is said in a line.
func TestAtOnce(t *testing.T) {
	for _, c := range []struct {
		jobs, threads int
		want          string
	}{
		{2, 2, "2 runs at once, with 1 thread each"}, {4, 64, "4 runs at once, with 16 threads each"}, {3, 8, "3 runs at once, with 2 or 3 threads each"},
	} {
		if got := atOnce(c.jobs, c.threads); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// No more runs at once than there is memory for, though there are the threads.
func TestJobsFitMemory(t *testing.T) {
	list, err := experiments.Load("table6")
	if err != nil {
		t.Fatal(err)
	}
	list.Networks = []network.Network{network.Standard(network.Residual, 18)}
	store, err := results.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	plan := work.Make(store, nil, results.Request{Experiments: []*experiments.Experiment{list}, Scale: experiments.Full(), Data: fixture.CIFAR()})
	var said strings.Builder
	for free, want := range map[float64]int{0: 5, float64(plan.MemoryMiB(2)): 2, float64(plan.MemoryMiB(1)) - 1: 1, 1e9: 5} {
		if n, err := new(jobs).choose(&environment{stderr: &said}, plan, 80, free); err != nil || n != want {
			t.Errorf("%d runs, %.0f MiB free: %d at once, %v; want %d", len(plan), free, n, err, want)
		}
	}
	if !strings.Contains(said.String(), "2 runs at once rather than 5, which take about") {
		t.Errorf("said: %s", &said)
	}
}
