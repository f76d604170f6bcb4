package reports

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// PDF renders the figure as one page with its type embedded.
func (f *Figure) PDF() (content []byte, err error) {
	defer recovered("drawing a PDF", &err)
	w, h := f.size()
	c := newPDFCanvas(w, h)
	f.draw(draw.NewCanvas(c, w, h))
	return c.bytes()
}

// pdfCanvas draws on a page of PDF. It stands in for gonum/plot's vgpdf, which
// makes its font by way of files in a temporary folder, and panics where there
// is none. Of the font it embeds the glyphs that are used and no others, which
// makes a figure of 25 kB of one of 220 kB.
type pdfCanvas struct {
	doc    *fpdf.Fpdf
	height float64 // of the page: in PDF, as fpdf has it, y runs down
	state  pdfState
	stack  []pdfState
	err    error
}

// pdfState is what Push keeps and Pop brings back.
type pdfState struct {
	colour color.Color
	width  vg.Length
	dashes []vg.Length
	offset vg.Length
	// The transform of a point (x, y) to points on the page, y up:
	// (xx*x + xy*y + x0, yx*x + yy*y + y0).
	xx, yx, xy, yy, x0, y0 float64
}

func newPDFCanvas(w, h vg.Length) *pdfCanvas {
	doc := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: w.Points(), Ht: h.Points()}})
	// The same figure gives the same bytes.
	date := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	doc.SetCreationDate(date)
	doc.SetModificationDate(date)
	doc.SetCatalogSort(true)
	doc.SetMargins(0, 0, 0)
	doc.SetAutoPageBreak(false, 0)
	doc.SetLineJoinStyle("round") // as in the other formats
	doc.AddPage()
	c := &pdfCanvas{doc: doc, height: h.Points(), state: pdfState{xx: 1, yy: 1}}
	vg.Initialize(c)
	return c
}

func (c *pdfCanvas) bytes() ([]byte, error) {
	var b bytes.Buffer
	err := c.doc.Output(&b)
	if err := errors.Join(err, c.err); err != nil {
		return nil, fmt.Errorf("reports: encoding a PDF: %w", err)
	}
	return b.Bytes(), nil
}

func (c *pdfCanvas) SetLineWidth(w vg.Length) { c.state.width = w }

func (c *pdfCanvas) SetLineDash(pattern []vg.Length, offset vg.Length) {
	c.state.dashes, c.state.offset = pattern, offset
}

func (c *pdfCanvas) SetColor(colour color.Color) {
	if colour == nil {
		colour = color.Black
	}
	c.state.colour = colour
}

func (c *pdfCanvas) Rotate(rad float64) {
	sin, cos := math.Sincos(rad)
	s := &c.state
	s.xx, s.xy = s.xx*cos+s.xy*sin, s.xy*cos-s.xx*sin
	s.yx, s.yy = s.yx*cos+s.yy*sin, s.yy*cos-s.yx*sin
}

func (c *pdfCanvas) Translate(p vg.Point) {
	s := &c.state
	s.x0, s.y0 = s.xx*p.X.Points()+s.xy*p.Y.Points()+s.x0, s.yx*p.X.Points()+s.yy*p.Y.Points()+s.y0
}

func (c *pdfCanvas) Scale(x, y float64) {
	s := &c.state
	s.xx, s.yx, s.xy, s.yy = s.xx*x, s.yx*x, s.xy*y, s.yy*y
}

func (c *pdfCanvas) Push() { c.stack = append(c.stack, c.state) }

func (c *pdfCanvas) Pop() {
	c.state = c.stack[len(c.stack)-1]
	c.stack = c.stack[:len(c.stack)-1]
}

// at is where a point lies on the page, y down.
func (c *pdfCanvas) at(p vg.Point) (x, y float64) {
	s := c.state
	x = s.xx*p.X.Points() + s.xy*p.Y.Points() + s.x0
	y = s.yx*p.X.Points() + s.yy*p.Y.Points() + s.y0
	return x, c.height - y
}

