package main

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// stopSignals ask the program to stop: Ctrl-C, and a console that closes.
func stopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// catchPipeSignals has nothing to do: writing what nobody reads sends no signal.
func catchPipeSignals() {}

// brokenPipe reports whether a write failed since nobody reads the pipe.
func brokenPipe(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
