package reports

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/plotter"

	"deepresidual/experiments"
	"deepresidual/results"
)

// page is a report with each kind of thing in it.
func page(t *testing.T) *Report {
	t.Helper()
	r := &Report{Title: "Reproduction <of> \"section 4.2\""}
	for _, c := range cases() {
		r.Drawings = append(r.Drawings, build(t, c.exp, c.records(c.exp, c.choice), c.choice))
	}
	// Two drawings of one name would share an anchor; the page has one scale
	// of each.
	r.Drawings = append(r.Drawings[:0:0], r.Drawings[1:]...)
	r.Damaged = []error{errors.New("run.toml: line 3: <bad> & unfinished")}
	r.Failed = []error{errors.New("drawing mine: there is <nothing> to draw")}
	return r
}

func rendered(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var drawing = regexp.MustCompile(`(?s)<svg.*?</svg>`)

func TestReportReadsAsBefore(t *testing.T) {
	// The drawings have tests of their own.
	text := drawing.ReplaceAllString(rendered(t, page(t)), "<svg></svg>")
	// Nor is there a need to keep the scripts and the files that are in the page twice.
	text = regexp.MustCompile(`(?s)(<script[^>]*>|<style>).*?(</script>|</style>)`).ReplaceAllString(text, "$1$2")
	text = regexp.MustCompile(`base64,[^"]*"`).ReplaceAllString(text, `base64,"`)
	text = regexp.MustCompile(`sha256-[^"]*`).ReplaceAllString(text, "sha256-")
	golden(t, "report.html", []byte(text))
}

// The numbers that the page's script draws, which no picture holds: those of each
// figure and of the first run.
func TestChartsReadAsBefore(t *testing.T) {
	content, err := page(t).content()
	if err != nil {
		t.Fatal(err)
	}
	_, data, _ := strings.Cut(strings.TrimSuffix(string(content.Charts), "</script>"), ">")
	var charts map[string][]map[string]any
	if err := json.Unmarshal([]byte(data), &charts); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(charts)) {
		if strings.HasPrefix(id, "run-") && id != content.Runs[0].Figure.ID {
			continue
		}
		for _, chart := range charts[id] {
			series, _ := chart["series"].([]any)
			delete(chart, "series")
			for i, part := range append([]any{chart}, series...) {
				line, err := json.Marshal(thinned(part))
				if err != nil {
					t.Fatal(err)
				}
				start := "\t"
				if i == 0 {
					start = id + " "
				}
				fmt.Fprintf(&b, "%s%s\n", start, line)
			}
		}
	}
	golden(t, "charts.txt", []byte(b.String()))
}

// thinned is JSON with numbers of four digits, since processors differ in the last, and
// of many in a row with the first, the middle and the last.
func thinned(v any) any {
	switch v := v.(type) {
	case float64:
		short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
		return short
	case []any:
		if len(v) > 5 {
			v = []any{v[0], v[len(v)/2], v[len(v)-1]}
		}
		for i := range v {
			v[i] = thinned(v[i])
		}
		return v
	case map[string]any:
		for k := range v {
			v[k] = thinned(v[k])
		}
	}
	return v
}

// The page is written so that it is well-formed XML as well, which can be
// checked strictly: every element closed, every character escaped.
func TestReportIsWellFormed(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(rendered(t, page(t))))
	ids := map[string]bool{}
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if a.Name.Local == "id" {
					if ids[a.Value] {
						t.Errorf("two elements have the id %q", a.Value)
					}
					ids[a.Value] = true
				}
			}
		}
	}
	for _, link := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(rendered(t, page(t)), -1) {
		if !ids[link[1]] {
			t.Errorf("a link leads to #%s, which is not there", link[1])
		}
	}
}

