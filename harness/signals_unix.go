//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// stopSignals ask the program to stop: Ctrl-C, kill, a terminal that closes, and
// what Slurm and other schedulers can be told to send before a time limit.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2}

// catchPipeSignals keeps a write that nobody reads from killing the process; it
// fails instead (see output). Of the signal itself nothing is wanted.
func catchPipeSignals() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
