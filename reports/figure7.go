package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"deepresidual/models/network"
	"deepresidual/reports/table"
)

// figure7 draws Figure 7 of the paper: the standard deviations of the layer
// responses, in the order of the layers (top) and sorted by size (bottom).
// Residual networks are solid, plain ones dashed and paler. Where one network
// dwarfs the others the axes are logarithmic.
func figure7(s *Selection) (*Figure, []*table.Table) {
	shown := s.displayed()
	top := newPanel("", "layer index (original)", "std")
	bottom := newPanel("", "layer index (sorted by magnitude)", "std")
	f := &Figure{
		Caption: "Standard deviations of the layer responses of " +
			names(those(shown, func(n network.Network) bool { original, _ := s.stds(n); return len(original.mean) > 0 })) + ", in the order of the layers (top) and sorted by size (bottom).",
		Endings: responsesInWords(s, shown),
		width:   columnWidth,
		row:     1.5 * vg.Inch,
		panels:  [][]*plot.Plot{{top}, {bottom}},
		remarks: s.remarks(shown),
	}
	var layers int             // of the deepest recorded
	var highest, all []float64 // of each network; of every layer
	for _, n := range shown {
		if original, _ := s.stds(n); len(original.mean) > 0 {
			// The weighted layers but the last, which is not a convolution.
			layers = max(layers, n.Depth()-1)
			highest = append(highest, slices.Max(ys(original.high)))
			all = append(append(all, ys(original.low)...), ys(original.high)...)
		}
	}
	if layers == 0 { // none is recorded
		layers = slices.Max(depthsOf(shown)) - 1
		top.Add(emptyNote("not recorded yet"))
		bottom.Add(emptyNote("not recorded yet"))
	}
	if responseAxes([]*plot.Plot{top, bottom}, layers, 8, highest, all) {
		f.Caption += " The vertical axes are logarithmic."
	}
	top.Add(guides{})
	bottom.Add(guides{})
	if len(byKind(shown)) > 1 {
		f.Caption += " Plain networks are dashed and paler, residual ones solid."
	}
	scattered := false
	kind := shown[0].Kind // of the networks in the line of the legend
	charts := []*chart{chartOf(top, top.X.Label.Text), chartOf(bottom, bottom.X.Label.Text)}
	for i, n := range shown {
		l := s.lookAmong(n, shown)
		style := rule(l.colour, 1)
		if n.Kind == network.Plain {
			style.Dashes = dashes(2.4, 1)
		}
		original, sorted := s.stds(n)
		if len(original.mean) == 0 {
			continue
		}
		f.key = append(f.key, keyEntry{text: n.String(), line: style, mark: l.mark(), breaks: n.Kind != kind})
		kind = n.Kind
		scattered = scattered || original.scattered()
		for j, d := range []struct {
			panel *plot.Plot
			band  band
		}{{top, original}, {bottom, sorted}} {
			charts[j].add(n.String(), d.band, style)
			addBand(d.panel, d.band, l.colour)
			addLine(d.panel, d.band.mean, style)
			addMarks(d.panel, spaced(d.band.mean, 0, float64(n.Depth()), i, len(shown)), l.mark())
		}
	}
	if scattered {
		f.key = append(f.key, keyEntry{text: lowestToHighest, line: rule(translucent(muted), 5), breaks: true})
	}
	f.charts = charts
	return f, []*table.Table{responseTable(s)}
}

// responsesInWords says how large the responses in a picture are, for those who
// cannot see it.
func responsesInWords(s *Selection, networks []network.Network) string {
	var parts []string
	for _, n := range networks {
		if original, _ := s.stds(n); len(original.mean) > 0 {
			y := ys(original.mean)
			parts = append(parts, fmt.Sprintf("%s has a mean of %s over its layers and at most %s", n, percent(mean(y)), percent(slices.Max(y))))
		}
	}
	if len(parts) == 0 {
		return "Nothing is recorded yet."
	}
	return strings.Join(parts, "; ") + "."
}

// responseAxes gives panels of layer responses the same axes: so many layers with
// a label at each of about so many parts, and every value. They are logarithmic, as
// it reports, where the highest response of one network dwarfs those of others.
func responseAxes(panels []*plot.Plot, layers, parts int, highest, all []float64) (logarithmic bool) {
	axis := linearAxis
	if logarithmic = dwarfed(highest) && slices.Min(all) > 0; logarithmic {
		axis = logAxis
	}
	for _, p := range panels {
		if logarithmic && p.Y.Label.Text != "" {
			p.Y.Label.Text = "std (log)"
		}
		p.X.Min, p.X.Max = 0, float64(layers+1)
		p.X.Tick.Marker = ticks(steps(p.X.Max, niceCeiling(p.X.Max/float64(parts), 5, 10, 20, 50, 100, 200)), plain)
		axis(&p.Y, all)
	}
	return logarithmic
}

// dwarfed reports whether the largest of some values is so far above half of
// the others that one linear axis cannot show them all.
func dwarfed(v []float64) bool {
	if len(v) < 2 {
		return false
	}
	sorted := slices.Sorted(slices.Values(v))
	return sorted[len(v)-1] > 4*sorted[(len(v)-1)/2]
}

// linearAxis starts at 0 and holds the values.
func linearAxis(a *plot.Axis, values []float64) {
	top := 1.0
	if len(values) > 0 {
		top = math.Max(top, math.Ceil(slices.Max(values)*2+0.1)/2)
	}
	a.Min, a.Max = 0, top
	decade := math.Pow(10, math.Max(0, math.Floor(math.Log10(top/4))))
	a.Tick.Marker = ticks(steps(top, decade*niceCeiling(top/4/decade, 0.5, 1, 2, 5, 10)), plain)
}

// logAxis holds the values, which are above 0, with labels at 1, 2 and 5 times
// the powers of ten, or at these alone where those would be more than seven.
func logAxis(a *plot.Axis, values []float64) {
	a.Scale = plot.LogScale{}
	a.Min, a.Max = slices.Min(values)/1.15, slices.Max(values)*1.15
	var at []float64
	for e := math.Floor(math.Log10(a.Min)); e <= math.Log10(a.Max); e++ {
		for _, digit := range []float64{1, 2, 5} {
			if v := digit * math.Pow(10, e); v >= a.Min && v <= a.Max {
				at = append(at, v)
			}
		}
	}
	if len(at) > 7 {
		at = slices.DeleteFunc(at, func(v float64) bool { return math.Abs(math.Log10(v)-math.Round(math.Log10(v))) > 1e-9 })
	}
	a.Tick.Marker = ticks(at, plain)
}

// ys is the second coordinates of points.
func ys(points plotter.XYs) []float64 {
	var v []float64
	for _, p := range points {
		v = append(v, p.Y)
	}
	return v
}
