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

	"deepresidual/experiments"
)

// compare sets plain networks against residual ones depth by depth: final
// training and test error against depth, and a table of the differences. With
// several seeds the mean is drawn, with bars of one standard deviation.
func compare(s *Selection, _ Options) (*Figure, []*Table, error) {
	shown := s.displayed()
	training := func(n experiments.Network) []float64 { return s.sample(n).training }
	test := func(n experiments.Network) []float64 { return s.sample(n).test }
	panels := []*plot.Plot{newPanel("", "layers", "training error (%)"), newPanel("", "layers", "test error (%)")}
	errorAxes(panels, typical(shown, training, test))
	comparePanel(panels[0], shown, training)
	comparePanel(panels[1], shown, test)
	f := &Figure{
		Caption: "Final training error (left) and test error (right) of plain and residual networks against their depth.",
		Endings: endings(s, shown),
		width:   columnWidth,
		row:     1.7 * vg.Inch,
		panels:  [][]*plot.Plot{panels},
		remarks: s.remarks(shown),
	}
	for _, group := range byKind(shown) {
		line, mark := kindStyle(group[0].Kind)
		f.key = append(f.key, keyEntry{text: string(group[0].Kind), line: line, mark: mark})
	}
	return f, []*Table{compareTable(s)}, nil
}

// kindStyle is the line and the mark of a kind of network.
func kindStyle(k experiments.Kind) (draw.LineStyle, draw.GlyphStyle) {
	p := palette()
	if k == experiments.Plain {
		line := rule(p[3].colour, 0.9, 3, 1.5)
		return line, draw.GlyphStyle{Color: p[3].colour, Radius: 1.7, Shape: draw.BoxGlyph{}}
	}
	return rule(p[0].colour, 1.1), dot(p[0].colour, 1.8)
}

// typical is the mean errors of networks without those far above the others:
// plain-110 does not train, and would flatten the rest.
func typical(networks []experiments.Network, errors ...func(experiments.Network) []float64) []float64 {
	var means []float64
	for _, of := range errors {
		for _, n := range networks {
			if v := mean(of(n)); finite(v) {
				means = append(means, v)
			}
		}
	}
	limit := 2.5 * math.Max(median(means), 8)
	return slices.DeleteFunc(means, func(v float64) bool { return v > limit })
}

// comparePanel draws one kind of error against depth, the depths evenly spaced.
// A value above the axis is marked at the top of the panel with its number.
func comparePanel(p *plot.Plot, networks []experiments.Network, of func(experiments.Network) []float64) {
	p.Add(guides{})
	depths := depthsOf(networks)
	var names plot.ConstantTicks
	for i, d := range depths {
		names = append(names, plot.Tick{Value: float64(i), Label: fmt.Sprint(d)})
	}
	p.X.Tick.Marker = names
	p.X.Min, p.X.Max = -0.5, float64(len(depths))-0.5
	for _, group := range byKind(networks) {
		line, mark := kindStyle(group[0].Kind)
		var means plotter.XYs
		var bars errorBars
		var above offScale
		for _, n := range group {
			v := of(n)
			xy := plotter.XY{X: float64(slices.Index(depths, n.Depth)), Y: mean(v)}
			switch {
			case !finite(xy.Y):
			case xy.Y > p.Y.Max:
				above.points = append(above.points, xy)
			default:
				means = append(means, xy)
				if d := deviation(v); finite(d) {
					bars.points, bars.half = append(bars.points, xy), append(bars.half, d)
				}
			}
		}
		bars.colour, above.colour = mark.Color, mark.Color
		if len(means) > 1 {
			addLine(p, means, line)
		}
		p.Add(bars, marks{means, mark}, above)
	}
}

// errorBars are bars of one standard deviation around means.
type errorBars struct {
	points plotter.XYs
	half   []float64
	colour color.Color
}

func (e errorBars) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for i, xy := range e.points {
		x := tx(xy.X)
		low, high := max(ty(xy.Y-e.half[i]), c.Min.Y), min(ty(xy.Y+e.half[i]), c.Max.Y)
		style := rule(e.colour, 0.6)
		c.StrokeLine2(style, x, low, x, high)
		c.StrokeLine2(style, x-2, low, x+2, low)
		c.StrokeLine2(style, x-2, high, x+2, high)
	}
}

// offScale marks points above the panel by a triangle at its upper edge and
// their values.
type offScale struct {
	points plotter.XYs
	colour color.Color
}

func (o offScale) Plot(c draw.Canvas, p *plot.Plot) {
	tx, _ := p.Transforms(&c)
	style := textStyle(noteSize, o.colour, text.XRight, text.YCenter)
	for _, xy := range o.points {
		at := vg.Point{X: tx(xy.X), Y: c.Max.Y - 5}
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: o.colour, Radius: 2.4, Shape: draw.PyramidGlyph{}}, at)
		c.FillText(style, vg.Point{X: at.X - 4, Y: at.Y}, percent(xy.Y))
	}
}

func depthsOf(networks []experiments.Network) []int {
	var depths []int
	for _, n := range networks {
		depths = append(depths, n.Depth)
	}
	slices.Sort(depths)
	return slices.Compact(depths)
}

// byKind groups networks by kind, plain ones first, each by depth.
func byKind(networks []experiments.Network) [][]experiments.Network {
	var groups [][]experiments.Network
	for _, k := range []experiments.Kind{experiments.Plain, experiments.Residual} {
		group := slices.DeleteFunc(slices.Clone(networks), func(n experiments.Network) bool { return n.Kind != k })
		slices.SortStableFunc(group, func(a, b experiments.Network) int { return cmp.Compare(a.Depth, b.Depth) })
		if len(group) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

// compareTable is the comparison in numbers.
func compareTable(s *Selection) *Table {
	t := &Table{
		Name:  s.Experiment.Name,
		Title: s.title("final errors (%)"),
		Columns: append(numberColumns("layers", "training: plain", "training: residual", "difference",
			"test: plain", "test: residual", "difference", "runs"), textColumns("better on test")...),
		Notes: []string{"Difference: plain minus residual. Means over the complete runs of each network, with the sample standard " +
			"deviation where there are several; runs: plain + residual."},
	}
	for _, d := range depthsOf(s.Experiment.Networks) {
		plain := s.sample(experiments.Network{Kind: experiments.Plain, Depth: d})
		residual := s.sample(experiments.Network{Kind: experiments.Residual, Depth: d})
		dTraining := mean(plain.training) - mean(residual.training)
		dTest := mean(plain.test) - mean(residual.test)
		better := missing
		switch {
		case dTest > 0:
			better = "residual"
		case dTest < 0:
			better = "plain"
		case dTest == 0:
			better = "equal"
		}
		t.add(fmt.Sprint(d), spreadOf(plain.training), spreadOf(residual.training), signed(dTraining),
			spreadOf(plain.test), spreadOf(residual.test), signed(dTest),
			fmt.Sprintf("%d + %d", plain.n, residual.n), better)
	}
	return t
}

func spreadOf(v []float64) string { return plusMinus(mean(v), deviation(v), len(v)) }
