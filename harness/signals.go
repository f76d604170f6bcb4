package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
)

// stopOnSignal returns a context that ends at the first signal to stop. At the
// second the process ends at once; a run's last checkpoint is whole even then.
func stopOnSignal(parent context.Context, stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	// A signal that is ignored from the start, as SIGHUP is under nohup, stays so.
	asked := slices.DeleteFunc(slices.Clone(stopSignals), signal.Ignored)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, asked...)
	catchPipeSignals()
	go func() {
		select {
		case s := <-signals:
			fmt.Fprintf(stderr, "\nharness: %v: stopping; once more to stop at once\n", s)
			cancel()
		case <-ctx.Done():
			return
		}
		<-signals
		os.Exit(exitInterrupted)
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}
