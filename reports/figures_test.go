package reports

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/reports/table"
	"deepresidual/results"
)

// Three seeds are drawn as their mean between the lowest and the highest; what
// is not in the mean is named.
func TestSeedsAreAveraged(t *testing.T) {
	exp := figure1Experiment()
	choice := Choice{Scale: experiments.Full(), Seeds: []int64{1, 2, 3, 4}}
	records := whole(exp, choice)
	for i, errors := range [][2]float64{{10, 20}, {13, 26}, {99, 99}} {
		records[i].Rows = records[i].Rows[:1]
		records[i].Rows[0].TrainError, records[i].Rows[0].TestError = errors[0], errors[1]
	}
	records[2].Status = results.Diverged
	records = slices.Delete(records, 3, 4) // plain-20 seed 4 has not begun
	s := Select(exp, records, choice)
	training, test := s.errors(plainNet(20))
	x := float64(records[0].Rows[0].Iteration)
	at := func(y float64) plotter.XYs { return plotter.XYs{{X: x, Y: y}} }
	want := band{mean: at(11.5), low: at(10), high: at(13), n: 2}
	if !slices.Equal(training.mean, want.mean) || !slices.Equal(training.low, want.low) || !slices.Equal(training.high, want.high) || training.n != 2 {
		t.Errorf("training errors %v, want %v", training, want)
	}
	if test.end().Y != 23 {
		t.Errorf("the test error is %v, want 23, the mean of 20 and 26", test.end().Y)
	}
	remarks := strings.Join(s.remarks(exp.Networks), "; ")
	for _, part := range []string{"mean of n = 2 seeds", "plain-56 mean of n = 4 seeds", "plain-20 seed 3 diverged", "plain-20 seed 4 not recorded"} {
		if !strings.Contains(remarks, part) {
			t.Errorf("the picture does not say %q: %s", part, remarks)
		}
	}
}

// A title that is longer than its panel is wide takes several lines; others stay
// as they are.
func TestLongTitlesAreBroken(t *testing.T) {
	exp := choicesExperiment()
	long := "Nesterov's momentum and no decay of the normalisation, with a label that is longer than its panel"
	exp.Variants[1].Label = long
	choice := Choice{Scale: experiments.Full()}
	drawing, err := Build(Select(exp, whole(exp, choice), choice))
	if err != nil {
		t.Fatal(err)
	}
	f := drawing.Figure
	for range 2 { // a figure is drawn once for each format
		if _, err := f.SVG(); err != nil {
			t.Fatal(err)
		}
	}
	row := f.panels[0]
	if got := row[0].Title.Text; got != exp.Variants[0].Label {
		t.Errorf("the short title is %q", got)
	}
	lines := strings.Split(row[1].Title.Text, "\n")
	if len(lines) < 2 || strings.Join(lines, " ") != long {
		t.Errorf("the long title is %q", lines)
	}
	for _, l := range lines {
		if w := row[1].Title.TextStyle.Width(l); w > f.width/2 {
			t.Errorf("%q is %g points wide, half the figure %g", l, w.Points(), (f.width / 2).Points())
		}
	}
}

// Names that would leave no room for the curves stand in the legend, once, with the
// marks that stand at the curves.
func TestLongNamesStandInTheLegend(t *testing.T) {
	for _, c := range []struct {
		name   string
		legend bool
	}{{"wide", false}, {"residual-3-blocks-of-64-channels", true}} {
		n, err := network.Description{Kind: "residual", Blocks: []int{3}, Channels: []int{64}}.Network(c.name)
		if err != nil {
			t.Fatal(err)
		}
		exp := figure1Experiment()
		exp.Networks, exp.Claims = nets(plainNet(20), n), nil
		f := build(t, exp, recordsOf(exp, sixteenth), Choice{Scale: sixteenth}).Figure
		inLegend := 0
		for _, e := range f.key {
			if e.text == c.name && e.mark.Shape != nil {
				inLegend++
			}
		}
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		atCurves := strings.Count(string(svg), ">"+c.name+"<") - inLegend
		if want := map[bool][2]int{false: {0, 2}, true: {1, 0}}[c.legend]; inLegend != want[0] || atCurves != want[1] {
			t.Errorf("%s stands %d times in the legend and %d times at the curves, want %v", c.name, inLegend, atCurves, want)
		}
		w, h := f.size()
		panel := draw.NewCanvas(new(recorder.Canvas), w/2, h)
		if axes := f.panels[0][0].DataCanvas(panel); axes.Max.X-axes.Min.X < w/6 {
			t.Errorf("%s leaves the curves %g points of %g", c.name, (axes.Max.X - axes.Min.X).Points(), (w / 2).Points())
		}
	}
}

