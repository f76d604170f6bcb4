package reports

import (
	"cmp"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// curveLabels names curves at their right ends, outside the frame, where no
// label can hide data. Labels of curves that end close together are moved
// apart, as little as it takes, and joined to their curves by short leaders.
type curveLabels []curveLabel

// A curveLabel belongs to the curve that ends at (x, y), in data coordinates.
type curveLabel struct {
	text   string
	colour color.Color // of the curve
	ink    color.Color // of the text
	mark   draw.GlyphStyle
	x, y   float64
	open   bool // the curve ends before the schedule does: its run is unfinished, or diverged
}

// leader is the length of the line from the frame to a label.
const leader = vg.Length(6)

// markRoom is the width of the mark before a label.
const markRoom = vg.Length(7)

func (curveLabels) style() text.Style { return textStyle(noteSize, ink, text.XLeft, text.YCenter) }

func (l curveLabels) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	style := l.style()
	// A curve that ends before the panel begins is not in it.
	sorted := slices.DeleteFunc(slices.Clone(l), func(label curveLabel) bool { return label.x < p.X.Min })
	slices.SortStableFunc(sorted, func(a, b curveLabel) int { return cmp.Compare(a.y, b.y) })
	want := make([]float64, len(sorted))
	for i, label := range sorted {
		want[i] = float64(min(max(ty(label.y), c.Min.Y), c.Max.Y))
	}
	half := style.Font.Size / 2
	got := spread(want, float64(style.Font.Size)*1.02, float64(c.Min.Y+half), float64(c.Max.Y-half/2))
	for i, label := range sorted {
		y := vg.Length(got[i])
		end := vg.Point{X: min(tx(label.x), c.Max.X), Y: vg.Length(want[i])}
		if label.open {
			ring := draw.GlyphStyle{Color: label.colour, Radius: vg.Points(1.8), Shape: draw.RingGlyph{}}
			if ty(label.y) <= c.Max.Y {
				c.DrawGlyphNoClip(ring, end)
			}
			c.StrokeLine2(rule(label.colour, 0.4, 0.8, 1.6), end.X+2, end.Y, c.Max.X, end.Y)
		}
		c.StrokeLines(rule(label.colour, 0.5), []vg.Point{
			{X: c.Max.X + 1, Y: end.Y}, {X: c.Max.X + leader - 1.5, Y: y}, {X: c.Max.X + leader, Y: y},
		})
		c.DrawGlyphNoClip(label.mark, vg.Point{X: c.Max.X + leader + markRoom/2, Y: y})
		style.Color = label.ink
		c.FillText(style, vg.Point{X: c.Max.X + leader + markRoom, Y: middle(style, y)}, label.text)
	}
}

// GlyphBoxes asks for the room the labels need right of the frame.
func (l curveLabels) GlyphBoxes(*plot.Plot) []plot.GlyphBox {
	if len(l) == 0 {
		return nil
	}
	return []plot.GlyphBox{{X: 1, Y: 0.5, Rectangle: vg.Rectangle{Max: vg.Point{X: leader + markRoom + l.width()}}}}
}

// width is that of the longest label.
func (l curveLabels) width() vg.Length {
	var w vg.Length
	for _, label := range l {
		w = max(w, l.style().Width(label.text))
	}
	return w
}

// spread moves ascending positions apart to at least gap, keeping their order
// and within [low, high] where there is room, with the least squared movement:
// positions that would touch are pooled and centred on their mean, as in
// isotonic regression by pooling adjacent violators.
func spread(want []float64, gap, low, high float64) []float64 {
	type pool struct {
		sum float64 // of want[i] - i*gap
		n   int
	}
	var pools []pool
	for i, w := range want {
		pools = append(pools, pool{w - float64(i)*gap, 1})
		for k := len(pools) - 1; k > 0 && pools[k].sum/float64(pools[k].n) < pools[k-1].sum/float64(pools[k-1].n); k-- {
			pools[k-1].sum += pools[k].sum
			pools[k-1].n += pools[k].n
			pools = pools[:k]
		}
	}
	got := make([]float64, 0, len(want))
	span := float64(len(want)-1) * gap
	for _, p := range pools {
		// In these coordinates the last label may lie at high-span at most.
		at := max(low, min(p.sum/float64(p.n), high-span))
		for range p.n {
			got = append(got, at+float64(len(got))*gap)
		}
	}
	return got
}
