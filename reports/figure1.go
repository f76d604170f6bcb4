package reports

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"deepresidual/experiments"
)

// figure1 draws Figure 1 of the paper, the degradation of plain networks:
// training error on the left and test error on the right against iterations,
// each curve named at its end.
func figure1(s *Selection, _ Options) (*Figure, []*Table, error) {
	networks := s.displayed()
	left, training := errorPanel(s, "", networks, 0, "training")
	left.Y.Label.Text = "training error (%)"
	right, test := errorPanel(s, "", networks, 0, "test")
	right.Y.Label.Text = "test error (%)"
	errorAxes([]*plot.Plot{left, right}, append(training, test...))
	f := &Figure{
		Caption: "Training error (left) and test error (right) of " + names(networks) +
			" on CIFAR-10 against iterations.",
		Endings: endings(s, networks),
		width:   columnWidth,
		row:     1.4 * vg.Inch,
		panels:  [][]*plot.Plot{{left, right}},
		remarks: s.remarks(networks),
	}
	return f, []*Table{errorTable(s)}, nil
}

// errorPanel draws error curves of some networks from the iteration first of
// the paper's schedule to the end: "training" or "test" curves alone in solid
// lines, or with "both" the training curves dashed and the test curves bold.
// It returns the errors at which the curves end, for [errorAxes].
func errorPanel(s *Selection, title string, networks []experiments.Network, first int, which string) (*plot.Plot, []float64) {
	p := newPanel(title, "", "error (%)")
	var (
		labels     curveLabels
		ends       []float64
		last       int
		milestones []float64
		runs       []Selected
	)
	for _, n := range networks {
		if r := s.of(n); len(r) > 0 {
			last = max(last, r[0].Spec.Protocol.Iterations)
			for _, m := range r[0].Spec.Protocol.Milestones {
				milestones = append(milestones, float64(m))
			}
		}
		if run, ok := s.drawn(n); ok {
			runs = append(runs, run)
		}
	}
	for _, run := range runs {
		training, test := run.curves()
		named := test
		if which == "training" {
			named = training
		}
		if len(named) == 0 {
			continue
		}
		end := named[len(named)-1]
		ends = append(ends, end.Y)
		l := lookOf(run.Spec.Network.Depth)
		labels = append(labels, curveLabel{
			text: fmt.Sprintf("%d-layer", run.Spec.Network.Depth), colour: l.colour, ink: l.label,
			x: end.X, y: end.Y, open: !run.complete(),
		})
	}
	iterationAxis(p, first, last)
	p.Add(guides{milestones})
	for _, run := range runs {
		training, test := run.curves()
		l := lookOf(run.Spec.Network.Depth)
		switch which {
		case "training":
			addLine(p, training, rule(l.colour, l.width.Points()))
		case "test":
			addLine(p, test, rule(l.colour, l.width.Points()))
		default:
			thin := rule(l.colour, 0.6)
			thin.Dashes = l.dashes
			addLine(p, training, thin)
			addLine(p, test, rule(l.colour, l.width.Points()+0.2))
		}
	}
	p.Add(labels)
	return p, ends
}

// names lists networks in a sentence.
func names(networks []experiments.Network) string {
	var s []string
	for _, n := range networks {
		s = append(s, n.String())
	}
	if len(s) < 2 {
		return strings.Join(s, "")
	}
	return strings.Join(s[:len(s)-1], ", ") + " and " + s[len(s)-1]
}

// endings says where the curves of a picture end, for those who cannot see it.
func endings(s *Selection, networks []experiments.Network) string {
	var parts []string
	for _, n := range networks {
		if run, ok := s.drawn(n); ok {
			row, _ := run.Record.Final()
			parts = append(parts, fmt.Sprintf("%s ends at %s %% training and %s %% test error", n, percent(row.TrainError), percent(row.TestError)))
		}
	}
	if len(parts) == 0 {
		return "Nothing is recorded yet."
	}
	return strings.Join(parts, "; ") + "."
}
