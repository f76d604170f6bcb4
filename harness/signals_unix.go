//go:build unix

package main

import (
	"os"
	"syscall"
)

// stopSignals ask the program to stop: Ctrl-C, kill, and what Slurm and other
// schedulers can be told to send before a time limit.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1}
