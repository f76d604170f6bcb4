//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"deepresidual/results"
)

// twoRuns is a spec of two short runs, of networks as small as there are: what
// they compute does not matter here. Checkpoints are written after every
// iteration (-checkpoint), so that a kill finds every state of the files.
const twoRuns = `
title = "Two runs"
draw = "curves"
networks = ["flat", "short"]
` + smallNetworks + `
[protocol]
batch = 16
iterations = 15
learning_rate = 0.05
milestones = [4, 12]
eval_interval = 8
`

// A folder is a place to run the program in.
type folder struct {
	t   *testing.T
	dir string
}

func newFolder(t *testing.T) folder {
	t.Helper()
	f := folder{t, t.TempDir()}
	f.write(twoRuns)
	return f
}

// newLongerFolder is for what must happen before a run is done, however long the
// test is held up.
func newLongerFolder(t *testing.T) folder {
	t.Helper()
	f := folder{t, t.TempDir()}
	f.write(strings.Replace(twoRuns, "iterations = 15", "iterations = 40", 1))
	return f
}

func (f folder) write(spec string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, "two.toml"), []byte(spec), 0o666); err != nil {
		f.t.Fatal(err)
	}
}

// command is the program on the two runs.
func (f folder) command(args ...string) *exec.Cmd {
	c := exec.Command("harness", append([]string{"-exp", "two.toml", "-data", "synthetic", "-checkpoint", "-1s"}, args...)...)
	c.Dir = f.dir
	f.t.Cleanup(func() {
		if c.Process != nil {
			c.Process.Kill()
		}
	})
	return c
}

// start starts the program on the two runs.
func (f folder) start(args ...string) (*exec.Cmd, *bytes.Buffer) {
	f.t.Helper()
	var output bytes.Buffer
	c := f.command(args...)
	c.Stdout, c.Stderr = &output, &output
	if err := c.Start(); err != nil {
		f.t.Fatal(err)
	}
	return c, &output
}

// finish runs the program to its end.
func (f folder) finish(args ...string) string {
	f.t.Helper()
	c, output := f.start(args...)
	if err := c.Wait(); err != nil {
		f.t.Fatalf("%v\n%s", err, output)
	}
	return output.String()
}

// outcome returns the files of the two runs that must not depend on how they
// came about, by their names.
func (f folder) outcome() map[string]string {
	f.t.Helper()
	files := map[string]string{}
	for _, name := range []string{"weights.safetensors", "curve.csv", "responses.csv"} {
		paths, err := filepath.Glob(filepath.Join(f.dir, "results", "runs", "*", "*", name))
		if err != nil || len(paths) != 2 {
			f.t.Fatalf("%s of two runs: %v %v", name, paths, err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				f.t.Fatal(err)
			}
			rel, err := filepath.Rel(f.dir, path)
			if err != nil {
				f.t.Fatal(err)
			}
			files[rel] = string(b)
		}
	}
	return files
}

func (f folder) compare(want map[string]string) {
	f.t.Helper()
	got := f.outcome()
	for name := range want {
		if got[name] != want[name] {
			f.t.Errorf("%s differs from that of runs that nothing happened to", name)
		}
	}
}

// TestProcesses: whatever happens to the processes, the runs come out the same.
func TestProcesses(t *testing.T) {
	undisturbed := newFolder(t)
	undisturbed.finish("-threads", "1")
	want := undisturbed.outcome()

	t.Run("killed at random moments", func(t *testing.T) {
		t.Parallel()
		f := newFolder(t)
		random := newRandom(t)
		kills := 0
		for patience := 500 * time.Millisecond; ; patience += patience / 4 {
			c, output := f.start()
			kill := time.AfterFunc(time.Duration(random.Int64N(int64(patience))), func() { c.Process.Kill() })
			err := c.Wait()
			kill.Stop()
			if err == nil && kills == 0 { // on a busy machine a kill comes late
				f, patience = newFolder(t), 100*time.Millisecond
				continue
			}
			if err == nil {
				break
			}
			if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
				t.Fatalf("%v\n%s", err, output)
			}
			if strings.Contains(output.String(), "cannot be used") {
				t.Errorf("a kill has damaged a checkpoint:\n%s", output)
			}
			kills++
		}
		t.Logf("killed %d times", kills)
		f.compare(want)
	})

	t.Run("asked to stop", func(t *testing.T) {
		t.Parallel()
		f := newFolder(t)
		signals := []os.Signal{syscall.SIGTERM, os.Interrupt, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2}
		for tries := 0; len(signals) > 0; tries++ {
			s := signals[0]
			before := f.checkpoints()
			c, output := f.start()
			if !f.eventually(func() bool { return !slices.Equal(f.checkpoints(), before) }) {
				t.Fatalf("%v: no checkpoint appears", s)
			}
			if err := c.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			if s == syscall.SIGHUP { // of a terminal that closes the shell tells, too; in vain, if it was quick
				c.Process.Signal(syscall.SIGTERM)
			}
			err := c.Wait()
			if err == nil {
				if tries >= 20 {
					t.Fatalf("%v: the runs were done before it arrived, again and again, or it is not heeded", s)
				}
				f = newFolder(t)
				continue
			}
			signals = signals[1:]
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != exitStopped {
				t.Fatalf("%v: %v, want exit code %d\n%s", s, err, exitStopped, output)
			}
			if !strings.Contains(output.String(), "the same command goes on from there") {
				t.Errorf("%v: the output does not say how to go on:\n%s", s, output)
			}
		}
		output := f.finish()
		planned, done := strings.Contains(output, ": goes on from iteration"), strings.Contains(output, ") goes on from iteration")
		if planned != done || !done && !strings.Contains(output, "recorded: reused") {
			t.Errorf("the runs do not go on from their checkpoints:\n%s", output)
		}
		f.compare(want)
	})

	t.Run("nobody reads", func(t *testing.T) {
		t.Parallel()
		f := newFolder(t)
		c := f.command()
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c.Stderr = writer
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		writer.Close()
		if _, err := io.ReadFull(reader, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		reader.Close()
		c.Wait()
		if code := c.ProcessState.ExitCode(); code != exitStopped && code != exitInterrupted && code != exitDone {
			t.Errorf("%v, want a stop like others", c.ProcessState)
		}
		f.finish()
		f.compare(want)
	})

	t.Run("a terminal that closes under nohup", func(t *testing.T) {
		t.Parallel()
		f := newFolder(t)
		c := f.command("-threads", "1")
		c.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$@"`, "sh"}, c.Args...)
		c.Path, c.Err = "/bin/sh", nil
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if !f.eventually(func() bool { return len(f.checkpoints()) > 0 }) {
			t.Fatal("no checkpoint appears")
		}
		c.Process.Signal(syscall.SIGHUP)
		if err := c.Wait(); err != nil {
			t.Errorf("%v: want a signal ignored that is ignored from the start", err)
		}
		f.compare(want)
	})

	t.Run("two at once", func(t *testing.T) {
		t.Parallel()
		f := newFolder(t)
		a, outputA := f.start()
		b, outputB := f.start()
		for c, output := range map[*exec.Cmd]*bytes.Buffer{a: outputA, b: outputB} {
			if err := c.Wait(); err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		}
		both := outputA.String() + outputB.String()
		if n := strings.Count(both, " begins\n"); n != 2 {
			t.Errorf("%d runs were begun, want each of two once:\n%s", n, both)
		}
		f.compare(want)
	})
}

