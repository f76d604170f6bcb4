package reports

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"deepresidual/models/network"
	"deepresidual/reports/table"
)

// figure6 draws Figure 6 of the paper: a panel for each group of networks,
// training error dashed, test error bold. Networks the experiment hides are in
// the table only.
func figure6(s *Selection) (*Figure, []*table.Table) {
	var row []*plot.Plot
	var panels, shared []*errorPanel
	for _, group := range s.Experiment.Panels {
		first := 0
		if group.From > 0 {
			first = min(s.Choice.Scale.Of(group.From), s.iterations()-1)
		}
		p := newErrorPanel(s, group.Title, group.Networks, first, both)
		if len(row) > 0 {
			p.Y.Label.Text = ""
		}
		row, panels = append(row, p.Plot), append(panels, p)
		if group.From == 0 {
			shared = append(shared, p)
			continue
		}
		// An enlargement of the last part has a range of its own, and holds
		// all that is in it.
		var tops []float64
		if len(p.curves) > 0 {
			tops = []float64{1, 2, 5, 10}
		}
		errorAxes([]*plot.Plot{p.Plot}, p.all(), tops...)
	}
	shareErrorAxes(shared)
	shown := s.displayed()
	f := &Figure{
		Caption: "Training error (dashed) and test error (bold) of " + s.drawn(shown) +
			" on " + s.images() + " against iterations.",
		Endings: endings(s, shown),
		width:   pageWidth,
		row:     1.85 * vg.Inch,
		panels:  [][]*plot.Plot{row},
		key:     curveKey(),
		remarks: s.remarks(s.Experiment.Networks),
	}
	hidden := slices.DeleteFunc(slices.Clone(s.Experiment.Hidden), func(n network.Network) bool { return len(s.averaged(n)) == 0 })
	if len(hidden) > 0 {
		f.Caption += " Not drawn, in the table only: " + names(hidden) + "."
	}
	f.finish(s, panels...)
	return f, []*table.Table{errorTable(s)}
}

// shareErrorAxes gives panels the same axis, which holds the ends of the curves.
func shareErrorAxes(panels []*errorPanel) {
	var plots []*plot.Plot
	var ends []float64
	for _, p := range panels {
		plots, ends = append(plots, p.Plot), append(ends, p.ends()...)
	}
	errorAxes(plots, ends)
}

// curveKey explains dashed and bold; the networks are named at their curves.
func curveKey() []keyEntry {
	return []keyEntry{
		{text: "training error", line: trainingLine(muted)},
		{text: "test error", line: rule(muted, 1.2)},
	}
}
