// Command harness reproduces the CIFAR-10 experiments of He, Zhang, Ren and
// Sun, "Deep Residual Learning for Image Recognition" (2015), section 4.2:
//
//	go run ./harness -exp fig1
//
// trains the networks of Figure 1 that are not recorded under results/ yet and
// draws the figure. Like make, it trains nothing twice: what is recorded is
// reused, what was interrupted goes on from its checkpoint. -help lists the
// options.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// The exit codes. They are those of the built program: go run makes 1 of every
// code but 0.
const (
	exitDone        = 0   // all was done
	exitFailed      = 1   // a run failed or diverged, or something else went wrong
	exitUsage       = 2   // the options or a spec are wrong; nothing was trained
	exitCheck       = 3   // -check: a claim was not reproduced
	exitStopped     = 75  // stopped with a checkpoint: the same command goes on from there
	exitInterrupted = 130 // interrupted before there was anything to go on from
)

func main() {
	ctx, stop := stopOnSignal(context.Background(), os.Stderr)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program without its process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return exitDone
	}
	if err == nil {
		a := &app{options: o, stdout: stdout, stderr: stderr}
		err = a.do(ctx)
	}
	if err != nil {
		fmt.Fprintln(stderr, "harness:", oneLine(err))
	}
	return exitCode(err)
}

// do does what the options ask for.
func (a *app) do(ctx context.Context) error {
	switch {
	case a.list:
		return a.listExperiments()
	case a.eval != "":
		return a.evaluate(ctx)
	case a.bench != "":
		return a.benchmark(ctx)
	case a.status:
		return a.printStatus(ctx)
	case a.submit != "":
		return a.submitRuns(ctx)
	case a.serve != "":
		return a.serveReport(ctx)
	case a.dryRun:
		return a.printPlan(ctx)
	case a.report:
		return a.draw()
	}
	err := a.reproduce(ctx)
	if a.requeue && ctx.Err() != nil && err != nil {
		err = errors.Join(err, a.requeueJob(ctx))
	}
	return err
}
