package results

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestState(t *testing.T) {
	dir := scratch(t)
	a, b := newHost("a"), newHost("b")
	key := testKey(t, "plain-20", 1)
	here := open(t, dir, Options{Machine: a.process(1)})
	there := open(t, dir, Options{Machine: b.process(1)})
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
	if err := run.beat(1); err != nil {
		t.Fatal(err)
	}
	state := expect("claimed by another host", Running)
	if h := state.Holder; h.Host != "b" || h.PID != 1 || h.Iteration != 400 || h.ImagesPerSecond != 1037 || time.Since(h.Beat) > time.Minute {
		t.Errorf("held by %+v", h)
	}
	if err := run.WriteFile(CheckpointPrefix+"400", content("x")); err != nil {
		t.Fatal(err)
	}
	silence(run)
	if got := there.State(key).Status; got != Running {
		t.Errorf("silent, but its process lives: %s", got)
	}
	b.kill(1)
	if got := there.State(key).Status; got != Interrupted {
		t.Errorf("its process is dead: %s", got)
	}
	expect("dead, but here that is not known yet", Running)
	old := time.Now().Add(-time.Hour)
	os.WriteFile(filepath.Join(run.Dir(), claimAlive+run.claim.Token), []byte("count = 1\ntime = 2020-01-01T00:00:00Z\niteration = 1\nimages_per_second = 1.0\n"), 0o644)
	overwrite(t, filepath.Join(run.Dir(), claimFile), func(string) string { return "damaged" })
	for _, name := range []string{claimFile, claimAlive + run.claim.Token} {
		os.Chtimes(filepath.Join(run.Dir(), name), old, old)
	}
	expect("silent for an hour", Interrupted)
	os.Remove(filepath.Join(run.Dir(), claimFile))
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
