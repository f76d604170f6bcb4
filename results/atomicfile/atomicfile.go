// Package atomicfile writes files that are there as a whole or not at all, on
// local and on shared file systems. It knows nothing of what is in them.
package atomicfile

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Temporary begins the name of every file that is not finished.
const Temporary = ".tmp-"

// Write writes the file at path so that it is there as a whole or as it was
// before, even if the machine stops in the middle: the content goes to a
// temporary file in the same folder, which is flushed to the disk and renamed,
// and then the folder is flushed. A missing folder is made.
//
// On an error what was at path is untouched, but for one from flushing the folder:
// then the file may be the new one. The error says in one line what is in the way,
// as a full disk or a folder that cannot be written.
func Write(path string, write func(io.Writer) error) error {
	return Options{}.Write(path, write)
}

// WriteChanged writes a file, unless it has this content already.
func WriteChanged(path string, content []byte) error {
	if old, err := ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// Options change how a file is written.
type Options struct {
	// Brief is for a file of no use after a crash of the machine: it is not
	// flushed to the disk.
	Brief bool

	// Last is a last question, asked when everything is written and only the
	// rename is left; an error from it keeps path as it was. With such a question
	// the folder must be there: one that was removed under the hands of a worker
	// is not made again.
	Last func() error
}

// Write is the function [Write] with options.
func (o Options) Write(path string, write func(io.Writer) error) error {
	err := Retry(func() error {
		err := o.write(path, write)
		for tries := 1; tries < 4 && errors.As(err, new(swept)); tries++ {
			err = o.write(path, write)
		}
		return err
	})
	var r refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &r):
		return r.error
	}
	return Explain(path, err)
}

// refusal is the error of a [Options.Last] question: it is no fault of the file.
type refusal struct{ error }

// swept is the error of a temporary file that was gone before it was renamed:
// whoever takes the lease on its folder removes what is not finished there. It
// is to be written again, unless there is a [Options.Last] question, which is then
// its writer's to answer.
type swept struct{ error }

func (e swept) Unwrap() error { return e.error }

func (o Options) write(path string, write func(io.Writer) error) (err error) {
	dir, name := filepath.Dir(path), filepath.Base(path)
	f, err := Create(dir, name)
	if errors.Is(err, fs.ErrNotExist) && o.Last == nil {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		f, err = Create(dir, name)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if !o.Brief {
		if err := Sync(f); err != nil {
			return err
		}
	}
	if err := f.Close(); err != nil { // NFS reports a full disk here
		return err
	}
	if o.Last != nil {
		if err := o.Last(); err != nil {
			return refusal{err}
		}
	}
	if err := os.Rename(f.Name(), path); err != nil {
		if errors.Is(err, fs.ErrNotExist) && o.Last == nil {
			return swept{err}
		}
		return err
	}
	if !o.Brief {
		return SyncDir(dir)
	}
	return nil
}

// Create makes a temporary file in a folder for what is to be called name. Unlike
// that of [os.CreateTemp] it is for everyone whom the umask lets in, as a file
// that is simply created is, and no file system is asked to change a mode.
func Create(dir, name string) (*os.File, error) {
	for {
		path := filepath.Join(dir, Temporary+name+"-"+rand.Text()[:10])
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// Remove removes a file, if it is there. A folder that cannot be written is no
// hindrance where there is nothing to remove.
func Remove(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := Retry(func() error { return os.Remove(path) })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return explain("removing", path, err)
	}
	return nil
}

// Sweep removes the temporary files in a folder that were not written to for so
// long that those who wrote them must have been killed. One that cannot be
// removed stays; it is in nobody's way.
func Sweep(dir string, idle time.Duration) {
	entries, _ := os.ReadDir(dir) // nor is one that cannot be seen
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), Temporary) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > idle {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// SyncDir makes the names in a folder durable. Where folders cannot be flushed
// (Windows, some network file systems) the operating system must be trusted.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return Sync(d)
}

// Sync makes a file's content, or the names in a folder, durable. A file system
// that does not know how must be trusted.
func Sync(f *os.File) error {
	err := f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// Explain says in one line which file could not be written, why, and what to do.
func Explain(path string, err error) error { return explain("writing", path, err) }

func explain(doing, path string, err error) error {
	hint := ""
	switch {
	case Full(err):
		hint = "; what was there before is untouched: free some space"
	case Forbidden(err):
		hint = "; choose another folder or make this one writable"
	}
	return fmt.Errorf("%s %s: %w%s", doing, path, oneLine{Cause(err)}, hint)
}

// Full reports whether an error says that a disk, or a user's part of it, has no
// room left.
func Full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || full(err)
}

// Forbidden reports whether an error says that a place cannot be written to at all.
// What lies in a file is no folder: a service has /dev/null for a home.
func Forbidden(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOTDIR) || protected(err)
}

// Cause takes the path out of a file system error, where the message names the
// file that matters and the path is that of a temporary one, or the same.
func Cause(err error) error {
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	if errors.As(err, &linkErr) {
		return linkErr.Err
	}
	return err
}

// oneLine keeps an error on one line, whatever it came from.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }
func (e oneLine) Unwrap() error { return e.error }
