package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func content(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on the way")
	path := filepath.Join(dir, "file")
	for _, text := range []string{"first", "second, longer", "3"} {
		if err := Write(path, content(text)); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("left behind: %v", got)
	}
}

func TestWriteChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, text := range []string{"first", "first", "second"} {
		before, _ := os.Stat(path)
		os.SameFile(before, before) // on Windows only now asked which file it is
		old, _ := os.ReadFile(path)
		if err := WriteChanged(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		after, err := os.Stat(path)
		if got, _ := os.ReadFile(path); err != nil || string(got) != text || os.SameFile(before, after) != (string(old) == text) {
			t.Errorf("after %q, writing %q: got %q, %v", old, text, got, err)
		}
	}
}

func TestWriteKeepsWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := Write(path, content("precious")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"full disk", &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, "no space left on device; what was there before is untouched: free some space"},
		{"over quota", fmt.Errorf("encoding: %w", syscall.EDQUOT), "free some space"},
		{"several lines", errors.New("a\nb"), "a b"},
	} {
		err := Write(path, func(w io.Writer) error {
			io.WriteString(w, "half of the new con")
			return c.err
		})
		if !errors.Is(err, c.err) && !errors.Is(err, errors.Unwrap(c.err)) {
			t.Errorf("%s: %v does not wrap its cause", c.name, err)
		}
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q, want %q on one line", c.name, err, c.want)
		}
		if got, _ := os.ReadFile(path); string(got) != "precious" {
			t.Errorf("%s: now %q", c.name, got)
		}
		if got := names(t, dir); len(got) != 1 {
			t.Errorf("%s: left behind: %v", c.name, got)
		}
	}
}

func TestWriteRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	err := Write(filepath.Join(file, "below"), content("x"))
	if err == nil || !strings.Contains(err.Error(), "choose another folder") {
		t.Errorf("below a file: %v", err)
	}

	locked := t.TempDir()
	if err := os.Chmod(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Create(filepath.Join(locked, "probe")); err == nil {
		f.Close()
		locked = "/sys" // where not even root makes a file
		if _, err := os.Create("/sys/probe"); !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
			t.Skip("there is no folder that may not be written")
		}
	}
	err = Write(filepath.Join(locked, "file"), content("x"))
	if err == nil || !strings.Contains(err.Error(), "make this one writable") {
		t.Errorf("read-only folder: %v", err)
	}
}

// Whoever reads a file while it is replaced sees one of its contents, whole.
func TestWriteWhileRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	text := func(i int) string { return strings.Repeat(string(rune('a'+i%26)), 1000*(i%7+1)) }
	if err := Write(path, content(text(0))); err != nil {
		t.Fatal(err)
	}
	rest := 100 * time.Microsecond
	if runtime.GOOS == "windows" {
		rest = 20 * time.Millisecond // what is always being read can never be replaced there
	}
	var readers sync.WaitGroup
	var reads atomic.Int32
	stop := make(chan struct{})
	for range 3 {
		readers.Go(func() {
			for ; ; reads.Add(1) {
				select {
				case <-stop:
					return
				default:
				}
				got, err := ReadFile(path)
				if err != nil || len(got) == 0 || len(got)%1000 != 0 || strings.Trim(string(got), string(got[:1])) != "" {
					t.Errorf("read %d bytes, %v", len(got), err)
					return
				}
				time.Sleep(rest)
			}
		})
	}
	for i := 0; i < 200 || reads.Load() < 100 && !t.Failed(); i++ { // on a busy machine readers come late
		if err := (Options{Brief: true}).Write(path, content(text(i))); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	readers.Wait()
}

// A fault that passes is no fault; one that stays is told, and nothing is lost.
func TestPassingFaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, fault := range []error{syscall.EIO, syscall.ESTALE} {
		for _, faults := range []int{1, 4, 1000} {
			synctest.Test(t, func(t *testing.T) {
				if err := Write(path, content("precious")); err != nil {
					t.Fatal(err)
				}
				tries := 0
				err := Write(path, func(w io.Writer) error {
					io.WriteString(w, "new")
					if tries++; tries <= faults {
						return &os.PathError{Op: "write", Path: path, Err: fault}
					}
					return nil
				})
				want := "new"
				if faults == 1000 {
					want = "precious"
				}
				if (err == nil) != (want == "new") || err != nil && !errors.Is(err, fault) {
					t.Errorf("%v, %d times: %v", fault, faults, err)
				}
				if got, _ := os.ReadFile(path); string(got) != want {
					t.Errorf("%v, %d times: now %q", fault, faults, got)
				}
				if got := names(t, filepath.Dir(path)); len(got) != 1 {
					t.Errorf("%v, %d times: left behind: %v", fault, faults, got)
				}
			})
		}
	}
}

// The last question is asked once, whatever it is answered, and its answer is
// not taken for a fault of the file.
func TestRefusal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	asked, no := 0, fmt.Errorf("not yours: %w", syscall.EIO)
	err := Options{Last: func() error { asked++; return no }}.Write(path, content("x"))
	if err != no || asked != 1 {
		t.Errorf("asked %d times, got %v", asked, err)
	}
}

// Who takes the lease on a folder removes what is not finished in it, also the
// file of one who writes there without a lease. Once is no failure, always is.
func TestSwept(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no file is removed there while it is open")
	}
	path := filepath.Join(t.TempDir(), "file")
	for _, c := range []struct {
		sweeps int
		whole  bool
	}{{1, true}, {3, true}, {1000, false}} {
		text, calls := fmt.Sprint(c.sweeps, " times"), 0
		err := Write(path, func(w io.Writer) error {
			if calls++; calls <= c.sweeps {
				unfinished, _ := filepath.Glob(filepath.Join(filepath.Dir(path), Temporary+"*"))
				for _, name := range unfinished {
					os.Remove(name)
				}
			}
			_, err := io.WriteString(w, text)
			return err
		})
		got, _ := os.ReadFile(path)
		if (err == nil) != c.whole || (string(got) == text) != c.whole {
			t.Errorf("swept %s: %v, now %q", text, err, got)
		}
		if !c.whole && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("swept %s: %v", text, err)
		}
	}
}

// A file that is not there is no failure, whatever the folder; one that cannot be
// removed is named, with what to do.
func TestRemove(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Remove(path); err != nil {
			t.Error(err)
		}
	}
	full := filepath.Join(dir, "full")
	if err := os.MkdirAll(filepath.Join(full, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := Remove(full); err == nil || !strings.HasPrefix(err.Error(), "removing "+full+": ") {
		t.Errorf("got %v, want to hear what was being removed", err)
	}
}

// What a killed process has left goes, what another is writing stays.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * time.Hour)
	for name, at := range map[string]time.Time{
		Temporary + "fig1.png-ABC": old, Temporary + "fig1.svg-ABC": time.Now(), "fig1.png": old, "tmp-notes": old,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o666), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, Temporary+"folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	Sweep(dir, time.Hour)
	want := []string{Temporary + "fig1.svg-ABC", Temporary + "folder", "fig1.png", "tmp-notes"}
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	Sweep(filepath.Join(dir, "none"), 0)
}

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}
