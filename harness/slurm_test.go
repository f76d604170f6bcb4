//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/publish"
	"deepresidual/models"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// slurmVariable asks for the tests that start a cluster and take minutes.
const slurmVariable = "HARNESS_SLURM"

// submitted is what a test has handed to Slurm.
type submitted struct {
	*cluster
	spec    string
	folder  string // of the results
	watcher *watcher
}

// submit submits an experiment of the networks and seeds given, with
// checkpoints after every iteration.
func (c *cluster) submit(networks, seeds string, iterations int, site string) submitted {
	c.t.Helper()
	dir := c.t.TempDir()
	s := submitted{cluster: c, spec: filepath.Join(dir, "short.toml"), folder: filepath.Join(dir, "results")}
	c.must(os.WriteFile(s.spec, shortSpec(networks, seeds, iterations), 0o666))
	c.must(os.WriteFile(filepath.Join(dir, "site.toml"), []byte("[slurm]\ncpus = 1\nmemory = \"600M\"\n"+site), 0o666))
	out, err := exec.Command("harness", "-exp", s.spec, "-data", "synthetic", "-results", s.folder, "-checkpoint", "-1s",
		"-submit", "slurm", "-sbatch", filepath.Join(dir, "site.toml"), "-sbatch", "--mem=700M", "-sbatch", "--comment=a test").CombinedOutput()
	if err != nil {
		c.t.Fatalf("%v: %s", err, out)
	}
	c.t.Logf("%s", out)
	s.watcher = watch(c.t, s.folder, "-exp", s.spec, "-data", "synthetic")
	return s
}

// shortSpec returns an experiment of the networks and seeds given.
func shortSpec(networks, seeds string, iterations int) []byte {
	return fmt.Appendf(nil, `
title = "Short"
draw = "curves"
networks = [%s]
seeds = [%s]

[protocol]
batch = 16
iterations = %d
learning_rate = 0.05
milestones = [6]
eval_interval = %d
`, networks, seeds, iterations, iterations)
}

