package reports

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"image/color"
	"math"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// pngDPI makes a column-wide figure 1400 pixels wide: sharp in print and on
// a dense screen.
const pngDPI = 400

// A Figure is a grid of panels under one header. It is laid out once and
// rendered to any of the formats; rendering the same figure twice gives the
// same bytes.
type Figure struct {
	// Caption says what the figure shows, Endings where its curves end, for
	// those who cannot see them.
	Caption, Endings string

	width   vg.Length
	row     vg.Length      // height of one row of panels
	panels  [][]*plot.Plot // rows of panels, all of one length
	key     []keyEntry     // the legend, outside the data
	remarks []string       // scale, synthetic data, unfinished runs
	charts  []*chart       // the panels as data
}

// keyEntry is a sample of a line, a mark or both, and what it stands for.
type keyEntry struct {
	text string
	line draw.LineStyle
	mark draw.GlyphStyle
	// length is that of the line, if not keySample.
	length vg.Length
	// breaks starts a line of the legend, if it needs more than one.
	breaks bool
}

// Remarks are the sentences printed in the header of the picture: what scale
// it shows if not 1, what is missing or unfinished, that the data is synthetic.
func (f *Figure) Remarks() []string { return f.remarks }

const (
	figureMargin = vg.Length(3)
	lineFeed     = vg.Length(8.5) // of the header
	headerGap    = vg.Length(2.5)
	keySample    = vg.Length(15)
	keyGap       = vg.Length(9)
)

// size is the figure's width and height; header lines add to the height, so
// that the panels of a figure with remarks are as large as those without.
func (f *Figure) size() (w, h vg.Length) {
	h = f.row*vg.Length(len(f.panels)) + 2*figureMargin
	if lines := len(f.keyLines()) + len(f.remarkLines()); lines > 0 {
		h += lineFeed*vg.Length(lines) + headerGap
	}
	return f.width, h
}

func (f *Figure) draw(dc draw.Canvas) {
	dc = draw.Crop(dc, figureMargin, -figureMargin, figureMargin, -figureMargin)
	y := dc.Max.Y
	style := textStyle(noteSize, muted, text.XLeft, text.YTop)
	for _, line := range f.remarkLines() {
		dc.FillText(style, vg.Point{X: dc.Min.X, Y: y}, line)
		y -= lineFeed
	}
	for _, line := range f.keyLines() {
		f.drawKey(dc, line, y)
		y -= lineFeed
	}
	if y < dc.Max.Y {
		y -= headerGap
	}
	dc.Max.Y = y
	tiles := draw.Tiles{Rows: len(f.panels), Cols: len(f.panels[0]), PadX: 7, PadY: 4}
	canvases := plot.Align(f.panels, tiles, dc)
	if f.breakTitles(canvases) {
		canvases = plot.Align(f.panels, tiles, dc) // they are higher now
	}
	for i, row := range canvases {
		for j, c := range row {
			if p := f.panels[i][j]; p != nil {
				centreTitle(p, &c)
				p.Draw(c)
			}
		}
	}
}

// breakTitles breaks titles into lines that fit their canvases, centred over the
// axes, and reports whether there were any to break.
func (f *Figure) breakTitles(canvases [][]draw.Canvas) (broken bool) {
	for i, row := range canvases {
		for j, c := range row {
			p := f.panels[i][j]
			if p == nil {
				continue
			}
			axes := p.DataCanvas(c)
			middle := axes.Center().X
			room := 2 * min(middle-c.Min.X, c.Max.X-middle)
			var lines []string
			for _, words := range fill(strings.Fields(p.Title.Text), func(line []string) bool {
				return p.Title.TextStyle.Width(strings.Join(line, " ")) <= room
			}) {
				lines = append(lines, strings.Join(words, " "))
			}
			if title := strings.Join(lines, "\n"); title != p.Title.Text {
				p.Title.Text, broken = title, true
			}
		}
	}
	return broken
}

// centreTitle moves the title of a panel, which stands in the middle of its
// canvas, to the middle of its axes: labels at one side take no part.
func centreTitle(p *plot.Plot, c *draw.Canvas) {
	if w := p.Title.TextStyle.Width(p.Title.Text); w > 0 {
		data := p.DataCanvas(*c)
		aside := data.Center().X - c.Center().X
		p.Title.TextStyle.XAlign = text.XCenter + text.XAlignment(aside/w)
	}
}

// drawKey draws one line of the legend, centred, its top at y.
func (f *Figure) drawKey(dc draw.Canvas, entries []keyEntry, y vg.Length) {
	style := textStyle(noteSize, ink, text.XLeft, text.YCenter)
	x := dc.Center().X - keyWidth(style, entries)/2
	mid := y - lineFeed/2
	for _, e := range entries {
		if e.line.Width > 0 {
			length := cmp.Or(e.length, keySample)
			left := x + (keySample-length)/2
			dc.StrokeLine2(e.line, left, mid, left+length, mid)
		}
		if e.mark.Shape != nil {
			dc.DrawGlyphNoClip(e.mark, vg.Point{X: x + keySample/2, Y: mid})
		}
		dc.FillText(style, vg.Point{X: x + keySample + 3, Y: middle(style, mid)}, e.text)
		x += keySample + 3 + style.Width(e.text) + keyGap
	}
}

