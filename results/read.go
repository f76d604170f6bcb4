package results

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"

	"deepresidual/results/atomicfile"
)

// DamagedError is a record that cannot be read because of what is in one of its
// files.
type DamagedError struct {
	File string
	Err  error
}

func (e *DamagedError) Error() string {
	remedy := "remove " + RunFile + " beside it to train the run again, from its checkpoint if it has one"
	if filepath.Base(e.File) == TimingFile {
		remedy = "remove it: the record counts without it"
	}
	return fmt.Sprintf("results: record damaged: %s: %v; restore the file, or %s", e.File, e.Err, remedy)
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

// UnreadableError is the error of a record that [Store.Records] could not read, for
// whatever reason.
type UnreadableError struct {
	Dir string // of the run: runs/<network>/<identity>
	Err error
}

func (e *UnreadableError) Error() string { return e.Err.Error() }

func (e *UnreadableError) Unwrap() error { return e.Err }

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
	blame := func(name string, err error) (*Record, error) {
		path := filepath.Join(dir, name)
		switch {
		case errors.As(err, new(laterFormat)):
			return nil, &LaterError{File: path, Err: err}
		case errors.As(err, new(*fs.PathError)) && !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("results: reading a record: %w", err)
		}
		return nil, &DamagedError{File: path, Err: atomicfile.Cause(err)}
	}
	d, err := decodeDocument(runFile)
	if err != nil {
		return blame(RunFile, err)
	}
	r := d.record()
	r.Dir = dir
	if got, want := filepath.Base(dir), d.Identity; got != want {
		return blame(RunFile, fmt.Errorf("it is the record of run %s, in a folder named %s", want, got))
	}
	finished := r.Status.Finished()
	curve := table[Row]{dir, CurveFile, DecodeCurve, EncodeCurve}
	if finished {
		r.Rows, err = curve.matching(d.Digests.Curve)
	} else {
		r.Rows, err = curve.unfinished()
	}
	if err != nil {
		return blame(CurveFile, err)
	}
	timing := table[Time]{dir, TimingFile, DecodeTiming, EncodeTiming}
	if finished {
		r.Times, err = timing.read(TimingFile)
	} else {
		r.Times, err = timing.unfinished()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // timing is only of interest
		return blame(TimingFile, err)
	}
	if d.Digests.Responses != "" {
		responses := table[Response]{dir, ResponsesFile, decodeResponses, encodeResponses}
		if r.Responses, err = responses.matching(d.Digests.Responses); err != nil {
			return blame(ResponsesFile, err)
		}
	}
	if finished && !reflect.DeepEqual(documentOf(r).Result, d.Result) {
		return blame(RunFile, errors.New("its result is not what the curve says"))
	}
	return r, nil
}

// table is a table of a record.
type table[T any] struct {
	dir, name string
	decode    func([]byte) ([]T, error)
	encode    func([]T) []byte
}

func (t table[T]) read(name string) ([]T, error) {
	b, err := atomicfile.ReadFile(filepath.Join(t.dir, name))
	if err != nil {
		return nil, err
	}
	return t.decode(b)
}

// unfinished reads the table of a run in progress. It may be ahead of run.toml, a
// run that has just begun has none, and one that is damaged keeps nobody from going
// on: its checkpoint has the rows as well.
func (t table[T]) unfinished() ([]T, error) {
	rows, err := t.read(t.name)
	if err == nil {
		return rows, nil
	}
	if errors.As(err, new(*fs.PathError)) && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return nil, nil
}

// matching reads the table that a run.toml was written for: in its place, or on
// its way there (see [Run.Save]), or there by now.
func (t table[T]) matching(want string) ([]T, error) {
	var first error
	for _, name := range []string{t.name, t.name + pending, t.name} {
		rows, err := t.read(name)
		if err == nil && digest(t.encode(rows)) == want {
			return rows, nil
		}
		if err == nil {
			err = errors.New("it is not the table that " + RunFile + " was written for")
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}
