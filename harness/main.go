// Command harness reproduces the CIFAR-10 experiments of He, Zhang, Ren and
// Sun, "Deep Residual Learning for Image Recognition" (2015), section 4.2:
//
//	go run ./harness -exp fig1
//
// trains the networks of Figure 1 that are not recorded under results/ yet and
// draws the figure. Like make, it trains nothing twice: what is recorded is
// reused, what was interrupted goes on from its checkpoint. -help lists the
// options.
//
// This package is the command line: the modes ([modes]) with their options,
// signals and exit codes. What the modes do is in the packages under it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"deepresidual/harness/data"
	"deepresidual/harness/process"
	"deepresidual/harness/text"
	"deepresidual/harness/work"
	"deepresidual/reports/table"
	"deepresidual/results/lease"
)

func main() {
	ctx, stop := stopOnSignal(context.Background(), os.Stderr)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// environment is what a mode works in.
type environment struct {
	stdout io.Writer     // for drawings, tables and answers
	stderr io.Writer     // for progress and errors; a work.Screen, but where tests read it
	data   data.Options  // where the data set is; the defaults, but where tests play its sources
	leases lease.Options // on runs; the defaults, but where tests simulate several hosts
}

// say prints a sentence for the user to follow along.
func (e *environment) say(format string, args ...any) {
	table.PrintWrapped(e.stderr, text.Printable(fmt.Sprintf(format, args...)))
}

// fail says what went wrong at once. The error that it returns is not said again
// at the end.
func (e *environment) fail(err error) error {
	e.say("harness: %s", message(err))
	return toldError{err}
}

// toldError is an error that the user has been told already.
type toldError struct{ error }

func (e toldError) Unwrap() error { return e.error }

// untold returns what of an error, or of several that are joined, is still to be
// told.
func untold(err error) error {
	if !errors.As(err, new(toldError)) {
		return err
	}
	switch e := err.(type) {
	case toldError:
		return nil
	case interface{ Unwrap() []error }:
		var left []error
		for _, one := range e.Unwrap() {
			left = append(left, untold(one))
		}
		return errors.Join(left...)
	}
	return err
}

// run is the program without its process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return (&environment{stdout: stdout, stderr: stderr}).run(ctx, args)
}

// run does what the command line asks for and returns the exit code. An answer
// that cannot be written is a failure; when nobody reads any more, what is being
// done is stopped as by a signal.
func (e *environment) run(ctx context.Context, args []string) int {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	answer, progress := &output{w: e.stdout, broken: stop}, &late{w: &output{w: e.stderr, broken: stop}, wait: patience}
	defer progress.finish(ctx)
	inner := *e
	inner.stdout, inner.stderr = answer, work.NewScreen(progress)
	err := inner.answer(ctx, args)
	failure := answer.failure()
	if failure != nil && (err == nil || errors.Is(err, failure) || errors.Is(err, context.Canceled)) {
		err = fmt.Errorf("the answer could not be written: %w", failure)
	}
	if err := untold(err); err != nil {
		inner.fail(err)
	}
	return exitCode(err)
}

// answer does what the command line asks for. The panic of a library is an error
// like others here.
func (e *environment) answer(ctx context.Context, args []string) (err error) {
	defer process.Recover(&err)
	m, err := parse(modes(), args)
	if errors.Is(err, flag.ErrHelp) {
		printHelp(e.stdout, modes(), m)
		return nil
	}
	if err != nil {
		return err
	}
	return m.do(ctx, e)
}