// Without a complete run the one that has come furthest is drawn.
func TestUnfinishedRunsAreDrawn(t *testing.T) {
	exp := figure1Experiment()
	choice := Choice{Scale: experiments.Full(), Seeds: []int64{1, 2}}
	records := whole(exp, choice)
	cut(records[0], 0.2)
	cut(records[1], 0.6)
	runs := Select(exp, records, choice).averaged(plainNet(20))
	if len(runs) != 1 || runs[0].Spec.Seed != 2 {
		t.Errorf("drawn from %v, want the second seed alone", runs)
	}
}

// At another scale, where errors are high, the axis of the comparison holds
// them all; at the full one plain-110 stands above a break.
func TestCompareAxisHoldsItsData(t *testing.T) {
	for _, c := range []struct {
		errors []float64
		inside int
	}{
		{[]float64{15, 16, 19, 20, 31, 40, 42, 53, 62, 64}, 10},
		{[]float64{0.1, 0.5, 1.1, 3, 5.9, 6.4, 9.7, 13.2, 65, 66}, 8},
		{[]float64{9, 10, 11, 12, 13, 60}, 5},
		{[]float64{1, 90, 91, 92, 93}, 5}, // most are high: that is no exception
		{nil, 0},
	} {
		if got := belowBreak(c.errors); got != c.inside {
			t.Errorf("%v: %d lie below the break, want %d", c.errors, got, c.inside)
		}
	}
}

// Depths are to scale unless some would run into each other beside one far deeper.
func TestDepthAxis(t *testing.T) {
	for _, c := range []struct {
		depths []int
		label  string
		at     []float64
	}{
		{[]int{20, 32, 44, 56, 110}, "layers", []float64{20, 32, 44, 56, 110}},
		{[]int{20, 56, 1202}, "layers (not to scale)", []float64{0, 1, 2}},
		{[]int{20}, "layers", []float64{20}},
	} {
		p := &comparePanel{Plot: newPanel("", "", "")}
		x := p.depthAxis(c.depths)
		for i, d := range c.depths {
			if x(d) != c.at[i] || x(d) <= p.X.Min || x(d) >= p.X.Max {
				t.Errorf("%v: %d layers are at %v, the axis is from %v to %v; want %v", c.depths, d, x(d), p.X.Min, p.X.Max, c.at[i])
			}
		}
		if p.X.Label.Text != c.label {
			t.Errorf("%v: the axis is called %q, want %q", c.depths, p.X.Label.Text, c.label)
		}
	}
}

// Table 6's picture has the paper's numbers beside the whole schedule alone, and is
// there where nothing is.
func TestMethodPanel(t *testing.T) {
	exp := table6Experiment()
	for _, c := range []struct {
		scale experiments.Scale
		lines int
		key   string
	}{{experiments.Full(), 9, "ours, the paper's, ± 1 standard deviation"}, {sixteenth, 6, "ours, ± 1 standard deviation"}} {
		f := build(t, exp, recordsOf(exp, c.scale), Choice{Scale: c.scale}).Figure
		var key []string
		for _, e := range f.key {
			key = append(key, e.text)
		}
		p := f.panels[0][0]
		if n := len(p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max)); n != c.lines || strings.Join(key, ", ") != c.key {
			t.Errorf("scale %s: %d lines, legend %q; want %d, %q", c.scale, n, key, c.lines, c.key)
		}
	}
	svg, err := build(t, exp, nil, Choice{Scale: sixteenth}).Figure.SVG()
	if err != nil || !strings.Contains(string(svg), "none complete yet") {
		t.Errorf("without a run the picture does not say so: %v", err)
	}
}

