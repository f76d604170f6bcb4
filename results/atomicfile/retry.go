package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// pauses are between the tries of [Retry]: some three seconds in all.
var pauses = [...]time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
	50 * time.Millisecond, 200 * time.Millisecond, time.Second, 2 * time.Second,
}

// mostTrying is after how long nothing is tried again.
const mostTrying = 5 * time.Second

// Retry does something with files, and does it again, for some three seconds, when it
// fails in one of the ways that pass by themselves: on a file system that is shared
// ESTALE (the file was replaced on the server meanwhile), and EIO, ETIMEDOUT, ENOTCONN
// and ESHUTDOWN (the server did not answer, or shut this machine out), on Windows what
// is said of a file that another program has open, or of a share that is away. It
// returns the error of the last try.
func Retry(do func() error) error {
	began := time.Now()
	for _, pause := range pauses {
		err := do()
		if !passing(err) || time.Since(began) > mostTrying { // a server can take minutes to say that it does not answer
			return err
		}
		time.Sleep(pause)
	}
	return do()
}

func passing(err error) bool {
	if errors.As(err, new(refusal)) {
		return false
	}
	for _, e := range []syscall.Errno{syscall.ESTALE, syscall.EIO, syscall.ESHUTDOWN, syscall.ENOTCONN, syscall.ETIMEDOUT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return inUse(err) || unreachable(err)
}

// Missing reports whether an error says that a file or folder is not there, and not that
// its server cannot be reached.
func Missing(err error) bool { return errors.Is(err, fs.ErrNotExist) && !unreachable(err) }

// Rename is [os.Rename] with [Retry].
func Rename(from, to string) error { return Retry(func() error { return os.Rename(from, to) }) }

// ReadFile is [os.ReadFile] with [Retry].
func ReadFile(path string) ([]byte, error) {
	var b []byte
	err := Retry(func() (err error) {
		b, err = os.ReadFile(path)
		return err
	})
	return b, err
}

// ReadDir is [os.ReadDir] with [Retry].
func ReadDir(dir string) ([]fs.DirEntry, error) {
	var entries []fs.DirEntry
	err := Retry(func() (err error) {
		entries, err = os.ReadDir(dir)
		return err
	})
	return entries, err
}
