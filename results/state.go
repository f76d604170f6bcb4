package results

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A run's [State] knows two statuses that no record has.
const (
	Missing Status = "missing" // nothing is there
	Damaged Status = "damaged" // there is a record, but it cannot be read
)

// State is what a results folder tells of a run at one moment.
type State struct {
	Key Key

	// Status is Complete or Diverged if there is such a record, Running if a
	// worker holds the run, Interrupted if one has left a record or a checkpoint
	// behind, Damaged if the record cannot be read, and Missing otherwise.
	Status Status

	Record *Record // nil if there is none, or none that can be read
	Damage error   // why the record cannot be read
	Holder *Holder // the worker that holds the run, nil if nobody does
}

// State looks at a run. It waits for nobody, writes nothing, and has something
// to say whatever workers do meanwhile.
//
// Unlike Begin it cannot watch a holder on another machine for minutes, and goes
// by the clocks: one whose last sign of life is older than Options.StaleAfter
// does not count. Nothing is taken over on the strength of that.
func (s *Store) State(key Key) State {
	dir := s.Path(key)
	state := State{Key: key}
	// The claim first: a worker that finishes in between leaves its record
	// before it gives up its claim.
	if h, err := holder(dir); err == nil && h != nil && s.seemsAlive(dir, h) {
		who := describeHolder(dir, h.claim)
		state.Holder = &who
	}
	state.Record, state.Damage = readRecord(dir)
	switch {
	case state.Record != nil && state.Record.Status.Finished():
		state.Status = state.Record.Status
	case state.Holder != nil:
		state.Status = Running
	case state.Damage != nil:
		state.Status = Damaged
	case state.Record != nil || hasCheckpoint(dir):
		state.Status = Interrupted
	default:
		state.Status = Missing
	}
	return state
}

func (s *Store) seemsAlive(dir string, h *holding) bool {
	if life := s.machine.life(h.claim); life != Unknown {
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
	return time.Since(last) < s.staleAfter
}

func hasCheckpoint(dir string) bool {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), CheckpointPrefix) {
			return true
		}
	}
	return false
}
