package kernels

import (
	"sync"
	"time"
)

// Peak measures how many floating-point operations a second so many threads of
// this machine do at most with the registers of a set: multiply-adds that wait
// for nothing, two operations each, in the best of some rounds that all threads
// begin together. It is 0 for a set in plain Go. It takes some tens of milliseconds;
// who shares the machine lowers it.
func Peak(set string, threads int) float64 {
	loop, flops := fmaLoop(set)
	if loop == nil {
		return 0
	}
	const turns, rounds = 1_000_000, 25 // a millisecond or two, against which waking a thread is little
	best := 0.0
	for range rounds {
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
		best = max(best, float64(threads)*turns*float64(flops)/time.Since(start).Seconds())
	}
	return best
}
