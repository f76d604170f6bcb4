package results

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"deepresidual/results/atomicfile"
	"deepresidual/results/lease"
)

// A disk that fills up, for real: a small file system in memory.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	s := open(t, dir, lease.Options{})
	key := testKey(t, "plain-20", 1)
	run := begin(t, s, key)
	small := testRecord(key, 20)
	small.Status = Running
	save(t, run, small)

	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o644); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	err := run.Save(testRecord(key, 200))
	if !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("saving on a full disk: %v", err)
	}
	got, err := find(s, key)
	if err != nil || got == nil || got.Status != Running || len(got.Rows) < 20 {
		t.Errorf("after a full disk: %+v, %v", got, err)
	}
	for _, name := range names(t, run.Dir()) {
		if strings.HasPrefix(name, atomicfile.Temporary) {
			t.Errorf("left behind: %s", name)
		}
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	save(t, run, testRecord(key, 200))
	release(t, run)
	if got, err := find(s, key); err != nil || got.Status != Complete {
		t.Errorf("with space again: %+v, %v", got, err)
	}
}
