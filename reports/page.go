package reports

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"
	"time"

	"deepresidual/reports/table"
)

// pageContent is what the template is filled with.
type pageContent struct {
	Title, Generated, Version string
	Policy                    string
	Own, Live                 bool
	Style                     template.CSS
	Scripts                   template.HTML
	Summary                   string // the verdicts, counted
	Claims                    []pageClaim
	Basis                     []fact
	Warnings                  []string
	Drawings                  []pageDrawing
	Progress                  []pageProgress
	Runs                      []pageRun
	Damaged, Failed           []string
	Charts                    template.HTML // of every figure, as data
}

// pageClaim is a row of the first table.
type pageClaim struct {
	Verdict
	Drawing, Name string // where to look
	Style         string // the class as CSS has it
}

// pageFigure is a picture and, for readers whose browser runs scripts, its
// charts.
type pageFigure struct {
	ID      string
	Wide    bool // as wide as a page
	Drawing template.HTML
	Caption string
}

type pageDrawing struct {
	Name, Title, Scale string
	Full, Synthetic    bool
	Figure             pageFigure
	Tables             []template.HTML
	Claims             []pageClaim
	Runs               template.HTML
	Whole              []template.HTML // the drawing's tables of the whole schedule, as far as recorded, where it shows a shortened one
	WholeRuns          template.HTML
	Commands           []pageCommand
	Downloads          []download
}

type pageCommand struct{ Does, Line string }

type pageProgress struct {
	Run, Identity, State string
	Iteration, Total     int
}

type pageRun struct {
	Name, Identity, State string
	Facts                 []fact
	Figure                *pageFigure // nil before the first row
	Downloads             []download
}

// A download is a file in the page.
type download struct {
	Name string // of the file
	URL  template.URL
}