// Where one of the panels is broken both are: an error is at one height in both. A run
// alone has no scatter, and where there is none the panel says so.
func TestComparePanels(t *testing.T) {
	exp := compareExperiment()
	exp.SeedsFor = nil
	records := recordsOf(exp, experiments.Full())
	for i, r := range records {
		last := &r.Rows[len(r.Rows)-1]
		last.TrainError, last.TestError = 1+float64(i)/10, 9+float64(i)/10
		if i == 0 {
			last.TestError = 70
		}
	}
	f := build(t, exp, records, Choice{Scale: experiments.Full()}).Figure
	if left, right := f.panels[0][0].Y.Max, f.panels[0][1].Y.Max; left != 18.75 || right != 18.75 {
		t.Errorf("the axes end at %v and %v, want 18.75", left, right)
	}
	f = build(t, exp, slices.Concat(records, again(records[len(records)-1], 2)), Choice{Scale: experiments.Full(), Seeds: []int64{1, 2}}).Figure
	for _, s := range f.charts[1].Series {
		for i, low := range s.Low {
			if several := int(f.charts[1].At[i]) == records[len(records)-1].Key.Spec.Network.Depth(); finite(float64(low)) != several {
				t.Errorf("%s of %v layers: the scatter begins at %v", s.Name, f.charts[1].At[i], low)
			}
		}
	}
	svg, err := build(t, exp, nil, Choice{Scale: experiments.Full()}).Figure.SVG()
	if err != nil || strings.Count(string(svg), "none complete yet") != 2 {
		t.Errorf("without a run the panels do not say so: %v", err)
	}
}

// again is a record with another seed.
func again(r *results.Record, seed int64) []*results.Record {
	other := *r
	other.Key.Spec.Seed = seed
	return []*results.Record{&other}
}

// One curve of six that dwarfs the others makes the axes of all panels logarithmic.
func TestChoicesAxisIsLogarithmicWhereOneCurveDwarfsTheOthers(t *testing.T) {
	exp := choicesExperiment()
	records := recordsOf(exp, experiments.Full())
	for _, responses := range []float64{1, 17} {
		last := records[len(records)-1]
		last.Responses[len(last.Responses)-1].Std = responses
		f := build(t, exp, records, Choice{Scale: experiments.Full()}).Figure
		for _, p := range f.panels[1] {
			if _, log := p.Y.Scale.(plot.LogScale); log != (responses == 17) {
				t.Errorf("responses up to %v: a logarithmic axis: %v", responses, log)
			}
		}
	}
}

// The legend of Figure 7 names what is drawn, and its kinds stand in lines of
// their own.
func TestFigure7LegendNamesWhatIsDrawn(t *testing.T) {
	exp := figure7Experiment()
	var records []*results.Record
	for _, r := range recordsOf(exp, sixteenth) {
		if n := r.Key.Spec.Network; n == plainNet(56) || n == residualNet(56) {
			records = append(records, r)
		}
	}
	f := build(t, exp, records, Choice{Scale: sixteenth}).Figure
	if len(f.key) != 2 || f.key[0].text != "plain-56" || f.key[1].text != "resnet-56" || f.key[0].breaks || !f.key[1].breaks {
		t.Errorf("the legend is %+v", f.key)
	}
}

