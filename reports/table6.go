package reports

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// table6 is Table 6 of the paper with our runs beside it, and the learning
// curves behind it.
func table6(s *Selection, o Options) (*Figure, []*Table, error) {
	t := &Table{
		Name:  s.Experiment.Name,
		Title: s.title("test errors (%) beside the paper's"),
		Columns: append(textColumns("method"), numberColumns("layers", "parameters", "final", "mean ± std", "n", "median", "best run",
			"lowest row", "paper", "paper: mean ± std", "best public")...),
	}
	for _, r := range s.Experiment.Rows {
		paper, spread := percent(r.Error), missing
		if r.Std > 0 {
			spread = plusMinus(r.Mean, r.Std, 2)
		}
		t.add(r.Name, orMissing(r.Layers), orMissing(r.Params), missing, missing, missing, missing, missing, missing,
			paper, spread, missing)
	}
	for i, n := range s.Experiment.Networks {
		x := s.sample(n)
		_, paper := s.paper(n)
		public, parameters, spread := missing, missing, missing
		if m, ok := s.Experiment.Paper.Mean[n]; ok {
			spread = plusMinus(m, s.Experiment.Paper.Std[n], 2)
		}
		if v, ok := s.Experiment.Public[n]; ok {
			public = percent(v)
		}
		if o.Parameters != nil {
			parameters = millions(o.Parameters(n))
		}
		runs := missing
		if x.n > 0 {
			runs = fmt.Sprint(x.n)
		}
		cells := []string{n.String(), fmt.Sprint(n.Depth), parameters, percent(x.first), spreadOf(x.test), runs,
			percent(median(x.test)), percent(lowest(x.test)), percent(x.lowest), percent(paper), spread, public}
		if i == 0 {
			t.ruled(cells...)
		} else {
			t.add(cells...)
		}
	}
	t.Notes = []string{
		"Final: last row of the first seed. Mean ± std, median and best run: last rows over n complete runs of different seeds, " +
			"sample standard deviation. Lowest row: the smallest test error in any row of any run; it is selected on the test set.",
	}
	t.Notes = append(t.Notes, s.paperNotes()...)
	shown := s.displayed()
	p := newErrorPanel(s, "", shown, 0, both)
	shareErrorAxes([]*errorPanel{p})
	f := &Figure{
		Caption: "Training error (dashed) and test error (bold) of " + names(shown) + " against iterations.",
		Endings: endings(s, shown),
		width:   columnWidth,
		row:     2.0 * vg.Inch,
		panels:  [][]*plot.Plot{{p.Plot}},
		key:     curveKey(),
		remarks: s.remarks(shown),
	}
	f.explain(s, p)
	return f, []*Table{t}, nil
}

func orMissing(s string) string {
	if s == "" {
		return missing
	}
	return s
}
