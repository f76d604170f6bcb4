package main

import (
	"context"

	"deepresidual/harness/process"
)

// interruptible returns what read does, or the context's error as soon as it
// ends: for reading that takes no context. What is still being read then is left
// to the end of the process. A panic is an error here, too.
func interruptible[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() { done <- a }()
		defer process.Recover(&a.err)
		a.value, a.err = read()
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
