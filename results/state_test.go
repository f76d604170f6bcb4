package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestState(t *testing.T) {
	dir := scratch(t)
	var aLives, bLives = true, true
	key := testKey(t, "plain-20", 1)
	here := open(t, dir, host("a", &aLives))
	often := host("b", &bLives)
	often.Heartbeat = time.Millisecond
	there := open(t, dir, often)
	expect := func(when string, want Status) State {
		t.Helper()
		state := here.State(key)
		if state.Status != want {
			t.Errorf("%s: %s, want %s", when, state.Status, want)
		}
		if (state.Holder != nil) != (want == Running) && !state.Status.Finished() {
			t.Errorf("%s: holder %+v", when, state.Holder)
		}
		return state
	}
	expect("at first", Missing)

	run := begin(t, there, key)
	run.Progress(400, 1037)
	for deadline := time.Now().Add(time.Minute); here.State(key).Holder.Iteration != 400 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	state := expect("held by another host", Running)
	if h := state.Holder; h.Host != "b" || h.PID != os.Getpid() || h.Iteration != 400 || h.ImagesPerSecond != 1037 || time.Since(h.Beat) > time.Minute {
		t.Errorf("held by %+v", h)
	}
	if err := run.WriteFile(CheckpointPrefix+"400", content("x")); err != nil {
		t.Fatal(err)
	}
	// What is left behind by a process that is killed.
	left := make(map[string][]byte)
	for _, name := range names(t, run.Dir()) {
		if b, err := os.ReadFile(filepath.Join(run.Dir(), name)); err == nil {
			left[name] = b
		}
	}
	release(t, run)
	for name, b := range left {
		if err := os.WriteFile(filepath.Join(run.Dir(), name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := there.State(key).Status; got != Running {
		t.Errorf("silent, but its process lives: %s", got)
	}
	bLives = false
	if got := there.State(key).Status; got != Interrupted {
		t.Errorf("its process is dead: %s", got)
	}
	expect("dead, but here that is not known yet", Running)
	old := time.Now().Add(-time.Hour)
	for name := range left {
		path := filepath.Join(run.Dir(), name)
		switch {
		case name == "claim":
			overwrite(t, path, func(string) string { return "damaged" })
		case strings.HasPrefix(name, "claim-alive-"):
			os.WriteFile(path, []byte("count = 1\ntime = 2020-01-01T00:00:00Z\niteration = 1\nimages_per_second = 1.0\n"), 0o644)
		}
		os.Chtimes(path, old, old)
	}
	expect("silent for an hour", Interrupted)
	os.Remove(filepath.Join(run.Dir(), "claim"))
	expect("nothing but a checkpoint", Interrupted)

	for _, status := range []Status{Running, Interrupted, Diverged, Complete} {
		run := begin(t, here, key)
		r := testRecord(key, 3)
		r.Status = status
		save(t, run, r)
		if status.Finished() {
			expect("held, and saved as "+string(status), status)
			release(t, run)
			expect("saved as "+string(status), status)
		} else {
			expect("held, and saved as "+string(status), Running)
			release(t, run)
			expect("saved as "+string(status)+" and left", Interrupted)
		}
	}
}