func embedded(name, mediaType string, content []byte) download {
	return download{name, template.URL("data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(content))}
}

// A fact is a name and a value.
type fact struct{ Name, Value string }

func (r *Report) content() (pageContent, error) {
	c := pageContent{
		Title: r.Title, Version: r.Version, Own: r.Own, Live: r.Live, Policy: r.Policy(), Scripts: scriptElements(),
		Style: template.CSS(plotStyle + "\n" + reportStyle),
	}
	if !r.Generated.IsZero() {
		c.Generated = date(r.Generated) + " UTC"
	}
	for _, err := range r.Damaged {
		c.Damaged = append(c.Damaged, err.Error())
	}
	for _, err := range r.Failed {
		c.Failed = append(c.Failed, err.Error())
	}
	charts := map[string][]*chart{}
	var verdicts []Verdict
	seen := map[string]bool{}
	for _, e := range r.Drawings {
		page, err := e.page()
		if err != nil {
			return c, err
		}
		c.Drawings = append(c.Drawings, page)
		c.Claims = append(c.Claims, page.Claims...)
		charts[page.Figure.ID] = e.Figure.charts
		verdicts = append(verdicts, e.Verdicts...)
		for _, run := range e.Shown() {
			if run.Record == nil || seen[run.Record.Key.Identity()] {
				continue
			}
			seen[run.Record.Key.Identity()] = true
			section, figure, err := run.page(e.Selection.lookOf(run.Spec.Network))
			if err != nil {
				return c, err
			}
			if figure != nil {
				charts[section.Figure.ID] = figure.charts
			}
			c.Runs = append(c.Runs, section)
			if !run.Record.Status.Finished() {
				c.Progress = append(c.Progress, pageProgress{Run: run.Record.Key.String(), Identity: run.Record.Key.Identity(),
					State: run.state(), Iteration: run.iteration(), Total: run.Spec.Protocol.Iterations})
			}
		}
	}
	c.Summary = summary(verdicts)
	c.Basis, c.Warnings = r.basis()
	data, err := json.Marshal(charts) // sorted by name; <, > and & escaped
	if err != nil {
		return c, err
	}
	c.Charts = template.HTML(`<script type="application/json" id="page.charts">` + string(data) + `</script>`)
	return c, nil
}

// summary counts verdicts as [Check] does: "12 claims: 3 reproduced, 9 not judged;
// 2 more about other choices." Without claims it is empty.
func summary(verdicts []Verdict) string {
	own := deciding(verdicts)
	switch {
	case len(verdicts) == 0:
		return ""
	case len(own) == 0:
		return counted(len(verdicts), "claim") + " about other choices."
	}
	text := fmt.Sprintf("%s: %s", counted(len(own), "claim"), outcomes(own))
	if more := len(verdicts) - len(own); more > 0 {
		text += fmt.Sprintf("; %d more about other choices", more)
	}
	return text + "."
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// basis is what the whole page rests on, and what is to be said against it.
func (r *Report) basis() ([]fact, []string) {
	var scales, seeds, data, revisions, machines, arithmetic []string
	var first, last time.Time
	drawn := map[string]bool{} // by identity; false if it is quoted alone
	dirty := false
	add := func(list *[]string, s string) {
		if s != "" && !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	for _, e := range r.Drawings {
		for _, run := range e.Shown() {
			if run.Record == nil {
				continue
			}
			p := run.Record.Provenance
			for _, q := range processes(run.Record) {
				add(&revisions, revision(q))
				add(&machines, strings.Join(slices.DeleteFunc([]string{q.Host, q.CPU}, func(s string) bool { return s == "" }), ", "))
				dirty = dirty || q.Dirty
			}
			id := run.Record.Key.Identity()
			if drawn[id] = drawn[id] || e.Quoted == nil || run.Spec.Scale.Compare(e.Selection.Choice.Scale) == 0; drawn[id] {
				add(&scales, run.Spec.Scale.String())
			}
			add(&seeds, fmt.Sprint(run.Spec.Seed))
			add(&data, dataName(run.Record.Key.Data))
			add(&arithmetic, fmt.Sprint(run.Record.Key.Arithmetic))
			if first.IsZero() || !p.Started.IsZero() && p.Started.Before(first) {
				first = p.Started
			}
			if p.Ended.After(last) {
				last = p.Ended
			}
		}
	}
	if len(drawn) == 0 {
		return nil, nil
	}
	runs, quoted := fmt.Sprint(len(drawn)), 0
	for _, is := range drawn {
		if !is {
			quoted++
		}
	}
	if quoted > 0 {
		runs += fmt.Sprintf(" (%d of them of a shortened schedule, which verdicts quote)", quoted)
	}
	slices.SortFunc(seeds, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	facts := []fact{
		{"scale of the schedule", strings.Join(scales, ", ")},
		{"runs", runs + ", seeds " + strings.Join(seeds, ", ")},
		{"data (SHA-256)", strings.Join(data, ", ")},
		{"revisions", cmp.Or(strings.Join(revisions, ", "), missing)},
		{"machines", cmp.Or(strings.Join(machines, "; "), missing)},
	}
	switch {
	case first.IsZero():
	case last.IsZero():
		facts = append(facts, fact{"dates", "since " + date(first) + " UTC"})
	default:
		facts = append(facts, fact{"dates", date(first) + " to " + date(last) + " UTC"})
	}
	var warnings []string
	if len(revisions) > 1 {
		warnings = append(warnings, fmt.Sprintf("The runs were trained by %d revisions of the program: %s.", len(revisions), strings.Join(revisions, ", ")))
	}
	if dirty {
		warnings = append(warnings, "Some runs were trained by a program with changes that are in no revision (those with a plus sign).")
	}
	if len(scales) > 1 {
		warnings = append(warnings, "Figures and tables show different scales of the schedule: "+strings.Join(scales, ", ")+".")
	}
	if len(data) > 1 {
		warnings = append(warnings, "The runs were trained on different data: "+strings.Join(data, ", ")+".")
	}
	if len(arithmetic) > 1 {
		warnings = append(warnings, "The runs were trained by different versions of the arithmetic: "+strings.Join(arithmetic, ", ")+".")
	}
	return facts, warnings
}

func (e *Drawing) page() (pageDrawing, error) {
	s := e.Selection
	p := pageDrawing{
		Name: e.Name, Title: e.Title, Scale: s.Choice.Scale.String(), Full: s.Choice.Scale.IsFull(),
		Synthetic: s.Choice.Synthetic, Commands: s.commands(),
	}
	var err error
	if p.Figure, err = e.Figure.page(e.Name); err != nil {
		return p, err
	}
	for _, f := range []struct {
		figureFormat
		mediaType string
	}{{figureFormat{"svg", e.Figure.SVG}, "image/svg+xml"}, {figureFormat{"pdf", e.Figure.PDF}, "application/pdf"}} {
		content, err := f.render()
		if err != nil {
			return p, err
		}
		p.Downloads = append(p.Downloads, embedded(e.Name+"."+f.extension, f.mediaType, content))
	}
	for _, t := range e.allTables() {
		for _, f := range table.Formats() {
			mediaType, ok := map[string]string{"csv": "text/csv", "tex": "application/x-tex"}[f.Extension]
			if !ok {
				continue
			}
			var b strings.Builder
			if err := f.Write(t, &b); err != nil {
				return p, err
			}
			p.Downloads = append(p.Downloads, embedded(t.Name+"."+f.Extension, mediaType, []byte(b.String())))
		}
	}
	if p.Tables, err = e.elements(); err != nil {
		return p, err
	}
	if p.Runs, err = element(runTable(s)); err != nil {
		return p, err
	}
	if e.Whole != nil {
		if p.Whole, err = e.Whole.elements(); err != nil {
			return p, err
		}
		if p.WholeRuns, err = element(runTable(e.Whole.Selection)); err != nil {
			return p, err
		}
	}
	for _, v := range e.Verdicts {
		p.Claims = append(p.Claims, pageClaim{Verdict: v, Drawing: e.drawingName(), Name: e.Name, Style: strings.ReplaceAll(string(v.Class), " ", "-")})
	}
	return p, nil
}

// elements is the drawing's own tables as HTML.
func (e *Drawing) elements() ([]template.HTML, error) {
	var all []template.HTML
	for _, t := range e.Tables {
		// The section has the experiment's title already.
		short := *t
		short.Title = strings.TrimPrefix(t.Title, e.Title+titleDash)
		html, err := element(&short)
		if err != nil {
			return nil, err
		}
		all = append(all, html)
	}
	return all, nil
}

// drawingName is the title up to its colon, such as "Figure 1", or the name of
// the experiment where that is long.
func (e *Drawing) drawingName() string {
	name, _, _ := strings.Cut(e.Title, ":")
	if len(name) > 12 {
		return e.Name
	}
	return name
}

// element is the table as HTML; its text is escaped cell by cell.
func element(t *table.Table) (template.HTML, error) {
	var b strings.Builder
	err := t.HTML(&b)
	return template.HTML(b.String()), err
}

// page is the figure as a part of the page.
func (f *Figure) page(id string) (pageFigure, error) {
	svg, err := f.inline()
	caption := f.Caption
	for _, r := range f.remarks {
		caption += " " + sentence(r)
	}
	// Our own drawing; its text is escaped by the renderer.
	return pageFigure{ID: id, Wide: f.width == pageWidth, Drawing: template.HTML(svg), Caption: caption}, err
}

// sentence begins with a capital, unless with the name of a network, and ends
// with a full stop.
func sentence(s string) string {
	first, _, _ := strings.Cut(s, " ")
	if !strings.ContainsAny(first, "-0123456789") && len(first) > 1 {
		s = capital(s)
	}
	return s + "."
}

// commands are the command lines that make a drawing again, from nothing and
// from the records.
func (s *Selection) commands() []pageCommand {
	name := s.Experiment.Name
	switch file := s.Experiment.File; {
	case s.Experiment.Embedded:
		name = strings.TrimSuffix(path.Base(file), ".toml") // the drawing may have another
	case file != "":
		name = file
	}
	line := "go run ./harness -exp " + name
	if !s.Choice.Scale.IsFull() {
		line += " -scale " + s.Choice.Scale.String()
	}
	if len(s.Choice.Seeds) > 0 {
		var seeds []string
		for _, seed := range s.Choice.Seeds {
			seeds = append(seeds, fmt.Sprint(seed))
		}
		line += " -seeds " + strings.Join(seeds, ",")
	}
	if s.Choice.Synthetic {
		line += " -data synthetic"
	}
	return []pageCommand{
		{"train what is missing, and draw", line},
		{"draw from the records", line + " -report"},
	}
}
