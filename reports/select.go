package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/plotter"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/results"
)

// A Choice says which records a drawing is drawn from. Records of different
// scales, or of generated and real images, are never mixed in one drawing.
type Choice struct {
	Scale     experiments.Scale
	Seeds     []int64 // instead of the experiment's own; nil for those
	Synthetic bool    // runs on the generated data set instead of CIFAR-10
}

// A Selection is what a drawing is drawn from: the runs that an experiment
// plans at one scale, and the records there are of them.
type Selection struct {
	Experiment *experiments.Experiment
	Choice     Choice
	Runs       []Selected // one per planned run, in the order of the spec
	Undrawn    []Selected // of seeds that are not planned, complete or diverged, by network and seed
}

// Selected is a run and its record, nil if there is none, which only a planned run
// can be without.
type Selected struct {
	Spec    experiments.RunSpec
	Variant string // of an experiment that has variants
	Record  *results.Record
}

// Select finds the records of an experiment's runs. Of several records of the
// same run (another arithmetic, another copy of the data) one that has ended is
// taken before an unfinished one, then the newest arithmetic, then a complete one
// before one that diverged, then the one with the most rows. What diverged by
// today's arithmetic counts, though it did not by an older one.
func Select(exp *experiments.Experiment, records []*results.Record, c Choice) *Selection {
	s := &Selection{Experiment: exp, Choice: c}
	identities := make([]string, len(records))
	for i, r := range records {
		identities[i] = identity(r.Key.Spec)
	}
	planned := map[string]bool{}
	for _, p := range exp.Runs(c.Scale, c.Seeds) {
		run := Selected{Spec: p.RunSpec, Variant: p.Variant}
		id := identity(run.Spec)
		planned[id] = true
		for i, r := range records {
			if r.Key.Data.Synthetic == c.Synthetic && identities[i] == id && better(r, run.Record) {
				run.Record = r
			}
		}
		s.Runs = append(s.Runs, run)
	}
	s.Undrawn = s.undrawn(records, identities, planned)
	return s
}

// undrawn finds, among records and their identities, the runs that have ended and
// differ from a planned one in nothing but their seed.
func (s *Selection) undrawn(records []*results.Record, identities []string, planned map[string]bool) []Selected {
	anySeed := func(spec experiments.RunSpec) string {
		spec.Seed = 0
		return identity(spec)
	}
	like := map[string][]Selected{} // one of each variant: several may train a network alike
	for _, run := range s.Runs {
		k := anySeed(run.Spec)
		if !slices.ContainsFunc(like[k], func(r Selected) bool { return r.Variant == run.Variant }) {
			like[k] = append(like[k], run)
		}
	}
	type ofVariant struct{ id, variant string }
	var others []Selected
	found := map[ofVariant]int{} // among others
	for i, r := range records {
		id := identities[i]
		if r.Key.Data.Synthetic != s.Choice.Synthetic || planned[id] {
			continue
		}
		for _, other := range like[anySeed(r.Key.Spec)] {
			other.Spec.Seed, other.Record = r.Key.Spec.Seed, r
			at, again := found[ofVariant{id, other.Variant}]
			switch {
			case !other.complete() && !other.diverged():
			case !again:
				found[ofVariant{id, other.Variant}] = len(others)
				others = append(others, other)
			case better(r, others[at].Record):
				others[at] = other
			}
		}
	}
	place := func(n network.Network) int { return slices.Index(s.Experiment.Networks, n) }
	slices.SortFunc(others, func(a, b Selected) int {
		return cmp.Or(cmp.Compare(place(a.Spec.Network), place(b.Spec.Network)), cmp.Compare(a.Spec.Seed, b.Spec.Seed))
	})
	return others
}

// variant is the selection of one variant's runs, as of an experiment that has
// no other. Only with those does a network's measure over several runs mean
// something.
func (s *Selection) variant(label string) *Selection {
	one, exp := *s, *s.Experiment
	for _, v := range exp.Variants {
		if v.Label == label {
			exp.Protocol = v.Protocol
		}
	}
	one.Experiment = &exp
	other := func(r Selected) bool { return r.Variant != label }
	one.Runs = slices.DeleteFunc(slices.Clone(s.Runs), other)
	one.Undrawn = slices.DeleteFunc(slices.Clone(s.Undrawn), other)
	return &one
}

// identity tells specs apart: the data and the arithmetic are left aside, and, as in
// a run's identity, settings that have no part in the run.
func identity(spec experiments.RunSpec) string { return results.Key{Spec: spec}.Identity() }

func better(a, b *results.Record) bool {
	if b == nil {
		return true
	}
	if done := a.Status.Finished(); done != b.Status.Finished() {
		return done
	}
	if a.Key.Arithmetic != b.Key.Arithmetic {
		return a.Key.Arithmetic > b.Key.Arithmetic
	}
	if complete := a.Status == results.Complete; complete != (b.Status == results.Complete) {
		return complete
	}
	return len(a.Rows) > len(b.Rows)
}

