package train

import (
	"testing"
	"testing/synctest"
	"time"
)

// The time in which nothing looked at the clock, since the process stood still, is
// not told; what a busy machine takes from it is.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := StartClock()
		defer c.Stop()
		began := c.Now()
		told := func(want time.Duration) {
			t.Helper()
			if got := c.Now().Sub(began); got != want {
				t.Errorf("%v at work, want %v", got, want)
			}
		}
		time.Sleep(time.Hour)
		told(time.Hour)

		stand := func(d time.Duration) { c.mu.Lock(); c.seen = c.seen.Add(-d); c.mu.Unlock() } // as if it were so long ago
		stand(20 * time.Second)
		told(time.Hour)
		stand(8 * time.Hour)
		told(time.Hour - 8*time.Hour) // of which the hours did not pass here
		time.Sleep(time.Minute)
		told(time.Minute + time.Hour - 8*time.Hour)
	})
}
