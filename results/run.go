package results

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"deepresidual/results/atomicfile"
	"deepresidual/results/lease"
)

// CheckpointPrefix begins the names of a run's checkpoints; a run with one, and
// no holder, is interrupted.
const CheckpointPrefix = "checkpoint-"

// Run is the lease on one run: the right to train it and to write its record. It may be
// used from any goroutine, except for BeginRetraining, which comes before all training.
type Run struct {
	*lease.Lease
	key    Key
	record *Record
	damage error

	retraining *retraining // nil if the run is not to be trained again

	mu   sync.Mutex
	kept bool // what lies in the folder stays until a finished record replaces it
}

// Begin takes the lease on a run, which ends with Release or with the process.
// If another worker holds it, the error wraps a [*lease.HeldError]; see
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
	if err := run.open(); err != nil {
		return nil, errors.Join(err, l.Release())
	}
	return run, nil
}

// open settles and reads what is in the folder.
func (run *Run) open() (err error) {
	if err := run.settle(); err != nil {
		return err
	}
	run.record, run.damage = readRecord(run.Dir())
	if run.retraining, err = readRetraining(run.Dir()); err != nil {
		return err
	}
	run.kept = run.record != nil && run.record.Status.Finished() || run.retraining != nil && finishedOnce(run.Dir())
	return nil
}

// Key returns what is to be trained.
func (run *Run) Key() Key { return run.key }

// Record returns the record as it was when the lease was taken: nil if there was
// none, an error if it could not be read.
func (run *Run) Record() (*Record, error) { return run.record, run.damage }

// pending ends the name of a table of a finished record while the table of the one
// before is still in its place.
const pending = ".next"

// Save writes the record: curve.csv, timing.csv, responses.csv and run.toml.
//
// A run is finished from the moment a run.toml that says so is in place. It is
// therefore written when its tables are there. A finished record is replaced by a
// finished one only, and so is one that is damaged and is trained again: one that is
// not finished is accepted and not written. Then the tables are first written beside the old ones, and take their places after run.toml has
// been replaced. Who reads at any moment, or after a crash, finds either record
// with its own tables; but for timing.csv, of which there is no digest: for that
// moment it can be the other's.
func (run *Run) Save(r *Record) error {
	if got, want := r.Key.Identity(), run.key.Identity(); got != want {
		return fmt.Errorf("results: the record to save is of %v, the lease is on %v", r.Key, run.key)
	}
	files, err := Files(r)
	if err != nil {
		return fmt.Errorf("results: saving %v: %w", run.key, err)
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.kept && !r.Status.Finished() {
		return nil
	}
	for _, f := range files {
		if run.kept && f.Name != RunFile {
			f.Name += pending
		}
		err := run.WriteFile(f.Name, func(w io.Writer) error {
			_, err := w.Write(f.Content)
			return err
		})
		if err != nil {
			return err
		}
	}
	if run.kept {
		for _, f := range files {
			if f.Name == RunFile {
				continue
			}
			if err := run.Rename(f.Name+pending, f.Name); err != nil {
				return err
			}
		}
	}
	run.kept = r.Status.Finished()
	if len(r.Responses) == 0 {
		if err := run.Remove(ResponsesFile); err != nil {
			return err
		}
	}
	if run.kept {
		return errors.Join(run.Remove(begunFile), run.Remove(retrainFile))
	}
	return nil
}

// settle ends what a worker was doing that was killed while it replaced a
// finished record. A record of a later version of the program does not tell whose the
// tables are that are on their way.
func (run *Run) settle() error {
	b, err := atomicfile.ReadFile(filepath.Join(run.Dir(), RunFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("results: reading a record: %w", err)
	}
	d, err := decodeDocument(b)
	if errors.As(err, new(laterFormat)) {
		return nil
	}
	onTheirWay := slices.DeleteFunc([]string{CurveFile, TimingFile, ResponsesFile}, func(name string) bool {
		_, err := os.Stat(filepath.Join(run.Dir(), name+pending))
		return errors.Is(err, fs.ErrNotExist)
	})
	replaced := false
	if err == nil && d.Status.Finished() && len(onTheirWay) > 0 {
		if replaced, err = run.replaced(d, onTheirWay); err != nil {
			return err
		}
	}
	if !replaced {
		slices.Reverse(onTheirWay) // the curve last, which would be missed should this be interrupted
	}
	for _, name := range onTheirWay {
		end := run.Remove
		if replaced {
			end = func(from string) error { return run.Rename(from, name) }
		}
		if err := end(name + pending); err != nil {
			return err
		}
	}
	return nil
}

// replaced reports whether run.toml is the one of the tables that are on their way,
// which are written, and take their places, in the order of [Files], the curve first.
//
// Those that run.toml has digests of tell, if they differ from those in their places.
// They do not where a run was trained again to the same end: then that the curve has
// taken its place tells, or that run.toml is another than the one that was to be
// replaced.
func (run *Run) replaced(d document, onTheirWay []string) (bool, error) {
	told := false
	for _, t := range []struct{ name, digest string }{{CurveFile, d.Digests.Curve}, {ResponsesFile, d.Digests.Responses}} {
		if !slices.Contains(onTheirWay, t.name) {
			continue
		}
		path := filepath.Join(run.Dir(), t.name)
		b, err := atomicfile.ReadFile(path + pending)
		if err != nil {
			return false, fmt.Errorf("results: reading a table of %v: %w", run.key, err)
		}
		if digest(b) != t.digest {
			return false, nil
		}
		inPlace, err := atomicfile.ReadFile(path)
		told = told || err != nil || digest(bytes.ReplaceAll(inPlace, []byte("\r\n"), []byte("\n"))) != t.digest
	}
	if told || !slices.Contains(onTheirWay, CurveFile) {
		return true, nil
	}
	return replacedAsAsked(run.Dir())
}

// File is one of the files of a record.
type File struct {
	Name    string
	Content []byte
}

// Files returns the files of a record as [Run.Save] writes them, run.toml last.
// A record that would not be accepted when it is read is an error.
func Files(r *Record) ([]File, error) {
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
	files := []File{{CurveFile, curve}, {TimingFile, timing}}
	if len(r.Responses) > 0 {
		responses := encodeResponses(r.Responses)
		if _, err := decodeResponses(responses); err != nil {
			return nil, fmt.Errorf("%s: %w", ResponsesFile, err)
		}
		files = append(files, File{ResponsesFile, responses})
	}
	return append(files, File{RunFile, doc}), nil
}
