package reports

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"deepresidual/experiments"
	"deepresidual/reports/table"
	"deepresidual/results/atomicfile"
)

// A Drawing is a figure, its tables and the verdicts on the paper's claims,
// drawn from the records of one experiment at one scale.
type Drawing struct {
	Name      string // the experiment's
	Title     string
	Selection *Selection
	Figure    *Figure
	Tables    []*table.Table // the drawing's own
	Verdicts  []Verdict
	Whole     *Drawing   // of the paper's whole schedule, as far as recorded, beside one of a shortened: see JudgeWhole
	Quoted    []Selected // runs of a shortened schedule, which verdicts quote beside the whole one: see AddShortened
}

// drawers are what a spec can ask for by name. A new figure is a
// function in a file of its own and a line here.
func drawers() map[string]func(*Selection) (*Figure, []*table.Table) {
	return map[string]func(*Selection) (*Figure, []*table.Table){
		experiments.Figure1: figure1,
		experiments.Figure6: figure6,
		experiments.Figure7: figure7,
		experiments.Table6:  table6,
		experiments.Compare: compare,
		experiments.Curves:  curves,
		experiments.Choices: choices,
	}
}

// Build draws a selection in memory. Runs that are missing or
// unfinished are no error: it shows what is there and says so.
func Build(s *Selection) (*Drawing, error) {
	draw, ok := drawers()[s.Experiment.Draw]
	if !ok {
		return nil, fmt.Errorf("reports: %s asks for the drawing %q; there are %s",
			s.Experiment.Name, s.Experiment.Draw, strings.Join(slices.Sorted(maps.Keys(drawers())), ", "))
	}
	figure, tables := draw(s)
	return &Drawing{
		Name: s.Experiment.Name, Title: s.Experiment.Title,
		Selection: s, Figure: figure, Tables: tables, Verdicts: Judge(s),
	}, nil
}

// Shown is the runs of a drawing, those that it names as recorded and not drawn, and
// those of another schedule that its verdicts are about; one can be several times among
// them.
func (e *Drawing) Shown() []Selected {
	shown := slices.Concat(e.Selection.Runs, e.Selection.Undrawn, e.Quoted)
	if e.Whole != nil {
		shown = slices.Concat(shown, e.Whole.Selection.Runs, e.Whole.Selection.Undrawn)
	}
	return shown
}

// allTables is the drawing's own tables with those that all have: the claims,
// if it makes any, and the runs.
func (e *Drawing) allTables() []*table.Table {
	tables := slices.Clone(e.Tables)
	if len(e.Verdicts) > 0 {
		tables = append(tables, claimTable(e.Selection, e.Verdicts))
	}
	return append(tables, runTable(e.Selection))
}

// Print writes the tables that belong on a terminal, without the verdicts: see
// [Drawing.PrintVerdicts].
func (e *Drawing) Print(w io.Writer) error {
	for _, t := range e.Tables {
		if err := t.Terminal(w, table.Width(w)); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	return nil
}

// PrintVerdicts writes the table of claims, if the drawing makes any.
func (e *Drawing) PrintVerdicts(w io.Writer) error {
	if len(e.Verdicts) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return claimTable(e.Selection, e.Verdicts).Terminal(w, table.Width(w))
}

// Write writes the figure as figures/<name>.png, .svg and .pdf and the tables
// as tables/<table>.md, .csv, .tex and .html under the results folder dir, and
// returns the paths of those written. A file that would not change is left
// alone, so drawing again from the same records touches nothing. What a
// drawing of that name has left there besides is removed. A file that cannot be
// drawn or written does not keep the others from being written.
func (e *Drawing) Write(dir string) ([]string, error) {
	var paths []string
	var failed error // the first failure; the rest have the same cause as a rule, such as a full disk
	more := 0
	put := func(path string, render func() ([]byte, error)) {
		content, err := render()
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		} else {
			err = atomicfile.WriteChanged(path, content)
		}
		switch {
		case err == nil:
			paths = append(paths, path)
		case failed == nil:
			failed = err
		default:
			more++
		}
	}
	for _, f := range e.Figure.formats() {
		put(filepath.Join(dir, "figures", e.Name+"."+f.extension), f.render)
	}
	for _, t := range e.allTables() {
		for _, f := range table.Formats() {
			put(filepath.Join(dir, "tables", t.Name+"."+f.Extension), func() ([]byte, error) {
				var b bytes.Buffer
				err := f.Write(t, &b)
				return b.Bytes(), err
			})
		}
	}
	switch {
	case failed == nil:
		failed = remove(dir, e.Name, paths)
	case more > 0:
		failed = fmt.Errorf("%w; nor could %d more files of %s be written", failed, more, e.Name)
	}
	return paths, failed
}
