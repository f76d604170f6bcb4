package reports

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"deepresidual/models/network"
	"deepresidual/reports/table"
)

// table6 is Table 6 of the paper with our runs beside it, drawn as dots, each line of
// the picture a line of the table. With several seeds the mean is drawn, with bars of
// one standard deviation; so it is where the paper gives them.
func table6(s *Selection) (*Figure, []*table.Table) {
	shown := s.displayed()
	p := &methodPanel{Plot: newPanel("", "test error (%)", ""), lines: s.methodLines(shown)}
	unfinished := func(n network.Network) bool { return s.sample(n).n == 0 }
	f := &Figure{
		Caption: "Test error of " + names(those(shown, func(n network.Network) bool { return !unfinished(n) })) + " at the end of training.",
		Endings: endings(s, slices.DeleteFunc(slices.Clone(shown), unfinished)),
		width:   columnWidth,
		row:     0.55*vg.Inch + vg.Length(len(p.lines))*11,
		panels:  [][]*plot.Plot{{p.Plot}},
		key:     []keyEntry{{text: "ours", mark: dot(muted, 1.9)}},
		remarks: s.remarks(shown),
	}
	p.draw()
	if p.papers {
		f.Caption += " Hollow marks are what the paper gives, of several runs the mean."
		f.key = append(f.key, keyEntry{text: "the paper's", mark: paperDot()})
	}
	if p.bars {
		f.key = append(f.key, keyEntry{text: oneDeviation, line: rule(muted, 0.8), length: 9})
	}
	return f, []*table.Table{methodTable(s)}
}

// paperDot is the mark of an error that the paper gives.
func paperDot() draw.GlyphStyle {
	return draw.GlyphStyle{Color: muted, Radius: vg.Points(1.9), Shape: draw.RingGlyph{}}
}

// A methodLine is a line of Table 6: a method that the paper quotes, or a network.
type methodLine struct {
	name        string
	paper       float64 // its error, or mean of errors; NaN if it gives none
	paperSpread float64 // its standard deviation; NaN if it gives none
	ours        []float64
	mark        draw.GlyphStyle
}

// methodLines lists the lines in the order of the table. The paper's errors are of its
// whole schedule and stand beside ours of that only, and so do those of other methods.
func (s *Selection) methodLines(networks []network.Network) []methodLine {
	orNaN := func(v float64, given bool) float64 {
		if !given {
			return math.NaN()
		}
		return v
	}
	var lines []methodLine
	if s.comparable() {
		for _, r := range s.Experiment.Rows {
			l := methodLine{name: r.Name, paper: r.Error, paperSpread: orNaN(r.Std, r.Std > 0)}
			if r.Layers != "" {
				l.name += "-" + r.Layers
			}
			if r.Mean > 0 {
				l.paper = r.Mean
			}
			lines = append(lines, l)
		}
	}
	for _, n := range networks {
		l := methodLine{name: n.String(), ours: s.sample(n).test, mark: dot(s.lookOf(n).colour, 1.9), paper: math.NaN(), paperSpread: math.NaN()}
		if s.comparable() {
			_, l.paper = s.paper(n)
			std, given := s.Experiment.Paper.Std[n]
			l.paperSpread = orNaN(std, given)
		}
		lines = append(lines, l)
	}
	return lines
}

// A methodPanel has a line for each method, the first on top, and errors from left to
// right. They do not begin at 0: dots are read by their places, not by lengths.
type methodPanel struct {
	*plot.Plot
	lines []methodLine

	bars, papers bool // some were drawn
}

// mostLabel is how many letters of a name stand beside its line.
const mostLabel = 24

// draw settles the axes and draws the lines.
func (p *methodPanel) draw() {
	var names plot.ConstantTicks
	low, high := math.Inf(1), math.Inf(-1)
	for i, l := range p.lines {
		label := l.name
		if r := []rune(label); len(r) > mostLabel {
			label = string(r[:mostLabel-1]) + "…"
		}
		names = append(names, plot.Tick{Value: -float64(i), Label: label})
		for _, v := range append([]float64{l.paper, l.paper - l.paperSpread, l.paper + l.paperSpread, mean(l.ours) - deviation(l.ours), mean(l.ours) + deviation(l.ours)}, l.ours...) {
			if finite(v) {
				low, high = math.Min(low, v), math.Max(high, v)
			}
		}
	}
	p.Y.Tick.Marker = names
	p.Y.Min, p.Y.Max = 0.4-float64(len(p.lines)), 0.6
	if low > high {
		low, high = 0, 100
		p.Add(emptyNote("none complete yet"))
	}
	step := niceCeiling((high-low)/5, 1, 2, 5, 10, 20)
	p.X.Min, p.X.Max = math.Max(0, math.Floor(2*low-0.2)/2), math.Min(100, math.Ceil(2*high+0.2)/2)
	var at []float64
	for v := step * math.Ceil(p.X.Min/step); v <= p.X.Max; v += step {
		at = append(at, v)
	}
	p.X.Tick.Marker = ticks(at, plain)
	p.Add(guides{})
	for i, l := range p.lines {
		y := -float64(i)
		if finite(l.paper) {
			p.papers = true
			p.bar(l.paper, l.paperSpread, y, muted)
			addMarks(p.Plot, plotter.XYs{{X: l.paper, Y: y}}, paperDot())
		}
		if len(l.ours) > 0 {
			p.bar(mean(l.ours), deviation(l.ours), y, l.mark.Color)
			addMarks(p.Plot, plotter.XYs{{X: mean(l.ours), Y: y}}, l.mark)
		}
	}
}

// bar draws one standard deviation to both sides of a mean, if it is known.
func (p *methodPanel) bar(middle, deviation, y float64, c color.Color) {
	if !finite(deviation) {
		return
	}
	p.bars = true
	p.Add(fixed{&plotter.Line{XYs: plotter.XYs{{X: middle - deviation, Y: y}, {X: middle + deviation, Y: y}}, LineStyle: rule(c, 0.8)}})
}
