//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// stopSignals ask the program to stop: Ctrl-C, kill, a terminal that closes, and
// what Slurm and other schedulers can be told to send before a time limit.
// Under nohup, which has SIGHUP ignored from the start, it stays so. That a shell
// has SIGINT ignored in what its scripts start in the background is no such wish.
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// catchPipeSignals keeps a write that nobody reads from killing the process; it
// fails instead (see output). Of the signal itself nothing is wanted.
func catchPipeSignals() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// brokenPipe knows no other errors than those that all systems have.
func brokenPipe(error) bool { return false }