// A panel without a curve has the paper's axis and says why it is empty.
func TestEmptyPanel(t *testing.T) {
	exp := figure6Experiment()
	f := build(t, exp, recordsOf(exp, sixteenth)[:2], Choice{Scale: sixteenth}).Figure
	if top := f.panels[0][2].Y.Max; top != 20 {
		t.Errorf("its axis ends at %v, want 20", top)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(svg), ">not recorded yet<"); n != 2 {
		t.Errorf("%d panels of 2 say that nothing is recorded", n)
	}
}

// A hidden network that is not recorded is not said to be in the table.
func TestHiddenNotRecorded(t *testing.T) {
	exp := figure6Experiment()
	records := recordsOf(exp, sixteenth)
	const hidden = " Not drawn, in the table only: plain-110."
	if f := build(t, exp, records, Choice{Scale: sixteenth}).Figure; !strings.HasSuffix(f.Caption, hidden) || len(f.remarks) != 2 {
		t.Errorf("recorded: %q, %q", f.Caption, f.remarks)
	}
	records = slices.DeleteFunc(records, func(r *results.Record) bool { return r.Key.Spec.Network == plainNet(110) })
	f := build(t, exp, records, Choice{Scale: sixteenth}).Figure
	if strings.Contains(f.Caption, "plain-110") || f.remarks[len(f.remarks)-1] != "plain-110 not recorded yet" {
		t.Errorf("not recorded: %q, %q", f.Caption, f.remarks)
	}
	if svg, err := f.inline(); err != nil || !strings.Contains(svg[:strings.Index(svg, ">")], "plain-110 not recorded yet") {
		t.Errorf("its description does not say so: %.600s, %v", svg, err)
	}
}

// A panel of the last part has nothing of a run that is still before it.
func TestLatePanelOfEarlyRun(t *testing.T) {
	exp := figure6Experiment()
	records := recordsOf(exp, sixteenth)
	for _, r := range records {
		cut(r, 0.3)
	}
	f := build(t, exp, records, Choice{Scale: sixteenth}).Figure
	if top := f.panels[0][2].Y.Max; top != 20 || len(f.charts) != 2 {
		t.Errorf("its axis ends at %v, of %d charts; want 20 and 2", top, len(f.charts))
	}
}

// What is drawn by depth or by layer has the depths that are recorded, and a line ends
// where a network between two others is not.
func TestAxesEndAtRecorded(t *testing.T) {
	seven := figure7Experiment()
	shallow := func(exp *experiments.Experiment) []*results.Record {
		return slices.DeleteFunc(recordsOf(exp, sixteenth), func(r *results.Record) bool { d := r.Key.Spec.Network.Depth(); return d == 32 || d > 56 })
	}
	if x := build(t, seven, shallow(seven), Choice{Scale: sixteenth}).Figure.panels[0][0].X.Max; x != 56 {
		t.Errorf("Figure 7 goes to layer %v, want 56", x)
	}
	if x := build(t, seven, nil, Choice{Scale: sixteenth}).Figure.panels[0][0].X.Max; x != 110 {
		t.Errorf("an empty Figure 7 goes to layer %v, want 110", x)
	}
	exp := compareExperiment()
	c := build(t, exp, shallow(exp), Choice{Scale: sixteenth}).Figure.charts[1]
	if got, want := fmt.Sprint(c.At, c.X.Min, c.X.Max, c.Gaps), "[20 32 44 56] 16 60 true"; got != want {
		t.Errorf("the chart has depths, ends and gaps %s, want %s", got, want)
	}
	if y := c.Series[0].Y; len(y) != 4 || !math.IsNaN(float64(y[1])) || math.IsNaN(float64(y[2])) || !finite(float64(c.Y.Max)) {
		t.Errorf("its first curve is %v, its axis ends at %v", y, c.Y.Max)
	}
}

