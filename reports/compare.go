package reports

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"deepresidual/models/network"
	"deepresidual/reports/table"
)

// compare sets plain networks against residual ones depth by depth: final
// training and test error against depth, and a table of the differences. With
// several seeds the mean is drawn, with bars of one standard deviation.
func compare(s *Selection) (*Figure, []*table.Table) {
	shown := s.displayed()
	training := &comparePanel{Plot: newPanel("", "", "training error (%)"), of: func(n network.Network) []float64 { return s.sample(n).training }}
	test := &comparePanel{Plot: newPanel("", "", "test error (%)"), of: func(n network.Network) []float64 { return s.sample(n).test }}
	if s.comparable() {
		training.paper = func(n network.Network) float64 { v, _ := s.paper(n); return v }
		test.paper = func(n network.Network) float64 { _, v := s.paper(n); return v }
	}
	errors := append(training.errors(shown), test.errors(shown)...)
	slices.Sort(errors)
	inside := belowBreak(errors)
	errorAxes([]*plot.Plot{training.Plot, test.Plot}, errors[:inside], 15)
	for _, p := range []*comparePanel{training, test} {
		p.draw(shown, inside < len(errors))
	}
	unfinished := func(n network.Network) bool { return s.sample(n).n == 0 }
	f := &Figure{
		Caption: "Final training error (left) and test error (right) of " +
			names(those(shown, func(n network.Network) bool { return !unfinished(n) })) + " against the number of layers.",
		Endings: endings(s, slices.DeleteFunc(slices.Clone(shown), unfinished)), // of what is drawn
		width:   columnWidth,
		row:     1.7 * vg.Inch,
		panels:  [][]*plot.Plot{{training.Plot, test.Plot}},
		remarks: s.remarks(shown),
	}
	for _, group := range byKind(shown) {
		line, mark := kindStyle(group[0].Kind)
		f.key = append(f.key, keyEntry{text: group[0].Kind.Prefix(), line: line, mark: mark})
	}
	if training.bars || test.bars {
		f.key = append(f.key, keyEntry{text: oneDeviation, mark: draw.GlyphStyle{Color: muted, Radius: 3, Shape: barGlyph{}}})
	}
	if training.papers || test.papers {
		f.Caption += " As printed, bars" + s.paperBars(shown)
		f.key = append(f.key, keyEntry{text: "the paper's", line: rule(translucent(muted), paperTickWidth), length: paperTickLength})
	}
	left, right := training.chart(shown), test.chart(shown)
	left.Y.Max = max(left.Y.Max, right.Y.Max) // to be compared by eye, as the panels are
	right.Y.Max = left.Y.Max
	f.charts = append(f.charts, left, right)
	if inside < len(errors) {
		f.Caption += " As printed, the vertical axes are broken below the highest errors."
	}
	return f, []*table.Table{compareTable(s)}
}

// oneDeviation is what the bars are.
const oneDeviation = "± 1 standard deviation"

// kindStyle is the line and the mark of a kind of network.
func kindStyle(k network.Kind) (draw.LineStyle, draw.GlyphStyle) {
	p := palette()
	if k == network.Plain {
		line := rule(p[3].colour, 0.9, 3, 1.5)
		return line, draw.GlyphStyle{Color: p[3].colour, Radius: 1.7, Shape: draw.BoxGlyph{}}
	}
	return rule(p[0].colour, 1.1), dot(p[0].colour, 1.8)
}

// belowBreak returns how many of the errors lie below the break of their axis. The
// highest lie above it, where they would flatten the rest, since plain-110 does not
// train: where an error is three times the next lower one, and few are higher.
func belowBreak(ascending []float64) int {
	for i := len(ascending) - 1; i > 0 && 4*i >= 3*len(ascending); i-- {
		if ascending[i] > 3*math.Max(ascending[i-1], 5) {
			return i
		}
	}
	return len(ascending)
}

// A comparePanel is one kind of error against depth.
type comparePanel struct {
	*plot.Plot
	of    func(network.Network) []float64 // the errors of the complete runs
	paper func(network.Network) float64   // nil where the paper's are not comparable

	bars, papers bool // some were drawn
}

// errors is all that a panel has to hold.
func (p *comparePanel) errors(networks []network.Network) []float64 {
	var all []float64
	for _, n := range networks {
		v := p.of(n)
		if p.paper != nil {
			v = append(slices.Clone(v), p.paper(n))
		}
		for _, x := range v {
			if finite(x) {
				all = append(all, x)
			}
		}
	}
	return all
}

