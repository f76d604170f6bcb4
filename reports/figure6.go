package reports

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// figure6 draws Figure 6 of the paper: a panel for each group of networks,
// training error dashed, test error bold. Networks the experiment hides are in
// the table only.
func figure6(s *Selection, _ Options) (*Figure, []*Table, error) {
	var row []*plot.Plot
	var ends []float64
	for _, panel := range s.Experiment.Panels {
		first := 0
		if panel.From > 0 {
			first = s.Choice.Scale.Of(panel.From)
		}
		p, end := errorPanel(s, panel.Title, panel.Networks, first, "both")
		if len(row) > 0 {
			p.Y.Label.Text = ""
		}
		row, ends = append(row, p), append(ends, end...)
	}
	errorAxes(row, ends)
	shown := s.displayed()
	f := &Figure{
		Caption: "Training error (dashed) and test error (bold) of " + names(shown) +
			" on CIFAR-10 against iterations.",
		Endings: endings(s, shown),
		width:   pageWidth,
		row:     1.85 * vg.Inch,
		panels:  [][]*plot.Plot{row},
		key:     curveKey(),
		remarks: s.remarks(shown),
	}
	return f, []*Table{errorTable(s)}, nil
}

// curveKey explains dashed and bold; the networks are named at their curves.
func curveKey() []keyEntry {
	return []keyEntry{
		{text: "training error", line: draw.LineStyle{Color: muted, Width: 0.6, Dashes: dashes(3, 1.5)}},
		{text: "test error", line: draw.LineStyle{Color: muted, Width: 1.2}},
	}
}
