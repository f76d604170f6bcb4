package lease

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/BurntSushi/toml"
)

// Holder is the worker that holds a lease.
type Holder struct {
	Host            string // empty if the claim cannot be read
	PID             int
	Since           time.Time // when it took the lease
	Beat            time.Time // its last sign of life, by its own clock
	Iteration       int       // how far it was then
	ImagesPerSecond float64
}

// HeldError says that another worker holds the lease.
type HeldError struct {
	Of fmt.Stringer
	Holder

	// Wait is how long the holder may still be silent before its lease is taken
	// over. It is 0 for a holder that is known to live, on this machine.
	Wait time.Duration
}

func (e *HeldError) Error() string {
	if e.Host == "" {
		return fmt.Sprintf("%v is held by a worker that cannot be named; it is taken over after %v without a sign of life", e.Of, e.Wait.Round(time.Second))
	}
	return fmt.Sprintf("%v is held by process %d on %s since %s: wait for it, or end that process", e.Of, e.PID, e.Host, e.Since.Local().Format(time.DateTime+" MST"))
}

// LostError says that a worker no longer holds a lease: it gave no sign of life
// for too long and another took over, or the folder is gone.
type LostError struct {
	Of   fmt.Stringer
	Host string // of the worker that holds the lease now; empty if nobody does, or its claim cannot be read
	Gone bool   // the folder is
}

func (e *LostError) Error() string {
	if e.Gone {
		return fmt.Sprintf("the lease on %v is gone with its folder: nothing more is written; see that the folder is there, and start again to go on", e.Of)
	}
	if e.Host == "" {
		return fmt.Sprintf("%v was taken over by another worker: nothing more is written here", e.Of)
	}
	return fmt.Sprintf("%v was taken over by a worker on %s: nothing more is written here", e.Of, e.Host)
}

// Holder returns the worker that seems to hold the lease on a folder, nil if
// there is none. It waits for nobody and writes nothing.
//
// Unlike Take it cannot watch a holder on another machine for minutes, and goes
// by the clocks: one whose last sign of life is older than Options.StaleAfter
// does not count. Nothing is taken over on the strength of that.
func (w *Worker) Holder(dir string) *Holder {
	h, err := holder(dir)
	if err != nil || h == nil || !w.seemsAlive(dir, h) {
		return nil
	}
	who := describeHolder(dir, h.claim)
	return &who
}

func (w *Worker) seemsAlive(dir string, h *holding) bool {
	if life := w.machine.life(h.claim); life != Unknown {
		return life == Alive
	}
	// The later of the holder's clock and the file server's.
	last := describeHolder(dir, h.claim).Beat
	if h.Since.After(last) {
		last = h.Since
	}
	for _, name := range []string{claimFile, claimAlive + h.Token} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return time.Since(last) < w.staleAfter
}

func describeHolder(dir string, c claim) Holder {
	h := Holder{Host: c.Host, PID: c.PID, Since: c.Since}
	var last beat
	if _, err := toml.DecodeFile(filepath.Join(dir, claimAlive+c.Token), &last); err == nil {
		h.Beat, h.Iteration, h.ImagesPerSecond = last.Time, last.Iteration, last.ImagesPerSecond
	}
	return h
}
