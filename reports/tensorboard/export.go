package tensorboard

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"deepresidual/results"
	"deepresidual/results/atomicfile"
)

// suffix ends the names of our event files.
const suffix = ".deepresidual"

// Export writes the curves of a run below dir, as
// <network>/seed<seed>-<identity>/events.out.tfevents..., and returns the
// path. While the run goes on, Export may be called again and again: rows that
// have come since are appended, which is what a TensorBoard that follows the
// file expects; only a file that says something else is written anew. A run that
// is trained again has a file of its own, and the one before it goes, since
// TensorBoard draws all files of a folder as one curve.
func Export(dir string, r *results.Record) (string, error) {
	content, err := events(r)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, r.Key.Spec.Network.String(), fmt.Sprintf("seed%d-%s", r.Key.Spec.Seed, r.Key.Identity()),
		fmt.Sprintf("events.out.tfevents.%d%s", max(0, r.Provenance.Started.Unix()), suffix))
	if err := removeOthers(path); err != nil {
		return "", fmt.Errorf("tensorboard: %w", err)
	}
	old, err := os.ReadFile(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("tensorboard: %w", err)
	case err == nil && bytes.HasPrefix(content, old):
		if err := appendTo(path, int64(len(old)), content[len(old):]); err != nil {
			return "", fmt.Errorf("tensorboard: %w", atomicfile.Explain(path, err))
		}
		return path, nil
	}
	return path, atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// removeOthers removes our event files beside path.
func removeOthers(path string) error {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, suffix) && name != filepath.Base(path) {
			if err := atomicfile.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// appendTo writes content behind so many bytes of a file. Should another command have
// appended meanwhile, it has written the same bytes in the same place.
func appendTo(path string, have int64, content []byte) error {
	if len(content) == 0 {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(content, have); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// events is the whole event file of a run: its hyperparameters, an event per row,
// at the time the row was reached, and, when the run is complete, one for each
// layer's response, with the layer in place of the step. Errors are in percent;
// images per second are those since the previous row.
func events(r *results.Record) ([]byte, error) {
	var b bytes.Buffer
	w, err := newWriter(&b, r.Provenance.Started)
	if err != nil {
		return nil, err
	}
	values, err := hyperparameters(r.Key)
	if err != nil {
		return nil, err
	}
	if err := w.hparams(r.Provenance.Started, values); err != nil {
		return nil, err
	}
	reached := map[int]float64{0: 0} // a row whose time is not known is at the start
	for _, t := range r.Times {
		reached[t.Iteration] = t.Seconds
	}
	last := 0
	for _, row := range r.Rows {
		at := r.Provenance.Started.Add(time.Duration(reached[row.Iteration] * float64(time.Second)))
		var values []scalar
		for _, v := range []scalar{
			{"error/training", row.TrainError},
			{"error/test", row.TestError},
			{"error/validation", row.ValError},
			{"loss/training", row.TrainLoss},
			{"learning rate", row.LearningRate},
			{"speed/images per second", speed(r, reached, last, row.Iteration)},
		} {
			if !math.IsNaN(v.Value) {
				values = append(values, v)
			}
		}
		if err := w.scalars(row.Iteration, at, values...); err != nil {
			return nil, err
		}
		last = row.Iteration
	}
	if r.Status != results.Complete {
		return b.Bytes(), nil
	}
	for _, x := range r.Responses {
		if math.IsNaN(x.Std) {
			continue
		}
		if err := w.scalars(x.Layer, r.Provenance.Ended, scalar{"responses/std by layer", x.Std}); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// speed is the images per second between two iterations, NaN if their times are
// not known.
func speed(r *results.Record, reached map[int]float64, from, to int) float64 {
	a, known := reached[from]
	b, too := reached[to]
	if !known || !too || b <= a {
		return math.NaN()
	}
	return float64((to-from)*r.Key.Spec.Protocol.Batch) / (b - a)
}
