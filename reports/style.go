package reports

import (
	"fmt"
	"hash/fnv"
	"image/color"
	"slices"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"gonum.org/v1/plot"

	"deepresidual/models/network"
)

// Figures are drawn at the size they are printed: one column of a two-column
// paper, or the width of the page. Type is 6.5-7.5 pt at that size, as in the
// captions of the paper itself.
const (
	columnWidth = 3.5 * vg.Inch
	pageWidth   = 7.0 * vg.Inch

	titleSize = 8.0
	labelSize = 7.5
	tickSize  = 7.0
	noteSize  = 6.5
)

// ink is the colour of axes and text, faint that of guides.
var (
	ink   = color.RGBA{R: 0x00, G: 0x00, B: 0x00, A: 0xff}
	faint = color.RGBA{R: 0xb4, G: 0xb4, B: 0xb4, A: 0xff}
	muted = color.RGBA{R: 0x55, G: 0x55, B: 0x55, A: 0xff}
)

// look is how the curves of one depth are told from the others: by colour and,
// for readers and printers without colour, by the marks on them, which stand
// again at their names. Dashes tell training from test error, or plain from
// residual networks, as the legend says.
type look struct {
	colour color.RGBA
	label  color.RGBA // the same hue, dark enough for small type on white
	width  vg.Length
	shape  draw.GlyphDrawer
}

// palette is Okabe and Ito's, which stays distinct with any kind of colour
// blindness (M. Okabe and K. Ito, "Color Universal Design", 2008). Its yellow
// is left out: a thin line of it cannot be seen on white paper.
func palette() []look {
	return []look{
		{color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, 0.9, draw.CircleGlyph{}},  // blue
		{color.RGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}, color.RGBA{R: 0x00, G: 0x7a, B: 0x59, A: 0xff}, 0.95, draw.BoxGlyph{}},    // bluish green
		{color.RGBA{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff}, color.RGBA{R: 0xa2, G: 0x52, B: 0x7f, A: 0xff}, 1.0, draw.PyramidGlyph{}}, // reddish purple
		{color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}, color.RGBA{R: 0xc2, G: 0x55, B: 0x00, A: 0xff}, 1.1, diamond},             // vermilion
		{color.RGBA{R: 0x00, G: 0x00, B: 0x00, A: 0xff}, color.RGBA{R: 0x00, G: 0x00, B: 0x00, A: 0xff}, 1.15, downTriangle},       // black
		{color.RGBA{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff}, color.RGBA{R: 0x2a, G: 0x7f, B: 0xb5, A: 0xff}, 1.15, rightTriangle},      // sky blue
		{color.RGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff}, color.RGBA{R: 0xa8, G: 0x6f, B: 0x00, A: 0xff}, 1.2, leftTriangle},        // orange
	}
}

// mark is the glyph on the curves of a look.
func (l look) mark() draw.GlyphStyle {
	return draw.GlyphStyle{Color: l.colour, Radius: vg.Points(1.9), Shape: l.shape}
}

// A polygon is a filled glyph; its corners are in units of the radius.
type polygon []vg.Point

var (
	diamond      = polygon{{X: -1.2}, {Y: 1.2}, {X: 1.2}, {Y: -1.2}}
	downTriangle = polygon{{X: -1.15, Y: 0.8}, {X: 1.15, Y: 0.8}, {Y: -1.2}}

	rightTriangle = polygon{{X: -0.8, Y: -1.15}, {X: -0.8, Y: 1.15}, {X: 1.2}}
	leftTriangle  = polygon{{X: 0.8, Y: -1.15}, {X: 0.8, Y: 1.15}, {X: -1.2}}
)

func (g polygon) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	c.FillPolygon(style.Color, g.around(at, style.Radius))
}

func (g polygon) around(at vg.Point, radius vg.Length) []vg.Point {
	var points []vg.Point
	for _, p := range g {
		points = append(points, at.Add(p.Scale(radius)))
	}
	return points
}

// An outline is a polygon that is not filled.
type outline polygon

func (g outline) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	corners := polygon(g).around(at, style.Radius)
	c.StrokeLines(rule(style.Color, 0.7), append(corners, corners[0]))
}

// hollow is a mark as an outline.
func hollow(mark draw.GlyphDrawer) draw.GlyphDrawer {
	switch mark := mark.(type) {
	case draw.CircleGlyph:
		return draw.RingGlyph{}
	case draw.BoxGlyph:
		return draw.SquareGlyph{}
	case draw.PyramidGlyph:
		return draw.TriangleGlyph{}
	case polygon:
		return outline(mark)
	}
	return mark
}

