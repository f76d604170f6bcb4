package reports

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"deepresidual/models/network"
	"deepresidual/reports/table"
)

// figure1 draws Figure 1 of the paper, the degradation of plain networks:
// training error on the left and test error on the right against iterations,
// each curve named at its end.
func figure1(s *Selection) (*Figure, []*table.Table) {
	networks := s.displayed()
	left := newErrorPanel(s, "", networks, 0, trainingOnly)
	left.Y.Label.Text = "training error (%)"
	right := newErrorPanel(s, "", networks, 0, testOnly)
	right.Y.Label.Text = "test error (%)"
	shareErrorAxes([]*errorPanel{left, right})
	f := &Figure{
		Caption: "Training error (left) and test error (right) of " + s.drawn(networks) +
			" on " + s.images() + " against iterations.",
		Endings: endings(s, networks),
		width:   columnWidth,
		row:     1.4 * vg.Inch,
		panels:  [][]*plot.Plot{{left.Plot, right.Plot}},
		remarks: s.remarks(networks),
	}
	f.finish(s, left, right)
	return f, []*table.Table{errorTable(s)}
}

// finish names the curves of errors, adds to the legend what they bear beside
// themselves (bands, the iterations at which the learning rate falls, and the
// paper's values), and adds the panels as data: their axes must be settled.
func (f *Figure) finish(s *Selection, panels ...*errorPanel) {
	f.nameCurves(panels)
	var bands, tests, paper, falls bool
	var networks []network.Network
	for _, p := range panels {
		if len(p.curves) == 0 {
			continue
		}
		falls = falls || slices.ContainsFunc(p.milestones, func(x float64) bool { return x > p.X.Min && x < p.X.Max })
		bands = bands || slices.ContainsFunc(p.curves, func(c curve) bool { return c.scattered() })
		tests = tests || p.which == both
		paper = paper || len(p.paper) > 0
		for _, c := range p.curves {
			networks = append(networks, c.network)
		}
	}
	if bands {
		if tests {
			f.Caption += " As printed, of the errors only the test error has a band."
		}
		f.key = append(f.key, keyEntry{text: lowestToHighest, line: rule(translucent(muted), 5)})
	}
	if falls {
		f.key = append(f.key, keyEntry{text: "learning rate falls", line: milestoneLine()})
	}
	if paper {
		f.Caption += " As printed, bars at the right edge" + s.paperBars(networks)
		f.key = append(f.key, keyEntry{text: "the paper's, at the end", line: rule(translucent(muted), paperTickWidth), length: paperTickLength})
	}
	f.addCharts(panels)
}

// nameCurves names curves at their ends or, where a name would take more than a third
// of a panel, in the legend, with the mark that stands at the end of the curve.
func (f *Figure) nameCurves(panels []*errorPanel) {
	room := f.width / vg.Length(3*len(f.panels[0]))
	if slices.ContainsFunc(panels, func(p *errorPanel) bool { return p.labels.width() > room }) {
		named := map[string]bool{}
		for _, p := range panels {
			for i := range p.labels {
				l := &p.labels[i]
				if !named[l.text] {
					f.key = append(f.key, keyEntry{text: l.text, line: rule(l.colour, 1), mark: l.mark, breaks: len(named) == 0})
				}
				named[l.text], l.text = true, ""
			}
		}
	}
	for _, p := range panels {
		p.Add(p.labels)
	}
}

// paperBars says what bars show that lie at the paper's errors of some networks.
func (s *Selection) paperBars(networks []network.Network) string {
	text := " lie at the paper's errors; their thickness and length mean nothing."
	for i, n := range networks {
		if _, ok := s.Experiment.Paper.Mean[n]; ok && !slices.Contains(networks[:i], n) {
			text += fmt.Sprintf(" That of %s is a mean of several runs.", n)
		}
	}
	return text
}

// addCharts adds the panels of errors as data, but empty ones.
func (f *Figure) addCharts(panels []*errorPanel) {
	for _, p := range panels {
		if len(p.curves) == 0 {
			continue
		}
		c := chartOf(p.Plot, "iteration")
		if c.Y.Label == "" {
			c.Y.Label = "error (%)"
		}
		for _, curve := range p.curves {
			name := curve.network.String() + " test"
			if curve.training {
				name = curve.network.String() + " training"
			}
			c.add(name, curve.band, curve.style)
		}
		f.charts = append(f.charts, c)
	}
}

// which says what curves an error panel shows.
type which int

const (
	trainingOnly which = iota // solid
	testOnly                  // solid
	both                      // training dashed, test bold
)

// An errorPanel is errors of some networks against the iteration.
type errorPanel struct {
	*plot.Plot
	which
	curves     []curve
	labels     curveLabels // of the curves that bear marks; see nameCurves
	milestones []float64   // where the learning rate falls
	paper      paperTicks
}

// A curve is one error of one network.
type curve struct {
	band
	network  network.Network
	training bool // the error on training images, not on test images
	style    draw.LineStyle
}

