package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/data"
)

func TestParse(t *testing.T) {
	m, err := parse(modes(), []string{"-exp", "fig1,fig6", "-exp", "fig1", "-scale", "2/32", "-seeds", "3, 1,3",
		"-data", "d", "-results", "r", "-threads", "7", "-jobs", "3", "-kernels", "portable", "-retrain", "-check", "-checkpoint", "5s", "-tensorboard", "t"})
	if err != nil {
		t.Fatal(err)
	}
	got, ok := m.job.(*trainMode)
	if !ok {
		t.Fatalf("the mode is %T", m.job)
	}
	s := &got.records.selection
	for what, equal := range map[string]bool{
		"-exp":         slices.Equal(s.names, []string{"fig1", "fig6"}),
		"-scale":       s.scale == experiments.Scale{Num: 1, Den: 16} && s.scaleGiven,
		"-seeds":       slices.Equal(s.seeds, []int64{3, 1}),
		"-data":        got.records.data.path == "d",
		"-results":     got.records.folder == "r",
		"-threads":     got.machine.threads == 7,
		"-jobs":        got.jobs.n == 3,
		"-kernels":     got.machine.kernels == "portable",
		"-checkpoint":  got.checkpoint == 5*time.Second,
		"-tensorboard": got.tensorBoard == "t",
		"switches":     got.retrain && got.check && !got.requeue,
	} {
		if !equal {
			t.Errorf("%s is not as given: %+v", what, got)
		}
	}
}

// Options of sbatch are values, also one that is called as an option of the program
// is.
func TestParseOptionsOfSbatch(t *testing.T) {
	m, err := parse(modes(), []string{"-exp", "fig1", "-submit", "slurm", "-sbatch", "--requeue", "-sbatch", "-H"})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.job.(*submitMode).sbatch; !slices.Equal(got, []string{"--requeue", "-H"}) {
		t.Errorf("-sbatch is %q", got)
	}
}

// Every mode has an option of its name, every option a help, and options of one
// name are alike: all switches, or all with a value.
func TestModes(t *testing.T) {
	values := map[string]bool{}
	for _, m := range modes() {
		var o options
		m.declare(&o)
		if m.name != "" && o.find(m.name) == nil {
			t.Errorf("mode %q has no option of its name", m.name)
		}
		seen := map[string]bool{}
		for _, p := range o {
			if p.help == "" || seen[p.name] {
				t.Errorf("-%s of %q has no help, or is declared twice", p.name, m.name)
			}
			seen[p.name] = true
			if value, ok := values[p.name]; ok && value != (p.arg != "") {
				t.Errorf("-%s is a switch in one mode and none in another", p.name)
			}
			values[p.name] = p.arg != ""
		}
	}
}

// ask returns arguments that ask for a mode, with what it cannot do without.
func ask(m mode) []string {
	values := map[string][]string{
		"":        {"-exp", "fig1"},
		"dry-run": {"-dry-run", "-exp", "fig1"},
		"serve":   {"-serve", "0"},
		"submit":  {"-submit", "slurm", "-exp", "fig1"},
		"eval":    {"-eval", "file"},
		"bench":   {"-bench", "resnet-20"},
	}
	if args, ok := values[m.name]; ok {
		return args
	}
	return []string{"-" + m.name}
}

// An option that is empty begins nothing, nor does a mode that is turned off:
// neither is taken for one that was not given.
func TestEmptyOptions(t *testing.T) {
	for _, m := range modes() {
		if _, err := parse(modes(), ask(m)); err != nil {
			t.Errorf("%q: %v", ask(m), err)
		}
		var own options
		m.declare(&own)
		for _, o := range own {
			args := append(ask(m), "-"+o.name+"=")
			if _, err := parse(modes(), args); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "-"+o.name+" is empty") {
				t.Errorf("%q: %v, want to hear that -%s is empty", args, err, o.name)
			}
		}
		if o := own.find(m.name); o != nil && o.arg == "" {
			for _, off := range []string{"=false", "=0", "=no"} {
				args := []string{"-exp", "fig1", "-" + m.name + off}
				if m.name == "version" {
					args = args[2:]
				}
				if _, err := parse(modes(), args); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "or leave it out") {
					t.Errorf("%q: %v, want to hear that a mode is not turned off", args, err)
				}
			}
		}
	}
}

// An option without effect in a mode is refused, whatever the mode.
func TestMisplacedOptions(t *testing.T) {
	for _, m := range modes() {
		var own options
		m.declare(&own)
		for _, other := range modes() {
			var foreign options
			other.declare(&foreign)
			for _, o := range foreign {
				asks := slices.ContainsFunc(modes(), func(m mode) bool { return m.name == o.name })
				if own.find(o.name) != nil || asks {
					continue
				}
				args := append(ask(m), "-"+o.name+"=1")
				if _, err := parse(modes(), args); exitCode(err) != exitUsage {
					t.Errorf("%q: %v, want a usage error", args, err)
				}
			}
		}
	}
}