// In a panel of both kinds, networks of one depth have different names and looks.
func TestMixedPanel(t *testing.T) {
	exp := choicesExperiment()
	exp.Networks = nets(plainNet(20), residualNet(20))
	svg, err := build(t, exp, recordsOf(exp, sixteenth), Choice{Scale: sixteenth}).Figure.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain-20", "resnet-20"} {
		if !strings.Contains(string(svg), ">"+name+"<") {
			t.Errorf("no curve is called %s", name)
		}
	}
	s := Select(exp, nil, Choice{Scale: sixteenth})
	plain, residual := s.lookAmong(plainNet(20), exp.Networks), s.lookAmong(residualNet(20), exp.Networks)
	if plain.colour == residual.colour || plain.shape == residual.shape {
		t.Errorf("both look like %+v", plain)
	}
	if alone := s.lookAmong(plainNet(20), exp.Networks[:1]); alone != residual {
		t.Errorf("alone in a panel plain-20 looks like %+v", alone)
	}
}

// A panel of the last part keeps to the training, however short.
func TestLatePanel(t *testing.T) {
	exp := figure6Experiment()
	exp.Panels[2].From = exp.Protocol.Iterations - 1
	f := build(t, exp, recordsOf(exp, sixteenth), Choice{Scale: sixteenth}).Figure
	if x := f.panels[0][2].X; x.Min != 3999 || x.Max != 4000 {
		t.Errorf("its axis goes from %v to %v, want 3999 to 4000", x.Min, x.Max)
	}
}

// What is not recorded is named in one remark.
func TestRemarksNameWhatIsNotRecorded(t *testing.T) {
	exp := figure6Experiment()
	s := Select(exp, recordsOf(exp, sixteenth)[:1], Choice{Scale: sixteenth})
	got := strings.Join(s.remarks(nets(plainNet(20), plainNet(32), plainNet(44))), "; ")
	if want := "scale 1/16 of the paper's schedule; n = 1 seed; plain-32 and plain-44 not recorded yet"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	own := smokeExperiment()
	s = Select(own, nil, Choice{Scale: sixteenth})
	if got := s.remarks(nil)[0]; got != "scale 1/16 of the schedule" {
		t.Errorf("of another schedule: %q", got)
	}
}