// translucent is a colour for areas that lie over one another.
func translucent(c color.RGBA) color.Color {
	return color.NRGBA{R: c.R, G: c.G, B: c.B, A: 0x4d}
}

// trainingLine and testLine are the styles of the two errors where a panel shows
// both, as in the paper: training dashed, test bold.
func trainingLine(c color.Color) draw.LineStyle { return rule(c, 0.6, 3, 1.5) }
func testLine(c color.Color, l look) draw.LineStyle {
	return rule(c, l.width.Points()+0.2)
}

// lookOf is the look of a network in the drawings of an experiment. The paper's
// depths have their own everywhere: 56 layers is vermilion. Each other network has
// one that follows from what it is, or the next one that is free. Networks of
// section 4.2 of one depth share a look: dashes, a panel or [Selection.lookAmong]
// tell them apart.
func (s *Selection) lookOf(n network.Network) look {
	p := palette()
	if i, ok := paperLook(n); ok {
		return p[i]
	}
	taken := map[int]bool{}
	for _, m := range s.Experiment.Networks {
		if i, ok := paperLook(m); ok {
			taken[i] = true
		}
	}
	of, again := map[string]int{}, map[string]bool{}
	for _, m := range append(slices.Clone(s.Experiment.Networks), n) {
		key := sharedLook(m)
		if _, ok := paperLook(m); ok || of[key] > 0 {
			continue
		}
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(key)) // never fails
		i := int(hash.Sum32() % uint32(len(p)))
		for k := 0; taken[i] && k < len(p); k++ { // around to itself if none is free
			i = (i + 1) % len(p)
		}
		taken[i], of[key], again[key] = true, 1+i, taken[i]
	}
	l := p[of[sharedLook(n)]-1]
	if again[sharedLook(n)] { // another has its colour
		l.shape = hollow(l.shape)
	}
	return l
}

// lookAmong is the look of a network in a panel with others. Where those are of
// both kinds the plain ones are paler, and their marks hollow: dashes tell errors
// apart there.
func (s *Selection) lookAmong(n network.Network, panel []network.Network) look {
	l := s.lookOf(n)
	if n.Kind != network.Plain || len(byKind(panel)) == 1 {
		return l
	}
	l.colour, l.shape = paler(l.colour), hollow(l.shape)
	return l
}

// paler is a colour half way to white. The page's style has each, too.
func paler(c color.RGBA) color.RGBA {
	half := func(v uint8) uint8 { return uint8((int(v) + 0xff) / 2) }
	return color.RGBA{R: half(c.R), G: half(c.G), B: half(c.B), A: 0xff}
}

// paperLook is the place in the palette of a network of one of the paper's depths.
func paperLook(n network.Network) (int, bool) {
	i := slices.Index([]int{20, 32, 44, 56, 110, 1202}, n.Depth())
	return i, i >= 0 && n.IsStandard()
}

// sharedLook is what networks of one look have in common.
func sharedLook(n network.Network) string {
	if n.IsStandard() {
		return labelOf(n)
	}
	return n.Canonical()
}

// labelOf is what a curve is called beside others of its kind: by its layers, as
// in the paper, or by the name that a spec has given to the network.
func labelOf(n network.Network) string {
	if n.IsStandard() {
		return fmt.Sprintf("%d-layer", n.Depth())
	}
	return n.String()
}

// labelAmong is what a curve is called in a panel: by its name where networks of
// both kinds stand in it.
func labelAmong(n network.Network, panel []network.Network) string {
	if len(byKind(panel)) > 1 {
		return n.String()
	}
	return labelOf(n)
}

func dashes(points ...float64) []vg.Length {
	d := make([]vg.Length, len(points))
	for i, p := range points {
		d[i] = vg.Points(p)
	}
	return d
}

// sans is the type of the figures: Liberation Sans, which gonum/plot carries
// with it and which has the metrics of Arial and Helvetica.
func sans(size float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(size)}
}

// textStyle is sans at a size in points, in a colour.
func textStyle(size float64, c color.Color, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{Color: c, Font: sans(size), XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler}
}

// middle is where to put a line of text so that its digits and small letters
// are centred on y: the renderers centre the line with its descenders.
func middle(style text.Style, y vg.Length) vg.Length { return y + 0.13*style.Font.Size }

func rule(c color.Color, width float64, d ...float64) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: vg.Points(width), Dashes: dashes(d...)}
}
