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

// choices sets the variants of a protocol side by side: learning curves above,
// layer responses below, a column for each variant, all on the same axes.
func choices(s *Selection) (*Figure, []*table.Table) {
	shown := s.displayed()
	f := &Figure{
		Caption: "Training error (dashed) and test error (bold) of " + s.drawn(shown) + " against iterations (top), and standard " +
			"deviations of their layer responses (bottom): " + s.variantNames() + ".",
		width:  pageWidth,
		row:    1.8 * vg.Inch,
		panels: make([][]*plot.Plot, 2),
		key:    curveKey(),
	}
	var errors []*errorPanel
	var responses []*responsePanel
	for i, v := range s.Experiment.Variants {
		one := s.variant(v.Label)
		e := newErrorPanel(one, v.Label, shown, 0, both)
		r := newResponsePanel(one, shown)
		if i > 0 {
			e.Y.Label.Text, r.Y.Label.Text = "", ""
		}
		errors, responses = append(errors, e), append(responses, r)
		f.panels[0], f.panels[1] = append(f.panels[0], e.Plot), append(f.panels[1], r.Plot)
		f.Endings = strings.TrimSpace(f.Endings + " " + v.Label + ": " + endings(one, shown))
	}
	f.remarks = s.variantRemarks(shown)
	shareErrorAxes(errors)
	if shareResponseAxes(responses) {
		f.Caption += " The vertical axes at the bottom are logarithmic."
	}
	f.finish(s, errors...)
	for i, p := range responses {
		c := chartOf(p.Plot, p.X.Label.Text)
		c.Title, c.Y.Label = s.Experiment.Variants[i].Label, responses[0].Y.Label.Text
		for _, r := range p.curves {
			c.add(r.name, r.band, r.style)
		}
		f.charts = append(f.charts, c)
	}
	t := errorTable(s)
	t.Notes = append(s.variantNotes(), t.Notes...)
	return f, []*table.Table{t, responseTable(s)}
}

// variantRemarks says once what holds for every variant, and of the rest which
// variant it is about.
func (s *Selection) variantRemarks(networks []network.Network) []string {
	of := map[string][]string{} // variants with a remark
	var remarks []string
	for _, v := range s.Experiment.Variants {
		for _, r := range s.variant(v.Label).remarks(networks) {
			if of[r] == nil {
				remarks = append(remarks, r)
			}
			of[r] = append(of[r], v.Label)
		}
	}
	for i, r := range remarks {
		if len(of[r]) < len(s.Experiment.Variants) {
			remarks[i] = strings.Join(of[r], ", ") + ": " + r
		}
	}
	return remarks
}

// variantNames lists the variants: a | b.
func (s *Selection) variantNames() string {
	var labels []string
	for _, v := range s.Experiment.Variants {
		labels = append(labels, v.Label)
	}
	return strings.Join(labels, " | ")
}

// responsePanel draws layer responses in the order of the layers.
type responsePanel struct {
	*plot.Plot
	layers int
	curves []responseCurve
}

// responseCurve is the responses of one network.
type responseCurve struct {
	name string
	band
	style draw.LineStyle
}

func newResponsePanel(s *Selection, networks []network.Network) *responsePanel {
	p := &responsePanel{Plot: newPanel("", "layer index", "std")}
	p.Add(guides{})
	for i, n := range networks {
		l := s.lookAmong(n, networks)
		original, _ := s.stds(n)
		if len(original.mean) == 0 {
			continue // recorded at the end of a run
		}
		p.layers = max(p.layers, n.Depth()-1)
		c := responseCurve{n.String(), original, rule(l.colour, 1)}
		p.curves = append(p.curves, c)
		addBand(p.Plot, original, l.colour)
		addLine(p.Plot, original.mean, c.style)
		addMarks(p.Plot, spaced(original.mean, 0, float64(n.Depth()), i, len(networks)), l.mark())
	}
	if len(p.curves) == 0 {
		p.Add(emptyNote("not recorded yet"))
	}
	return p
}

// shareResponseAxes gives the panels the same axes, logarithmic where the
// responses of one curve dwarf those of the others, and reports whether they are.
func shareResponseAxes(panels []*responsePanel) (logarithmic bool) {
	var plots []*plot.Plot
	var all, highest []float64
	layers := 0
	for _, p := range panels {
		plots = append(plots, p.Plot)
		layers = max(layers, p.layers)
		for _, c := range p.curves {
			all = append(append(all, ys(c.low)...), ys(c.high)...)
			highest = append(highest, slices.Max(ys(c.high)))
		}
	}
	return responseAxes(plots, layers, 4, highest, all)
}

// variantNotes say in which keys each variant differs from the experiment's protocol.
func (s *Selection) variantNotes() []string {
	var notes []string
	for _, v := range s.Experiment.Variants {
		var keys []string
		for _, d := range s.Experiment.Protocol.Differences(v.Protocol) {
			keys = append(keys, fmt.Sprintf("%s %v", d.Key, d.To))
		}
		if len(keys) == 0 {
			keys = []string{"the experiment's protocol"}
		}
		notes = append(notes, v.Label+": "+strings.Join(keys, ", ")+".")
	}
	return notes
}
