package reports

import (
	"bytes"
	"compress/zlib"
	"encoding/xml"
	"image/png"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"

	"deepresidual/experiments"
	"deepresidual/results"
)

// Every experiment of the project can be drawn: from nothing, from a run just
// begun, and from everything.
func TestEveryExperimentIsDrawn(t *testing.T) {
	all, err := experiments.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, exp := range all {
		t.Run(exp.Name, func(t *testing.T) {
			records := recordsOf(exp, sixteenth)
			begun := recordsOf(exp, sixteenth)[:1]
			begun[0].Status, begun[0].Rows, begun[0].Responses = results.Running, begun[0].Rows[:1], nil
			for _, r := range [][]*results.Record{nil, begun, records} {
				e := build(t, exp, r, Choice{Scale: sixteenth})
				if _, err := e.Figure.SVG(); err != nil {
					t.Fatal(err)
				}
				if remarks := strings.Join(e.Figure.Remarks(), "; "); !strings.Contains(remarks, "scale 1/16") {
					t.Errorf("the picture does not name its scale: %q", remarks)
				}
				if err := e.Print(io.Discard); err != nil {
					t.Fatal(err)
				}
				for _, v := range e.Verdicts {
					if len(r) == 0 && v.Class != NotJudged {
						t.Errorf("%s is %s without a run", v.Claim.Name, v.Class)
					}
					if len(r) == len(records) && (v.Sentence == "" || strings.Contains(v.Sentence, "not recorded")) {
						t.Errorf("%s is %s with all runs there: %q", v.Claim.Name, v.Class, v.Sentence)
					}
				}
			}
		})
	}
}

// The specs' reader and this package agree on what can be drawn.
func TestDrawingsAreThoseOfTheSpecs(t *testing.T) {
	names := slices.Sorted(slices.Values(experiments.Drawings()))
	if got := slices.Sorted(maps.Keys(drawers())); !slices.Equal(got, names) {
		t.Errorf("drawings made here are %v, those a spec may ask for %v", got, names)
	}
}

func TestUnknownDrawing(t *testing.T) {
	exp := figure1Experiment()
	exp.Draw = "figure8"
	_, err := Build(Select(exp, nil, Choice{Scale: experiments.Full()}))
	if err == nil || !strings.Contains(err.Error(), `"figure8"`) || !strings.Contains(err.Error(), "figure1") {
		t.Errorf("error %v, want one that names figure8 and what there is", err)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	exp := figure1Experiment()
	e := build(t, exp, recordsOf(exp, experiments.Full()), Choice{Scale: experiments.Full()})
	paths, err := e.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"figures/fig1.png", "figures/fig1.svg", "figures/fig1.pdf", "tables/fig1-errors.md",
		"tables/fig1-errors.csv", "tables/fig1-errors.tex", "tables/fig1-errors.html", "tables/fig1-claims.md", "tables/fig1-runs.csv"} {
		if !slices.Contains(paths, filepath.Join(dir, filepath.FromSlash(want))) {
			t.Errorf("%s is not among the files written", want)
		}
	}
	before := map[string]os.FileInfo{}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		before[p] = info
	}
	// Drawn again from the same records, not a file is touched.
	if _, err := build(t, exp, recordsOf(exp, experiments.Full()), Choice{Scale: experiments.Full()}).Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		if info, err := os.Stat(p); err != nil || !os.SameFile(info, before[p]) {
			t.Errorf("%s was written again, though nothing changed", p)
		}
	}
}

func TestWriteSaysWhatIsInTheWay(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "figures"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	exp := figure1Experiment()
	_, err := build(t, exp, nil, Choice{Scale: experiments.Full()}).Write(dir)
	if err == nil || strings.Count(err.Error(), "fig1.png") != 1 || strings.Contains(err.Error(), "fig1.svg") ||
		!strings.Contains(err.Error(), "nor could 2 more files of fig1 be written") {
		t.Errorf("error %v, want one that names the first file, once, and counts the others", err)
	}
}

