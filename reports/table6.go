package reports

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"deepresidual/reports/table"
)

// table6 is Table 6 of the paper with our runs beside it, and the learning
// curves behind it.
func table6(s *Selection) (*Figure, []*table.Table) {
	shown := s.displayed()
	p := newErrorPanel(s, "", shown, 0, both)
	shareErrorAxes([]*errorPanel{p})
	f := &Figure{
		Caption: "Training error (dashed) and test error (bold) of " + s.drawn(shown) + " against iterations.",
		Endings: endings(s, shown),
		width:   columnWidth,
		row:     2.0 * vg.Inch,
		panels:  [][]*plot.Plot{{p.Plot}},
		key:     curveKey(),
		remarks: s.remarks(shown),
	}
	f.finish(s, p)
	return f, []*table.Table{methodTable(s)}
}
