//go:build !unix && !windows

package main

import (
	"os"
	"syscall"
)

// stopSignals ask the program to stop.
func stopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// catchPipeSignals has nothing to do: writing what nobody reads sends no signal.
func catchPipeSignals() {}

// brokenPipe knows no other errors than those that all systems have.
func brokenPipe(error) bool { return false }
