package train

import (
	"context"
	"fmt"
	"sync"

	"deepresidual/harness/process"
	"deepresidual/models"
)

// input prepares minibatches in a goroutine, one ahead of the network, so that
// augmentation costs the training step nothing. What a minibatch holds depends
// on its iteration alone, so running ahead cannot change a run.
type input struct {
	ready  chan *models.Batch // filled, in the order of their iterations; nil: failure is set
	free   chan *models.Batch
	cancel context.CancelFunc
	done   sync.WaitGroup

	failure error // a panic of the goroutine, for the one that trains to recover from
}

// startInput begins to fill the minibatches of iterations from <= i < to.
func startInput(fill func(b *models.Batch, iteration int), size, from, to int) *input {
	ctx, cancel := context.WithCancel(context.Background())
	in := &input{ready: make(chan *models.Batch), free: make(chan *models.Batch, 2), cancel: cancel}
	in.free <- models.NewBatch(size)
	in.free <- models.NewBatch(size)
	in.done.Go(func() {
		defer func() {
			if v := recover(); v != nil {
				in.failure = fmt.Errorf("preparing minibatches, %s: %v", process.Origin(), v)
				close(in.ready)
			}
		}()
		for i := from; i < to; i++ {
			select {
			case b := <-in.free:
				fill(b, i)
				select {
				case in.ready <- b:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	})
	return in
}

// next returns the minibatch of the next iteration. It must be given back.
func (in *input) next() *models.Batch {
	b := <-in.ready
	if b == nil {
		panic(in.failure)
	}
	return b
}

// giveBack returns a minibatch that has been trained on.
func (in *input) giveBack(b *models.Batch) { in.free <- b }

// stop ends the goroutine and waits for it.
func (in *input) stop() {
	in.cancel()
	in.done.Wait()
}
