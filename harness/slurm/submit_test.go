//go:build unix

package slurm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// commands puts shell scripts into the PATH in the place of Slurm's commands.
// They work in a folder of their own, $CALLS.
func commands(t *testing.T, scripts map[string]string) (calls string) {
	t.Helper()
	bin, calls := t.TempDir(), t.TempDir()
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CALLS", calls)
	t.Setenv("SBATCH_CLUSTERS", "") // a submission to others is refused
	t.Setenv(clusterVariable, "")
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	return calls
}

const (
	config = `echo "MaxArraySize            = 1001"`
	// count prints 101, 102 and so on, and notes its arguments.
	count = `echo "$@" >> $CALLS/sbatch; echo $((100 + $(wc -l < $CALLS/sbatch)))`
)

func read(t *testing.T, elements ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Each array is numbered from 1 and has no more tasks than Slurm allows; every
// task finds its own run.
func TestLargeSubmission(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		config string
		arrays []string // of resnet-8, then of plain-8
	}{
		{config, []string{"1-1000", "1-1000", "1-345", "1-7"}},
		{`echo "MaxArraySize            = 2001"`, []string{"1-2000", "1-345", "1-7"}},
		{`exit 1`, []string{"1-1000", "1-1000", "1-345", "1-7"}},
	} {
		commands(t, map[string]string{"scontrol": c.config, "sbatch": count})
		s := &Submission{Site: Site{CPUs: 1}}
		for i := range 2345 {
			s.Tasks = append(s.Tasks, Task{Identity: fmt.Sprintf("r%d", i), Network: "resnet-8", Seed: int64(i)})
		}
		for i := range 7 {
			s.Tasks = append(s.Tasks, Task{Identity: fmt.Sprintf("p%d", i), Network: "plain-8", Seed: int64(i)})
		}
		dir, jobs, err := s.Submit(t.Context(), t.TempDir(), os.Args[0])
		if err != nil {
			t.Fatal(err)
		}
		if len(jobs) != len(c.arrays)+1 {
			t.Errorf("%d jobs, want %d arrays and the last one", len(jobs), len(c.arrays))
		}
		noted, err := readJobs(dir)
		if err != nil || len(noted) != len(jobs) || noted[len(noted)-1].count != 0 {
			t.Fatalf("jobs %v, %v", noted, err)
		}
		seen := 0
		files, _ := filepath.Glob(filepath.Join(dir, "*.sbatch"))
		arrays := map[string]int{}
		for _, file := range files {
			text := read(t, file)
			_, rest, ok := strings.Cut(text, "#SBATCH --array=")
			if !ok {
				continue
			}
			indices, _, _ := strings.Cut(rest, "\n")
			arrays[indices]++
			// The first and the last task, as a shell finds their runs.
			program := strings.ReplaceAll(text, "exec ./harness", "echo")
			var last int
			fmt.Sscanf(indices, "1-%d", &last)
			for _, index := range []int{1, last} {
				cmd := exec.Command("bash", "-c", program)
				cmd.Dir, cmd.Env = dir, append(os.Environ(), fmt.Sprint("SLURM_ARRAY_TASK_ID=", index), "SLURM_CPUS_PER_TASK=1")
				out, err := cmd.Output()
				var run string
				if _, err2 := fmt.Sscanf(string(out), "-run %s", &run); err != nil || err2 != nil {
					t.Fatalf("task %d of %s: %s %v %v", index, file, out, err, err2)
				}
				if (run[0] == 'p') != strings.HasPrefix(filepath.Base(file), "plain-8") {
					t.Errorf("task %d of %s trains %s", index, file, run)
				}
			}
			seen += last
		}
		for _, want := range c.arrays {
			if arrays[want]--; arrays[want] < 0 {
				t.Errorf("no array %s", want)
			}
		}
		if seen != 2352 {
			t.Errorf("%d tasks in all, want 2352", seen)
		}
	}
}