// Seeds that are recorded and not drawn are named: a picture of one seed could have
// been chosen among several. Other protocols, scales and data are another matter.
func TestRemarksNameUndrawnSeeds(t *testing.T) {
	exp := figure6Experiment()
	records := recordsOf(exp, sixteenth)
	other := func(n network.Network, seed int64, change func(*results.Record)) {
		for _, r := range records {
			if r.Key.Spec.Network == n {
				r := *r
				r.Key.Spec.Seed = seed
				change(&r)
				records = append(records, &r)
				return
			}
		}
	}
	plain, residual := plainNet(20), residualNet(20)
	other(residual, 2, func(r *results.Record) {})
	other(plain, 3, func(r *results.Record) {})
	other(plain, 2, func(r *results.Record) {})
	other(plain, 2, func(r *results.Record) { r.Key.Arithmetic++ })
	other(plain, 4, func(r *results.Record) { r.Key.Spec.Protocol.Nesterov = true })
	other(plain, 5, func(r *results.Record) { r.Key.Data.Synthetic = true })
	other(plain, 6, func(r *results.Record) { r.Key.Spec.Scale = experiments.Full() })
	other(plain, 7, func(r *results.Record) { r.Rows = nil })
	other(residual, 3, func(r *results.Record) { r.Status = results.Interrupted })
	other(residual, 4, func(r *results.Record) { r.Status, r.Rows = results.Diverged, r.Rows[:5] })
	other(plain, 8, func(r *results.Record) { r.Status, r.Rows = results.Diverged, r.Rows[:5] })
	other(plain, 8, func(r *results.Record) { r.Key.Arithmetic++ }) // which counts
	s := Select(exp, records, Choice{Scale: sixteenth})
	got := strings.Join(s.remarks(nets(plain, residual)), "; ")
	state := s.Undrawn[len(s.Undrawn)-1].state()
	want := "recorded and not drawn: plain-20 seeds 2, 3 and 8, resnet-20 seed 2, resnet-20 seed 4 " + state
	if !strings.HasSuffix(got, "; "+want) || !strings.HasPrefix(state, "diverged") {
		t.Errorf("got %q, want %q at its end", got, want)
	}
	shown := (&Drawing{Selection: s}).Shown() // whose sections the page has
	for _, r := range s.Undrawn {
		if !slices.ContainsFunc(shown, func(o Selected) bool { return o.Record == r.Record }) {
			t.Errorf("the page does not show %s", r.Record.Key)
		}
	}
	for _, one := range []*table.Table{errorTable(s), methodTable(s), compareTable(s), responseTable(s), claimTable(s, nil)} {
		if notes := strings.Join(one.Notes, " "); !strings.Contains(notes, "Recorded and not shown: plain-20 seeds 2, 3 and 8") {
			t.Errorf("the table %q does not say it: %q", one.Title, notes)
		}
	}
	all := Select(exp, records, Choice{Scale: sixteenth, Seeds: []int64{1, 2, 3, 4, 8}})
	if got := strings.Join(all.remarks(nets(plain, residual)), "; "); strings.Contains(got, "not drawn") {
		t.Errorf("of all seeds: %q", got)
	}

	exp = choicesExperiment()
	records = recordsOf(exp, sixteenth)
	other(residual, 2, func(r *results.Record) {}) // of the first variant
	s = Select(exp, records, Choice{Scale: sixteenth})
	if notes := strings.Join(errorTable(s).Notes, " "); !strings.Contains(notes, "Recorded and not shown: resnet-20 seed 2 ("+exp.Variants[0].Label+").") {
		t.Errorf("the table of errors does not say of which variant: %q", notes)
	}
	got = strings.Join(s.variantRemarks(nets(residual)), "; ")
	if want := exp.Variants[0].Label + ": recorded and not drawn: resnet-20 seed 2"; !strings.HasSuffix(got, "; "+want) {
		t.Errorf("of variants: got %q, want %q at its end", got, want)
	}
	// Of variants that train a network alike it is a seed of each.
	exp.Variants[1].Protocol = exp.Variants[0].Protocol
	s = Select(exp, records, Choice{Scale: sixteenth})
	want = "resnet-20 seed 2 (" + exp.Variants[0].Label + "); resnet-20 seed 2 (" + exp.Variants[1].Label + ")."
	if notes := strings.Join(errorTable(s).Notes, " "); !strings.Contains(notes, want) {
		t.Errorf("of variants that are alike: %q, want %q", notes, want)
	}
}

// No two networks of an experiment look alike while there are looks, and the
// paper's depths keep theirs.
func TestNetworksLookDifferent(t *testing.T) {
	var described []network.Network
	for channels := 16; channels <= 96; channels += 16 {
		n, err := network.Description{Kind: "residual", Blocks: []int{2}, Channels: []int{channels}}.Network("")
		if err != nil {
			t.Fatal(err)
		}
		described = append(described, n)
	}
	exp := &experiments.Experiment{Networks: append([]network.Network{described[0], residualNet(14)}, append(described[1:5:5], residualNet(20))...)}
	s := &Selection{Experiment: exp}
	seen := map[look]network.Network{}
	for _, n := range exp.Networks {
		l := s.lookOf(n)
		l.shape = nil // which need not be comparable; each colour has its own
		if other, twice := seen[l]; twice {
			t.Errorf("%s and %s look alike", n, other)
		}
		seen[l] = n
	}
	if got, want := s.lookOf(residualNet(20)).colour, palette()[0].colour; got != want {
		t.Errorf("20 layers are %v, want %v", got, want)
	}
	if s.lookOf(plainNet(14)).colour != s.lookOf(residualNet(14)).colour {
		t.Error("networks of one depth do not look alike")
	}
	eighth := s.lookOf(described[5]) // which has the colour of another, but not its mark
	for _, n := range exp.Networks {
		if l := s.lookOf(n); l.colour == eighth.colour && fmt.Sprintf("%#v", l.shape) == fmt.Sprintf("%#v", eighth.shape) {
			t.Errorf("%s and %s look alike", n, described[5])
		}
	}
}

