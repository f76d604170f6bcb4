package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"deepresidual/experiments"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/harness/work"
	"deepresidual/reports"
)

// The exit codes. They are those of the built program: go run makes 1 of every
// code but 0.
const (
	exitDone          = 0   // all was done
	exitFailed        = 1   // a run failed or diverged, or something else went wrong
	exitUsage         = 2   // the options or an experiment file are wrong; nothing was trained
	exitNotReproduced = 3   // -check: a claim was not reproduced
	exitNotJudged     = 4   // -check: every claim judged on the whole schedule was reproduced, but not all were judged there
	exitStopped       = 75  // stopped with a checkpoint: the same command goes on from there
	exitInterrupted   = 130 // interrupted with nothing to go on from, or at once, by a second signal
)

// exitCodes is what the help says of them.
const exitCodes = `Exit codes: 0 done, 1 a run failed or diverged, 2 wrong options or experiment
file, 3 a claim was not reproduced (-check), 4 no claim was "not reproduced" but
not every one was judged on the whole schedule (-check), 75 stopped with a
checkpoint (the same command goes on), 130 interrupted before there was one, or by
a second signal (the same command goes on from the last one). They are those of
the built program: go run makes 1 of every code but 0.
`

// usageError is a command line that cannot be followed.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// wrongPath returns an error about a path that the command line gives: one of
// usage if the path leads to nothing, or to something whose mode does not fit.
func wrongPath(err error, path string, fits func(fs.FileMode) bool) error {
	if err == nil {
		return nil
	}
	info, missing := os.Stat(path)
	noName := errors.Is(missing, syscall.EILSEQ) // macOS has names in UTF-8 alone
	if errors.Is(missing, fs.ErrNotExist) || errors.Is(missing, syscall.ENOTDIR) || noName || missing == nil && !fits(info.Mode()) {
		return usageError{err.Error()}
	}
	return err
}

// exitCode maps what the program ended with to its exit code.
func exitCode(err error) int {
	var usage usageError
	var spec *experiments.SpecError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage), errors.As(err, &spec):
		return exitUsage
	case errors.Is(err, train.ErrStopped), errors.Is(err, work.ErrStopped):
		return exitStopped
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, work.ErrUnfinished):
		return exitFailed
	case errors.Is(err, reports.ErrNotReproduced):
		return exitNotReproduced
	case errors.Is(err, reports.ErrNotJudged):
		return exitNotJudged
	}
	return exitFailed
}

// stopped reports whether the program was told to stop and that is all that went
// wrong.
func stopped(err error) bool {
	code := exitCode(err)
	return code == exitStopped || code == exitInterrupted
}

// message is what is said of what the program ended with, on one line. A context
// that has ended is called an interruption, as people do.
func message(err error) string {
	line := text.OneLine(err)
	if exitCode(err) != exitInterrupted {
		return line
	}
	line = strings.ReplaceAll(line, ": "+context.Canceled.Error(), "")
	switch {
	case line == context.Canceled.Error():
		return "interrupted"
	case strings.HasPrefix(line, "interrupted"):
		return line
	}
	return "interrupted: " + line
}
