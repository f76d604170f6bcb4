package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
)

// The mode of a file is what the umask leaves of it, as that of any other.
func TestMode(t *testing.T) {
	for umask, want := range map[int]os.FileMode{0o022: 0o644, 0o002: 0o664, 0o077: 0o600} {
		path := filepath.Join(t.TempDir(), "file")
		before := syscall.Umask(umask)
		err := Write(path, content("x"))
		syscall.Umask(before)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("umask %03o: mode %v (%v), want %v", umask, info.Mode(), err, want)
		}
	}
}

// Folders of some file systems cannot be flushed, as those of proc; that is no
// fault.
func TestSyncDir(t *testing.T) {
	d, err := os.Open("/proc")
	if err != nil {
		t.Skip(err)
	}
	defer d.Close()
	if err := d.Sync(); !errors.Is(err, syscall.EINVAL) {
		t.Skipf("flushing /proc: %v", err)
	}
	if err := SyncDir("/proc"); err != nil {
		t.Error(err)
	}
}

// A read error that passes is none; one that stays is told for what it is.
func TestReadError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	// Nothing is mapped at the start of a process's memory: EIO.
	if err := os.Symlink("/proc/self/mem", path); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		if _, err := ReadFile(path); !errors.Is(err, syscall.EIO) {
			t.Errorf("got %v, want EIO", err)
		}
		go func() {
			synctest.Wait() // the first try has failed
			os.Remove(path)
			os.WriteFile(path, []byte("x"), 0o666)
		}()
		if b, err := ReadFile(path); err != nil || string(b) != "x" {
			t.Errorf("a fault that passes: %q, %v", b, err)
		}
	})
}
