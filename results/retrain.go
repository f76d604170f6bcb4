package results

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"deepresidual/results/atomicfile"
)

// # Training again
//
// What is trained again keeps its finished record until the new one is finished
// ([Run.Save]). So the record cannot tell what is still to be trained again, or
// whether the checkpoints beside it are of that training. The file retrain.toml
// does, from the moment the training is asked for until it is finished: whoever
// asks for the same runs again goes on with what is left of them, after an
// interruption, or on another machine beside the first. No clocks are compared.
//
// The file is written before anyone holds the run, so it may be one behind: it
// names the run.toml that is to be replaced, and means nothing once there is
// another finished one.
//
// That it has begun is said in a file of its own, in the same form. Only the holder
// of the run writes that: whoever asks looks and writes without a lease, and would
// undo what was begun in between.
const (
	retrainFile = "retrain.toml"
	begunFile   = "retrain-begun.toml"
)

// retraining is the content of either file.
type retraining struct {
	Request  string `toml:"request"`  // digest of the runs that are trained again together
	Replaces string `toml:"replaces"` // digest of the run.toml that is to be replaced; empty if there is none
	Begun    bool   `toml:"begun"`    // the checkpoints are of this training; earlier versions say so in retrain.toml

	// Asking says that the request has not reached all of its runs yet.
	Asking bool `toml:"asking,omitempty"`
}

// request names a set of runs.
func request(keys []Key) string {
	var ids []string
	for _, k := range keys {
		ids = append(ids, k.Identity())
	}
	slices.Sort(ids)
	return digest([]byte(strings.Join(ids, "\n")))
}

// readRetraining returns what is still to be trained again in a run's folder,
// nil if nothing is.
func readRetraining(dir string) (*retraining, error) {
	r, err := readRequest(dir, retrainFile)
	if r == nil || err != nil {
		return nil, err
	}
	begun, err := readRequest(dir, begunFile)
	r.Begun = r.Begun || begun != nil
	return r, err
}

// readRequest reads one of the files, nil if it is not there or what it asks for is
// done.
func readRequest(dir, name string) (*retraining, error) {
	r, replaced, err := decodeRequest(dir, name)
	if r == nil || err != nil || !replaced {
		return r, err
	}
	if finishedOnce(dir) { // another one, which is what was asked for
		return nil, nil
	}
	return r, nil
}

// decodeRequest reads one of the files, be what it asks for done or not; replaced says
// that run.toml is another than it was.
func decodeRequest(dir, name string) (r *retraining, replaced bool, err error) {
	b, err := atomicfile.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("results: reading what is trained again: %w", err)
	}
	r = new(retraining)
	if _, err := toml.Decode(string(b), r); err != nil {
		return nil, false, nil // as if it had not been asked for
	}
	now, err := recordDigest(dir)
	return r, now != r.Replaces, err
}

// replacedAsAsked reports whether the run.toml in a folder is another than the one that
// was to be replaced.
func replacedAsAsked(dir string) (bool, error) {
	_, replaced, err := decodeRequest(dir, retrainFile)
	return replaced, err
}

// finishedOnce reports whether the run.toml in a folder is that of a finished record,
// whatever has become of its tables.
func finishedOnce(dir string) bool {
	b, err := atomicfile.ReadFile(filepath.Join(dir, RunFile))
	if err != nil {
		return false
	}
	d, err := decodeDocument(b)
	return err == nil && d.Status.Finished()
}

// recordDigest returns the digest of the run.toml in a folder, "" if there is
// none.
func recordDigest(dir string) (string, error) {
	b, err := atomicfile.ReadFile(filepath.Join(dir, RunFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("results: reading a record: %w", err)
	}
	return digest(b), nil
}

// Retraining says what is left of an earlier request to train these runs again,
// by identity, and whether it has begun. It is empty if there was no such request,
// it did not come to its end, or all of it is done.
func (s *Store) Retraining(keys []Key) (left map[string]bool, err error) {
	left = make(map[string]bool)
	want := request(keys)
	for _, k := range keys {
		r, err := readRetraining(s.Path(k))
		if err != nil {
			return nil, err
		}
		if r == nil || r.Request != want {
			continue
		}
		if r.Asking {
			return nil, nil
		}
		left[k.Identity()] = r.Begun
	}
	return left, nil
}

// Retrain asks that some of the runs be trained again, or at all. keys are all runs
// of the request, by which [Store.Retraining] knows it again, unless it fails: then
// nothing was asked for.
func (s *Store) Retrain(keys, again []Key) error {
	want := request(keys)
	for i, k := range again {
		if err := s.ask(k, want, i == 0 && len(again) > 1); err != nil {
			return err
		}
	}
	if len(again) > 1 {
		return s.ask(again[0], want, false) // all are asked for
	}
	return nil
}

// ask writes that a run is to be trained again.
func (s *Store) ask(k Key, request string, asking bool) error {
	dir := s.Path(k)
	r := retraining{Request: request, Asking: asking}
	before, err := readRetraining(dir)
	if err != nil {
		return err
	}
	if before != nil {
		r.Begun = before.Begun // another request's work is as good
	}
	if r.Replaces, err = recordDigest(dir); err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(dir, retrainFile), r.encode); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return nil
}

func (r retraining) encode(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("# This run is to be trained again. The file goes when that is done.\n")
	if err := toml.NewEncoder(&b).Encode(r); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Retraining reports whether the run is to be trained again, and whether the
// checkpoints in its folder are of that training.
func (run *Run) Retraining() (asked, begun bool) {
	if run.retraining == nil {
		return false, false
	}
	return true, run.retraining.Begun
}

// BeginRetraining notes that the only checkpoints in the folder are those of the
// training that was asked for. It may be called only if [Run.Retraining] says that
// there is one.
func (run *Run) BeginRetraining() error {
	r := *run.retraining
	r.Begun = true
	if err := run.WriteFile(begunFile, r.encode); err != nil {
		return err
	}
	run.retraining = &r
	return nil
}