func TestFormatsAreValidAndReproducible(t *testing.T) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			draw := func() *Figure { return build(t, c.exp, c.records(c.exp, c.choice), c.choice).Figure }
			formats := map[string]func(*Figure) ([]byte, error){"svg": (*Figure).SVG, "pdf": (*Figure).PDF}
			if c.name == "smoke" { // the smallest: pixels take long
				formats["png"] = (*Figure).PNG
			}
			for name, render := range formats {
				first, err := render(draw())
				if err != nil {
					t.Fatal(err)
				}
				second, err := render(draw())
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(first, second) {
					t.Errorf("two drawings as %s differ", name)
				}
				switch name {
				case "png":
					if _, err := png.Decode(bytes.NewReader(first)); err != nil {
						t.Error(err)
					}
				case "svg":
					if err := xml.Unmarshal(first, new(struct{})); err != nil {
						t.Error(err)
					}
				case "pdf":
					if !bytes.HasPrefix(first, []byte("%PDF-")) || !bytes.HasSuffix(bytes.TrimSpace(first), []byte("%%EOF")) {
						t.Error("the PDF is not whole")
					}
					page := pdfPage(t, first)
					if lines, texts := strings.Count(page, " l\n"), strings.Count(page, " Tj"); lines < 20 || texts < 10 {
						t.Errorf("%d lines and %d texts on the page", lines, texts)
					}
					if !strings.Contains(page, "0.00000 1.00000 -1.00000 0.00000") && c.name != "table6" { // which has none
						t.Error("no text is turned: the vertical axis has no label")
					}
				}
			}
		})
	}
}

// pdfPage is what is drawn on the page of a PDF: its first stream.
func pdfPage(t *testing.T, file []byte) string {
	t.Helper()
	_, stream, found := bytes.Cut(file, []byte("stream\n"))
	r, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil || !found {
		t.Fatal(found, err)
	}
	page, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestCurveLabelsDoNotOverlap(t *testing.T) {
	for _, c := range []struct {
		name           string
		want, got      []float64
		gap, low, high float64
	}{
		{"far apart", []float64{10, 50}, []float64{10, 50}, 8, 0, 100},
		{"two at one place", []float64{50, 50}, []float64{46, 54}, 8, 0, 100},
		{"a crowd is centred", []float64{48, 50, 52}, []float64{42, 50, 58}, 8, 0, 100},
		{"at the lower edge", []float64{1, 1}, []float64{0, 8}, 8, 0, 100},
		{"at the upper edge", []float64{100, 100}, []float64{92, 100}, 8, 0, 100},
		{"a crowd and one apart", []float64{10, 10, 80}, []float64{6, 14, 80}, 8, 0, 100},
		{"none", nil, []float64{}, 8, 0, 100},
	} {
		if got := spread(c.want, c.gap, c.low, c.high); !slices.Equal(got, c.got) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.got)
		}
	}
}

// The axis is the paper's where the errors fit, and otherwise wide enough for
// the ends of all curves; panels side by side have the same.
func TestErrorAxes(t *testing.T) {
	for _, c := range []struct {
		finals []float64
		top    float64
		labels string
	}{
		{nil, 20, "0 5 10 20"},
		{[]float64{9.7, 13.2}, 20, "0 5 10 20"},
		{[]float64{19}, 20, "0 5 10 20"},
		{[]float64{19.5}, 40, "0 10 20 30 40"},
		{[]float64{30, 55}, 60, "0 20 40 60"},
		{[]float64{90}, 100, "0 20 40 60 80 100"},
		{[]float64{mean(nil)}, 20, "0 5 10 20"},
	} {
		panels := []*plot.Plot{newPanel("", "", ""), newPanel("", "", "")}
		errorAxes(panels, c.finals)
		for _, p := range panels {
			var labels []string
			for _, tick := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
				labels = append(labels, tick.Label)
			}
			if got := strings.Join(labels, " "); p.Y.Min != 0 || p.Y.Max != c.top || got != c.labels {
				t.Errorf("axis of %v is %v to %v with labels %s, want 0 to %v with %s", c.finals, p.Y.Min, p.Y.Max, got, c.top, c.labels)
			}
		}
	}
}

func TestIterationAxis(t *testing.T) {
	for _, c := range []struct {
		first, last int
		label       string
		ticks       string
	}{
		{0, 64000, "iter. (1e4)", "0 1 2 3 4 5 6"},
		{40000, 64000, "iter. (1e4)", "4 5 6"},
		{0, 4000, "iter. (1e3)", "0 1 2 3 4"},
		{0, 16000, "iter. (1e4)", "0 0.5 1 1.5"},
		{0, 1000, "iter. (1e3)", "0 0.2 0.4 0.6 0.8 1"},
		{0, 250, "iter.", "0 100 200"},
		{0, 24, "iter.", "0 10 20"},
		{2500, 4000, "iter. (1e3)", "2.5 3 3.5 4"},
	} {
		p := newPanel("", "", "")
		iterationAxis(p, c.first, c.last)
		var labels []string
		for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); p.X.Label.Text != c.label || got != c.ticks {
			t.Errorf("%d to %d: %q with ticks %s, want %q with %s", c.first, c.last, p.X.Label.Text, got, c.label, c.ticks)
		}
	}
}
