package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

// echo is how soon after one signal the same event sends another: of a terminal
// that closes, the shell and the kernel each tell of it.
const echo = 2 * time.Second

// stopOnSignal returns a context that ends at the first signal to stop. At the
// second the process ends at once, unless it is an echo of the first; a run's last
// checkpoint is whole even then.
func stopOnSignal(parent context.Context, stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, stopSignals()...)
	catchPipeSignals()
	go func() {
		select {
		case s := <-signals:
			said := make(chan struct{})
			go func() { // a terminal that is stopped takes nothing
				defer close(said)
				fmt.Fprintf(stderr, "\nharness: %v: stopping; once more to stop at once\n", s)
			}()
			select {
			case <-said:
			case <-time.After(time.Second):
			}
			cancel()
		case <-ctx.Done():
			return
		}
		for first := time.Now(); ; {
			if s := <-signals; s == os.Interrupt || time.Since(first) > echo {
				os.Exit(exitInterrupted)
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}