func TestSeeds(t *testing.T) {
	for _, c := range []struct {
		list string
		want []int64 // nil: refused
	}{
		{"1", []int64{1}}, {"3, 1,3", []int64{3, 1}}, {"1-3", []int64{1, 2, 3}}, {"0,2-2", []int64{0, 2}}, {"5,4-6", []int64{5, 4, 6}},
		{"9223372036854775806-9223372036854775807", []int64{math.MaxInt64 - 1, math.MaxInt64}},
		{"-1", nil}, {"1--2", nil}, {"3-1", nil}, {"1-", nil}, {"-", nil}, {"1,,2", nil}, {"0-10000", nil}, {"1-9223372036854775807", nil},
		{"9223372036854775808", nil}, {"1.5", nil}, {"one", nil},
	} {
		var s selection
		if err := s.parseSeeds(c.list); (err == nil) != (c.want != nil) || err == nil && !slices.Equal(s.seeds, c.want) {
			t.Errorf("-seeds %q: %v, %v; want %v", c.list, s.seeds, err, c.want)
		}
	}
}

// An experiment that is named twice, as by all and by itself, is one.
func TestLoadOnce(t *testing.T) {
	s := selection{names: []string{"all", "fig1"}}
	list, err := s.load()
	if err != nil {
		t.Fatal(err)
	}
	all, err := new(selection).load()
	if err != nil || len(list) != len(all) {
		t.Errorf("%d experiments, %v; want %d", len(list), err, len(all))
	}
	spec, err := os.ReadFile("../experiments/fig1.toml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("mine.toml", []byte("title = \"Mine\"\ndraw = \"curves\"\nnetworks = [\"plain-8\"]\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("mine.toml")
	if err != nil {
		t.Fatal(err)
	}
	s = selection{names: []string{"mine.toml", "./mine.toml", here}}
	if list, err := s.load(); err != nil || len(list) != 1 {
		t.Errorf("%d experiments in one file, %v", len(list), err)
	}
	// One of the program's own, read from a file, is the same; edited it is another.
	for _, edited := range []bool{false, true} {
		content, want := spec, 1
		if edited {
			content, want = append(spec, "# edited\n[protocol]\nbatch = 64\n"...), 2
		}
		if err := errors.Join(os.MkdirAll("experiments", 0o777), os.WriteFile("experiments/fig1.toml", content, 0o666)); err != nil {
			t.Fatal(err)
		}
		s = selection{names: []string{"fig1", "experiments/fig1.toml"}}
		if list, err := s.load(); err != nil || len(list) != want {
			t.Errorf("edited %v: %d experiments, want %d: %v", edited, len(list), want, err)
		}
	}
}

// The tasks of a submission work in another folder than this command.
func TestPathsForTasks(t *testing.T) {
	here := t.TempDir()
	t.Chdir(here)
	m, err := parse(modes(), []string{"-submit", "slurm", "-exp", "fig1,mine.toml,./specs/mine", "-results", "r", "-tensorboard", "events", "-check"})
	if err != nil {
		t.Fatal(err)
	}
	task, report, err := m.job.(*submitMode).arguments("")
	if err != nil {
		t.Fatal(err)
	}
	here, err = os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(here, name) }
	want := []string{"-exp", "fig1," + in("mine.toml") + "," + in("specs/mine"), "-results", in("r"), "-tensorboard", in("events")}
	if !slices.Equal(task, want) {
		t.Errorf("%q, want %q", task, want)
	}
	if want := append(want, "-report", "-check"); !slices.Equal(report, want) { // the verdicts are the last job's
		t.Errorf("%q, want %q", report, want)
	}
	// The last job reads no images: where they are must not matter to it.
	for place, told := range map[string]bool{filepath.Join(here, "cifar10"): false, data.SyntheticPath: true} {
		task, report, err := m.job.(*submitMode).arguments(place)
		if err != nil || !slices.Contains(task, place) || slices.Contains(report, place) != told {
			t.Errorf("-data %s: %q and %q, %v", place, task, report, err)
		}
	}

	asked, err := parse(modes(), []string{"-submit", "slurm", "-exp", "fig1", "-results", "r", "-scale", "1/16", "-seeds", "3,1", "-kernels", "portable", "-checkpoint", "5m"})
	if err != nil {
		t.Fatal(err)
	}
	task, report, err = asked.job.(*submitMode).arguments("")
	want = []string{"-exp", "fig1", "-results", in("r"), "-scale", "1/16", "-seeds", "3,1"}
	if err != nil || !slices.Equal(task, append(slices.Clone(want), "-kernels", "portable", "-checkpoint", "5m0s")) || !slices.Equal(report, append(want, "-report")) {
		t.Errorf("%q and %q, %v", task, report, err)
	}

	comma := filepath.Join(here, "a,b")
	if err := os.Mkdir(comma, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Chdir(comma)
	if _, _, err := m.job.(*submitMode).arguments(""); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "comma") {
		t.Errorf("a folder with a comma: %v", err)
	}
}

// Without -exp, what only looks at records looks at all of them.
func TestDefaultExperiments(t *testing.T) {
	for _, mode := range []string{"-report", "-status"} {
		if _, err := parse(modes(), []string{mode}); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
	}
	list, err := new(selection).load()
	if err != nil || len(list) != len(experiments.Names())-1 {
		t.Errorf("%d experiments, %v; want all but smoke", len(list), err)
	}
}
