package data

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
)

// Errors of files that are whole, but not what is wanted.
var (
	errCIFAR100 = errors.New("it is CIFAR-100; the ten classes of CIFAR-10 are wanted")
	errMatlab   = errors.New("it is the Matlab version of CIFAR-10, which is not read: take the binary or the Python version")
	errTooLong  = errors.New("it is too long to be of CIFAR-10")
)

// stoppedError is the error of a file that ends or fails in the middle.
type stoppedError struct {
	read, want int64
	err        error
}

func (e *stoppedError) Error() string {
	return fmt.Sprintf("reading stopped after %d of %d bytes: %v", e.read, e.want, e.err)
}

func (e *stoppedError) Unwrap() error { return e.err }

// headSize is the number of bytes at the start of a file that tell what it is.
const headSize = 512

// foreign names what the start of a file shows it to be, if that is something
// that stands in the place of a data set again and again; else it returns nil.
func foreign(head []byte) error {
	start := bytes.ToLower(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"))
	switch {
	case bytes.HasPrefix(start, []byte("version https://git-lfs")):
		return errors.New("it is a Git LFS pointer, not the file itself: fetch it with git lfs pull")
	case bytes.HasPrefix(start, []byte("<!doctype html")), bytes.HasPrefix(start, []byte("<html")), bytes.HasPrefix(start, []byte("<head")):
		return errors.New("it is an HTML page: a server sent that in place of the data")
	case bytes.HasPrefix(start, []byte("<?xml")):
		return errors.New("it is an XML message: a server sent that in place of the data")
	case bytes.HasPrefix(start, []byte("matlab 5.0 mat-file")), bytes.HasPrefix(start, []byte("matlab 7")):
		return errMatlab
	case bytes.HasPrefix(start, []byte("\xfd7zxz\x00")):
		return errors.New("it is compressed with xz, which is not read: unpack it")
	case bytes.HasPrefix(start, []byte("bzh")):
		return errors.New("it is compressed with bzip2, which is not read: unpack it")
	case bytes.HasPrefix(start, []byte("rar!")), bytes.HasPrefix(start, []byte("7z\xbc\xaf")):
		return errors.New("it is a RAR or 7z archive, which is not read: unpack it")
	}
	return nil
}

// foreignName is foreign for what the path of a file in a folder or archive
// tells.
func foreignName(file string) error {
	dir, base := path.Split(strings.ToLower(file))
	switch {
	case strings.Contains(dir, "cifar-100"), base == "train.bin", base == "fine_label_names.txt":
		return errCIFAR100
	case strings.HasSuffix(base, ".mat"):
		return errMatlab
	}
	return nil
}