// finish waits for the jobs and holds the runs against the same ones made
// without Slurm. It returns what the tasks said.
func (s submitted) finish(runs int) string {
	t := s.t
	t.Helper()
	s.eventually("the jobs end", s.idle)
	s.watcher.end()
	s.watcher.checkOnce(runs)
	if s.watcher.seen[publish.Queued] == 0 {
		t.Error("-status never saw a run that is queued")
	}
	t.Logf("-status looked %d times, the slowest look took %v; seen: %v", s.watcher.looks, s.watcher.slowest.Round(time.Millisecond), s.watcher.seen)
	log := s.log()
	if figure := filepath.Join(s.folder, "figures", "short-synthetic.svg"); !exists(figure) || !exists(filepath.Join(s.folder, "report-short-synthetic.html")) {
		t.Errorf("the last job has drawn no %s", figure)
	}
	undisturbed := filepath.Join(t.TempDir(), "undisturbed")
	if err := begin(t, io.Discard, []string{"harness", "-exp", s.spec, "-data", "synthetic", "-results", undisturbed}).Wait(); err != nil {
		t.Fatal(err)
	}
	compareTrained(t, s.folder, undisturbed, runs)
	if t.Failed() {
		slurm, _ := os.ReadFile(s.path("slurmctld.log"))
		t.Logf("%s\n%s", log, slurm)
	}
	return log
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// log returns what the jobs have said so far.
func (s submitted) log() string {
	paths, err := filepath.Glob(filepath.Join(s.folder, "slurm", "*", "*.log"))
	s.must(err)
	var b bytes.Buffer
	for _, path := range paths {
		text, err := os.ReadFile(path)
		s.must(err)
		fmt.Fprintf(&b, "%s:\n%s", filepath.Base(path), text)
	}
	return b.String()
}

// holder waits until the experiment's first run is under way and returns its worker.
func (s submitted) holder() *lease.Holder {
	s.t.Helper()
	e, err := experiments.Load(s.spec)
	s.must(err)
	store, err := results.Open(s.folder)
	s.must(err)
	set, err := data.Load(s.t.Context(), data.Options{Path: data.SyntheticPath})
	s.must(err)
	key := results.Key{Spec: e.Runs(experiments.Scale{Num: 1, Den: 1}, nil)[0].RunSpec, Data: set.Fingerprint, Arithmetic: models.Arithmetic}
	var h *lease.Holder
	s.eventually("the run is under way", func() bool {
		h = store.State(key).Holder
		at, err := filepath.Glob(filepath.Join(store.Path(key), results.CheckpointPrefix+"*"))
		return h != nil && err == nil && len(at) > 0
	})
	return h
}

// TestSlurm hands runs to a real Slurm.
func TestSlurm(t *testing.T) {
	if os.Getenv(slurmVariable) == "" {
		t.Skip("starts a cluster and takes minutes: set " + slurmVariable + "=1")
	}
	c := startCluster(t)
	with := func(t *testing.T) *cluster { d := *c; d.t = t; return &d }

	t.Run("array", func(t *testing.T) {
		s := with(t).submit(`"resnet-8", "plain-8"`, "1, 2, 3, 4, 5, 6", 12, "")
		log := s.finish(12)
		if n := strings.Count(log, " begins\n"); n != 12 || strings.Contains(log, "goes on") {
			t.Errorf("of twelve runs %d were begun", n)
		}
		nodes, err := os.ReadFile(c.path("slurmctld.log"))
		c.must(err)
		for _, node := range []string{"NodeList=n1", "NodeList=n2"} {
			if !bytes.Contains(nodes, []byte(node)) {
				t.Errorf("no task ran on %s", node)
			}
		}
		out, err := exec.Command("harness", "-exp", s.spec, "-data", "synthetic", "-results", s.folder, "-submit", "slurm").Output()
		if err != nil || string(out) != "nothing to submit\n" {
			t.Errorf("submitted again: %s %v", out, err)
		}
	})

	t.Run("node dies", func(t *testing.T) {
		s := with(t).submit(`"resnet-8"`, "7", 600, "")
		task := s.holder().PID
		out, err := exec.Command("squeue", "--noheader", "--states=RUNNING", "--format=%N").Output()
		c.must(err)
		node := strings.TrimSpace(string(out))
		parent := parentOf(t, task) // slurmstepd
		c.kill(node)
		syscall.Kill(parent, syscall.SIGKILL)
		syscall.Kill(task, syscall.SIGKILL)
		t.Logf("killed slurmd of %s, slurmstepd %d and the task %d", node, parent, task)
		c.eventually("the task is gone", func() bool { return syscall.Kill(task, 0) != nil })
		s.eventually("Slurm notices", func() bool {
			out, err := exec.Command("sinfo", "--noheader", "--Node", "--nodes="+node, "--format=%T").Output()
			return err == nil && strings.HasPrefix(string(out), "down")
		})
		c.startNode(node)
		if log := s.finish(1); strings.Count(log, ") goes on from iteration") != 1 {
			t.Errorf("the run was not continued once:\n%s", log)
		}
	})

	t.Run("time limit too short", func(t *testing.T) {
		// Slurm looks at the clock every half minute or so, and sends the signal
		// up to that much earlier. The limit is too short on any machine: the run
		// has work for longer.
		iterations := int(90 * time.Second / iterationTime(t))
		s := with(t).submit(`"resnet-8"`, "8", iterations, "time = \"1\"\noptions = [\"--signal=B:TERM@20\"]\n")
		log := s.finish(1)
		requeued := strings.Count(log, "requeueing the job")
		t.Logf("requeued %d times", requeued)
		if requeued == 0 || strings.Count(log, ") goes on from iteration") != requeued {
			t.Errorf("the run was not requeued, or not continued:\n%s", log)
		}
	})

	t.Run("one task dies", func(t *testing.T) {
		// Its run can be handed over again at once, though its sibling, and with it
		// the submission, goes on.
		s := with(t).submit(`"resnet-8"`, "10, 11", 20000, "")
		s.holder()
		running := func() []string {
			out, err := exec.Command("squeue", "--noheader", "--array", "--states=RUNNING", "--format=%i").Output()
			c.must(err)
			return strings.Fields(string(out))
		}
		s.eventually("both tasks run", func() bool { return len(running()) == 2 })
		task := running()[0]
		if out, err := exec.Command("scancel", task).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		s.eventually("the task is gone", func() bool {
			out, err := exec.Command("squeue", "--noheader", "--array", "--format=%i").Output()
			return err == nil && !slices.Contains(strings.Fields(string(out)), task)
		})
		out, err := exec.Command("harness", "-exp", s.spec, "-data", "synthetic", "-results", s.folder, "-submit", "slurm", "-sbatch", "--hold", "-sbatch", "--cpus-per-task=1", "-sbatch", "--array=%1").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "runs submitted: 1,") {
			t.Errorf("submitted again: %v: %s", err, out)
		}
		if out, err := exec.Command("scancel", "--user=root").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		s.eventually("the jobs end", s.idle)
		s.watcher.end()
	})

	t.Run("cancelled", func(t *testing.T) {
		s := with(t).submit(`"resnet-8"`, "9", 20000, "")
		s.holder()
		if out, err := exec.Command("scancel", "--user=root").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		s.eventually("the jobs end", s.idle)
		s.watcher.end()
		if log := s.log(); !strings.Contains(log, "it is left as it is") {
			t.Errorf("a cancelled job does not say that it stays so:\n%s", log)
		}
		// The last job was cancelled, too; Slurm is asked, and the run submitted again.
		out, err := exec.Command("harness", "-exp", s.spec, "-data", "synthetic", "-results", s.folder, "-submit", "slurm", "-sbatch", "--hold", "-sbatch", "--cpus-per-task=1").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "runs submitted: 1,") {
			t.Errorf("submitted again: %v: %s", err, out)
		}
		// Not a second time while it waits.
		out, err = exec.Command("harness", "-exp", s.spec, "-data", "synthetic", "-results", s.folder, "-submit", "slurm").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "queued already") || !strings.Contains(string(out), "nothing to submit") {
			t.Errorf("submitted twice: %v: %s", err, out)
		}
	})
}

// iterationTime measures an iteration as a task makes it, on one core and with
// a checkpoint after it. The start of the program counts, so it is not less than
// what the task will need.
func iterationTime(t *testing.T) time.Duration {
	t.Helper()
	const iterations = 500
	dir := t.TempDir()
	spec := filepath.Join(dir, "timed.toml")
	if err := os.WriteFile(spec, shortSpec(`"resnet-8"`, "1", iterations), 0o666); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	args := []string{"harness", "-exp", spec, "-data", "synthetic", "-results", filepath.Join(dir, "results"), "-threads", "1", "-checkpoint", "-1s"}
	if err := begin(t, io.Discard, args).Wait(); err != nil {
		t.Fatal(err)
	}
	return time.Since(began) / iterations
}

// parentOf returns the parent of a process: field 4 of proc_pid_stat(5).
func parentOf(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	var state string
	var parent int
	if _, err := fmt.Sscan(string(b[bytes.LastIndexByte(b, ')')+1:]), &state, &parent); err != nil {
		t.Fatal(err)
	}
	return parent
}
