package reports

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// newPanel is an empty panel: boxed, the data up to the frame, type and
// rules as in all figures.
func newPanel(title, xlabel, ylabel string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.Title.Text = title
	p.Title.TextStyle.Font = sans(titleSize)
	p.Title.Padding = 0
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Padding = 0
		a.LineStyle = rule(ink, 0.5)
		a.Label.TextStyle.Font = sans(labelSize)
		a.Label.Padding = vg.Points(1.5)
		a.Tick.Label.Font = sans(tickSize)
		a.Tick.LineStyle = rule(ink, 0.5)
		a.Tick.Length = vg.Points(2.5)
	}
	p.X.Label.Text = xlabel
	p.Y.Label.Text = ylabel
	p.Add(frame{})
	return p
}

// frame closes the box that the axes open.
type frame struct{}

func (frame) Plot(c draw.Canvas, _ *plot.Plot) {
	c.StrokeLines(rule(ink, 0.5), []vg.Point{
		{X: c.Min.X, Y: c.Max.Y}, {X: c.Max.X, Y: c.Max.Y}, {X: c.Max.X, Y: c.Min.Y},
	})
}

// emptyNote says in the middle of a panel why there is nothing in it.
type emptyNote string

func (n emptyNote) Plot(c draw.Canvas, _ *plot.Plot) {
	c.FillText(textStyle(noteSize, muted, text.XCenter, text.YCenter), c.Center(), string(n))
}

// guides are thin lines across the panel at the labels of Y and at values of X.
// They lie under the data, and are left out where the frame is.
type guides struct{ x []float64 }

// milestoneLine is the vertical guide at which the learning rate falls.
func milestoneLine() draw.LineStyle { return rule(faint, 0.4, 0.8, 1.6) }

func (g guides) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, tick := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if tick.Value > p.Y.Min && tick.Value < p.Y.Max {
			y := ty(tick.Value)
			c.StrokeLine2(rule(faint, 0.4, 2, 2), c.Min.X, y, c.Max.X, y)
		}
	}
	for _, v := range g.x {
		if v > p.X.Min && v < p.X.Max {
			x := tx(v)
			c.StrokeLine2(milestoneLine(), x, c.Min.Y, x, c.Max.Y)
		}
	}
}

// errorAxes makes Y of all panels the same axis of errors in percent, so that
// they can be compared by eye. It starts at 0 and holds the errors given; it
// ends at one of tops, or at one of the usual 20, 40, ..., 100: the paper's
// 0-20 % wherever the errors fit.
func errorAxes(panels []*plot.Plot, errors []float64, tops ...float64) {
	highest := 0.0
	for _, f := range errors {
		if finite(f) {
			highest = math.Max(highest, f)
		}
	}
	top := niceCeiling(1.05*highest, append(tops, 20, 40, 60, 80, 100)...)
	var labels []float64
	switch {
	case top == 15:
		labels = steps(top, 5)
	case top < 20:
		labels = steps(top, top/5)
	case top == 20:
		labels = []float64{0, 5, 10, 20} // the paper's
	case top == 40:
		labels = steps(top, 10)
	default:
		labels = steps(top, 20)
	}
	for _, p := range panels {
		p.Y.Min, p.Y.Max = 0, top
		p.Y.Tick.Marker = ticks(labels, plain)
	}
}

// steps is the multiples of step from 0 to top.
func steps(top, step float64) []float64 {
	var at []float64
	for i := 0; float64(i)*step <= top; i++ {
		at = append(at, float64(i)*step)
	}
	return at
}