// Largest finds what to draw an experiment from when no scale was asked for, or
// nothing is recorded of it: the largest scale that shows the drawing. That is
// one with more than half as many complete networks as any scale has, each
// counted with each variant, so that the first runs of a longer schedule do not
// push a whole drawing aside; or, where no run is complete, the largest scale at
// which one has begun. Real images come before generated ones. It reports whether
// there is anything.
func Largest(exp *experiments.Experiment, records []*results.Record, seeds []int64) (Choice, bool) {
	for _, synthetic := range []bool{false, true} {
		var begun []*Selection
		most := 0
		for _, r := range records {
			c := Choice{Scale: r.Key.Spec.Scale, Seeds: seeds, Synthetic: synthetic}
			if slices.ContainsFunc(begun, func(s *Selection) bool { return s.Choice.Scale.Compare(c.Scale) == 0 }) {
				continue
			}
			if s := Select(exp, records, c); !s.Empty() {
				begun = append(begun, s)
				most = max(most, s.completeNetworks())
			}
		}
		slices.SortFunc(begun, func(a, b *Selection) int { return b.Choice.Scale.Compare(a.Choice.Scale) })
		for _, s := range begun {
			if most == 0 || 2*s.completeNetworks() > most {
				return s.Choice, true
			}
		}
	}
	return Choice{}, false
}

// Longer finds the longest schedule of which there are complete runs, too few to draw
// an experiment from when no scale was asked for, and counts their networks. There is
// none if that is 0.
func Longer(exp *experiments.Experiment, records []*results.Record, c Choice) (longest experiments.Scale, networks int) {
	longest = c.Scale
	for _, r := range records {
		longer := c
		longer.Scale = r.Key.Spec.Scale
		if longer.Scale.Compare(longest) <= 0 {
			continue
		}
		if n := Select(exp, records, longer).completeNetworks(); n > 0 {
			longest, networks = longer.Scale, n
		}
	}
	return longest, networks
}

// completeNetworks counts the networks with at least one complete run; a network
// of each variant counts for itself.
func (s *Selection) completeNetworks() int {
	type trained struct {
		network network.Network
		variant string
	}
	complete := map[trained]bool{}
	for _, r := range s.Runs {
		if r.complete() {
			complete[trained{r.Spec.Network, r.Variant}] = true
		}
	}
	return len(complete)
}

// Empty reports whether no planned run has a row yet.
func (s *Selection) Empty() bool {
	return !slices.ContainsFunc(s.Runs, func(r Selected) bool { return r.Record != nil && len(r.Record.Rows) > 0 })
}

// complete reports whether a run is trained to its end, and there is something
// to show of it.
func (r Selected) complete() bool {
	return r.Record != nil && r.Record.Status == results.Complete && len(r.Record.Rows) > 0
}

// of is the runs of one network, in the order of their seeds in the spec.
func (s *Selection) of(n network.Network) []Selected {
	var runs []Selected
	for _, r := range s.Runs {
		if r.Spec.Network == n {
			runs = append(runs, r)
		}
	}
	return runs
}

// displayed is the experiment's networks without those it trains and reports
// but does not draw.
func (s *Selection) displayed() []network.Network {
	var shown []network.Network
	for _, n := range s.Experiment.Networks {
		if !slices.Contains(s.Experiment.Hidden, n) {
			shown = append(shown, n)
		}
	}
	return shown
}

// state says in words how far a run is.
func (r Selected) state() string {
	switch {
	case r.Record == nil || len(r.Record.Rows) == 0 && r.Record.Status != results.Diverged:
		return "not recorded"
	case r.Record.Status == results.Complete:
		return "complete"
	case r.Record.Status == results.Diverged:
		// The curve ends before; the record's reason has the iteration.
		if len(r.Record.Rows) == 0 {
			return "diverged before its first evaluation"
		}
		return "diverged after iteration " + grouped(r.iteration())
	}
	return fmt.Sprintf("unfinished (%s of %s iterations)", grouped(r.iteration()), grouped(r.Spec.Protocol.Iterations))
}

func (r Selected) iteration() int {
	if row, ok := r.Record.Final(); ok {
		return row.Iteration
	}
	return 0
}

// curves is the training and the test error of a run, in percent, against the
// iteration.
func (r Selected) curves() (training, test plotter.XYs) {
	for _, row := range r.Record.Rows {
		x := float64(row.Iteration)
		if finite(row.TrainError) {
			training = append(training, plotter.XY{X: x, Y: row.TrainError})
		}
		if finite(row.TestError) {
			test = append(test, plotter.XY{X: x, Y: row.TestError})
		}
	}
	return training, test
}

// sample is the errors of the complete runs of a network over its seeds.
type sample struct {
	n              int
	training, test []float64 // of the last row, one per complete run
	lowest         float64   // lowest test error in any row of any of them
	first          float64   // test error in the last row of the first seed; NaN unless that run is complete
}

func (s *Selection) sample(n network.Network) sample {
	out := sample{lowest: math.NaN(), first: math.NaN()}
	for i, r := range s.of(n) {
		if !r.complete() {
			continue
		}
		last, _ := r.Record.Final()
		out.n++
		out.training = append(out.training, last.TrainError)
		out.test = append(out.test, last.TestError)
		if i == 0 {
			out.first = last.TestError
		}
		if row, ok := r.Record.Best(); ok && !(row.TestError >= out.lowest) {
			out.lowest = row.TestError
		}
	}
	return out
}
