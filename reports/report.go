package reports

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"deepresidual/results"
)

// A Report is the page with all exhibits.
type Report struct {
	Title     string
	Exhibits  []*Exhibit
	Damaged   []error       // records that could not be read
	Generated time.Time     // printed if not zero; leave it out of a page that is kept
	Refresh   time.Duration // the page loads itself again after this time; 0 for never
}

//go:embed report.html.tmpl
var reportTemplate string

// WriteHTML writes the report as one HTML page that loads nothing from
// anywhere: figures are inline drawings, the style is in the page, and there
// is no script.
func (r *Report) WriteHTML(w io.Writer) error {
	page, err := template.New("report").Parse(reportTemplate)
	if err != nil {
		return fmt.Errorf("reports: the page's template: %w", err)
	}
	content, err := r.content()
	if err != nil {
		return fmt.Errorf("reports: making the page: %w", err)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, content); err != nil {
		return fmt.Errorf("reports: making the page: %w", err)
	}
	_, err = b.WriteTo(w)
	return err
}

// pageContent is what the template is filled with.
type pageContent struct {
	Title, Generated string
	Refresh          int // seconds
	Tally            []tally
	Exhibits         []pageExhibit
	Progress         []pageProgress
	Runs             []pageRun
	Damaged          []string
}

type tally struct {
	Class Class
	Style string // the class as CSS has it
	N     int
}

type pageExhibit struct {
	Name, Title, Scale string
	Full, Synthetic    bool
	Wide               bool // the figure is as wide as a page
	Remarks            []string
	Figure             template.HTML
	Caption            string
	Tables             []template.HTML
	Verdicts           []pageVerdict
	Runs               template.HTML
}

type pageVerdict struct {
	Statement, Sentence, Scale string
	Paper, Ours                string
	Class                      Class
	Style                      string
	N                          int
}

type pageProgress struct {
	Run, State       string
	Iteration, Total int
}

type pageRun struct {
	Name  string
	Facts [][2]string
}

func (r *Report) content() (pageContent, error) {
	c := pageContent{Title: r.Title, Refresh: int(r.Refresh.Round(time.Second) / time.Second)}
	if r.Refresh > 0 {
		c.Refresh = max(c.Refresh, 1)
	}
	if !r.Generated.IsZero() {
		c.Generated = date(r.Generated) + " UTC"
	}
	for _, err := range r.Damaged {
		c.Damaged = append(c.Damaged, err.Error())
	}
	counts := map[Class]int{}
	seen := map[string]bool{}
	for _, e := range r.Exhibits {
		page, err := e.page()
		if err != nil {
			return c, err
		}
		c.Exhibits = append(c.Exhibits, page)
		for _, v := range e.Verdicts {
			counts[v.Class]++
		}
		for _, run := range e.Selection.Runs {
			if run.Record == nil || seen[run.Record.Key.Identity()] {
				continue
			}
			seen[run.Record.Key.Identity()] = true
			c.Runs = append(c.Runs, pageRun{Name: run.Record.Key.String(), Facts: facts(run)})
			if !run.Record.Status.Finished() {
				c.Progress = append(c.Progress, pageProgress{Run: run.Record.Key.String(), State: run.state(),
					Iteration: run.iteration(), Total: run.Spec.Protocol.Iterations})
			}
		}
	}
	for _, class := range Classes() {
		c.Tally = append(c.Tally, tally{class, class.style(), counts[class]})
	}
	return c, nil
}

func (c Class) style() string { return strings.ReplaceAll(string(c), " ", "-") }

func (e *Exhibit) page() (pageExhibit, error) {
	s := e.Selection
	p := pageExhibit{
		Name: e.Name, Title: e.Title, Scale: s.Choice.Scale.String(), Full: s.Choice.Scale.IsFull(),
		Synthetic: s.Choice.Synthetic, Wide: e.Figure.width == pageWidth, Remarks: e.Figure.Remarks(), Caption: e.Figure.Caption,
	}
	svg, err := e.Figure.inline()
	if err != nil {
		return p, err
	}
	p.Figure = template.HTML(svg) // our own drawing; its text is escaped by the renderer
	for _, t := range e.Tables {
		// The section has the experiment's title already.
		short := *t
		short.Title = strings.TrimPrefix(t.Title, e.Title+titleDash)
		t = &short
		var b strings.Builder
		if err := t.HTML(&b); err != nil {
			return p, err
		}
		p.Tables = append(p.Tables, template.HTML(b.String())) // escaped cell by cell
	}
	var b strings.Builder
	if err := runTable(s).HTML(&b); err != nil {
		return p, err
	}
	p.Runs = template.HTML(b.String())
	for _, v := range e.Verdicts {
		p.Verdicts = append(p.Verdicts, pageVerdict{
			Statement: v.Claim.Statement, Sentence: v.Sentence, Paper: v.Paper, Ours: v.Ours, Scale: v.Scale.String(),
			Class: v.Class, Style: v.Class.style(), N: v.N,
		})
	}
	return p, nil
}

// facts is all of a run's provenance, as pairs of a name and a value; what is
// not recorded is left out.
func facts(run Selected) [][2]string {
	r := run.Record
	p := r.Provenance
	var out [][2]string
	add := func(name, value string) {
		if value != "" {
			out = append(out, [2]string{name, value})
		}
	}
	add("state", run.state())
	add("reason", r.Reason)
	add("scale", run.Spec.Scale.String())
	add("seed", fmt.Sprint(run.Spec.Seed))
	add("data", dataName(r.Key.Data))
	add("arithmetic", fmt.Sprint(r.Key.Arithmetic))
	add("revision", revision(p))
	add("command", p.Command)
	add("started", date(p.Started))
	add("ended", date(p.Ended))
	if p.TrainSeconds > 0 {
		add("training time", (time.Duration(p.TrainSeconds) * time.Second).String())
	}
	if p.Resumed > 0 {
		add("resumed", fmt.Sprintf("%d times", p.Resumed))
	}
	if r.WarmupEnded >= 0 && run.Spec.Network.Depth >= run.Spec.Protocol.WarmupDepth {
		add("warm-up ended", "iteration "+grouped(r.WarmupEnded))
	}
	if r.PeakMiB > 0 {
		add("peak memory", fmt.Sprintf("%.0f MiB", r.PeakMiB))
	}
	add("kernels", strings.Join(p.Kernels, ", "))
	if p.Threads > 0 {
		add("threads", fmt.Sprint(p.Threads))
	}
	add("processor", p.CPU)
	add("host", p.Host)
	add("system", strings.Trim(p.OS+"/"+p.Arch, "/"))
	add("Go", p.GoVersion)
	return out
}

// Unfinished reports whether any run of the report is still to end, so that
// there is a reason to load it again.
func (r *Report) Unfinished() bool {
	for _, e := range r.Exhibits {
		for _, run := range e.Selection.Runs {
			if run.Record == nil || run.Record.Status == results.Running {
				return true
			}
		}
	}
	return false
}