// draw draws the errors, on an axis that is broken where some are above it: of either
// panel, so that the same error is at the same height in both.
func (p *comparePanel) draw(networks []network.Network, broken bool) {
	x := p.depthAxis(depthsOf(networks))
	half := 0.032 * (p.X.Max - p.X.Min) // of a bar
	top := p.Y.Max
	var above breakMarks
	var points, bars []func()
	for _, group := range byKind(networks) {
		line, mark := kindStyle(group[0].Kind)
		pieces := []plotter.XYs{nil} // of a line of means, which ends where a network has none
		bar := &plotter.YErrorBars{LineStyle: rule(mark.Color, 0.6), CapWidth: 4}
		for _, n := range group {
			v := p.of(n)
			xy := plotter.XY{X: x(n.Depth()), Y: mean(v)}
			if p.paper != nil && finite(p.paper(n)) && p.paper(n) <= top {
				p.papers = true
				p.Add(fixed{&plotter.Line{XYs: plotter.XYs{{X: xy.X - half, Y: p.paper(n)}, {X: xy.X + half, Y: p.paper(n)}},
					LineStyle: rule(translucent(color.RGBAModel.Convert(mark.Color).(color.RGBA)), paperTickWidth)}})
			}
			if !finite(xy.Y) {
				pieces = append(pieces, nil)
				continue
			}
			if xy.Y > top {
				above.labels = append(above.labels, breakLabel{xy, mark.Color})
				xy.Y = aboveBreak(top)
				pieces = append(pieces, plotter.XYs{xy}, nil) // no line across the break, where a slope means nothing
				continue
			}
			if d := deviation(v); finite(d) {
				p.bars = true
				bar.XYs = append(bar.XYs, xy)
				bar.YErrors = append(bar.YErrors, struct{ Low, High float64 }{d, d})
			}
			last := len(pieces) - 1
			pieces[last] = append(pieces[last], xy)
		}
		points = append(points, func() {
			for _, means := range pieces {
				if len(means) > 1 && !shareDepths(group) { // it joins depths, not networks
					addLine(p.Plot, means, line)
				}
				addMarks(p.Plot, means, mark)
			}
		})
		bars = append(bars, func() { p.Add(fixed{bar}) })
	}
	if broken {
		// Room for the break and what lies above it, in the unit of the axis.
		p.Y.Max = top * 1.25
		above.at = top * 1.08
	}
	p.Add(guides{})
	if !slices.ContainsFunc(networks, func(n network.Network) bool { return len(p.of(n)) > 0 }) {
		p.Add(emptyNote("none complete yet"))
	}
	for _, add := range append(bars, points...) {
		add()
	}
	p.Add(above)
}

// depthAxis makes X an axis of depths and returns where each is: to scale, unless some
// would run into each other beside one that is far deeper.
func (p *comparePanel) depthAxis(depths []int) (x func(depth int) float64) {
	x, p.X.Label.Text = func(depth int) float64 { return float64(depth) }, "layers"
	span, gap := float64(depths[len(depths)-1]-depths[0]), math.Inf(1)
	for i := 1; i < len(depths); i++ {
		gap = math.Min(gap, float64(depths[i]-depths[i-1]))
	}
	if gap < span/9 {
		x, p.X.Label.Text = func(depth int) float64 { return float64(slices.Index(depths, depth)) }, "layers (not to scale)"
		span = float64(len(depths) - 1)
	}
	var names plot.ConstantTicks
	for _, d := range depths {
		names = append(names, plot.Tick{Value: x(d), Label: fmt.Sprint(d)})
	}
	p.X.Tick.Marker = names
	margin := math.Max(0.08*span, 0.5)
	p.X.Min, p.X.Max = x(depths[0])-margin, x(depths[len(depths)-1])+margin
	return x
}

