package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"deepresidual/experiments"
	"deepresidual/harness/publish"
	"deepresidual/harness/text"
	"deepresidual/harness/work"
	"deepresidual/reports"
	"deepresidual/results"
)

// expAll stands for all experiments but the smoke test, which is no drawing of
// the paper.
const expAll = "all"

// selection says which experiments, at which scale and with which seeds.
type selection struct {
	names      []string // names or files; expAll is expanded by load
	scale      experiments.Scale
	scaleGiven bool
	seeds      []int64 // nil for those of the experiments
}

// declare declares the options of a selection; required if the mode must be
// told the experiments, which else are all.
func (s *selection) declare(o *options, required bool) {
	s.declareNames(o, required)
	s.scale = experiments.Full()
	help := "train this part of the schedule, such as 1/16 (default 1, all of it)"
	if !required {
		help = "only this part of the schedule, such as 1/16, or 1, all of it (default: -report draws the longest of which enough is recorded, -status lists all of it and every other that is recorded, -serve trains 1)"
	}
	o.add("scale", "S", help, func(text string) error {
		s.scaleGiven = true
		return s.scale.UnmarshalText([]byte(text))
	})
	s.declareSeeds(o)
}

func (s *selection) declareNames(o *options, required bool) {
	help := "experiments, separated by commas: names of -list, paths of .toml files, or all, which is all but smoke"
	if !required {
		help += " (default: all)"
	}
	exp := o.names(&s.names, "exp", "NAMES", help)
	if required {
		exp.required = "fig1"
	}
}

func (s *selection) declareSeeds(o *options) {
	o.add("seeds", "N,N-N", "these seeds instead of the experiment's, such as 1-5", s.parseSeeds)
}

// maxSeeds bounds a list of seeds: a number with a digit too many is no reason
// to plan for a million runs.
const maxSeeds = 10000

// parseSeeds adds the seeds in a list of seeds and ranges of seeds, separated by
// commas.
func (s *selection) parseSeeds(list string) error {
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		first, last, isRange := strings.Cut(text, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseInt(first, 10, 64)
		to, err2 := strconv.ParseInt(last, 10, 64)
		switch {
		case first == "" && err2 == nil:
			return fmt.Errorf("found %s, want 0 or more", text)
		case err1 != nil || err2 != nil:
			return fmt.Errorf("%q is not a whole number", text)
		case to < from:
			return fmt.Errorf("%q is empty: it ends before it begins", text)
		case to-from >= maxSeeds-int64(len(s.seeds)):
			return fmt.Errorf("%q: that is more than %d seeds", text, maxSeeds)
		}
		for i := range to - from + 1 { // the last seed may be the largest number
			seed := from + i
			if !slices.Contains(s.seeds, seed) {
				s.seeds = append(s.seeds, seed)
			}
		}
	}
	return nil
}

// load reads the experiments, each once.
func (s *selection) load() ([]*experiments.Experiment, error) {
	names := s.names
	if len(names) == 0 {
		names = []string{expAll}
	}
	var list []*experiments.Experiment
	add := func(e *experiments.Experiment) {
		if !slices.ContainsFunc(list, func(o *experiments.Experiment) bool { return sameSpec(o, e) }) {
			list = append(list, e)
		}
	}
	for _, name := range names {
		if name != expAll {
			e, err := experiments.Load(name)
			var wrong *experiments.SpecError
			if err != nil && !errors.As(err, &wrong) {
				err = usageError{err.Error()} // there is no such experiment
			}
			if err != nil {
				return nil, err
			}
			add(e)
			continue
		}
		all, err := experiments.Published()
		if err != nil {
			return nil, err
		}
		for _, e := range all {
			add(e)
		}
	}
	return list, nil
}

// sameSpec reports whether two experiments are one that was named twice, perhaps
// by two paths of its file. The program's own are the same wherever they were read;
// a file beside it may have the path of one and say something else.
func sameSpec(a, b *experiments.Experiment) bool {
	switch {
	case a.Embedded != b.Embedded:
		return false
	case a.Embedded:
		return a.Name == b.Name
	case path.Clean(a.File) == path.Clean(b.File):
		return true
	}
	one, err1 := os.Stat(a.File)
	other, err2 := os.Stat(b.File)
	return err1 == nil && err2 == nil && os.SameFile(one, other) && a.Name == b.Name
}

// String names the experiments as they were asked for.
func (s *selection) String() string {
	if len(s.names) == 0 {
		return expAll
	}
	return strings.Join(s.names, ", ")
}

// records are what the modes look at that plan, train or draw: the records of
// experiments' runs on a data set, in a folder.
type records struct {
	selection selection
	data      dataset
	folder    string
}

func (r *records) declare(o *options, required bool) {
	r.selection.declare(o, required)
	r.data.declare(o)
	r.folder = "results"
	o.text(&r.folder, "results", "DIR", "folder of the records, figures and tables (default results)")
}

// asked names the experiments with what else the command line says of their runs.
func (r *records) asked() string {
	asked := r.selection.String()
	if r.selection.scaleGiven {
		asked += " at scale " + r.selection.scale.String()
	}
	if r.selection.seeds != nil {
		asked += " with these seeds"
	}
	if r.data.synthetic() {
		asked += " on synthetic data"
	}
	return asked
}

// open reads the experiments and opens the folder.
func (r *records) open(env *environment) ([]*experiments.Experiment, *results.Store, error) {
	list, err := r.selection.load()
	if err != nil {
		return nil, nil, err
	}
	store, err := results.OpenWith(r.folder, env.leases)
	if err != nil {
		return nil, nil, wrongPath(err, r.folder, fs.FileMode.IsDir)
	}
	if err := publish.CheckNames(r.folder, list); errors.As(err, new(*fs.PathError)) {
		return nil, nil, err
	} else if err != nil {
		return nil, nil, usageError{err.Error()}
	}
	return list, store, nil
}

// plan compares the experiments with what is recorded, which it returns, too,
// and warns of records that are damaged.
func (r *records) plan(ctx context.Context, env *environment, list []*experiments.Experiment, store *results.Store) (work.Plan, []*results.Record, error) {
	fingerprint, err := r.data.fingerprint(ctx, env)
	if err != nil {
		return nil, nil, err
	}
	if err := checkValidation(list, fingerprint); err != nil {
		return nil, nil, err
	}
	recorded, damaged := store.Records()
	for _, err := range damaged {
		env.say("warning: %s", text.OneLine(err))
	}
	p := work.Make(store, recorded, results.Request{
		Experiments: list, Scale: r.selection.scale, Seeds: r.selection.seeds, Data: fingerprint,
	})
	return p, recorded, nil
}

// publisher draws the experiments.
func (r *records) publisher(env *environment, list []*experiments.Experiment, store *results.Store, tensorBoard string) *publish.Publisher {
	return &publish.Publisher{
		Store:       store,
		Experiments: list,
		Asked:       reports.Choice{Scale: r.selection.scale, Seeds: r.selection.seeds, Synthetic: r.data.synthetic()},
		AnyScale:    !r.selection.scaleGiven,
		TensorBoard: tensorBoard,
		Output:      env.stdout,
		Progress:    env.stderr,
	}
}
