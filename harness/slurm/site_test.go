package slurm

import (
	"strings"
	"testing"
)

// Options that a submission needs for itself, or cannot live with, are refused
// in every spelling that sbatch takes; others are not.
func TestTakenOptions(t *testing.T) {
	for _, c := range []struct {
		option string
		ok     bool
	}{
		{"--cpus=2", false}, {"--cpus-per=2", false}, {"--cpus-per-gpu=2", true},
		{"--array=1-3", false}, {"--array 1-3", false}, {"--arr=1", false}, {"-a1-3", false}, {"-a 1", false},
		{"--output=x.log", false}, {"--out=x", false}, {"-o x", false},
		{"--wrap=ls", false}, {"--dependency=singleton", false}, {"-d afterok:3", false},
		{"--chdir=/", false}, {"-D/", false}, {"--no-requeue", false}, {"--parsable", false}, {"--wait", false}, {"-W", false},
		{"--ar=1-5", false}, {"--a=1-5", false}, {"--o", false}, {"--no-req", false}, {"--=1", false}, {"--", false}, {"-", false},
		{"--clusters=gpu", false}, {"--cluster=gpu", false}, {"-M gpu", false}, {"-Mgpu", false},
		{"-Ho/dev/null", false}, {"-vvQa1-5", false}, {"-H -o/dev/null", false}, {"-sD/", false},
		{"-H", true}, {"-s", true}, {"-phigh", true}, {"-Ahold", true}, {"--account=lab", true}, {"--overcommit", true}, {"--time-min=10", true},
		{"--qos=long", true}, {"--wait-all-nodes=1", true}, {"--constraint=avx512", true}, {"--cluster-constraint=fast", true}, {"--exclusive", true}, {"--open-mode=append", true},
		{"-A lab", true}, {"-w node3", true}, {"--mem=700M", true}, {"--signal=B:TERM@20", true}, {"--deadline=now+1day", true},
	} {
		var s Site
		err := s.Add(c.option)
		if (err == nil) != c.ok || (err == nil) != (len(s.Options) == 1) {
			t.Errorf("%s: %v, options %q", c.option, err, s.Options)
		}
		if err != nil && (!strings.Contains(err.Error(), c.option) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: the message is %q", c.option, err)
		}
	}
}

// So can how many processors a task has: what is estimated goes by it.
func TestProcessorsOfATask(t *testing.T) {
	for _, option := range []string{"--cpus-per-task=3", "--cpus-per-task 3", "-c3", "-c 3"} {
		var site Site
		if err := site.Add(option); err != nil || site.CPUs != 3 || len(site.Options) > 0 {
			t.Errorf("%s: %+v, %v", option, site, err)
		}
	}
	for _, wrong := range []string{"--cpus-per-task=0", "--cpus-per-task=5000", "-cx", "-c"} {
		if err := new(Site).Add(wrong); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	site := Site{CPUs: 1, Options: []string{"-c 3"}}
	if key, problem := site.problem(); key != "options" || !strings.Contains(problem, "cpus = N") {
		t.Errorf("in a file: %s: %s", key, problem)
	}
}

// How many tasks run at once can be said on the command line, too.
func TestAtOnce(t *testing.T) {
	s := submission()
	if err := s.Site.Add("--array=%3"); err != nil {
		t.Fatal(err)
	}
	scripts, err := s.scripts(usualArray)
	if err != nil || !strings.Contains(scripts[0].Text, "\n#SBATCH --array=1-2%3\n") {
		t.Errorf("%v:\n%s", err, scripts[0].Text)
	}
	for _, wrong := range []string{"--array=%0", "--array=%x", "--array=%"} {
		if err := s.Site.Add(wrong); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
