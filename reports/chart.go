package reports

import (
	"cmp"
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// A chart is a panel as data: what the page's script draws where it runs, for a
// reader who wants a value, a part or some of the curves. The picture of the
// panel stays in the page, for print and where no script runs.
type chart struct {
	Title  string        `json:"title,omitempty"`
	X      chartAxis     `json:"x"`
	Y      chartAxis     `json:"y"`
	At     coordinates   `json:"at"`             // x of all series, ascending
	Gaps   bool          `json:"gaps,omitempty"` // a line ends where its series has no value
	Band   string        `json:"band,omitempty"` // what Low and High of a series are
	Series []chartSeries `json:"series"`
}

type chartAxis struct {
	Label string     `json:"label"`
	Min   coordinate `json:"min"`
	Max   coordinate `json:"max"`
	Log   bool       `json:"log,omitempty"`
}

// A chartSeries is a curve. Low and High are there if it is a mean of several, and
// are NaN where it is not.
type chartSeries struct {
	Name   string      `json:"name"`
	Colour string      `json:"colour"` // of the page's style
	Width  coordinate  `json:"width"`
	Dash   coordinates `json:"dash,omitempty"`
	Y      coordinates `json:"y"`
	Low    coordinates `json:"low,omitempty"`
	High   coordinates `json:"high,omitempty"`
}

// coordinate is a number with the digits that can be seen; null if there is none.
type coordinate float64

func (n coordinate) MarshalJSON() ([]byte, error) {
	if !finite(float64(n)) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', 6, 64), nil
}

type coordinates []coordinate

// chartOf begins the chart of a panel, whose axes are settled.
func chartOf(p *plot.Plot, xlabel string) *chart {
	_, log := p.Y.Scale.(plot.LogScale)
	return &chart{
		Title: p.Title.Text,
		X:     chartAxis{Label: xlabel, Min: coordinate(p.X.Min), Max: coordinate(p.X.Max)},
		Y:     chartAxis{Label: p.Y.Label.Text, Min: coordinate(p.Y.Min), Max: coordinate(p.Y.Max), Log: log},
	}
}

// add adds a curve. All curves of a chart are completed to the same x: where one
// has no point it has no value.
func (c *chart) add(name string, b band, style draw.LineStyle) {
	s := chartSeries{Name: name, Colour: colourName(style.Color), Width: coordinate(1.8 * style.Width.Points())}
	for _, d := range style.Dashes {
		s.Dash = append(s.Dash, coordinate(2*d.Points()))
	}
	for _, xy := range b.mean {
		if i, found := slices.BinarySearch(c.At, coordinate(xy.X)); !found {
			c.At = slices.Insert(c.At, i, coordinate(xy.X))
			for k := range c.Series {
				o := &c.Series[k]
				for _, v := range []*coordinates{&o.Y, &o.Low, &o.High} {
					if len(*v) > 0 {
						*v = slices.Insert(*v, i, coordinate(math.NaN()))
					}
				}
			}
		}
	}
	s.Y = c.column(b.mean)
	if b.scattered() {
		s.Low, s.High = c.column(b.low), c.column(b.high)
		c.Band = cmp.Or(c.Band, lowestToHighest)
	}
	c.Series = append(c.Series, s)
}

// column is the values of points at the x of the chart.
func (c *chart) column(points plotter.XYs) coordinates {
	v := make(coordinates, len(c.At))
	for i := range v {
		v[i] = coordinate(math.NaN())
	}
	for _, xy := range points {
		if i, found := slices.BinarySearch(c.At, coordinate(xy.X)); found {
			v[i] = coordinate(xy.Y)
		}
	}
	return v
}

// colourName is what the page's style calls a colour of the palette, or its paler one.
func colourName(c color.Color) string {
	for i, name := range []string{"blue", "green", "purple", "vermilion", "ink", "sky", "orange"} {
		switch own := palette()[i].colour; c {
		case own:
			return name
		case paler(own):
			return name + "-pale"
		}
	}
	return "ink"
}
