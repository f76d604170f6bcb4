package kernels

import (
	"sync"
	"time"
)

// Peak measures how many floating-point operations a second so many threads of
// this machine do at most with the registers of a set: multiply-adds that wait
// for nothing, two operations each. It is 0 for a set in plain Go. It takes some
// tens of milliseconds; who shares the machine lowers it.
func Peak(set string, threads int) float64 {
	loop, flops := fmaLoop(set)
	if loop == nil {
		return 0
	}
	const turns, tries = 100_000, 50
	best := make([]float64, threads)
	var all sync.WaitGroup
	for i := range best {
		all.Go(func() {
			for range tries {
				start := time.Now()
				loop(turns)
				best[i] = max(best[i], turns*float64(flops)/time.Since(start).Seconds())
			}
		})
	}
	all.Wait()
	total := 0.0
	for _, b := range best {
		total += b
	}
	return total
}
