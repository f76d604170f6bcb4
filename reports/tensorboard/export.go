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
	"time"

	"deepresidual/results"
	"deepresidual/results/atomicfile"
)

// Export writes the curves of a run below dir, as
// <network>/seed<seed>-<identity>/events.out.tfevents..., and returns the
// path. While the run goes on, Export may be called again and again: rows that
// have come since are appended, which is what a TensorBoard that follows the
// file expects; only a file that says something else is written anew.
func Export(dir string, r *results.Record) (string, error) {
	content, err := events(r)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, r.Key.Spec.Network.String(), fmt.Sprintf("seed%d-%s", r.Key.Spec.Seed, r.Key.Identity()),
		fmt.Sprintf("events.out.tfevents.%d.deepresidual", max(0, r.Provenance.Started.Unix())))
	old, err := os.ReadFile(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("tensorboard: %w", err)
	case err == nil && bytes.HasPrefix(content, old):
		if err := appendTo(path, content[len(old):]); err != nil {
			return "", fmt.Errorf("tensorboard: appending to %s: %w", path, err)
		}
		return path, nil
	}
	return path, atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

func appendTo(path string, content []byte) error {
	if len(content) == 0 {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// events is the whole event file of a run: an event per row, at the time the
// row was reached. Errors are in percent.
func events(r *results.Record) ([]byte, error) {
	var b bytes.Buffer
	w, err := NewWriter(&b, r.Provenance.Started)
	if err != nil {
		return nil, err
	}
	reached := map[int]float64{}
	for _, t := range r.Times {
		reached[t.Iteration] = t.Seconds
	}
	for _, row := range r.Rows {
		at := r.Provenance.Started.Add(time.Duration(reached[row.Iteration] * float64(time.Second)))
		var values []Scalar
		for _, v := range []Scalar{
			{"error/training", row.TrainError},
			{"error/test", row.TestError},
			{"error/validation", row.ValError},
			{"loss/training", row.TrainLoss},
			{"learning rate", row.LearningRate},
		} {
			if !math.IsNaN(v.Value) {
				values = append(values, v)
			}
		}
		if err := w.Scalars(row.Iteration, at, values...); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
