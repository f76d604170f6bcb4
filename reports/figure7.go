package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"deepresidual/experiments"
	"deepresidual/results"
)

// figure7 draws Figure 7 of the paper: the standard deviations of the layer
// responses, in the order of the layers (top) and sorted by size (bottom).
// Residual networks are solid, plain ones dashed.
func figure7(s *Selection, _ Options) (*Figure, []*Table, error) {
	shown := s.displayed()
	top := newPanel("", "layer index (original)", "std")
	bottom := newPanel("", "layer index (sorted by magnitude)", "std")
	f := &Figure{
		Caption: "Standard deviations of the layer responses of " + names(shown) + ", in the order of the layers and sorted by size.",
		width:   columnWidth,
		row:     1.5 * vg.Inch,
		panels:  [][]*plot.Plot{{top}, {bottom}},
		remarks: s.remarks(shown),
	}
	var layers int
	var largest float64
	for _, n := range shown {
		// The weighted layers but the last, which is not a convolution.
		layers = max(layers, n.Depth-1)
		for _, r := range s.responses(n) {
			largest = math.Max(largest, r.Std)
		}
	}
	for _, p := range []*plot.Plot{top, bottom} {
		p.X.Min, p.X.Max = 0, float64(layers+1)
		p.Y.Min, p.Y.Max = 0, math.Max(1, math.Ceil(largest*2+0.1)/2)
		across := niceCeiling(p.X.Max/8, 5, 10, 20, 50, 100, 200)
		p.X.Tick.Marker = ticks(steps(p.X.Max, across), plain)
		up := niceCeiling(p.Y.Max/4, 0.5, 1, 2, 5, 10)
		p.Y.Tick.Marker = ticks(steps(p.Y.Max, up), plain)
		p.Add(guides{})
	}
	for i, n := range shown {
		style := rule(lookOf(n.Depth).colour, 1)
		if n.Kind == experiments.Plain {
			style.Dashes = dashes(2.4, 1)
		}
		f.key = append(f.key, keyEntry{text: n.String(), line: style, breaks: i > 0 && n.Kind != shown[i-1].Kind})
		var original, sorted plotter.XYs
		responses := s.responses(n)
		for _, r := range responses {
			original = append(original, plotter.XY{X: float64(r.Layer), Y: r.Std})
		}
		slices.SortStableFunc(responses, func(a, b results.Response) int { return cmp.Compare(b.Std, a.Std) })
		for i, r := range responses {
			sorted = append(sorted, plotter.XY{X: float64(i + 1), Y: r.Std})
		}
		addLine(top, original, style)
		addLine(bottom, sorted, style)
	}
	return f, []*Table{responseTable(s)}, nil
}

// responses is a copy of the layer responses of the run that is drawn for a
// network; they are recorded at the end of a run.
func (s *Selection) responses(n experiments.Network) []results.Response {
	run, ok := s.drawn(n)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(run.Record.Responses), func(r results.Response) bool { return !finite(r.Std) })
}

// responseTable sums up the responses of each network over its layers.
func responseTable(s *Selection) *Table {
	t := &Table{
		Name:    s.Experiment.Name + "-responses",
		Title:   s.title("summary over the layers"),
		Columns: append(textColumns("network"), numberColumns("seed", "layers", "mean", "median", "smallest", "largest")...),
		Notes: []string{"Outputs of each 3x3 layer over the test set, after batch normalisation (running statistics) " +
			"and before ReLU and addition."},
	}
	t.Columns = append(t.Columns, textColumns("state")...)
	for _, n := range s.Experiment.Networks {
		seed, state := missing, "not run"
		if run, ok := s.drawn(n); ok {
			seed, state = fmt.Sprint(run.Spec.Seed), run.state()
		}
		std := stds(s.responses(n))
		if len(std) == 0 {
			t.add(n.String(), seed, missing, missing, missing, missing, missing, state)
			continue
		}
		t.add(n.String(), seed, fmt.Sprint(len(std)), percent(mean(std)), percent(median(std)),
			percent(slices.Min(std)), percent(slices.Max(std)), state)
	}
	return t
}

func stds(responses []results.Response) []float64 {
	var v []float64
	for _, r := range responses {
		v = append(v, r.Std)
	}
	return v
}
