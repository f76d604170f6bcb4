package results

import (
	"context"
	"fmt"
	"io"
	"sync"

	"deepresidual/results/lease"
)

// CheckpointPrefix begins the names of a run's checkpoints; a run with one, and
// no holder, is interrupted.
const CheckpointPrefix = "checkpoint-"

// Run is the lease on one run: the right to train it and to write its record. It
// may be used from any goroutine.
type Run struct {
	*lease.Lease
	key    Key
	record *Record
	damage error

	mu       sync.Mutex
	finished bool // what lies in the folder is a finished record
}

// Begin takes the lease on a run, which ends with Release or with the process.
// If another worker holds it, the error is a [lease.HeldError]; see
// [lease.Worker.Take] for when that one is taken for dead.
//
// The record is read after the lease is taken: ask [Run.Record] whether there is
// still something to train, since the last holder may have finished meanwhile.
// Cancelling ctx ends the attempt, not a lease that is taken.
func (s *Store) Begin(ctx context.Context, key Key) (*Run, error) {
	l, err := s.worker.Take(ctx, s.Path(key), key)
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	run := &Run{Lease: l, key: key}
	run.record, run.damage = readRecord(l.Dir())
	run.finished = run.record != nil && run.record.Status.Finished()
	return run, nil
}

// Key returns what is to be trained.
func (run *Run) Key() Key { return run.key }

// Record returns the record as it was when the lease was taken: nil if there was
// none, an error if it could not be read.
func (run *Run) Record() (*Record, error) { return run.record, run.damage }

// Save writes the record: curve.csv, timing.csv, responses.csv and run.toml.
//
// A run is finished from the moment a run.toml that says so is in place. It is
// therefore written last, when its tables are there; and when a finished record
// is replaced, first of all a run.toml that says the run goes on. So whoever
// reads at any moment finds a finished record with its own tables or one that is
// not finished.
func (run *Run) Save(r *Record) error {
	if got, want := r.Key.Identity(), run.key.Identity(); got != want {
		return fmt.Errorf("results: the record to save is of %v, the lease is on %v", r.Key, run.key)
	}
	files, err := recordFiles(r)
	if err != nil {
		return fmt.Errorf("results: saving %v: %w", run.key, err)
	}
	run.mu.Lock()
	replaces := run.finished
	run.mu.Unlock()
	if replaces {
		unfinished := *r
		unfinished.Status = Running
		first, err := recordFiles(&unfinished)
		if err != nil {
			return fmt.Errorf("results: saving %v: %w", run.key, err)
		}
		files = append(first[len(first)-1:], files...)
	}
	for _, f := range files {
		err := run.WriteFile(f.name, func(w io.Writer) error {
			_, err := w.Write(f.content)
			return err
		})
		if err != nil {
			return err
		}
	}
	run.mu.Lock()
	run.finished = r.Status.Finished()
	run.mu.Unlock()
	if len(r.Responses) == 0 {
		return run.Remove(ResponsesFile)
	}
	return nil
}

type file struct {
	name    string
	content []byte
}

// recordFiles returns the files of a record, run.toml last. A record that would not be accepted when it is read is an error.
func recordFiles(r *Record) ([]file, error) {
	doc, err := encodeDocument(documentOf(r))
	if err != nil {
		return nil, err
	}
	if _, err := decodeDocument(doc); err != nil {
		return nil, fmt.Errorf("%s: %w", RunFile, err)
	}
	curve := EncodeCurve(r.Rows)
	if _, err := DecodeCurve(curve); err != nil {
		return nil, fmt.Errorf("%s: %w", CurveFile, err)
	}
	timing := EncodeTiming(r.Times)
	if _, err := DecodeTiming(timing); err != nil {
		return nil, fmt.Errorf("%s: %w", TimingFile, err)
	}
	files := []file{{CurveFile, curve}, {TimingFile, timing}}
	if len(r.Responses) > 0 {
		responses := encodeResponses(r.Responses)
		if _, err := decodeResponses(responses); err != nil {
			return nil, fmt.Errorf("%s: %w", ResponsesFile, err)
		}
		files = append(files, file{ResponsesFile, responses})
	}
	return append(files, file{RunFile, doc}), nil
}
