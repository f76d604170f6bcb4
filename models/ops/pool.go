package ops

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// pool runs the items of a parallel loop on a fixed set of threads. Each has a
// share of the items, one behind the other, so that it finds what it asked for
// ahead of time, and helps the others with theirs when it is done. Results must
// depend on the item alone: then they are the same for any number of threads.
type pool struct {
	threads int             // that there are
	used    int             // of them, the first ones: see use
	wake    []chan struct{} // one per worker beside the caller
	done    sync.WaitGroup  // workers still in the current loop
	closed  sync.WaitGroup  // workers not yet gone

	left    atomic.Int32          // as done counts: a hint for the caller before it sleeps
	failure atomic.Pointer[error] // of a worker in the current loop
	loops   int                   // divided so far

	share []share
	// sharing is how many threads, the first ones, have a share of the current
	// loop: no more than it has items.
	sharing int
	body    func(thread, item int)
	fence   func() // makes a thread's stores visible to the others, see kernels.Set
}

// share is the items of a thread in the current loop, on a cache line of its own.
type share struct {
	next atomic.Int64
	end  int64
	_    [48]byte
}

// newPool starts threads-1 workers; the caller of run is the remaining one.
func newPool(threads int, fence func()) *pool {
	p := &pool{threads: threads, used: threads, fence: fence, share: make([]share, threads)}
	for w := 1; w < threads; w++ {
		wake := make(chan struct{}, 1)
		p.wake = append(p.wake, wake)
		p.closed.Add(1)
		go p.work(w, wake)
	}
	return p
}

// use keeps the loops from now on to the first so many threads, at least one and
// at most those that there are. No loop may be running.
func (p *pool) use(threads int) { p.used = max(1, min(threads, p.threads)) }

// close ends the workers.
func (p *pool) close() {
	for _, wake := range p.wake {
		close(wake)
	}
	p.closed.Wait()
}

// run calls body(thread, item) for each item below items, and returns when all
// calls have. It wakes no more workers than there are items, and allocates
// nothing.
func (p *pool) run(items int, body func(thread, item int)) {
	if p.used == 1 || items <= 1 {
		for i := range items {
			body(0, i)
		}
		if p.threads > 1 {
			p.fence() // the next loop may be divided
		}
		return
	}
	p.body = body
	p.sharing = min(p.used, items)
	for t := range p.sharing {
		s := &p.share[t]
		from, to := shareOf(t, p.sharing, items)
		s.end = int64(to)
		s.next.Store(int64(from))
	}
	wakes := p.wake[:p.sharing-1]
	p.done.Add(len(wakes))
	p.left.Store(int32(len(wakes)))
	p.loops++
	for _, wake := range wakes {
		wake <- struct{}{}
	}
	defer p.join()
	p.drain(0)
	stayAwake(func() bool { return p.left.Load() <= 0 }) // below, if one was late to count down before
}

// join waits for the workers, also when the caller's own item panics: what they
// work on must outlast them. A panic of theirs becomes one of the caller's.
func (p *pool) join() {
	p.done.Wait()
	if err := p.failure.Swap(nil); err != nil {
		panic(*err)
	}
}

// stayAwake waits a while for what is about to happen, some 0.1 ms: longer than
// the others mostly take for their last items, and than the pauses between the
// loops of a training step. Who sleeps is late for the next loop by as much, a
// tenth of what such a loop takes with two threads. Others run meanwhile.
func stayAwake(happened func() bool) {
	for range 1000 {
		if happened() {
			return
		}
		runtime.Gosched()
	}
}

// shareOf returns the items that are first one thread's of several.
func shareOf(thread, threads, items int) (from, to int) {
	return thread * items / threads, (thread + 1) * items / threads
}

func (p *pool) drain(thread int) {
	for t := range p.sharing {
		s := &p.share[(thread+t)%p.sharing]
		for {
			i := s.next.Add(1) - 1
			if i >= s.end {
				break
			}
			p.body(thread, int(i))
		}
	}
	p.fence()
}

func (p *pool) work(thread int, wake <-chan struct{}) {
	defer p.closed.Done()
	for range wake {
		p.try(thread)
		p.done.Done()
		p.left.Add(-1) // after it, so that who sees this finds the group done
		stayAwake(func() bool { return len(wake) > 0 })
	}
}

// try drains, and keeps a panic for the caller, who alone can recover from it.
func (p *pool) try(thread int) {
	defer func() {
		if v := recover(); v != nil {
			err := fmt.Errorf("thread %d, %s: %v", thread, origin(), v)
			p.failure.CompareAndSwap(nil, &err)
		}
	}()
	p.drain(thread)
}

// origin is where the panic arose that the calling function, deferred, recovered.
func origin() string {
	pcs := make([]uintptr, 16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if !more || !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf("%s, line %d", f.Function, f.Line)
		}
	}
}