// An experiment of any name has its section to itself: what the page calls its own
// parts, but for run-IDENTITY, no experiment can be called.
func TestReportKeepsNamesFree(t *testing.T) {
	r := page(t)
	r.Live = true
	taken := map[string]bool{}
	for _, e := range r.Drawings {
		taken[e.Name] = true
		for _, run := range e.Selection.Runs {
			if run.Record != nil {
				taken["run-"+run.Record.Key.Identity()] = true
			}
		}
	}
	for _, id := range regexp.MustCompile(` id="([A-Za-z0-9_-]*)"`).FindAllStringSubmatch(rendered(t, r), -1) {
		if !taken[id[1]] {
			t.Errorf("an experiment called %s would share its id with another part of the page", id[1])
		}
	}
}

func TestReportNeedsNoOtherFile(t *testing.T) {
	text := rendered(t, page(t))
	text = regexp.MustCompile(`(?s)<script>.*?</script>`).ReplaceAllString(text, "") // the policy keeps them from loading anything
	text = strings.ReplaceAll(text, `xmlns="http://www.w3.org/2000/svg"`, "")
	for _, foreign := range []string{"http:", "https:", " src=", "url(", "@import", "<link", "xlink"} {
		if strings.Contains(text, foreign) {
			t.Errorf("the page contains %q", foreign)
		}
	}
}

// The policy admits the scripts of the page by their hashes and nothing else;
// a page that is not served asks nobody for anything.
func TestReportPolicy(t *testing.T) {
	r := page(t)
	text := rendered(t, r)
	meta := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(text)
	if meta == nil || html.UnescapeString(meta[1]) != r.Policy() {
		t.Fatalf("the page states the policy %q, want %q", meta, r.Policy())
	}
	scripts := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(text, -1)
	if len(scripts) != 2 { // uPlot and the page's own; what they read is a third, which is no program
		t.Fatalf("%d scripts, want 2", len(scripts))
	}
	for _, script := range scripts {
		sum := sha256.Sum256([]byte(script[1]))
		if !strings.Contains(r.Policy(), "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("the policy does not admit the script %.60q", script[1])
		}
	}
	if !strings.HasPrefix(r.Policy(), "default-src 'none';") || strings.Contains(r.Policy(), "connect-src") {
		t.Errorf("policy %q", r.Policy())
	}
	r.Live = true
	if !strings.HasSuffix(r.Policy(), "; connect-src 'self'") {
		t.Errorf("policy of a live page %q", r.Policy())
	}
	if !strings.Contains(text, "Permission is hereby granted") {
		t.Error("the licence of uPlot is not in the page")
	}
}

