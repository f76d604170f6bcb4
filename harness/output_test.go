package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	"deepresidual/harness/fixture"
	"deepresidual/results"
)

// full is a disk without room.
type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

// An answer that cannot be written is a failure in every mode, with a line.
func TestUnwritableAnswer(t *testing.T) {
	dir := t.TempDir()
	store, e := figure1In(t, dir)
	for i := range e.Networks {
		fixture.Leave(t, store, fixture.Key(e, i), results.Complete, false)
	}
	file := filepath.Join(dir, "weights.safetensors")
	writeWeights(t, file)
	for _, args := range [][]string{
		{"-eval", file, "-data", "synthetic"},
		{"-list"},
		{"-help"},
		{"-version"},
		{"-status", "-results", dir},
		{"-status", "-results", dir, "-format", "csv"},
		{"-status", "-results", dir, "-format", "json"},
		{"-exp", "fig1", "-results", dir},
		{"-exp", "fig1", "-results", dir, "-dry-run"},
		{"-exp", "fig1", "-results", dir, "-report"},
		{"-exp", "fig1", "-results", dir, "-submit", "slurm"},
		{"-bench", "resnet-8", "-batch", "1", "-steps", "1"},
	} {
		for _, cause := range []error{syscall.ENOSPC, syscall.EPIPE} {
			var stderr strings.Builder
			code := run(t.Context(), args, full{cause}, &stderr)
			if code != exitFailed || !strings.Contains(stderr.String(), "harness: the answer could not be written: "+cause.Error()+"\n") {
				t.Errorf("%q: exit code %d, %q; want %d and why", args, code, stderr.String(), exitFailed)
			}
		}
	}
	// Whoever reads the first lines alone has the files.
	for _, name := range []string{"figures/fig1.png", "figures/fig1.pdf", "tables/fig1-claims.md", "report.html"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// Progress that nobody reads ends what is being done, as a signal does.
func TestUnreadProgress(t *testing.T) {
	var stdout strings.Builder
	code := run(t.Context(), []string{"-exp", "smoke", "-data", "synthetic", "-results", t.TempDir()}, &stdout, full{syscall.EPIPE})
	if code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	// A log that has no more room is no reason to stop.
	o := &output{w: full{syscall.ENOSPC}, broken: func() { t.Error("taken for a closed pipe") }}
	if _, err := o.Write([]byte("x")); !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
}

// What an argument holds is no command to the terminal that it is repeated on.
func TestNoControlCharacters(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{ // Windows has no such names, and so does not say that they are not there
		{"-exp", "./\x1b[2J.toml"}, {"-eval", "\x9b2J\x1b]0;x\a"}, {"-exp", "fig1\x1bc"}, {"-exp", "smoke", "-data", "\x1b[2J"},
	} {
		var stderr strings.Builder
		code := run(t.Context(), args, io.Discard, &stderr)
		line := strings.TrimSuffix(stderr.String(), "\n")
		if code != exitUsage && runtime.GOOS != "windows" || !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl) {
			t.Errorf("%q: exit code %d, %q", args, code, &stderr)
		}
	}
}
