package data

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"deepresidual/harness/foreign"
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

// foreignHead names what the start of a file shows it to be, if that is something
// that stands in the place of a data set again and again; else it returns nil.
func foreignHead(head []byte) error {
	for _, matlab := range []string{"MATLAB 5.0 MAT-file", "MATLAB 7"} {
		if bytes.HasPrefix(head, []byte(matlab)) {
			return errMatlab
		}
	}
	if archiveOf(head) != noArchive {
		return nil
	}
	return foreign.Recognise(head)
}

// foreignName is foreignHead for what the path of a file in a folder or archive
// tells.
func foreignName(file string) error {
	dir, base := path.Split(strings.ToLower(file))
	folder := path.Base(dir)
	switch {
	case folder == "cifar-100-python", folder == "cifar-100-binary", base == "train.bin", base == "fine_label_names.txt":
		return errCIFAR100
	case strings.HasSuffix(base, ".mat"):
		return errMatlab
	}
	return nil
}