// The files in the page are those that are recorded and drawn.
func TestReportDownloads(t *testing.T) {
	r := page(t)
	text := rendered(t, r)
	link := func(name string) string {
		t.Helper()
		m := regexp.MustCompile(`href="data:[^,"]*;base64,([^"]*)" download="` + regexp.QuoteMeta(name) + `"`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no link to %s", name)
		}
		b, err := base64.StdEncoding.DecodeString(html.UnescapeString(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	e := r.Drawings[0]
	svg, err := e.Figure.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if link("fig1.svg") != string(svg) {
		t.Error("fig1.svg is not the figure")
	}
	if !strings.HasPrefix(link("fig1.pdf"), "%PDF") || !strings.Contains(link("fig1-errors.tex"), "tabular") || !strings.Contains(link("fig1-errors.csv"), ",") {
		t.Error("the files are not what they are called")
	}
	files, err := results.Files(e.Selection.Runs[0].Record)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.Contains(text, html.EscapeString(base64.StdEncoding.EncodeToString(f.Content))) {
			t.Errorf("%s of the first run is not in the page", f.Name)
		}
	}
}

// The first table has all claims; what stands under it warns of mixtures.
func TestReportBasis(t *testing.T) {
	r := page(t)
	if _, warnings := r.basis(); len(warnings) != 2 { // scales and, in the smoke test, data
		t.Errorf("warnings %q, want one of scales and one of data", warnings)
	}
	p := &r.Drawings[0].Selection.Runs[0].Record.Provenance
	p.Revision, p.Dirty = "fedcba98765432", true
	_, warnings := r.basis()
	text := strings.Join(warnings, "\n")
	if !strings.Contains(text, "2 revisions of the program: fedcba9876+, 0123456789") || !strings.Contains(text, "plus sign") {
		t.Errorf("warnings %q, want one of the revisions and one of the changes", warnings)
	}
	claims := 0
	for _, e := range r.Drawings {
		claims += len(e.Verdicts)
	}
	if n := strings.Count(rendered(t, r), `<td class="verdict">`); n != claims {
		t.Errorf("the first table has %d rows, want %d", n, claims)
	}
}

func TestCommands(t *testing.T) {
	own := smokeExperiment()
	own.Name, own.File, own.Embedded = "mine", "dir/mine.toml", false
	for _, c := range []struct {
		exp    *experiments.Experiment
		choice Choice
		want   string
	}{
		{figure1Experiment(), Choice{Scale: experiments.Full()}, "go run ./harness -exp fig1"},
		{figure1Experiment(), Choice{Scale: sixteenth, Seeds: []int64{1, 2}}, "go run ./harness -exp fig1 -scale 1/16 -seeds 1,2"},
		{own, Choice{Scale: experiments.Full(), Synthetic: true}, "go run ./harness -exp dir/mine.toml -data synthetic"},
	} {
		if got := Select(c.exp, nil, c.choice).commands()[0].Line; got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// Each figure of curves has charts that hold what is drawn: every curve, at each of its
// points, in a look that no other has.
func TestCharts(t *testing.T) {
	for _, c := range figureCases() {
		f := build(t, c.exp, c.records(c.exp, c.choice), c.choice).Figure
		if (len(f.charts) == 0) != (c.exp.Draw == experiments.Table6) { // which has no curves
			t.Errorf("%s has %d charts", c.name, len(f.charts))
		}
		for _, chart := range f.charts {
			if chart.X.Label == "" || chart.Y.Label == "" {
				t.Errorf("%s: a chart has no words for its axes: %q, %q", c.name, chart.X.Label, chart.Y.Label)
			}
			if len(chart.Series) == 0 || !slices.IsSorted(chart.At) || chart.X.Min >= chart.X.Max || chart.Y.Min >= chart.Y.Max {
				t.Errorf("%s: chart of %d curves, x %v to %v, y %v to %v", c.name, len(chart.Series), chart.X.Min, chart.X.Max, chart.Y.Min, chart.Y.Max)
			}
			looks := map[string]string{}
			for _, s := range chart.Series {
				look := fmt.Sprint(s.Colour, s.Dash)
				if other := looks[look]; other != "" {
					t.Errorf("%s: %s and %s look alike: %s", c.name, s.Name, other, look)
				}
				looks[look] = s.Name
				if !strings.Contains(reportStyle, "--"+s.Colour+":") {
					t.Errorf("%s: the page's style has no colour %s for %s", c.name, s.Colour, s.Name)
				}
				if len(s.Y) != len(chart.At) || len(s.Low) != 0 && len(s.Low) != len(chart.At) {
					t.Errorf("%s: %s has %d values at %d points", c.name, s.Name, len(s.Y), len(chart.At))
				}
			}
		}
	}
	var a chart
	points := func(xs ...float64) band {
		var b band
		for _, x := range xs {
			b.mean = append(b.mean, plotter.XY{X: x, Y: 10 * x})
			b.low = append(b.low, plotter.XY{X: x, Y: 10*x - 1})
			b.high = append(b.high, plotter.XY{X: x, Y: 10*x + 2})
		}
		b.n = 2
		return b
	}
	a.add("a", points(1, 3), rule(ink, 1))
	a.add("b", points(2, 3), rule(ink, 1, 2))
	got, err := json.Marshal(a.Series)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"name":"a","colour":"ink","width":1.8,"y":[10,null,30],"low":[9,null,29],"high":[12,null,32]},` +
		`{"name":"b","colour":"ink","width":1.8,"dash":[4],"y":[null,20,30],"low":[null,19,29],"high":[null,22,32]}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestReportMarksWhatIsNotThePaper(t *testing.T) {
	text := rendered(t, page(t))
	for _, want := range []string{
		"scale 1/16", "synthetic data", "plain-56 unfinished (2,400 of 4,000 iterations)", "resnet-1202 not recorded yet",
		"&lt;bad&gt; &amp; unfinished", `<progress value="2400" max="4000"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestReportIsLiveOnlyWhenAsked(t *testing.T) {
	r := page(t)
	if text := rendered(t, r); strings.Contains(text, "data-version=") || strings.Contains(text, "Drawn") {
		t.Error("the page is live without being asked to")
	}
	r.Live, r.Version, r.Generated = true, "7", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	text := rendered(t, r)
	for _, want := range []string{`data-version="7"`, "Drawn 2026-03-01 12:00 UTC"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
}

// The live page lists the runs that the drawn one does, and those that cannot be read
// or wait in a queue: not those that are complete, diverged or not recorded, which it
// knows by their words.
func TestScriptKnowsStatuses(t *testing.T) {
	var skipped []results.Status
	for _, w := range regexp.MustCompile(`r\.status === "([^"]*)"`).FindAllStringSubmatch(reportScript, -1) {
		skipped = append(skipped, results.Status(w[1]))
	}
	if want := []results.Status{results.Complete, results.Diverged, results.Missing}; !slices.Equal(skipped, want) {
		t.Errorf("report.js does not list runs that are %q, want %q", skipped, want)
	}
}

func TestReportOfNothing(t *testing.T) {
	if text := rendered(t, &Report{Title: "Empty"}); !strings.Contains(text, "Nothing is recorded yet") {
		t.Error("a report without runs does not say so")
	}
}

// What a run rests on is every process that trained it, not the last.
func TestBasisIsOfAllProcesses(t *testing.T) {
	exp := figure1Experiment()
	records := recordsOf(exp, experiments.Full())
	records[0].Processes = []results.Process{
		{Host: "node7", CPU: "Other CPU", Revision: "fedcba9876543210", Dirty: true, GoVersion: "go1.25.0"},
		{Iteration: 12000, CPU: "Third CPU", Revision: "aaaaaaaaaaaaaaaa", GoVersion: "go1.26.0"},
	}
	d := build(t, exp, records, Choice{Scale: experiments.Full()})
	found, warnings := (&Report{Drawings: []*Drawing{d}}).basis()
	text := fmt.Sprint(found, warnings)
	for _, want := range []string{"{revisions fedcba9876+, aaaaaaaaaa, 0123456789}", "{machines node7, Other CPU; Third CPU; Example CPU @ 2.50GHz}", "with changes that are in no revision", "by 3 revisions"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
	row := fmt.Sprint(runTable(d.Selection).Rows[0].Cells)
	for _, want := range []string{"fedcba9876+, aaaaaaaaaa", "Other CPU, Third CPU", "go1.25.0, go1.26.0"} {
		if !strings.Contains(row, want) {
			t.Errorf("the table of runs does not say %q: %s", want, row)
		}
	}
}

// All of a run's provenance is on the page: what the paper leaves open, and who
// trained which part of it.
func TestFacts(t *testing.T) {
	exp := figure1Experiment()
	run := Select(exp, whole(exp, Choice{Scale: experiments.Full()}), Choice{Scale: experiments.Full()}).Runs[0]
	run.Record.Processes = []results.Process{
		{Iteration: 0, Host: "node7", CPU: "Example CPU", Kernels: "avx512", Threads: 2, Revision: "0123456789abcdef", GoVersion: "go1.26.0"},
		{Iteration: 12000, CPU: "Other CPU", Kernels: "avx2", Threads: 8, Revision: "fedcba9876543210", Dirty: true, GoVersion: "go1.26.0"},
	}
	found := map[string]string{}
	for _, f := range facts(run) {
		found[f.Name] = f.Value
	}
	for name, want := range map[string]string{
		"what the paper leaves open": "initialisation fan-out, last_layer uniform, nesterov false",
		"from iteration 0":           "on node7, Example CPU, avx512, 2 threads, revision 0123456789",
		"from iteration 12,000":      "on a host that is not known, Other CPU, avx2, 8 threads, revision fedcba9876+",
	} {
		if !strings.Contains(found[name], want) {
			t.Errorf("%s: %q, want %q in it", name, found[name], want)
		}
	}
}
