package lease

import (
	"bytes"
	"io"
	"path/filepath"
	"time"

	"github.com/BurntSushi/toml"

	"deepresidual/results/atomicfile"
)

// beat is one sign of life. Only that it differs from the one before decides
// anything.
type beat struct {
	Count           int64     `toml:"count"`
	Time            time.Time `toml:"time"`
	Iteration       int       `toml:"iteration"`
	ImagesPerSecond float64   `toml:"images_per_second"`
}

// live renews the sign of life until the lease is released or lost. A renewal
// that does not work (a full disk) is tried again at the next; if none works
// for too long the lease is lost, and Held says so.
func (l *Lease) live() {
	defer close(l.done)
	ticker := time.NewTicker(l.worker.heartbeat)
	defer ticker.Stop()
	for count := int64(1); ; count++ {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
		}
		l.beat(count)
	}
}

func (l *Lease) beat(count int64) error {
	l.mu.Lock()
	b := beat{Count: count, Time: time.Now().UTC(), Iteration: l.iteration, ImagesPerSecond: l.rate}
	l.mu.Unlock()
	content, err := toml.Marshal(b)
	if err != nil {
		return err
	}
	return l.write(claimAlive+l.claim.Token, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}, atomicfile.Options{Brief: true, Last: l.Held})
}

// sighting is a sign of life as it was first seen, and when.
type sighting struct {
	content []byte
	since   time.Time // with the monotonic clock's reading
	looked  time.Time // last
}

// mostUnseen is how much of the time between two looks counts as silence: who looks may
// have waited for the file server himself, for which the holder waits, too.
const mostUnseen = time.Minute

// judge says whether a holder lives, and, if that is unknown, how long it may
// still be silent.
func (w *Worker) judge(dir string, h *holding) (Life, time.Duration) {
	if life := w.machine.life(h.claim); life != Unknown {
		return life, 0
	}
	content, err := atomicfile.ReadFile(filepath.Join(dir, claimAlive+h.Token))
	missing := atomicfile.Missing(err)   // none yet is a content like any
	name := filepath.Join(dir, h.next()) // of this claim and no other

	w.mu.Lock()
	defer w.mu.Unlock()
	last, ok := w.seen[name]
	now := time.Now()
	// What cannot be read is no silence.
	if !ok || err != nil && !missing || !bytes.Equal(last.content, content) {
		last = sighting{content: content, since: now}
	} else if unseen := now.Sub(last.looked); unseen > mostUnseen {
		last.since = last.since.Add(unseen - mostUnseen)
	}
	last.looked = now
	w.seen[name] = last
	wait := w.staleAfter - time.Since(last.since)
	if wait > 0 {
		return Unknown, wait
	}
	return Dead, 0
}
