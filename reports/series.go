package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/plotter"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/results"
)

// A band is one quantity of several runs that differ by their seeds: the mean,
// and the lowest and the highest of them. With a single run all three are the
// run's own.
type band struct {
	mean, low, high plotter.XYs
	n               int // runs
}

// lowestToHighest is what a band of learning curves or layer responses is.
const lowestToHighest = "lowest to highest seed"

// averaged is the runs whose mean stands for a network in a picture: the
// complete ones, or, while there are none, the one that has come furthest. The
// choice does not look at the errors.
func (s *Selection) averaged(n network.Network) []Selected {
	var complete []Selected
	var furthest Selected
	for _, r := range s.of(n) {
		if r.Record == nil || len(r.Record.Rows) == 0 {
			continue
		}
		if r.complete() {
			complete = append(complete, r)
		}
		if furthest.Record == nil || r.iteration() > furthest.iteration() {
			furthest = r
		}
	}
	if len(complete) == 0 && furthest.Record != nil {
		return []Selected{furthest}
	}
	return complete
}

// average takes a quantity of some runs together, at each x at which all of
// them have it.
func average(runs []Selected, of func(Selected) plotter.XYs) band {
	b := band{n: len(runs)}
	at := map[float64][]float64{}
	for _, r := range runs {
		for _, xy := range of(r) {
			at[xy.X] = append(at[xy.X], xy.Y)
		}
	}
	var xs []float64
	for x, ys := range at {
		if len(ys) == len(runs) {
			xs = append(xs, x)
		}
	}
	slices.Sort(xs)
	for _, x := range xs {
		b.mean = append(b.mean, plotter.XY{X: x, Y: mean(at[x])})
		b.low = append(b.low, plotter.XY{X: x, Y: slices.Min(at[x])})
		b.high = append(b.high, plotter.XY{X: x, Y: slices.Max(at[x])})
	}
	return b
}

// errors is the training and the test error of a network, in percent, against
// the iteration.
func (s *Selection) errors(n network.Network) (training, test band) {
	runs := s.averaged(n)
	training = average(runs, func(r Selected) plotter.XYs { t, _ := r.curves(); return t })
	test = average(runs, func(r Selected) plotter.XYs { _, t := r.curves(); return t })
	return training, test
}

// stds is the standard deviations of the layer responses of a network, in the
// order of its layers and sorted by size, which is done run by run.
func (s *Selection) stds(n network.Network) (original, sorted band) {
	runs := slices.DeleteFunc(s.averaged(n), func(r Selected) bool { return len(r.Record.Responses) == 0 })
	original = average(runs, func(r Selected) plotter.XYs {
		var points plotter.XYs
		for _, x := range r.Record.Responses {
			if finite(x.Std) {
				points = append(points, plotter.XY{X: float64(x.Layer), Y: x.Std})
			}
		}
		return points
	})
	sorted = average(runs, func(r Selected) plotter.XYs {
		responses := slices.DeleteFunc(slices.Clone(r.Record.Responses), func(x results.Response) bool { return !finite(x.Std) })
		slices.SortStableFunc(responses, func(a, b results.Response) int { return cmp.Compare(b.Std, a.Std) })
		var points plotter.XYs
		for i, x := range responses {
			points = append(points, plotter.XY{X: float64(i + 1), Y: x.Std})
		}
		return points
	})
	return original, sorted
}

// end is the last point of the mean; NaN where there is none.
func (b band) end() plotter.XY {
	if len(b.mean) == 0 {
		return plotter.XY{X: math.NaN(), Y: math.NaN()}
	}
	return b.mean[len(b.mean)-1]
}

// scattered reports whether there are several runs, so that a band shows
// something.
func (b band) scattered() bool { return b.n > 1 && len(b.mean) > 0 }

// comparable reports whether the paper's numbers may stand in the same picture:
// they are of its whole schedule and its protocol.
func (s *Selection) comparable() bool {
	return !s.shortened(s.Experiment.Networks) && !s.Choice.Synthetic
}

// images is what the networks were trained on, in a sentence.
func (s *Selection) images() string {
	if s.Choice.Synthetic {
		return "generated images"
	}
	return "CIFAR-10"
}

