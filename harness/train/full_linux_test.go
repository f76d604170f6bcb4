package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A disk that is full for a while costs a run nothing but a warning, while it trains
// and at its end; one that stays full ends it.
func TestDiskFullForAWhile(t *testing.T) {
	set := images()
	for _, c := range []struct{ full, free int }{ // after so many steps; at 0, a while after the last
		{2, 5}, // after a row and some checkpoints
		{8, 0},
		{2, 99}, // never
	} {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
			t.Skipf("cannot mount a small file system: %v", err)
		}
		t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
		ballast := filepath.Join(dir, "ballast")
		a := newAttempt(t, dir, set)
		a.patience = time.Minute
		free := func() {
			if err := os.Remove(ballast); err != nil {
				t.Error(err)
			}
		}
		a.model.afterStep = func() {
			switch a.model.steps {
			case c.full:
				if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o644); !errors.Is(err, syscall.ENOSPC) {
					t.Errorf("the disk is not full: %v", err)
				}
				if c.free == 0 {
					time.AfterFunc(100*time.Millisecond, free)
				}
			case c.free:
				free()
			}
		}
		forever := c.free > 8
		if forever {
			a.patience = 50 * time.Millisecond
		}
		watch, err := a.train(t, t.Context())
		if len(watch.warnings) == 0 || !errors.Is(watch.warnings[0], syscall.ENOSPC) || strings.Contains(watch.warnings[0].Error(), "\n") {
			t.Errorf("the warnings are %v", watch.warnings)
		}
		if forever {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("on a disk that stays full: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, want := a.outcome(t), unbroken(t, set); got != want {
			t.Errorf("the outcome differs:\n%q\nwant\n%q", got, want)
		}
	}
}

// A run that is told to stop while the disk is full, for real: a small file
// system in memory. The disk is what is reported, not a checkpoint that is not
// there; with space again the run goes on from the one before.
func TestStopOnFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	set := images()
	a := newAttempt(t, dir, set)
	a.model.killStep = 4
	if _, err := a.train(t, t.Context()); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}

	ballast := filepath.Join(dir, "ballast")
	ctx, stop := context.WithCancel(t.Context())
	a.checkpointEvery = time.Hour
	a.model = &fakeModel{}
	a.model.afterStep = func() {
		if a.model.steps == 1 {
			if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o644); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("the disk is not full: %v", err)
			}
			stop()
		}
	}
	_, err := a.train(t, ctx)
	if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, ErrStopped) || strings.Contains(err.Error(), "\n") {
		t.Errorf("stopped on a full disk: %v", err)
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	a.model = &fakeModel{}
	if _, err := a.train(t, t.Context()); err != nil || a.model.steps != 8-3 {
		t.Errorf("with space again %d steps are trained, want 5: %v", a.model.steps, err)
	}
	if got, want := a.outcome(t), unbroken(t, set); got != want {
		t.Errorf("the outcome differs:\n%q\nwant\n%q", got, want)
	}
}