func (c *pdfCanvas) Stroke(p vg.Path) {
	if c.state.width <= 0 {
		return
	}
	c.ink()
	c.doc.SetLineWidth(c.state.width.Points())
	var pattern []float64
	for _, d := range c.state.dashes {
		pattern = append(pattern, d.Points())
	}
	c.doc.SetDashPattern(pattern, c.state.offset.Points())
	c.path(p)
	c.doc.DrawPath("D")
}

func (c *pdfCanvas) Fill(p vg.Path) {
	c.ink()
	c.path(p)
	c.doc.DrawPath("F")
}

// ink sets the colour of what follows.
func (c *pdfCanvas) ink() {
	n := color.NRGBAModel.Convert(c.state.colour).(color.NRGBA)
	r, g, b := int(n.R), int(n.G), int(n.B)
	c.doc.SetFillColor(r, g, b)
	c.doc.SetDrawColor(r, g, b)
	c.doc.SetTextColor(r, g, b)
	c.doc.SetAlpha(float64(n.A)/255, "Normal")
}

func (c *pdfCanvas) path(p vg.Path) {
	for _, part := range p {
		switch part.Type {
		case vg.MoveComp:
			c.doc.MoveTo(c.at(part.Pos))
		case vg.LineComp:
			c.doc.LineTo(c.at(part.Pos))
		case vg.ArcComp:
			c.arc(part)
		case vg.CurveComp:
			x, y := c.at(part.Pos)
			ax, ay := c.at(part.Control[0])
			if len(part.Control) == 1 {
				c.doc.CurveTo(ax, ay, x, y)
				break
			}
			bx, by := c.at(part.Control[1])
			c.doc.CurveBezierCubicTo(ax, ay, bx, by, x, y)
		case vg.CloseComp:
			c.doc.ClosePath()
		}
	}
}

// arc draws an arc as Bézier curves of a quarter of a circle at most.
func (c *pdfCanvas) arc(a vg.PathComp) {
	n := int(math.Ceil(math.Abs(a.Angle) / (math.Pi / 2)))
	step := a.Angle / float64(max(n, 1))
	// How far the control points lie from the ends, along the tangents.
	k := 4.0 / 3 * math.Tan(step/4)
	on := func(angle, tangent float64) vg.Point {
		sin, cos := math.Sincos(angle)
		return vg.Point{
			X: a.Pos.X + a.Radius*vg.Length(cos-tangent*sin),
			Y: a.Pos.Y + a.Radius*vg.Length(sin+tangent*cos),
		}
	}
	c.doc.LineTo(c.at(on(a.Start, 0)))
	for i := range n {
		from, to := a.Start+float64(i)*step, a.Start+float64(i+1)*step
		ax, ay := c.at(on(from, k))
		bx, by := c.at(on(to, -k))
		x, y := c.at(on(to, 0))
		c.doc.CurveBezierCubicTo(ax, ay, bx, by, x, y)
	}
}

func (c *pdfCanvas) FillString(f font.Face, p vg.Point, text string) {
	if f.Font.Size == 0 {
		return
	}
	name := f.Name()
	if c.doc.GetFontDesc(name, "") == (fpdf.FontDescType{}) {
		var ttf bytes.Buffer
		if _, err := f.Face.WriteSourceTo(nil, &ttf); err != nil {
			c.err = errors.Join(c.err, err)
			return
		}
		c.doc.AddUTF8FontFromBytes(name, "", ttf.Bytes())
	}
	c.ink()
	c.doc.SetFont(name, "", f.Font.Size.Points())
	x, y := c.at(p)
	c.doc.TransformBegin()
	c.doc.TransformRotate(math.Atan2(c.state.yx, c.state.xx)*180/math.Pi, x, y)
	c.doc.Text(x, y, text)
	c.doc.TransformEnd()
}

// DrawImage has no use: no figure holds an image.
func (c *pdfCanvas) DrawImage(vg.Rectangle, image.Image) {
	c.err = errors.Join(c.err, errors.New("images are not drawn"))
}

// recovered makes an error of a panic of the libraries that draw: what they
// cannot do must not take the rest of the program with it.
func recovered(what string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("reports: %s: %v", what, p)
	}
}
