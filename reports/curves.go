package reports

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"deepresidual/reports/table"
)

// curves draws the learning curves of any networks, for experiments that are
// not the paper's: one panel for each kind of network, training error dashed,
// test error bold.
func curves(s *Selection) (*Figure, []*table.Table) {
	shown := s.displayed()
	var row []*plot.Plot
	var panels []*errorPanel
	for _, group := range byKind(shown) {
		p := newErrorPanel(s, group[0].Kind.Prefix(), group, 0, both)
		if len(row) > 0 {
			p.Y.Label.Text = ""
		}
		row, panels = append(row, p.Plot), append(panels, p)
	}
	shareErrorAxes(panels)
	f := &Figure{
		Caption: "Training error (dashed) and test error (bold) of " + s.drawn(shown) +
			" against iterations.",
		Endings: endings(s, shown),
		width:   columnWidth,
		row:     1.8 * vg.Inch,
		panels:  [][]*plot.Plot{row},
		key:     curveKey(),
		remarks: s.remarks(shown),
	}
	f.finish(s, panels...)
	return f, []*table.Table{errorTable(s)}
}