// chart is the panel as data, the bars as bands. Its axis is not broken: it can be
// zoomed; depths are where they belong, as far as recorded. The networks of a kind
// are a curve, or each its own where several have as many layers.
func (p *comparePanel) chart(networks []network.Network) *chart {
	c := chartOf(p.Plot, "layers")
	c.Gaps, c.Band = true, oneDeviation
	depths := depthsOf(those(networks, func(n network.Network) bool { return len(p.of(n)) > 0 }))
	c.X.Min, c.X.Max = coordinate(slices.Min(depths)-4), coordinate(slices.Max(depths)+4)
	c.Y.Min, c.Y.Max = 0, 1
	add := func(name string, group []network.Network) {
		line, _ := kindStyle(group[0].Kind)
		var b band
		for _, n := range group {
			x := float64(n.Depth())
			if v := p.of(n); len(v) > 0 {
				m, d := mean(v), deviation(v) // NaN of one
				b.n = max(b.n, len(v))
				b.mean = append(b.mean, plotter.XY{X: x, Y: m})
				b.low = append(b.low, plotter.XY{X: x, Y: m - d})
				b.high = append(b.high, plotter.XY{X: x, Y: m + d})
				c.Y.Max = max(c.Y.Max, coordinate(1.05*m))
				if finite(d) {
					c.Y.Max = max(c.Y.Max, coordinate(1.05*(m+d)))
				}
			} else if x < float64(c.X.Max) && x > float64(c.X.Min) {
				b.mean = append(b.mean, plotter.XY{X: x, Y: math.NaN()}) // where its line ends
			}
		}
		c.add(name, b, line)
	}
	for _, group := range byKind(networks) {
		if !shareDepths(group) {
			add(group[0].Kind.Prefix(), group)
			continue
		}
		for _, n := range group {
			add(n.String(), []network.Network{n})
		}
	}
	return c
}

// aboveBreak is where errors above the break are drawn on an axis that ends at
// top.
func aboveBreak(top float64) float64 { return 1.17 * top }

// breakMarks mark the break of an axis, and write at the points above it what
// their errors are.
type breakMarks struct {
	at     float64 // 0 of an axis that is not broken
	labels []breakLabel
}

type breakLabel struct {
	point  plotter.XY // its error, not where it is drawn
	colour color.Color
}

func (b breakMarks) Plot(c draw.Canvas, p *plot.Plot) {
	if b.at == 0 {
		return
	}
	tx, ty := p.Transforms(&c)
	y := ty(b.at)
	const half, slant = vg.Length(3), vg.Length(1.5)
	for _, x := range []vg.Length{c.Min.X, c.Max.X} {
		// The frame is interrupted by a white bar between two slanted strokes.
		c.FillPolygon(color.White, []vg.Point{{X: x - 1, Y: y - 1}, {X: x + 1, Y: y - 1}, {X: x + 1, Y: y + 1}, {X: x - 1, Y: y + 1}})
		c.StrokeLine2(rule(ink, 0.5), x-half, y-1-slant, x+half, y-1+slant)
		c.StrokeLine2(rule(ink, 0.5), x-half, y+1-slant, x+half, y+1+slant)
	}
	c.StrokeLine2(rule(faint, 0.4, 0.8, 1.6), c.Min.X+half, y, c.Max.X-half, y)
	style := textStyle(noteSize, nil, text.XRight, text.YCenter)
	for _, l := range b.labels {
		style.Color = l.colour
		at := ty(aboveBreak(p.Y.Max / 1.25))
		c.FillText(style, vg.Point{X: tx(l.point.X) - 4, Y: middle(style, at)}, percent(l.point.Y))
	}
}

// barGlyph is the sample of an error bar in a legend.
type barGlyph struct{}

func (barGlyph) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	r := style.Radius
	line := rule(style.Color, 0.6)
	c.StrokeLine2(line, at.X, at.Y-r, at.X, at.Y+r)
	c.StrokeLine2(line, at.X-2, at.Y-r, at.X+2, at.Y-r)
	c.StrokeLine2(line, at.X-2, at.Y+r, at.X+2, at.Y+r)
}

// shareDepths reports whether two of the networks have as many layers.
func shareDepths(networks []network.Network) bool { return len(depthsOf(networks)) < len(networks) }

func depthsOf(networks []network.Network) []int {
	var depths []int
	for _, n := range networks {
		depths = append(depths, n.Depth())
	}
	slices.Sort(depths)
	return slices.Compact(depths)
}

// byKind groups networks by kind, plain ones first, each by depth.
func byKind(networks []network.Network) [][]network.Network {
	var groups [][]network.Network
	for _, k := range []network.Kind{network.Plain, network.Residual} {
		group := slices.DeleteFunc(slices.Clone(networks), func(n network.Network) bool { return n.Kind != k })
		slices.SortStableFunc(group, func(a, b network.Network) int { return cmp.Compare(a.Depth(), b.Depth()) })
		if len(group) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}