func keyWidth(style text.Style, entries []keyEntry) vg.Length {
	var w vg.Length
	for i, e := range entries {
		if i > 0 {
			w += keyGap
		}
		w += keySample + 3 + style.Width(e.text)
	}
	return w
}

// keyLines breaks the legend into lines that fit the figure.
func (f *Figure) keyLines() [][]keyEntry {
	style := textStyle(noteSize, ink, text.XLeft, text.YCenter)
	whole := keyWidth(style, f.key) <= f.width-2*figureMargin
	return fill(f.key, func(line []keyEntry) bool {
		return whole || !line[len(line)-1].breaks && keyWidth(style, line) <= f.width-2*figureMargin
	})
}

// remarkLines breaks the remarks into lines that fit the figure.
func (f *Figure) remarkLines() []string {
	style := textStyle(noteSize, muted, text.XLeft, text.YTop)
	words := strings.Fields(strings.Join(f.remarks, "; "))
	var lines []string
	for _, l := range fill(words, func(line []string) bool {
		return style.Width(strings.Join(line, " ")) <= f.width-2*figureMargin
	}) {
		lines = append(lines, strings.Join(l, " "))
	}
	return lines
}

// fill breaks items into lines, each the longest that fits.
func fill[T any](items []T, fits func([]T) bool) [][]T {
	var lines [][]T
	for len(items) > 0 {
		n := 1
		for n < len(items) && fits(items[:n+1]) {
			n++
		}
		lines = append(lines, items[:n])
		items = items[n:]
	}
	return lines
}

// A figureFormat is one of the formats of the files under results/figures.
type figureFormat struct {
	extension string
	render    func() ([]byte, error)
}

func (f *Figure) formats() []figureFormat {
	return []figureFormat{{"png", f.PNG}, {"svg", f.SVG}, {"pdf", f.PDF}}
}

// PNG renders the figure as a picture of pngDPI dots per inch.
func (f *Figure) PNG() ([]byte, error) { return f.png(pngDPI) }

func (f *Figure) png(dpi int) (content []byte, err error) {
	defer recovered("drawing a PNG", &err)
	w, h := f.size()
	c := vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))
	f.draw(draw.New(c))
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(&b); err != nil {
		return nil, fmt.Errorf("reports: encoding a PNG: %w", err)
	}
	return b.Bytes(), nil
}

// SVG renders the figure as a vector drawing on white whose text stays text.
func (f *Figure) SVG() ([]byte, error) { return f.svg(color.White) }

// svg draws on paper of a colour, or of none if that is nil.
func (f *Figure) svg(paper color.Color) (content []byte, err error) {
	defer recovered("drawing an SVG", &err)
	w, h := f.size()
	c := vgsvg.New(w, h)
	dc := draw.New(c)
	if paper != nil {
		dc.SetColor(paper)
		dc.Fill(dc.Rectangle.Path())
	}
	f.draw(dc)
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("reports: encoding an SVG: %w", err)
	}
	// The type is not embedded. Name what stands in for it where Liberation
	// Sans is not installed, types of the same metrics first; and give every
	// text its length, so that in another type it still has its place.
	s := strings.ReplaceAll(b.String(), "font-family:Liberation Sans", "font-family:'Liberation Sans',Arimo,Arial,Helvetica,sans-serif")
	return []byte(svgText.ReplaceAllStringFunc(s, func(element string) string {
		part := svgText.FindStringSubmatch(element)
		size, err := strconv.ParseFloat(part[2], 64)
		if err != nil {
			return element
		}
		width := textStyle(size, ink, 0, 0).Width(html.UnescapeString(part[3]))
		return fmt.Sprintf(`<text textLength="%.5g" lengthAdjust="spacingAndGlyphs"%s>%s</text>`, width.Points(), part[1], part[3])
	})), nil
}

// svgText matches a text element: its attributes, among them the size of the
// type, and its text.
var svgText = regexp.MustCompile(`<text((?:[^>]*)font-size:([0-9.]+)px[^>]*)>([^<]*)</text>`)

// inline is the figure as an svg element to stand in an HTML page: no XML
// prologue, its size and its paper left to the page, described in words.
func (f *Figure) inline() (string, error) {
	b, err := f.svg(nil)
	if err != nil {
		return "", err
	}
	_, h := f.size()
	s := string(b)
	open := strings.Index(s, "<svg")
	end := open + strings.IndexByte(s[open:], '>')
	return fmt.Sprintf(`<svg role="img" aria-label="%s" viewBox="0 0 %.5g %.5g" xmlns="http://www.w3.org/2000/svg">`,
		html.EscapeString(strings.TrimSpace(f.Caption+" "+f.Endings+" "+strings.Join(f.remarks, "; "))), f.width.Points(), h.Points()) + s[end+1:], nil
}

// niceCeiling is the smallest of steps that is at least v, or the last.
func niceCeiling(v float64, steps ...float64) float64 {
	for _, s := range steps {
		if v <= s {
			return s
		}
	}
	return steps[len(steps)-1]
}

// finite reports whether v can be drawn.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
