package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"deepresidual/results"
	"deepresidual/results/atomicfile"
)

// The names of checkpoints tell the iteration: checkpoint-00012345.safetensors.
// Those of format 1 have no extension. One that cannot be used is set aside
// under an extension of its own, and stands in nobody's way.
const (
	checkpointExtension = ".safetensors"
	unusableExtension   = ".unusable"
)

// checkpointsKept is the number of checkpoints that are kept while a run is
// trained: should the newest turn out damaged, the run goes on from the one
// before.
const checkpointsKept = 2

// checkpoints lists the checkpoint files of a run's folder, newest first.
func checkpoints(dir string) ([]string, error) {
	entries, err := atomicfile.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if iterationOf(e.Name()) >= 0 && !e.IsDir() {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	slices.SortFunc(paths, func(a, b string) int { return iterationOf(b) - iterationOf(a) })
	return paths, nil
}

// iterationOf returns the iteration in a checkpoint's name, or -1 if the name
// is not one of a checkpoint.
func iterationOf(path string) int {
	name, ok := strings.CutPrefix(filepath.Base(path), results.CheckpointPrefix)
	n, err := strconv.Atoi(strings.TrimSuffix(name, checkpointExtension))
	if !ok || err != nil {
		return -1
	}
	return n
}

// Latest returns the iteration of the newest checkpoint in a run's folder, for
// saying where an interrupted run would go on; false if there is none.
func Latest(dir string) (iteration int, ok bool) {
	paths, err := checkpoints(dir)
	if err != nil || len(paths) == 0 {
		return 0, false
	}
	return iterationOf(paths[0]), true
}

// writeCheckpoint writes c into the run's folder.
func writeCheckpoint(run *results.Run, c checkpoint) error {
	name := fmt.Sprintf("%s%08d%s", results.CheckpointPrefix, c.state.Iteration, checkpointExtension)
	return run.WriteFile(name, func(w io.Writer) error { return encodeCheckpoint(w, run.Key(), c) })
}

// removeOlder removes the checkpoints of a run but that of an iteration, the one
// before it, and those of later iterations.
func removeOlder(run *results.Run, iteration int) error {
	paths, err := checkpoints(run.Dir())
	if err != nil {
		return fmt.Errorf("listing checkpoints: %w", err)
	}
	kept := 0
	for _, path := range paths {
		if iterationOf(path) > iteration {
			continue
		}
		if kept++; kept > checkpointsKept {
			if err := run.Remove(filepath.Base(path)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Tidy removes what a run that has ended has no use for: its checkpoints and, if it
// diverged, the weights that it had when it was trained before.
func Tidy(run *results.Run, status results.Status) error {
	if status == results.Diverged {
		if err := run.Remove(WeightsFile); err != nil {
			return err
		}
	}
	return Discard(run)
}

// Discard removes the checkpoints of a run, those that were set aside included.
func Discard(run *results.Run) error {
	entries, err := atomicfile.ReadDir(run.Dir())
	if err != nil {
		return fmt.Errorf("listing checkpoints: %w", err)
	}
	for _, e := range entries {
		if iterationOf(strings.TrimSuffix(e.Name(), unusableExtension)) >= 0 && !e.IsDir() {
			if err := run.Remove(e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// newestCheckpoint returns the newest usable checkpoint of a run, nil if there is
// none. What is newer and damaged is set aside, so that it does not outlive the
// checkpoints to come, and told to warn. Only damage counts as that: one that
// cannot be read, or not by this version of the program, is an error, since
// training from an older one would throw work away that is not lost.
func newestCheckpoint(run *results.Run, warn func(error)) (*checkpoint, error) {
	paths, err := checkpoints(run.Dir())
	if err != nil {
		return nil, fmt.Errorf("listing checkpoints: %w", err)
	}
	for _, path := range paths {
		b, err := atomicfile.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading checkpoint %s: %w; nothing is lost: start again when it can be read; or, if it never can, remove it to go on from the one before, if there is one", path, atomicfile.Cause(err))
		}
		c, err := decodeCheckpoint(b, run.Key())
		var later *laterError
		switch {
		case err == nil:
			return c, nil
		case errors.As(err, &later):
			return nil, fmt.Errorf("checkpoint %s cannot be used: %w; go on with that, or train the run again", path, err)
		}
		name := filepath.Base(path)
		if err := run.Rename(name, name+unusableExtension); err != nil {
			return nil, err
		}
		warn(fmt.Errorf("checkpoint %s cannot be used and is kept as %s%s until the run is complete: %w", path, name, unusableExtension, err))
	}
	return nil, nil
}
