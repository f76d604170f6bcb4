package results

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"deepresidual/results/atomicfile"
	"deepresidual/results/lease"
)

// Names of the files of a record.
const (
	RunFile       = "run.toml"
	CurveFile     = "curve.csv"
	TimingFile    = "timing.csv"
	ResponsesFile = "responses.csv"
)

// Store is a results folder. Its methods may be called from any goroutine.
type Store struct {
	dir    string
	worker *lease.Worker
}

// Open returns the store in dir. The folder is not made before something is
// written; one that is missing has no records.
func Open(dir string) (*Store, error) { return OpenWith(dir, lease.Options{}) }

// OpenWith is like [Open], with options for the leases on runs.
func OpenWith(dir string, o lease.Options) (*Store, error) {
	worker, err := o.NewWorker()
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("results: %s is a file, want a folder to keep results in", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("results: opening the results folder: %w", err)
	}
	return &Store{dir: dir, worker: worker}, nil
}

// Dir returns the results folder.
func (s *Store) Dir() string { return s.dir }

// Path returns the folder of a run, which need not exist.
func (s *Store) Path(key Key) string {
	return filepath.Join(s.dir, "runs", key.Spec.Network.String(), key.Identity())
}

// Records returns every record that can be read, by network and identity. What
// cannot be read is named in the errors, each a [DamagedError] if the content of
// a file is to blame and a [LaterError] if this program is too old, and does not keep the others from being read.
func (s *Store) Records() ([]*Record, []error) {
	// Folders are read level by level and not by a pattern, which would take
	// the brackets in the path of a results folder for its own.
	runs := filepath.Join(s.dir, "runs")
	networks, err := atomicfile.ReadDir(runs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, []error{fmt.Errorf("results: listing records: %w", err)}
	}
	var records []*Record
	var errs []error
	for _, network := range networks {
		if !network.IsDir() {
			continue
		}
		ids, err := atomicfile.ReadDir(filepath.Join(runs, network.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("results: listing records: %w", err))
		}
		for _, id := range ids {
			if !id.IsDir() {
				continue
			}
			r, err := readRecord(filepath.Join(runs, network.Name(), id.Name()))
			if err != nil {
				errs = append(errs, err)
			} else if r != nil {
				records = append(records, r)
			}
		}
	}
	return records, errs
}

// Find returns the record of a run, whatever its status, or nil if there is
// none.
func (s *Store) Find(key Key) (*Record, error) { return readRecord(s.Path(key)) }

// DamagedError is a record that cannot be read because of what is in one of its
// files.
type DamagedError struct {
	File string
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("results: record damaged: %s: %v; restore the file, or remove its folder to train the run again", e.File, e.Err)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// LaterError is a record that is whole, and of a later version of the program.
type LaterError struct {
	File string
	Err  error
}

func (e *LaterError) Error() string {
	return fmt.Sprintf("results: %s cannot be read: %v; use that version, which reads older records, too", e.File, e.Err)
}

func (e *LaterError) Unwrap() error { return e.Err }

// readRecord reads the record in a folder, or returns nil if there is none.
//
// A record is several files, and a worker may replace them while they are read.
// Tables that do not belong to the run.toml that was read are therefore no
// damage if there is another run.toml by now; then the reading starts over.
func readRecord(dir string) (*Record, error) {
	for {
		before, err := atomicfile.ReadFile(filepath.Join(dir, RunFile))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("results: reading a record: %w", err)
		}
		r, damage := readTables(dir, before)
		if damage == nil {
			return r, nil
		}
		after, err := atomicfile.ReadFile(filepath.Join(dir, RunFile))
		if err != nil || bytes.Equal(before, after) {
			return nil, damage
		}
	}
}

func readTables(dir string, runFile []byte) (*Record, error) {
	damaged := func(name string, err error) (*Record, error) {
		return nil, &DamagedError{File: filepath.Join(dir, name), Err: err}
	}
	d, err := decodeDocument(runFile)
	if errors.As(err, new(laterFormat)) {
		return nil, &LaterError{File: filepath.Join(dir, RunFile), Err: err}
	}
	if err != nil {
		return damaged(RunFile, err)
	}
	r := d.record()
	r.Dir = dir
	if got, want := filepath.Base(dir), d.Identity; got != want {
		return damaged(RunFile, fmt.Errorf("it is the record of run %s, in a folder named %s", want, got))
	}
	// A run that has just begun may have no curve yet, and timing is only of
	// interest.
	r.Rows, err = readTable(dir, CurveFile, DecodeCurve)
	if err != nil && (r.Status.Finished() || !errors.Is(err, fs.ErrNotExist)) {
		return damaged(CurveFile, err)
	}
	r.Times, err = readTable(dir, TimingFile, DecodeTiming)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return damaged(TimingFile, err)
	}
	if d.Digests.Responses != "" {
		if r.Responses, err = readTable(dir, ResponsesFile, decodeResponses); err != nil {
			return damaged(ResponsesFile, err)
		}
	}
	if !r.Status.Finished() {
		// The tables of a run in progress may be ahead of run.toml.
		return r, nil
	}
	fresh := documentOf(r)
	switch {
	case fresh.Digests.Curve != d.Digests.Curve:
		return damaged(CurveFile, errors.New("it is not the curve that "+RunFile+" was written for"))
	case fresh.Digests.Responses != d.Digests.Responses:
		return damaged(ResponsesFile, errors.New("they are not the responses that "+RunFile+" was written for"))
	case !reflect.DeepEqual(fresh.Result, d.Result):
		return damaged(RunFile, errors.New("its result is not what the curve says"))
	}
	return r, nil
}

func readTable[T any](dir, name string, decode func([]byte) ([]T, error)) ([]T, error) {
	b, err := atomicfile.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, atomicfile.Cause(err) // the damage names the file
	}
	return decode(b)
}
