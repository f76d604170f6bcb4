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

// Request says which runs of experiments are meant.
type Request struct {
	Experiments []*experiments.Experiment
	Scale       experiments.Scale
	Seeds       []int64 // instead of the experiments'; nil for those
	Data        Fingerprint
}

// Runs returns the runs that are meant, by a version of the arithmetic: each once,
// however many experiments or variants show it, in the order in which they are first
// shown.
func (r Request) Runs(arithmetic int) []Shown {
	var runs []Shown
	where := map[string]int{} // by identity
	for _, e := range r.Experiments {
		for _, run := range e.Runs(r.Scale, r.Seeds) {
			key := Key{Spec: run.RunSpec, Data: r.Data, Arithmetic: arithmetic}
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
