package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// stopOnSignal returns a context that ends at the first signal to stop, on
// which the step in hand is finished and a checkpoint written. At the second
// signal the process ends at once; the last checkpoint is whole even then.
func stopOnSignal(parent context.Context, stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, stopSignals...)
	go func() {
		select {
		case s := <-signals:
			fmt.Fprintf(stderr, "\nharness: %v: finishing the step and writing a checkpoint; once more to stop at once\n", s)
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
