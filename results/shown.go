package results

import (
	"slices"

	"deepresidual/experiments"
)

// Shown is a run and the names of the experiments that show it.
type Shown struct {
	Key Key
	By  []string
}

// Runs returns the runs of experiments at a scale, on some data and by a version
// of the arithmetic: each once, however many experiments or variants show it, in
// the order in which they are first shown. Seeds that are not nil take the place
// of the experiments'.
func Runs(shown []*experiments.Experiment, scale experiments.Scale, seeds []int64, data Fingerprint, arithmetic int) []Shown {
	var runs []Shown
	where := map[string]int{} // by identity
	for _, e := range shown {
		for _, run := range e.Runs(scale, seeds) {
			key := Key{Spec: run.RunSpec, Data: data, Arithmetic: arithmetic}
			id := key.Identity()
			i, ok := where[id]
			if !ok {
				where[id] = len(runs)
				runs = append(runs, Shown{Key: key, By: []string{e.Name}})
			} else if !slices.Contains(runs[i].By, e.Name) { // two variants can be one run
				runs[i].By = append(runs[i].By, e.Name)
			}
		}
	}
	return runs
}