// A site's sbatch may print a greeting before the number, and a cluster's name
// after it.
func TestNumberOfAJob(t *testing.T) {
	for _, c := range []struct{ printed, want string }{
		{"echo 4711", "4711"},
		{"echo '4711;gpu'", "4711"},
		{"echo 'Welcome to cluster 7!'; echo; echo 'Charged to project 12'; echo 4711", "4711"},
		{"echo 'your quota:'; echo ' 4711;main '", "4711"},
		{"echo 'Submitted to somewhere'", ""},
		{"true", ""},
	} {
		commands(t, map[string]string{"scontrol": config, "sbatch": c.printed, "scancel": "true"})
		dir, jobs, err := submission().Submit(t.Context(), t.TempDir(), os.Args[0])
		if c.want == "" {
			if err == nil || !strings.Contains(err.Error(), "squeue") {
				t.Errorf("%s: error %v, want one that says where to look", c.printed, err)
			}
			continue
		}
		if err != nil || jobs[0] != c.want || !strings.HasPrefix(read(t, dir, jobsFile), c.want+" 0 2\n"+c.want+" 2 1\n") {
			t.Errorf("%s: jobs %v, %v", c.printed, jobs, err)
		}
	}
}

// The cluster is for the environment to say, in the one variable that all of Slurm's
// commands obey.
func TestOtherCluster(t *testing.T) {
	var site Site
	if err := site.Add("--clusters=gpu"); err == nil || !strings.Contains(err.Error(), "SLURM_CLUSTERS") {
		t.Errorf("the message is %v", err)
	}
	for _, c := range []struct {
		sbatch, all string
		ok          bool
	}{
		{"", "", true}, {"", "gpu", true}, {"gpu", "gpu", true}, {"gpu", "", false}, {"gpu", "main", false},
	} {
		calls := commands(t, map[string]string{"scontrol": config, "sbatch": count})
		t.Setenv("SBATCH_CLUSTERS", c.sbatch)
		t.Setenv("SLURM_CLUSTERS", c.all)
		_, _, err := submission().Submit(t.Context(), t.TempDir(), os.Args[0])
		_, missing := os.Stat(filepath.Join(calls, "sbatch"))
		if (err == nil) != c.ok || (missing == nil) != c.ok || err != nil && !strings.Contains(err.Error(), "SLURM_CLUSTERS") {
			t.Errorf("SBATCH_CLUSTERS=%s SLURM_CLUSTERS=%s: %v", c.sbatch, c.all, err)
		}
	}
}

// Variables that would have sbatch do otherwise than is needed do not reach it.
func TestVariablesAgainstASubmission(t *testing.T) {
	calls := commands(t, map[string]string{"scontrol": config, "sbatch": `env > $CALLS/env; ` + count})
	for _, name := range []string{"SBATCH_WAIT", "SBATCH_NO_REQUEUE", "SBATCH_ARRAY_INX", "SBATCH_TEST_ONLY", "SBATCH_SIGNAL", "SBATCH_OUTPUT", "SBATCH_QOS"} {
		t.Setenv(name, "1")
	}
	if _, _, err := submission().Submit(t.Context(), t.TempDir(), os.Args[0]); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(read(t, calls, "env")) {
		if name, _, _ := strings.Cut(line, "="); strings.HasPrefix(name, "SBATCH_") && name != "SBATCH_CLUSTERS" {
			got = append(got, name)
		}
	}
	if len(got) != 1 || got[0] != "SBATCH_QOS" {
		t.Errorf("sbatch has %v, want SBATCH_QOS alone", got)
	}
}