// Without colour a plain network is told from the others in a panel by its mark.
func TestMarksOfPlainNetworks(t *testing.T) {
	shown := nets(plainNet(20), plainNet(32), plainNet(44), plainNet(56), plainNet(110), plainNet(1202), plainNet(14),
		residualNet(20), residualNet(32), residualNet(44), residualNet(56), residualNet(110), residualNet(1202), residualNet(14))
	s := &Selection{Experiment: &experiments.Experiment{Networks: shown}}
	seen := map[string]network.Network{}
	for _, n := range shown {
		mark := fmt.Sprintf("%#v", s.lookAmong(n, shown).shape)
		if other, twice := seen[mark]; twice {
			t.Errorf("%s and %s have the same mark", n, other)
		}
		seen[mark] = n
	}
}

// Figure 6 enlarges the end of two curves, on an axis of its own.
func TestFigure6EnlargementHasItsOwnAxis(t *testing.T) {
	exp := figure6Experiment()
	e := build(t, exp, recordsOf(exp, experiments.Full()), Choice{Scale: experiments.Full()})
	row := e.Figure.panels[0]
	if row[0].Y.Max != 20 || row[1].Y.Max != 20 || row[2].Y.Max != 10 {
		t.Errorf("the axes end at %v, %v and %v, want 20, 20 and 10", row[0].Y.Max, row[1].Y.Max, row[2].Y.Max)
	}
}

// However large a response is, its axis has a few labels.
func TestResponseAxisHasFewLabels(t *testing.T) {
	for _, largest := range []float64{0.2, 1, 2.3, 17, 39, 41, 99.9, 5964, 1e8, 1e30} {
		var a plot.Axis
		linearAxis(&a, []float64{largest})
		if n := len(a.Tick.Marker.Ticks(a.Min, a.Max)); a.Max < largest || n < 2 || n > 10 {
			t.Errorf("up to %g: %d labels up to %g", largest, n, a.Max)
		}
		if largest > 1e9 {
			continue // the decades alone are many
		}
		logAxis(&a, []float64{0.2, largest})
		if n := len(a.Tick.Marker.Ticks(a.Min, a.Max)); a.Max < largest || n < 1 || n > 10 {
			t.Errorf("from 0.2 to %g: %d logarithmic labels up to %g", largest, n, a.Max)
		}
	}
}

func TestFigure7AxisIsLogarithmicWhereOneNetworkDwarfsTheOthers(t *testing.T) {
	for _, c := range []struct {
		highest []float64
		dwarfed bool
	}{{[]float64{1.1, 15, 1.1, 2.6, 17}, true}, {[]float64{2.2, 2.3, 1.9, 2.4, 3}, false}, {[]float64{50}, false}, {nil, false}, {[]float64{5964, 2}, true}, {[]float64{3, 2}, false}} {
		if got := dwarfed(c.highest); got != c.dwarfed {
			t.Errorf("%v: %v, want %v", c.highest, got, c.dwarfed)
		}
	}
	var a plot.Axis
	logAxis(&a, []float64{0.6, 17})
	var labels []string
	for _, tick := range a.Tick.Marker.Ticks(a.Min, a.Max) {
		labels = append(labels, tick.Label)
	}
	if got := strings.Join(labels, " "); got != "1 2 5 10" || a.Min > 0.6 || a.Max < 17 {
		t.Errorf("labels %s from %v to %v", got, a.Min, a.Max)
	}
}

