package reports

import (
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
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

// guides are thin lines across the panel at the labels of Y and at values of X.
// They lie under the data, and are left out where the frame is.
type guides struct{ x []float64 }

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
			c.StrokeLine2(rule(faint, 0.4, 0.8, 1.6), x, c.Min.Y, x, c.Max.Y)
		}
	}
}

// errorAxes makes Y of all panels the same axis of errors in percent, so that
// they can be compared by eye. It starts at 0 and holds the final errors given;
// it is the paper's 0-20 % wherever they fit.
func errorAxes(panels []*plot.Plot, finals []float64) {
	highest := 0.0
	for _, f := range finals {
		if finite(f) {
			highest = math.Max(highest, f)
		}
	}
	top := niceCeiling(1.05*highest, 20, 40, 60, 80, 100)
	labels := []float64{0, 5, 10, 20}
	if top > 20 {
		step := 20.0
		if top == 40 {
			step = 10
		}
		labels = steps(top, step)
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

// addLine draws points as a line; fewer than two are drawn as a dot, so that
// a run with one row is not invisible.
func addLine(p *plot.Plot, points plotter.XYs, style draw.LineStyle) {
	if len(points) > 0 {
		p.Add(polyline{points, style})
	}
}

// polyline is a line clipped to the panel. It leaves the axes alone, unlike
// plotter.Line, whose data range would widen them.
type polyline struct {
	points plotter.XYs
	style  draw.LineStyle
}

func (l polyline) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	points := make([]vg.Point, len(l.points))
	for i, xy := range l.points {
		points[i] = vg.Point{X: tx(xy.X), Y: ty(xy.Y)}
	}
	if len(points) == 1 {
		c.DrawGlyph(dot(l.style.Color, 1.5), points[0])
		return
	}
	c.StrokeLines(l.style, c.ClipLinesXY(points)...)
}

// marks draws a glyph at each point that lies in the panel.
type marks struct {
	points plotter.XYs
	style  draw.GlyphStyle
}

func (m marks) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, xy := range m.points {
		if pt := (vg.Point{X: tx(xy.X), Y: ty(xy.Y)}); c.Contains(pt) {
			c.DrawGlyphNoClip(m.style, pt)
		}
	}
}

func dot(c color.Color, radius float64) draw.GlyphStyle {
	return draw.GlyphStyle{Color: c, Radius: vg.Points(radius), Shape: draw.CircleGlyph{}}
}