// newErrorPanel draws error curves of some networks from the iteration first to
// the end of the schedule: means over the seeds, with the band from the lowest
// to the highest seed, of the test error where there are both. The Y axis is left
// to [errorAxes], the names to [Figure.nameCurves].
func newErrorPanel(s *Selection, title string, networks []network.Network, first int, w which) *errorPanel {
	p := &errorPanel{Plot: newPanel(title, "", "error (%)"), which: w}
	var (
		last   int
		marked []curve // the curve of each network that bears its marks and its name
	)
	for _, n := range networks {
		if r := s.of(n); len(r) > 0 {
			last = max(last, r[0].Spec.Protocol.Iterations)
			for _, m := range r[0].Spec.Protocol.Milestones {
				p.milestones = append(p.milestones, float64(m))
			}
		}
		l := s.lookAmong(n, networks)
		training, test := s.errors(n)
		if training.end().X < float64(first) {
			continue // still before the part that the panel shows
		}
		paperTraining, paperTest := s.paper(n)
		if w != testOnly && len(training.mean) > 0 {
			c := curve{training, n, true, trainingLine(l.colour)}
			if w == trainingOnly {
				c.style = rule(l.colour, l.width.Points())
			}
			p.curves = append(p.curves, c)
			p.paper = append(p.paper, paperTick{paperTraining, l.colour})
		}
		if w != trainingOnly && len(test.mean) > 0 {
			c := curve{test, n, false, testLine(l.colour, l)}
			if w == testOnly {
				c.style = rule(l.colour, l.width.Points())
			}
			p.curves = append(p.curves, c)
			p.paper = append(p.paper, paperTick{paperTest, l.colour})
		}
		if k := len(p.curves); k > 0 && p.curves[k-1].network == n {
			c := p.curves[k-1]
			marked = append(marked, c)
			runs := s.averaged(n)
			p.labels = append(p.labels, curveLabel{
				text: labelAmong(n, networks), colour: l.colour, ink: l.label, mark: l.mark(),
				x: c.end().X, y: c.end().Y, open: !runs[0].complete(),
			})
		}
	}
	p.paper = slices.DeleteFunc(p.paper, func(t paperTick) bool { return !s.comparable() || !finite(t.value) })
	iterationAxis(p.Plot, first, last)
	if len(p.curves) == 0 {
		p.Add(emptyNote("not recorded yet"))
		return p
	}
	p.Add(guides{p.milestones}, p.paper)
	for _, c := range p.curves {
		if w == both && c.training {
			continue // where two bands of one colour overlap they look like a third
		}
		addBand(p.Plot, c.band, s.lookAmong(c.network, networks).colour)
	}
	for _, c := range p.curves {
		addLine(p.Plot, c.mean, c.style)
	}
	for i, c := range marked {
		addMarks(p.Plot, spaced(c.mean, float64(first), float64(last), i, len(marked)), s.lookAmong(c.network, networks).mark())
	}
	return p
}

// ends is the errors at which the curves end, those of each seed among them,
// and the paper's: an axis has to hold them.
func (p *errorPanel) ends() []float64 {
	var ends []float64
	for _, c := range p.curves {
		ends = append(ends, c.high[len(c.high)-1].Y)
	}
	for _, t := range p.paper {
		ends = append(ends, t.value)
	}
	return ends
}

// all is every error from the first iteration of the panel on.
func (p *errorPanel) all() []float64 {
	all := p.ends()
	for _, c := range p.curves {
		for _, xy := range c.high {
			if xy.X >= p.X.Min {
				all = append(all, xy.Y)
			}
		}
	}
	return all
}

// drawn lists in a sentence those of some networks of which a picture of their
// errors shows something; all of them, where it shows nothing yet.
func (s *Selection) drawn(networks []network.Network) string {
	return names(those(networks, func(n network.Network) bool { return len(s.averaged(n)) > 0 }))
}

// those returns the networks that have something, all of them where none has.
func those(networks []network.Network, have func(network.Network) bool) []network.Network {
	some := slices.DeleteFunc(slices.Clone(networks), func(n network.Network) bool { return !have(n) })
	if len(some) == 0 {
		return networks
	}
	return some
}

// names lists networks in a sentence.
func names(networks []network.Network) string {
	var s []string
	for _, n := range networks {
		s = append(s, n.String())
	}
	return list(s)
}

// list writes names as a sentence has them.
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// endings says where the curves of a picture end, for those who cannot see it.
func endings(s *Selection, networks []network.Network) string {
	var parts []string
	for _, n := range networks {
		if training, test := s.errors(n); training.n > 0 {
			parts = append(parts, fmt.Sprintf("%s ends at %s %% training and %s %% test error", n, percent(training.end().Y), percent(test.end().Y)))
		}
	}
	if len(parts) == 0 {
		return "Nothing is recorded yet."
	}
	return strings.Join(parts, "; ") + "."
}