// remarks are what a reader of a picture of these networks must know.
func (s *Selection) remarks(networks []network.Network) []string {
	var remarks []string
	if s.Choice.Synthetic {
		remarks = append(remarks, "SYNTHETIC DATA, not CIFAR-10")
	}
	if !s.Choice.Scale.IsFull() {
		whose := "the paper's schedule"
		if p, paper := s.Experiment.Protocol, experiments.Paper(); p.Iterations != paper.Iterations || !slices.Equal(p.Milestones, paper.Milestones) {
			whose = "the schedule"
		}
		remarks = append(remarks, fmt.Sprintf("scale %s of %s", s.Choice.Scale, whose))
	}
	remarks = append(remarks, s.departures(networks)...)
	if n := s.seedsRemark(networks); n != "" {
		remarks = append(remarks, n)
	}
	var waiting []network.Network
	for _, n := range networks {
		drawn := s.averaged(n)
		switch {
		case len(drawn) == 0 && !slices.ContainsFunc(s.of(n), Selected.diverged):
			waiting = append(waiting, n)
			continue
		case len(drawn) == 1 && !drawn[0].complete():
			remarks = append(remarks, n.String()+" "+drawn[0].state())
		}
		// A mean hides the runs that are not in it, if nobody names them.
		var open []Selected
		for _, r := range s.of(n) {
			switch {
			case slices.ContainsFunc(drawn, func(d Selected) bool { return d.Spec.Seed == r.Spec.Seed }):
			case r.diverged():
				remarks = append(remarks, fmt.Sprintf("%s seed %d %s", n, r.Spec.Seed, r.state()))
			default:
				open = append(open, r)
			}
		}
		if len(open) > 0 {
			remarks = append(remarks, named(open))
		}
	}
	if len(waiting) > 0 {
		remarks = append(remarks, names(waiting)+" not recorded yet")
	}
	if others := s.undrawnNames(networks); others != "" {
		remarks = append(remarks, "recorded and not drawn: "+others)
	}
	return remarks
}

// undrawnNames names the runs of these networks that are recorded and that a picture
// of fewer seeds does not show.
func (s *Selection) undrawnNames(networks []network.Network) string {
	var complete, diverged []Selected
	for _, n := range networks {
		for _, r := range s.Undrawn {
			switch {
			case r.Spec.Network != n:
			case r.diverged():
				diverged = append(diverged, r)
			default:
				complete = append(complete, r)
			}
		}
	}
	parts := []string{seedNames(complete), named(diverged)}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", ")
}

// undrawnNotes says the same below a table.
func (s *Selection) undrawnNotes() []string {
	var parts []string
	if len(s.Experiment.Variants) == 0 {
		parts = append(parts, s.undrawnNames(s.Experiment.Networks))
	}
	for _, v := range s.Experiment.Variants {
		if others := s.variant(v.Label).undrawnNames(s.Experiment.Networks); others != "" {
			parts = append(parts, others+" ("+v.Label+")")
		}
	}
	if others := strings.Join(parts, "; "); others != "" {
		return []string{"Recorded and not shown: " + others + "."}
	}
	return nil
}

func (r Selected) diverged() bool { return r.Record != nil && r.Record.Status == results.Diverged }

// seedsRemark says how many seeds the curves of a picture stand for: the number
// most networks have, then those that have another.
func (s *Selection) seedsRemark(networks []network.Network) string {
	counts := map[int]int{}
	for _, n := range networks {
		if k := len(s.averaged(n)); k > 0 {
			counts[k]++
		}
	}
	usual := 0
	for k, c := range counts {
		if c > counts[usual] || c == counts[usual] && k < usual {
			usual = k
		}
	}
	if usual == 0 {
		return ""
	}
	parts := []string{seedsOf(usual)}
	for _, n := range networks {
		if k := len(s.averaged(n)); k > 0 && k != usual {
			parts = append(parts, n.String()+" "+seedsOf(k))
		}
	}
	return strings.Join(parts, ", ")
}

func seedsOf(n int) string {
	if n == 1 {
		return "n = 1 seed"
	}
	return fmt.Sprintf("mean of n = %d seeds", n)
}
