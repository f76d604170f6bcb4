package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"deepresidual/harness/publish"
	"deepresidual/results"
)

// watcher asks -status again and again while others work, and notes when runs
// were complete.
type watcher struct {
	t       *testing.T
	args    []string
	results string

	stop chan struct{}
	once sync.Once // closes it
	done sync.WaitGroup

	looks    int
	slowest  time.Duration
	complete map[string]os.FileInfo // run.toml by identity, as it was when the run was first seen complete
	seen     map[results.Status]int
}

// blocked is far more than a look takes even on a machine that is busy with
// other things; one that waited for a worker would take for ever.
const blocked = 2 * time.Minute

// watch begins to look at the runs that the arguments name.
func watch(t *testing.T, folder string, args ...string) *watcher {
	t.Helper()
	w := &watcher{
		t: t, results: folder, stop: make(chan struct{}),
		args:     append([]string{"-status", "-format", "json", "-results", folder}, args...),
		complete: map[string]os.FileInfo{}, seen: map[results.Status]int{},
	}
	w.done.Go(func() {
		for {
			w.look()
			select {
			case <-w.stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	t.Cleanup(w.end)
	return w
}

// end stops looking.
func (w *watcher) end() {
	w.once.Do(func() { close(w.stop) })
	w.done.Wait()
}

// look asks once. It must get an answer at once, and hear of no trouble.
func (w *watcher) look() {
	var stdout, stderr bytes.Buffer
	began := time.Now()
	code := run(context.Background(), w.args, &stdout, &stderr)
	took := time.Since(began)
	w.looks++
	w.slowest = max(w.slowest, took)
	if code != exitDone || stderr.Len() > 0 || took > blocked {
		w.t.Errorf("-status: exit code %d after %v: %s", code, took, &stderr)
	}
	var runs []publish.RunStatus
	if err := json.Unmarshal(stdout.Bytes(), &runs); err != nil {
		w.t.Errorf("-status: %v", err)
	}
	for _, r := range runs {
		w.seen[r.Status]++
		_, was := w.complete[r.Identity]
		switch {
		case r.Status == results.Damaged, r.Status == results.Diverged:
			w.t.Errorf("-status: %s seed %d is %s: %s", r.Network, r.Seed, r.Status, r.Note)
		case was && r.Status != results.Complete:
			w.t.Errorf("-status: %s seed %d was complete and is %s", r.Network, r.Seed, r.Status)
		case !was && r.Status == results.Complete:
			info, err := os.Stat(filepath.Join(w.results, "runs", r.Network, r.Identity, results.RunFile))
			if err != nil {
				w.t.Error(err)
			}
			w.complete[r.Identity] = info
		}
	}
}

// checkOnce sees that runs were not trained, nor even recorded, again after
// they were complete: every record is a new file.
func (w *watcher) checkOnce(want int) {
	w.t.Helper()
	w.look()
	if len(w.complete) != want {
		w.t.Errorf("%d runs are complete, want %d", len(w.complete), want)
	}
	paths, err := filepath.Glob(filepath.Join(w.results, "runs", "*", "*", results.RunFile))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, path := range paths {
		first, ok := w.complete[filepath.Base(filepath.Dir(path))]
		if !ok {
			continue
		}
		if last, err := os.Stat(path); err != nil || !os.SameFile(first, last) || !first.ModTime().Equal(last.ModTime()) {
			w.t.Errorf("%s was written again after its run was complete (%v)", path, err)
		}
	}
}

// trained returns the files of a results folder's runs that must not depend on
// how they came about, by their names within it.
func trained(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{"weights.safetensors", results.CurveFile, results.ResponsesFile} {
		paths, err := filepath.Glob(filepath.Join(folder, "runs", "*", "*", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[strings.TrimPrefix(path, folder)] = string(b)
		}
	}
	return files
}

// compareTrained holds the runs of a folder against the same ones undisturbed.
func compareTrained(t *testing.T, folder, undisturbed string, runs int) {
	t.Helper()
	got, want := trained(t, folder), trained(t, undisturbed)
	if len(want) != 3*runs || len(got) != len(want) {
		t.Errorf("%d files of %d runs, and %d undisturbed", len(got), runs, len(want))
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s differs from that of a run that nothing happened to", name)
		}
	}
}
