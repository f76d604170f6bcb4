package main

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"deepresidual/harness/data"
)

// A full disk is no wrong option: the command is given again when there is room.
func TestUnwritableFolder(t *testing.T) {
	for errno, code := range map[syscall.Errno]int{
		syscall.ENOSPC: exitFailed, syscall.EDQUOT: exitFailed, syscall.EACCES: exitUsage, syscall.ENOTDIR: exitUsage,
	} {
		if got := exitCode(unwritable("-results", &fs.PathError{Op: "open", Path: "events", Err: errno})); got != code {
			t.Errorf("%v: exit code %d, want %d", errno, got, code)
		}
	}
}

// That nothing can be trained into a folder is told before anything is fetched.
func TestUnwritableResults(t *testing.T) {
	const dir = "/sys" // where not even root makes a file
	if f, err := os.Create(dir + "/probe"); err == nil || !strings.HasPrefix(err.Error(), "open /sys/probe: ") {
		t.Skip("there is no folder that may not be written: ", f, err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip(err)
	}
	withoutData(t, "")
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1) }))
	defer server.Close()
	var stdout, stderr strings.Builder
	env := &environment{stdout: &stdout, stderr: &stderr, data: data.Options{Sources: []string{server.URL}}}
	code := env.run(t.Context(), []string{"-exp", "fig1", "-scale", "1/4096", "-results", dir})
	if code != exitUsage || !strings.Contains(stderr.String(), "harness: -results: ") ||
		!strings.Contains(stderr.String(), "name another folder, or make this one writable") || asked.Load() > 0 {
		t.Errorf("exit code %d, %d requests\n%s", code, asked.Load(), &stderr)
	}
}
