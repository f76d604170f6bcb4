package main

import (
	"slices"
	"testing"
	"time"

	"deepresidual/experiments"
)

func TestParse(t *testing.T) {
	m, err := parse(modes(), []string{"-exp", "fig1,fig6", "-exp", "fig1", "-scale", "2/32", "-seeds", "3, 1,3",
		"-data", "d", "-results", "r", "-threads", "7", "-kernels", "portable", "-retrain", "-check", "-checkpoint", "5s", "-tensorboard", "t"})
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

// An option that is empty or turned off never begins what was not asked for.
func TestEmptyOptions(t *testing.T) {
	for _, m := range modes() {
		var own options
		m.declare(&own)
		for _, o := range own {
			args := []string{"-exp", "fig1", "-" + o.name + "="}
			if o.name == m.name && o.arg == "" {
				args[2] += "false"
			}
			if m.name != "" && m.name != o.name {
				args = append(args, "-"+m.name+"=x")
			}
			if _, err := parse(modes(), args); exitCode(err) != exitUsage {
				t.Errorf("%q: %v, want a usage error", args, err)
			}
		}
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