// What a site's script in the place of a command leaves running is not waited for.
func TestLingeringCommand(t *testing.T) {
	begin := time.Now()
	if out, err := output(exec.Command("sh", "-c", "sleep 60 & echo 7")); out != "7\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := output(exec.CommandContext(ctx, "sh", "-c", "sleep 60; true")); err == nil {
		t.Error("a command that does not end counts as done")
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

// A submission to one cluster is not for another to say the end of.
func TestSettleElsewhere(t *testing.T) {
	results := t.TempDir()
	at := func(name string) {
		commands(t, map[string]string{"scontrol": "echo 'ClusterName             = " + name + "'", "sbatch": count, "squeue": "echo 'Invalid job id specified' >&2; exit 1"})
	}
	at("main")
	if _, _, err := submission().Submit(t.Context(), results, os.Args[0]); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, variable string
		queued         int
	}{{"other", "", 3}, {"main", "gpu", 3}, {"other", "main", 0}} {
		at(c.name)
		t.Setenv(clusterVariable, c.variable)
		if err := Settle(t.Context(), results); err != nil {
			t.Fatal(err)
		}
		if queued, err := Queued(results); err != nil || len(queued) != c.queued {
			t.Errorf("asked at %s, %s=%q: queued %v, %v, want %d", c.name, clusterVariable, c.variable, queued, err, c.queued)
		}
	}
}

// What Slurm cannot say just now is no end of a submission.
func TestSettleWithoutAnAnswer(t *testing.T) {
	results := t.TempDir()
	commands(t, map[string]string{"scontrol": config, "sbatch": count, "squeue": "echo 'Unable to contact slurm controller (connect failure)' >&2; exit 1"})
	if _, _, err := submission().Submit(t.Context(), results, os.Args[0]); err != nil {
		t.Fatal(err)
	}
	if err := Settle(t.Context(), results); err == nil || !strings.Contains(err.Error(), "Unable to contact") {
		t.Errorf("error %v", err)
	}
	if queued, err := Queued(results); err != nil || len(queued) != 3 {
		t.Errorf("queued %v, %v, want 3", queued, err)
	}
}

// What the program cannot tell of itself, being copied, is beside it.
func TestNoteIsSubmitted(t *testing.T) {
	commands(t, map[string]string{"scontrol": config, "sbatch": count})
	s := submission()
	s.Note = "revision = 'abc'\n"
	dir, _, err := s.Submit(t.Context(), t.TempDir(), os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, noteFile)); err != nil || string(b) != s.Note {
		t.Errorf("the note says %q, %v", b, err)
	}
}

// The figures are drawn from whatever succeeded: the last job waits for the others to
// end, however they do.
func TestLastJobIsDrawnAnyway(t *testing.T) {
	calls := commands(t, map[string]string{"scontrol": config, "sbatch": count})
	if _, _, err := submission().Submit(t.Context(), t.TempDir(), os.Args[0]); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(read(t, calls, "sbatch")), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, "--dependency=afterany:101:102 ") {
		t.Errorf("the last job is submitted by %q", last)
	}
}

// An sbatch that fails may have handed its job over. Where that can be, the error
// says where to look; not where the job was refused.
func TestFailedSbatch(t *testing.T) {
	const failed = `echo "sbatch: error: Batch job submission failed: `
	for _, c := range []struct {
		sbatch string
		look   bool
	}{
		{failed + `Socket timed out on send/recv operation" >&2; exit 1`, true},
		{failed + `Communication connection failure" >&2; exit 1`, true},
		{failed + `Zero Bytes were transmitted or received" >&2; exit 1`, true},
		{`kill -9 $$`, true},
		{failed + `Invalid qos specification" >&2; exit 1`, false},
		{`exit 1`, false},
	} {
		commands(t, map[string]string{"scontrol": config, "sbatch": c.sbatch})
		_, _, err := submission().Submit(t.Context(), t.TempDir(), os.Args[0])
		if err == nil || strings.Contains(err.Error(), "squeue") != c.look {
			t.Errorf("%s: %v", c.sbatch, err)
		}
	}
}

