package train

import (
	"sync"
	"time"
)

// Clock is a clock that stands still while the process does for half a minute or
// longer: when it is stopped (Ctrl-Z, SIGSTOP), or its machine sleeps. What it has
// to tell is how long the process has been at work.
type Clock struct {
	stop chan struct{}

	mu   sync.Mutex
	seen time.Time     // when it was last looked at
	lost time.Duration // in which the process stood still
}

const (
	lookEvery = time.Second

	// still is how long a process stands still in which nobody has looked at the
	// clock. Others do not keep one from the processor for so long.
	still = 30 * time.Second
)

// StartClock starts a clock, which goes on until [Clock.Stop].
func StartClock() *Clock {
	c := &Clock{stop: make(chan struct{}), seen: time.Now()}
	go func() {
		ticker := time.NewTicker(lookEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				c.Now()
			case <-c.stop:
				return
			}
		}
	}()
	return c
}

// Now returns the time by this clock. It may be asked from any goroutine.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if gap := now.Sub(c.seen); gap >= still {
		c.lost += gap
	}
	c.seen = now
	return now.Add(-c.lost)
}

// Stop ends the looks at the clock. Now is not to be called afterwards: it would take
// half a minute between two calls for a standstill. Stop is called once.
func (c *Clock) Stop() { close(c.stop) }
