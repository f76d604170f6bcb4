//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"deepresidual/harness/fixture"
	"deepresidual/results"
)

// The first signal says that the program stops, and promises no checkpoint: that
// is for who writes one to say.
func TestStopOnSignal(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2} {
		if s == syscall.SIGHUP && signal.Ignored(s) {
			continue // nohup, which means it: see TestIgnoredSignals
		}
		var said safeBuilder
		ctx, stop := stopOnSignal(t.Context(), &said)
		if err := syscall.Kill(syscall.Getpid(), s); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
			t.Fatalf("%v does not stop the program", s)
		}
		stop()
		if text := said.String(); !strings.Contains(text, "stopping") || strings.Contains(text, "checkpoint") {
			t.Errorf("%v: %q", s, text)
		}
	}
}

// nohup has SIGHUP ignored, and means it; a shell has SIGINT ignored in what a
// script starts in the background, where it must still be possible to stop it.
func TestIgnoredSignals(t *testing.T) {
	signal.Ignore(syscall.SIGHUP, os.Interrupt)
	defer func() { // Notify, and it alone, ends the ignoring
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGHUP, os.Interrupt)
		signal.Stop(c)
	}()
	if s := stopSignals(); slices.Contains(s, os.Signal(syscall.SIGHUP)) || !slices.Contains(s, os.Interrupt) {
		t.Errorf("%v stop the program, want SIGINT without SIGHUP", s)
	}
}

// Reading that takes no context is left alone when it ends.
func TestInterruptible(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	never := make(chan struct{})
	defer close(never)
	time.AfterFunc(10*time.Millisecond, stop)
	if _, err := interruptible(ctx, func() (int, error) { <-never; return 1, nil }); err != context.Canceled {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if n, err := interruptible(t.Context(), func() (int, error) { return 1, nil }); n != 1 || err != nil {
		t.Errorf("got %d, %v, want what was read", n, err)
	}
	t.Setenv("GOTRACEBACK", "") // with it the panic goes on
	if _, err := interruptible(t.Context(), func() (int, error) { panic("a library's") }); err == nil || !strings.Contains(err.Error(), "internal error") {
		t.Errorf("got %v, want an error for a panic", err)
	}
}

type safeBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuilder) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuilder) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// What trains nothing ends at once when it is told to, too.
func TestInterrupted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "weights.safetensors")
	writeWeights(t, file)
	drawn := t.TempDir()
	store, e := figure1In(t, drawn)
	for i := range e.Networks {
		fixture.Leave(t, store, fixture.Key(e, i), results.Complete, false)
	}
	for _, c := range []struct {
		args  []string
		after time.Duration // 0 where all would be done soon on a fast machine
	}{
		{[]string{"-bench", "resnet-8", "-batch", "1", "-steps", "9000000000000000000"}, 50 * time.Millisecond},
		{[]string{"-exp", "fig1", "-dry-run", "-results", t.TempDir()}, 0},
		{[]string{"-exp", "fig1", "-results", drawn}, 0}, // of which everything is recorded
		{[]string{"-eval", file, "-data", "synthetic"}, 0},
	} {
		ctx, stop := context.WithCancel(t.Context())
		if c.after == 0 {
			stop()
		} else {
			time.AfterFunc(c.after, stop)
		}
		var stderr strings.Builder
		if code := run(ctx, c.args, io.Discard, &stderr); code != exitInterrupted || strings.Contains(stderr.String(), "checkpoint") ||
			strings.Contains(stderr.String(), "context") || !strings.Contains(stderr.String(), "harness: interrupted") {
			t.Errorf("%q: exit code %d, want %d: %s", c.args, code, exitInterrupted, &stderr)
		}
	}
}

// The second Ctrl-C ends the process at once, whatever hangs.
func TestSecondSignal(t *testing.T) {
	if os.Getenv("HARNESS_HANGS") != "" {
		stopOnSignal(context.Background(), os.Stderr)
		fmt.Fprintln(os.Stderr, "ready")
		select {}
	}
	c := exec.Command(os.Args[0], "-test.run=^TestSecondSignal$")
	c.Env = append(os.Environ(), "HARNESS_HANGS=1")
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Process.Kill()
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if text := lines.Text(); text == "ready" || strings.Contains(text, "once more to stop at once") {
			c.Process.Signal(os.Interrupt)
		}
	}
	c.Wait()
	if got := c.ProcessState.ExitCode(); got != exitInterrupted {
		t.Errorf("%v, want exit code %d", c.ProcessState, exitInterrupted)
	}
}
