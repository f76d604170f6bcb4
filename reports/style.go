package reports

import (
	"image/color"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"gonum.org/v1/plot"
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

// look is how one curve is told from the others: by colour and, for readers
// and printers without colour, by the dashes of its training curve and the
// weight of its test curve.
type look struct {
	colour color.RGBA
	label  color.RGBA // the same hue, dark enough for small type on white
	width  vg.Length
	dashes []vg.Length
}

// palette is Okabe and Ito's, which stays distinct with any kind of colour
// blindness (M. Okabe and K. Ito, "Color Universal Design", 2008). Its yellow
// is left out: a thin line of it cannot be seen on white paper.
func palette() []look {
	return []look{
		{color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, 0.9, dashes(3, 1.5)},             // blue
		{color.RGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}, color.RGBA{R: 0x00, G: 0x7a, B: 0x59, A: 0xff}, 0.95, dashes(1.6, 1.2)},          // bluish green
		{color.RGBA{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff}, color.RGBA{R: 0xa2, G: 0x52, B: 0x7f, A: 0xff}, 1.0, dashes(4, 1.2, 1.2, 1.2)},   // reddish purple
		{color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}, color.RGBA{R: 0xc2, G: 0x55, B: 0x00, A: 0xff}, 1.1, dashes(2.4, 1)},             // vermilion
		{color.RGBA{R: 0x00, G: 0x00, B: 0x00, A: 0xff}, color.RGBA{R: 0x00, G: 0x00, B: 0x00, A: 0xff}, 1.15, dashes(5, 1.6)},            // black
		{color.RGBA{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff}, color.RGBA{R: 0x2a, G: 0x7f, B: 0xb5, A: 0xff}, 1.15, dashes(5, 1.2, 1.2, 1.2)},  // sky blue
		{color.RGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff}, color.RGBA{R: 0xa8, G: 0x6f, B: 0x00, A: 0xff}, 1.2, dashes(1.2, 1.2, 3.6, 1.2)}, // orange
	}
}

// lookOf is the look of a depth: the paper's depths have their own in every
// figure, others take what is left, so that 56 layers is vermilion everywhere.
func lookOf(depth int) look {
	p := palette()
	switch depth {
	case 20:
		return p[0]
	case 32:
		return p[1]
	case 44:
		return p[2]
	case 56:
		return p[3]
	case 110:
		return p[4]
	case 1202:
		return p[5]
	}
	return p[depth/6%len(p)]
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
