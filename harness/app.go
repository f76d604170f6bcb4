package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/train"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// app is the program at work: what the command line asks for, and where it
// answers. Exhibits, tables and answers go to stdout; progress and errors to
// stderr.
type app struct {
	options
	stdout, stderr io.Writer
	source         string        // where to download the data from; empty for its home
	leases         lease.Options // on runs; the defaults, but where tests simulate several hosts
}

// Errors that have an exit code of their own.
var (
	errRuns  = errors.New("not every run was trained to its end")
	errCheck = errors.New("not every claim was reproduced")
)

// exitCode maps what the program ended with to its exit code.
func exitCode(err error) int {
	var usage usageError
	var spec *experiments.SpecError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage), errors.As(err, &spec):
		return exitUsage
	case errors.Is(err, train.ErrStopped):
		return exitStopped
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, errRuns):
		return exitFailed
	case errors.Is(err, errCheck):
		return exitCheck
	}
	return exitFailed
}

// oneLine puts an error that has several lines, such as joined ones, on one.
func oneLine(err error) string {
	return strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
}

// say prints a line for the user to follow along.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.stderr, format+"\n", args...)
}

// open opens the results folder.
func (a *app) open() (*results.Store, error) { return results.OpenWith(a.results, a.leases) }

// load reads the experiments that -exp names. "all" is all but the smoke test,
// which is no exhibit of the paper.
func (a *app) load() ([]*experiments.Experiment, error) {
	var list []*experiments.Experiment
	for _, name := range a.exp {
		if name != expAll {
			e, err := experiments.Load(name)
			var wrong *experiments.SpecError
			if err != nil && !errors.As(err, &wrong) {
				err = usageError{err.Error()} // there is no such experiment
			}
			if err != nil {
				return nil, err
			}
			list = append(list, e)
			continue
		}
		all, err := experiments.All()
		if err != nil {
			return nil, err
		}
		for _, e := range all {
			if e.Name != "smoke" {
				list = append(list, e)
			}
		}
	}
	return list, nil
}

// loadData loads the data set that -data names, or finds it.
func (a *app) loadData(ctx context.Context) (*data.Set, error) {
	var last time.Time
	return data.Load(ctx, data.Options{Path: a.data, URL: a.source, Progress: func(done, total int64) {
		if done < total && time.Since(last) < time.Second {
			return
		}
		last = time.Now()
		a.say("downloading CIFAR-10: %d of %d MiB", done>>20, total>>20)
	}})
}

// grouped formats an integer with commas: 64,000.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
