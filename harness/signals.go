package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// stopOnSignal returns a context that ends at the first signal to stop. At the
// second the process ends at once; a run's last checkpoint is whole even then.
func stopOnSignal(parent context.Context, stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, stopSignals()...)
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
