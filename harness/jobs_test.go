package main

import (
	"io"
	"strings"
	"testing"

	"deepresidual/harness/process"
)

// More runs at once than there are threads or memory for are refused before
// anything is trained.
func TestTooManyJobs(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-exp", "fig1", "-jobs", "3", "-threads", "2"}, exitUsage, "-jobs 3 with 2 threads: each run needs a thread"},
		{[]string{"-exp", "fig1", "-jobs", "3", "-threads", "2", "-dry-run"}, exitUsage, "-jobs 3 with 2 threads: each run needs a thread"},
		{[]string{"-exp", "table6", "-seeds", "1-500", "-data", "synthetic", "-jobs", "2000", "-threads", "2000"}, exitFailed, "GiB are free: -jobs "},
	} {
		if process.FreeMiB() == 0 && c.code == exitFailed {
			continue // the system does not tell
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