// A submission that is interrupted while Slurm takes a job leaves none behind.
func TestInterruptedSubmission(t *testing.T) {
	calls := commands(t, map[string]string{
		"scontrol": config,
		"sbatch":   count + `; [ $(wc -l < $CALLS/sbatch) -lt 2 ] || { touch $CALLS/second; until [ -e $CALLS/go ]; do sleep 0.01; done; }`,
		"scancel":  `echo "$@" > $CALLS/cancelled`,
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for range 1000 {
			if _, err := os.Stat(filepath.Join(calls, "second")); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
		os.WriteFile(filepath.Join(calls, "go"), nil, 0o666)
	}()
	dir, _, err := submission().Submit(ctx, t.TempDir(), os.Args[0])
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was interrupted", err)
	}
	if got := read(t, calls, "cancelled"); got != "101 102\n" {
		t.Errorf("cancelled %q, want both jobs", got)
	}
	if n := strings.Count(read(t, calls, "sbatch"), "\n"); n != 2 {
		t.Errorf("%d jobs were submitted, want no third", n)
	}
	if got := read(t, dir, jobsFile); got != "101 0 2\n102 2 1\n" {
		t.Errorf("the jobs that are noted: %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, endedFile)); err != nil {
		t.Error(err)
	}
}

// A task that has gone is not queued, though its siblings and the last job are.
func TestSettle(t *testing.T) {
	results := t.TempDir()
	commands(t, map[string]string{"scontrol": config, "sbatch": count, "squeue": `case "$*" in *--jobs=101|*--jobs=101,102,103) cat $CALLS/queue;; *) exit 1;; esac`})
	queue := func(tasks string) {
		if err := os.WriteFile(filepath.Join(os.Getenv("CALLS"), "queue"), []byte(tasks), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	dir, _, err := submission().Submit(t.Context(), results, os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		queue, want string
	}{
		{"101_1\n101_2\n102_1\n103\n", "1b0f9e3a7c55 44ac0de98b12 9d2c4bb01e6f"},
		{"101_2\n102_1\n103\n", "44ac0de98b12 9d2c4bb01e6f"}, // the first was killed
		{"101_2\n103\n", "44ac0de98b12"},
		{"103\n", ""},
		{"", ""},
	} {
		queue(c.queue)
		if err := Settle(t.Context(), results); err != nil {
			t.Fatal(err)
		}
		queued, err := Queued(results)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, id := range []string{"1b0f9e3a7c55", "44ac0de98b12", "9d2c4bb01e6f"} {
			if _, ok := queued[id]; ok {
				got = append(got, id)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("Slurm has %q: queued %v, want %s", c.queue, got, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, endedFile)); err != nil {
		t.Error(err)
	}

	// Killed after the first array, whose two runs are all that is queued; or still at
	// it.
	noted, err := os.ReadFile(filepath.Join(dir, jobsFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, endedFile)); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(noted), "\n")
	queue("101_1\n101_2\n102_1\n103\n")
	for _, c := range []struct {
		jobs string
		age  time.Duration
		want int
	}{{first + "\n", time.Hour, 2}, {first + "\n", time.Minute, 3}, {string(noted), time.Hour, 3}} {
		file, at := filepath.Join(dir, jobsFile), time.Now().Add(-c.age)
		if err := errors.Join(os.WriteFile(file, []byte(c.jobs), 0o666), os.Chtimes(file, at, at)); err != nil {
			t.Fatal(err)
		}
		if err := Settle(t.Context(), results); err != nil {
			t.Fatal(err)
		}
		if queued, err := Queued(results); err != nil || len(queued) != c.want {
			t.Errorf("jobs %q: queued %v, %v, want %d", c.jobs, queued, err, c.want)
		}
	}

	// The jobs of an earlier version of the program are numbers alone.
	if err := errors.Join(
		os.WriteFile(filepath.Join(dir, jobsFile), []byte("101\n102\n103\n"), 0o666)); err != nil {
		t.Fatal(err)
	}
	queue("102_3\n103\n")
	if err := Settle(t.Context(), results); err != nil {
		t.Fatal(err)
	}
	if queued, err := Queued(results); err != nil || len(queued) != 3 {
		t.Errorf("queued %v, %v, want all three", queued, err)
	}
}
