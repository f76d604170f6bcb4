package results

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/BurntSushi/toml"
)

// beat is one sign of life. Only that it differs from the one before decides
// anything.
type beat struct {
	Count           int64     `toml:"count"`
	Time            time.Time `toml:"time"`
	Iteration       int       `toml:"iteration"`
	ImagesPerSecond float64   `toml:"images_per_second"`
}

// live renews the sign of life until the run is released or lost. A renewal
// that does not work (a full disk) is tried again at the next; if none works
// for too long the claim is lost, and Held says so.
func (run *Run) live() {
	defer close(run.done)
	ticker := time.NewTicker(run.store.heartbeat)
	defer ticker.Stop()
	for count := int64(1); ; count++ {
		select {
		case <-run.stop:
			return
		case <-ticker.C:
		}
		run.beat(count)
	}
}

func (run *Run) beat(count int64) error {
	run.mu.Lock()
	b := beat{Count: count, Time: time.Now().UTC(), Iteration: run.iteration, ImagesPerSecond: run.rate}
	run.mu.Unlock()
	content, err := toml.Marshal(b)
	if err != nil {
		return err
	}
	return run.write(claimAlive+run.claim.Token, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}, briefly)
}

// sighting is a sign of life as it was first seen, and when.
type sighting struct {
	content []byte
	since   time.Time // with the monotonic clock's reading
}

// judge says whether a holder lives, and, if that is unknown, how long it may
// still be silent.
func (s *Store) judge(dir string, h *holding) (Life, time.Duration) {
	if life := s.machine.life(h.claim); life != Unknown {
		return life, 0
	}
	content, _ := os.ReadFile(filepath.Join(dir, claimAlive+h.Token)) // none yet is a content like any
	name := filepath.Join(dir, h.next())                              // of this claim and no other

	s.mu.Lock()
	defer s.mu.Unlock()
	last, ok := s.seen[name]
	if !ok || !bytes.Equal(last.content, content) {
		last = sighting{content: content, since: time.Now()}
		s.seen[name] = last
	}
	wait := s.staleAfter - time.Since(last.since)
	if wait > 0 {
		return Unknown, wait
	}
	return Dead, 0
}

func describeHolder(dir string, c claim) Holder {
	h := Holder{Host: c.Host, PID: c.PID, Since: c.Since}
	b, err := os.ReadFile(filepath.Join(dir, claimAlive+c.Token))
	if err != nil {
		return h
	}
	var last beat
	if decodeStrict(b, &last) == nil {
		h.Beat, h.Iteration, h.ImagesPerSecond = last.Time, last.Iteration, last.ImagesPerSecond
	}
	return h
}
