package main

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
)

// output is what the program writes to: its answer or its progress. It may be
// used from any goroutine, and remembers that something could not be written,
// since what prints looks at no error.
type output struct {
	w      io.Writer
	broken func() // called when nobody reads any more

	mu  sync.Mutex
	err error // the first
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.w.Write(b)
	if err != nil && o.err == nil {
		o.err = err
	}
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) || brokenPipe(err) {
		o.broken()
	}
	return n, err
}

// Fd is that of the file behind it, for those who ask whether it is a terminal.
func (o *output) Fd() uintptr {
	if f, ok := o.w.(*os.File); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

// failure is the first error of a Write.
func (o *output) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}