// iterationAxis makes X an axis of iterations from first to last, counted in
// the power of ten that fits: the paper's 1e4 for its 64,000 iterations, 1e3
// for 4,000. The curves are drawn in iterations; only the labels are scaled.
func iterationAxis(p *plot.Plot, first, last int) {
	exponent := int(math.Floor(math.Log10(float64(max(last, 1)))))
	unit := math.Pow(10, float64(exponent))
	p.X.Min, p.X.Max = float64(first), float64(last)
	step := unit
	if span := float64(last-first) / unit; span <= 1.2 {
		step = unit / 5
	} else if span < 2.4 {
		step = unit / 2
	}
	var at []float64
	for v := math.Ceil(float64(first)/step) * step; v <= float64(last)+step/1e6; v += step {
		at = append(at, v)
	}
	p.X.Tick.Marker = ticks(at, func(v float64) string { return plain(v / unit) })
	if exponent < 3 {
		p.X.Label.Text = "iter."
		p.X.Tick.Marker = ticks(at, plain)
	} else {
		p.X.Label.Text = fmt.Sprintf("iter. (1e%d)", exponent)
	}
}

// plain writes a number with as few digits as it needs.
func plain(v float64) string {
	return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64)
}

func ticks(at []float64, label func(float64) string) plot.ConstantTicks {
	var t plot.ConstantTicks
	for _, v := range at {
		t = append(t, plot.Tick{Value: v, Label: label(v)})
	}
	return t
}

// A fixed plotter draws within axes that are settled: without the data range of
// the plotter inside, which would widen them, and without its glyphs' room.
type fixed struct{ plot.Plotter }

// addLine draws points as a line; one point alone is drawn as a dot, so that a
// run with one row is not invisible.
func addLine(p *plot.Plot, points plotter.XYs, style draw.LineStyle) {
	if len(points) == 1 {
		addMarks(p, points, dot(style.Color, 1.5))
		return
	}
	p.Add(fixed{&plotter.Line{XYs: points, LineStyle: style}})
}

// addMarks draws a glyph at each point that lies in the panel.
func addMarks(p *plot.Plot, points plotter.XYs, style draw.GlyphStyle) {
	p.Add(fixed{&plotter.Scatter{XYs: points, GlyphStyle: style}})
}

// addBand fills the space between the lowest and the highest of several runs.
func addBand(p *plot.Plot, b band, c color.RGBA) {
	if !b.scattered() || len(b.mean) < 2 {
		return
	}
	ring := slices.Clone(b.low)
	for _, xy := range slices.Backward(b.high) {
		ring = append(ring, xy)
	}
	p.Add(fixed{&plotter.Polygon{XYs: []plotter.XYs{ring}, Color: translucent(c)}})
}

// paperTicks are faint bars at the right edge of a panel: where the paper's
// curves end.
type paperTicks []paperTick

type paperTick struct {
	value  float64
	colour color.RGBA
}

// paperTickWidth and paperTickLength are the size of a bar, and that of its
// sample in the legend.
const (
	paperTickWidth  = 2.6
	paperTickLength = vg.Length(8)
)

func (t paperTicks) Plot(c draw.Canvas, p *plot.Plot) {
	_, ty := p.Transforms(&c)
	for _, tick := range t {
		if y := ty(tick.value); finite(tick.value) && y >= c.Min.Y && y <= c.Max.Y {
			c.StrokeLine2(rule(translucent(tick.colour), paperTickWidth), c.Max.X-paperTickLength, y, c.Max.X, y)
		}
	}
}

func dot(c color.Color, radius float64) draw.GlyphStyle {
	return draw.GlyphStyle{Color: c, Radius: vg.Points(radius), Shape: draw.CircleGlyph{}}
}

// spaced is some points of a line to put marks on, evenly spaced along X. The
// marks of the k-th of n lines lie between those of the others.
func spaced(line plotter.XYs, low, high float64, k, n int) plotter.XYs {
	const each = 4
	var at plotter.XYs
	for i := range each {
		x := low + (high-low)*(float64(i)+(float64(k)+0.5)/float64(n))/each
		j, found := slices.BinarySearchFunc(line, x, func(p plotter.XY, x float64) int { return cmp.Compare(p.X, x) })
		if j == len(line) || j == 0 && !found && line[0].X > x+(high-low)/each/float64(n) {
			continue
		}
		at = append(at, line[j])
	}
	return at
}
