package reports

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// runFigure draws what is recorded of one run beside its errors: loss, learning
// rate and speed against the iteration.
func runFigure(r Selected, look look) *Figure {
	var loss, rate, speed plotter.XYs
	for _, row := range r.Record.Rows {
		x := float64(row.Iteration)
		if finite(row.TrainLoss) {
			loss = append(loss, plotter.XY{X: x, Y: row.TrainLoss})
		}
		if row.LearningRate > 0 {
			rate = append(rate, plotter.XY{X: x, Y: row.LearningRate})
		}
	}
	iteration, seconds := 0, 0.0
	for _, t := range r.Record.Times {
		if d := t.Seconds - seconds; d > 0 && t.Iteration > iteration {
			speed = append(speed, plotter.XY{X: float64(t.Iteration), Y: float64((t.Iteration-iteration)*r.Spec.Protocol.Batch) / d})
		}
		iteration, seconds = t.Iteration, t.Seconds
	}
	f := &Figure{
		Caption: "Training loss, learning rate and speed of " + r.Record.Key.String() + " against iterations; the speed includes the evaluations.",
		width:   pageWidth,
		row:     1.35 * vg.Inch,
	}
	var row []*plot.Plot
	for _, part := range []struct {
		title  string
		points plotter.XYs
		axis   func(*plot.Axis, []float64)
	}{{"training loss", loss, fromZero}, {"learning rate", rate, decades}, {"images/s", speed, fromZero}} {
		p := newPanel(part.title, "", "")
		iterationAxis(p, 0, r.Spec.Protocol.Iterations)
		part.axis(&p.Y, ys(part.points))
		p.Add(guides{})
		style := rule(look.colour, 0.9)
		addLine(p, part.points, style)
		row = append(row, p)
		c := chartOf(p, "iteration")
		c.Y.Label = part.title
		c.add(r.Spec.Network.String(), band{mean: part.points, n: 1}, style)
		f.charts = append(f.charts, c)
	}
	f.panels = [][]*plot.Plot{row}
	if len(loss) > 0 {
		f.Endings = fmt.Sprintf("The loss ends at %s after %s iterations.", plain(loss[len(loss)-1].Y), grouped(int(loss[len(loss)-1].X)))
	}
	return f
}

// fromZero is an axis from 0 that holds the values.
func fromZero(a *plot.Axis, values []float64) {
	top := 1.0
	if len(values) > 0 && slices.Max(values) > 0 {
		top = 1.05 * slices.Max(values)
	}
	// The unit that gives three to seven labels.
	unit := math.Pow(10, math.Floor(math.Log10(top)))
	for _, part := range []float64{0.2, 0.5, 1, 2} {
		if top/(part*unit) <= 6 {
			unit *= part
			break
		}
	}
	a.Min, a.Max = 0, top
	a.Tick.Marker = ticks(steps(top, unit), plain)
}

// decades is a logarithmic axis with labels at powers of ten.
func decades(a *plot.Axis, values []float64) {
	low, high := 0.001, 0.1
	if len(values) > 0 {
		low, high = slices.Min(values), slices.Max(values)
	}
	a.Scale = plot.LogScale{}
	a.Min, a.Max = low/2, high*2
	var at []float64
	for e := math.Floor(math.Log10(a.Min)); e <= math.Log10(a.Max); e++ {
		if v := math.Pow(10, e); v >= a.Min && v <= a.Max {
			at = append(at, v)
		}
	}
	a.Tick.Marker = ticks(at, func(v float64) string { return fmt.Sprintf("%g", v) })
}
