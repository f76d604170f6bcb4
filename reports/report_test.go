package reports

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/results"
)

// page is a report with each kind of thing in it.
func page(t *testing.T) *Report {
	r := &Report{Title: "Reproduction <of> \"section 4.2\""}
	for _, c := range cases() {
		r.Exhibits = append(r.Exhibits, build(t, c.exp, c.records(c.exp, c.choice), c.choice))
	}
	// Two exhibits of one name would share an anchor; the page has one scale
	// of each.
	r.Exhibits = append(r.Exhibits[:0:0], r.Exhibits[1:]...)
	r.Damaged = []error{errors.New("run.toml: line 3: <bad> & unfinished")}
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
	golden(t, "report.html", []byte(drawing.ReplaceAllString(rendered(t, page(t)), "<svg></svg>")))
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

func TestReportNeedsNoOtherFile(t *testing.T) {
	text := rendered(t, page(t))
	text = strings.ReplaceAll(text, `xmlns="http://www.w3.org/2000/svg"`, "")
	for _, foreign := range []string{"http:", "https:", "src=", "url(", "@import", "<script", "<link", "xlink"} {
		if strings.Contains(text, foreign) {
			t.Errorf("the page contains %q", foreign)
		}
	}
}

func TestReportMarksWhatIsNotThePaper(t *testing.T) {
	text := rendered(t, page(t))
	for _, want := range []string{
		"scale 1/16", "synthetic data", "plain-56 unfinished (2,400 of 4,000 iterations)", "resnet-1202 not run yet",
		"&lt;bad&gt; &amp; unfinished", `<progress value="2400" max="4000"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestReportRefreshesOnlyWhenAsked(t *testing.T) {
	r := page(t)
	if strings.Contains(rendered(t, r), "refresh") {
		t.Error("the page loads itself again without being asked to")
	}
	r.Refresh, r.Generated = 10*time.Second, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	text := rendered(t, r)
	for _, want := range []string{`<meta http-equiv="refresh" content="10"`, "Drawn 2026-03-01 12:00 UTC"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
}

func TestReportOfNothing(t *testing.T) {
	if text := rendered(t, &Report{Title: "Empty"}); !strings.Contains(text, "Nothing is recorded yet") {
		t.Error("a report without runs does not say so")
	}
}

func TestUnfinished(t *testing.T) {
	exp := figure1Experiment()
	records := recordsOf(exp, experiments.Full())
	report := func(records []*results.Record) *Report {
		return &Report{Exhibits: []*Exhibit{build(t, exp, records, Choice{Scale: experiments.Full()})}}
	}
	if report(records).Unfinished() {
		t.Error("a report of complete runs is called unfinished")
	}
	if !report(records[:1]).Unfinished() {
		t.Error("a report with a run missing is called finished")
	}
	cut(records[1], 0.5)
	if !report(records).Unfinished() {
		t.Error("a report with a run under way is called finished")
	}
}
