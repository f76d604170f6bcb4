package kernels

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Peak measures how many floating-point operations a second so many threads of
// this machine do at most with the registers of a set: multiply-adds that wait
// for nothing, two operations each, in the best of some rounds that all threads
// begin together. It is 0 for a set in plain Go, and for one that this processor has
// not. It takes some tens of milliseconds;
// who shares the machine lowers it.
func Peak(set string, threads int) float64 {
	loop, flops := fmaLoop(set)
	if loop == nil || !slices.Contains(Available(), set) {
		return 0
	}
	// A round takes a millisecond or two, against which waking a thread is little;
	// where the clock moves in steps (Windows) so many of them that it can be told.
	const rounds, enough = 25, 2 * time.Second
	turns, shortest := 1_000_000, 20*clockStep()
	best := 0.0
	for round, begun := 0, time.Now(); round < rounds && time.Since(begun) < enough; {
		took := fmaRound(loop, turns, threads)
		if took < shortest {
			turns *= 2
			continue
		}
		best = max(best, float64(threads)*float64(turns)*float64(flops)/took.Seconds())
		round++
	}
	return best
}

// fmaRound times threads that all begin a loop of so many turns together.
func fmaRound(loop func(int), turns, threads int) time.Duration {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for range threads {
		all.Go(func() {
			<-begin
			loop(turns)
		})
	}
	start := time.Now()
	close(begin)
	all.Wait()
	return time.Since(start)
}

// clockStep returns the least time that the clock tells, the least of a few in case
// this thread has to wait meanwhile.
func clockStep() time.Duration {
	least := time.Duration(math.MaxInt64)
	change := time.Now()
	for range 4 { // the first begins somewhere within a step
		now := time.Now()
		for !now.After(change) {
			now = time.Now()
		}
		least = min(least, now.Sub(change))
		change = now
	}
	return least
}