// What is trained again keeps its finished record until there is another; when it
// is interrupted the same command goes on, and leaves alone what it has done.
func TestRetrainInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	f := newLongerFolder(t)
	f.finish()
	want, before := f.outcome(), f.ended()
	changed := func() (n int) {
		for name, when := range f.ended() {
			if before[name] != when {
				n++
			}
		}
		return n
	}
	inProgress := func() bool {
		return slices.ContainsFunc(f.checkpoints(), func(path string) bool {
			record := filepath.Join(filepath.Dir(path), results.RunFile)
			return f.ended()[record] == before[record]
		})
	}
	// Stopped in the first run, then killed in the second.
	for done, end := range []os.Signal{os.Interrupt, os.Kill} {
		c, output := f.start("-retrain")
		if !f.eventually(func() bool { return changed() == done && inProgress() }) {
			t.Fatalf("no checkpoint appears of run %d\n%s", done+1, output)
		}
		c.Process.Signal(end)
		if err := c.Wait(); err == nil {
			t.Fatalf("it was done before it was stopped:\n%s", output)
		}
		if end == os.Interrupt && !strings.Contains(output.String(), "the same command goes on from there") {
			t.Errorf("the output does not say how to go on:\n%s", output)
		}
		f.compare(want)
	}
	first := f.ended()
	output := f.finish("-retrain")
	if !strings.Contains(output, "trained again already") || !strings.Contains(output, "goes on from iteration") {
		t.Errorf("it does not go on:\n%s", output)
	}
	f.compare(want)
	if changed() != 2 {
		t.Errorf("%d of 2 runs were trained again", changed())
	}
	for name, when := range f.ended() {
		if first[name] != before[name] && first[name] != when {
			t.Errorf("%s was trained again twice", name)
		}
	}
	if left := f.checkpoints(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// And once more, from the start.
	if output := f.finish("-retrain"); strings.Count(output, " begins\n") != 2 {
		t.Errorf("asked for again:\n%s", output)
	}
}

// So it is with what was not there before.
func TestRetrainNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	f := newLongerFolder(t)
	c, output := f.start("-retrain")
	if !f.eventually(func() bool { return len(f.checkpoints()) > 0 }) {
		t.Fatalf("no checkpoint appears\n%s", output)
	}
	c.Process.Signal(os.Interrupt)
	if err := c.Wait(); err == nil {
		t.Fatalf("it was done before it was stopped:\n%s", output)
	}
	again := f.finish("-retrain")
	if strings.Count(again, " begins\n") != 1 || !strings.Contains(again, "goes on from iteration") {
		t.Errorf("it does not go on:\n%s", again)
	}
}

// Checkpoints that a worker left which was killed after the record was complete
// are removed by the next command.
func TestLeftCheckpointsAreRemoved(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	f := newFolder(t)
	f.finish()
	for path := range f.ended() {
		for _, name := range []string{"checkpoint-00000008.safetensors", "checkpoint-00000009.safetensors"} {
			if err := os.WriteFile(filepath.Join(filepath.Dir(path), name), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	if output := f.finish(); strings.Contains(output, "warning") {
		t.Error(output)
	}
	if left := f.checkpoints(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// ended returns when the runs ended, by the paths of their records, each of
// which must be complete.
func (f folder) ended() map[string]string {
	f.t.Helper()
	when := map[string]string{}
	paths, _ := filepath.Glob(filepath.Join(f.dir, "results", "runs", "*", "*", results.RunFile))
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.t.Fatal(err)
		}
		if !strings.Contains(string(b), "status = \"complete\"") {
			f.t.Errorf("%s is not complete", path)
		}
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(line, "ended = ") {
				when[path] = line
			}
		}
	}
	return when
}

func (f folder) checkpoints() []string {
	paths, _ := filepath.Glob(filepath.Join(f.dir, "results", "runs", "*", "*", "checkpoint-*"))
	return paths
}

// eventually reports whether a condition comes true within a minute.
func (f folder) eventually(condition func() bool) bool {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return true
		}
	}
	return false
}
