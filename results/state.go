package results

import (
	"errors"
	"os"
	"strings"

	"deepresidual/results/lease"
)

// A run's [State] knows statuses that no record has.
const (
	Missing Status = "not recorded" // nothing is there
	Damaged Status = "damaged"      // there is a record, but it cannot be read: State.Damage says why
	Newer   Status = "newer"        // there is a record, of a later version of the program
)

// State is what a results folder tells of a run at one moment.
type State struct {
	Key Key

	// Status is Complete or Diverged if there is such a record, Running if a
	// worker holds the run, Interrupted if one has left a record or a checkpoint
	// behind, Damaged or Newer if the record cannot be read, and Missing otherwise.
	Status Status

	Record *Record       // nil if there is none, or none that can be read
	Damage error         // why the record cannot be read
	Holder *lease.Holder // the worker that holds the run, nil if nobody does

	// Retraining says that the run is to be trained again, or is being.
	Retraining bool
}

// State looks at a run. It waits for nobody, writes nothing, and has something
// to say whatever workers do meanwhile; see [lease.Worker.Holder].
func (s *Store) State(key Key) State {
	dir := s.Path(key)
	state := State{Key: key}
	// The lease first: a worker that finishes in between leaves its record
	// before it gives up its lease.
	state.Holder = s.worker.Holder(dir)
	state.Record, state.Damage = readRecord(dir)
	again, _ := readRetraining(dir) // a read error is the record's, too
	state.Retraining = again != nil
	switch {
	case state.Record != nil && state.Record.Status.Finished():
		state.Status = state.Record.Status
	case state.Holder != nil:
		state.Status = Running
	case errors.As(state.Damage, new(*LaterError)):
		state.Status = Newer
	case state.Damage != nil:
		state.Status = Damaged
	case state.Record != nil || hasCheckpoint(dir):
		state.Status = Interrupted
	default:
		state.Status = Missing
	}
	return state
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