// The paper's values stand in pictures of its schedule only.
func TestPaperTicksOnTheWholeScheduleOnly(t *testing.T) {
	short := figure1Experiment()
	short.Protocol = smokeExperiment().Protocol
	for _, c := range []struct {
		exp   *experiments.Experiment
		scale experiments.Scale
		want  int
	}{{figure1Experiment(), experiments.Full(), 2}, {figure1Experiment(), sixteenth, 0}, {short, experiments.Full(), 0}} {
		exp := c.exp
		s := Select(exp, recordsOf(exp, c.scale), Choice{Scale: c.scale})
		if p := newErrorPanel(s, "", exp.Networks, 0, testOnly); len(p.paper) != c.want {
			t.Errorf("scale %s of %d iterations: %d of the paper's values, want %d", c.scale, exp.Protocol.Iterations, len(p.paper), c.want)
		}
	}
	exp := compareExperiment()
	for scale, want := range map[experiments.Scale]bool{experiments.Full(): true, sixteenth: false} {
		f := build(t, exp, recordsOf(exp, scale), Choice{Scale: scale}).Figure
		if legend := slices.ContainsFunc(f.key, func(e keyEntry) bool { return e.text == "the paper's" }); legend != want || strings.Contains(f.Caption, "paper") != want {
			t.Errorf("scale %s: the paper's errors in the legend: %v; %s", scale, legend, f.Caption)
		}
	}
}

// A picture of generated images is not said to be one of CIFAR-10.
func TestCaptionsOfGeneratedImages(t *testing.T) {
	for _, exp := range []*experiments.Experiment{figure1Experiment(), figure6Experiment()} {
		for synthetic, says := range map[bool]string{false: " on CIFAR-10 against", true: " on generated images against"} {
			f := build(t, exp, nil, Choice{Scale: experiments.Full(), Synthetic: synthetic}).Figure
			if !strings.Contains(f.Caption, says) {
				t.Errorf("%s, synthetic %v: %s", exp.Name, synthetic, f.Caption)
			}
		}
	}
}

func TestCaptionsDoubleNoWord(t *testing.T) {
	for _, c := range figureCases() {
		f := build(t, c.exp, c.records(c.exp, c.choice), c.choice).Figure
		words := regexp.MustCompile(`[\pL\d-]+`).FindAllString(strings.ToLower(f.Caption+" "+strings.Join(f.Remarks(), ". ")), -1)
		for i, w := range words[1:] {
			if w == words[i] {
				t.Errorf("%s: %q stands twice in a row: %s", c.name, w, f.Caption)
			}
		}
	}
}

// A figure is drawn where no temporary folder can be used.
func TestDrawingNeedsNoTemporaryFolder(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	if _, err := os.MkdirTemp("", ""); err == nil {
		t.Skip("this system does not go by TMPDIR")
	}
	exp := figure1Experiment()
	e := build(t, exp, recordsOf(exp, experiments.Full()), Choice{Scale: experiments.Full()})
	for _, f := range e.Figure.formats() {
		if b, err := f.render(); err != nil || len(b) == 0 {
			t.Errorf("%s: %d bytes, error %v", f.extension, len(b), err)
		}
	}
}

// One panic of a library costs one file and gives one line.
func TestPanicsBecomeErrors(t *testing.T) {
	dir := t.TempDir()
	exp := figure7Experiment()
	e := build(t, exp, recordsOf(exp, experiments.Full()), Choice{Scale: experiments.Full()})
	e.Figure.panels[0][0].Y.Scale, e.Figure.panels[0][0].Y.Min = plot.LogScale{}, -1
	paths, err := e.Write(dir)
	if err == nil || !strings.Contains(err.Error(), "fig7.png: reports: drawing a PNG: ") {
		t.Errorf("error %v, want one that names the file", err)
	}
	if want := filepath.Join(dir, "tables", "fig7-responses.csv"); !slices.Contains(paths, want) {
		t.Errorf("the tables are not written: %v", paths)
	}
}

// Of the type the glyphs that are used are embedded, not all of the 200 kB.
func TestPDFIsSmall(t *testing.T) {
	exp := figure1Experiment()
	b, err := build(t, exp, recordsOf(exp, experiments.Full()), Choice{Scale: experiments.Full()}).Figure.PDF()
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 40<<10 {
		t.Errorf("a figure takes %d bytes", len(b))
	}
}
