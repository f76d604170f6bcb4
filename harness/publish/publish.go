// Package publish shows what is recorded: the figures with their tables and
// the page that holds them all ([Publisher]), the page again as it grows
// ([Live.Serve]), and the state of every run ([Status]). It trains nothing.
package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/process"
	"deepresidual/harness/text"
	"deepresidual/reports"
	"deepresidual/reports/table"
	"deepresidual/reports/tensorboard"
	"deepresidual/results"
	"deepresidual/results/atomicfile"
)

// Publisher draws experiments from the records of a store.
type Publisher struct {
	Store       *results.Store
	Experiments []*experiments.Experiment
	Asked       reports.Choice // what the command line asks for
	AnyScale    bool           // draw the scale of reports.Largest: none was asked for
	TensorBoard string         // folder of event files; empty for none

	Output   io.Writer // for tables and the names of files
	Progress io.Writer // for what the user is to know besides
}

// say prints a sentence for the user to follow along.
func (p *Publisher) say(format string, args ...any) {
	table.PrintWrapped(p.Progress, fmt.Sprintf(format, args...))
}

// Drawn is what came of drawing.
type Drawn struct {
	Drawings int               // how many there was something to draw of
	Verdicts []reports.Verdict // of what there was nothing to draw of, too: not judged
	Damaged  []error           // records of the experiments' networks that cannot be read: they count as not recorded
}

// A DrawError is what could not be drawn or written beside drawings that are there.
type DrawError struct{ error }

// Unwrap returns what went wrong.
func (e DrawError) Unwrap() error { return e.error }

// abandoned is how long a temporary file was not written to when its writer was
// killed: a drawing is written in a moment.
const abandoned = time.Hour

// A Chooser says which records an experiment is drawn from; false for none.
type Chooser func(*experiments.Experiment, []*results.Record) (reports.Choice, bool)

// AsAsked chooses what the command line asks for, recorded or not.
func (p *Publisher) AsAsked(*experiments.Experiment, []*results.Record) (reports.Choice, bool) {
	return p.Asked, true
}

// Recorded chooses what the command line asks for if there is some of it, and
// that of [reports.Largest] if it asks for no scale.
func (p *Publisher) Recorded(e *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
	if !p.AnyScale || p.Asked.Synthetic {
		return p.Asked, !reports.Select(e, records, p.Asked).Empty()
	}
	return reports.Largest(e, records, p.Asked.Seeds)
}

// Largest chooses that of [reports.Largest], and says so: it is for a machine that
// can train nothing.
func (p *Publisher) Largest(e *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
	c, ok := reports.Largest(e, records, p.Asked.Seeds)
	if ok {
		p.say("%s: drawn from what is recorded at scale %s; nothing can be trained", e.Name, c.Scale)
	}
	return c, ok
}

// Draw draws the experiments from the records chosen. All files are written
// first, since whoever reads may stop reading; then tables are printed, the names
// of the files, what was set aside, and last the verdicts. What cannot be drawn
// or written does not keep the rest from being. It ends with ctx, between two
// drawings.
func (p *Publisher) Draw(ctx context.Context, choose Chooser) (Drawn, error) {
	f, err := p.drawFiles(ctx, choose)
	// What another process has recorded and drawn meanwhile must not be replaced by
	// what there was before.
	for again := 0; err == nil && len(f.drawings) > 0 && again < drawnAgain; again++ {
		if versionOf(p.Store.Records()) == f.version {
			break
		}
		f, err = p.drawFiles(ctx, choose)
	}
	drawn := Drawn{Drawings: len(f.drawings), Verdicts: f.verdicts, Damaged: f.damaged}
	if err != nil || len(f.drawings) == 0 {
		return drawn, errors.Join(append(f.failed, err)...)
	}
	failed := append(f.failed, p.printTables(f.drawings, f.written))
	for _, e := range f.whole {
		if e.aside {
			p.say("%s", p.note(e, f.records))
		}
	}
	for _, e := range f.drawings {
		if scale, n := reports.Longer(e.experiment, f.records, e.choice); p.AnyScale && n > 0 {
			p.say("%s: drawn at scale %s; %s of scale %s can be drawn with -scale %s",
				e.experiment.Name, e.choice.Scale, text.Count(n, "network"), scale, scale)
		}
	}
	for _, e := range f.nothing {
		p.say("%s: not drawn, nothing that was asked of it is recorded", e.Name)
	}
	failed = append(failed, p.printVerdicts(f.drawings))
	if err := errors.Join(failed...); err != nil {
		return drawn, DrawError{err}
	}
	return drawn, nil
}

// drawnAgain is how often drawing begins anew since the records have changed: runs
// that are being trained may go on changing.
const drawnAgain = 2

// files is what drawing has written, and from what.
type files struct {
	records  []*results.Record
	version  string // of the records
	damaged  []error
	drawings []placed
	whole    []placed                  // the drawings all of whose files are there
	nothing  []*experiments.Experiment // what there was nothing to draw of
	verdicts []reports.Verdict
	written  []string
	failed   []error
}

// drawFiles draws and writes all files.
func (p *Publisher) drawFiles(ctx context.Context, choose Chooser) (f files, err error) {
	records, damaged := p.Store.Records()
	for _, err := range damaged {
		p.say("warning: %s", text.OneLine(err))
	}
	f.records, f.version, f.damaged = records, versionOf(records, damaged), p.concerning(p.Experiments, damaged)
	f.drawings, err = p.build(p.Experiments, records, func(e *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
		c, ok := choose(e, records)
		if !ok {
			f.nothing = append(f.nothing, e)
			f.verdicts = append(f.verdicts, reports.Judge(reports.Select(e, nil, p.Asked))...)
		}
		return c, ok
	})
	f.failed = append(f.failed, err)
	if len(f.drawings) == 0 {
		return f, nil
	}
	for _, folder := range []string{"", "figures", "tables"} {
		atomicfile.Sweep(filepath.Join(p.Store.Dir(), folder), abandoned)
	}
	for _, e := range f.drawings {
		if err := ctx.Err(); err != nil {
			return f, fmt.Errorf("interrupted before %s was drawn: %w", e.experiment.Name, err)
		}
		f.verdicts = append(f.verdicts, e.Verdicts...)
		if lost := p.unreadable(damaged, e.experiment); !e.aside && len(lost) > 0 {
			p.say("figures/%s.* and its tables are left as they are: they show %s, which cannot be read now", e.name, strings.Join(lost, ", "))
			continue
		}
		paths, err := p.write(e)
		f.written, f.failed = append(f.written, paths...), append(f.failed, err)
		if err == nil {
			f.whole = append(f.whole, e)
		}
	}
	pages, err := p.writePages(f.drawings, records, damaged)
	f.written, f.failed = append(f.written, pages...), append(f.failed, err)
	rows, err := p.writeRows(records)
	f.written, f.failed = append(f.written, rows...), append(f.failed, err, p.ignoreRuns(f.drawings, records), p.exportAll(f.drawings))
	return f, nil
}

// write writes the files of a drawing in its place. What was drawn of the same
// choice when another was larger has its own names now, and goes.
func (p *Publisher) write(e placed) (paths []string, err error) {
	defer process.Recover(&err)
	named := remember(p.Store.Dir(), e.experiment) // before the files that are its own from then on
	paths, err = e.Write(p.Store.Dir())
	if err == nil && !e.aside {
		err = reports.Remove(p.Store.Dir(), e.name+scaleSuffix(e.choice))
	}
	return paths, errors.Join(err, named)
}

// writeRows writes the rows of all runs, whatever this command is about.
func (p *Publisher) writeRows(records []*results.Record) ([]string, error) {
	var b bytes.Buffer
	path := filepath.Join(p.Store.Dir(), reports.AllFile)
	if err := reports.WriteAll(&b, records); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := atomicfile.WriteChanged(path, b.Bytes()); err != nil {
		return nil, err
	}
	return []string{path}, nil
}

// printTables prints the drawings' tables and names the files.
func (p *Publisher) printTables(drawings []placed, written []string) error {
	for _, e := range drawings {
		if err := e.Print(p.Output); err != nil {
			return err
		}
		for _, r := range e.Figure.Remarks() {
			if err := table.PrintWrapped(p.Output, e.experiment.Name+": "+r); err != nil {
				return err
			}
		}
	}
	if len(written) == 0 {
		return nil
	}
	return table.PrintWrapped(p.Output, filesLine(written))
}

func (p *Publisher) printVerdicts(drawings []placed) error {
	for _, e := range drawings {
		if err := e.PrintVerdicts(p.Output); err != nil {
			return err
		}
	}
	return nil
}

// filesLine names files in a sentence: pictures and pages in full, tables by their
// folder.
func filesLine(paths []string) string {
	var names []string
	tables, folder := 0, ""
	for _, path := range paths {
		if filepath.Base(filepath.Dir(path)) == "tables" {
			tables, folder = tables+1, filepath.Dir(path)
			continue
		}
		names = append(names, path)
	}
	if tables > 0 {
		names = append(names, fmt.Sprintf("%d files in %s", tables, folder))
	}
	return "files: " + strings.Join(names, ", ")
}

// build draws the experiments that a chooser finds records for, each under the
// name of its place. One that cannot be drawn is an error beside the others.
func (p *Publisher) build(list []*experiments.Experiment, records []*results.Record, choose Chooser) ([]placed, error) {
	var drawings []placed
	var failed []error
	for _, e := range list {
		c, ok := choose(e, records)
		if !ok {
			continue
		}
		drawing, err := p.buildOne(e, records, c)
		if err != nil {
			failed = append(failed, fmt.Errorf("drawing %s: %w", e.Name, err))
			continue
		}
		drawings = append(drawings, drawing)
	}
	return drawings, errors.Join(failed...)
}

func (p *Publisher) buildOne(e *experiments.Experiment, records []*results.Record, c reports.Choice) (_ placed, err error) {
	defer process.Recover(&err)
	at, err := p.place(e, records, c)
	if err != nil {
		return placed{}, err
	}
	named := *e
	named.Name = at.name
	drawing, err := reports.Build(reports.Select(&named, records, c))
	if err != nil {
		return placed{}, err
	}
	// Under the experiment's own names the verdicts are the same however they came
	// to be drawn.
	switch {
	case !p.AnyScale && at.aside || c.Synthetic:
	case c.Scale.IsFull():
		drawing.AddShortened(records)
	default:
		whole := c
		whole.Scale = experiments.Full()
		if s := reports.Select(&named, records, whole); !s.Empty() {
			longest, err := reports.Build(s)
			if err != nil {
				return placed{}, err
			}
			drawing.JudgeWhole(longest)
		}
	}
	return placed{drawing, at, e, c}, nil
}

// exportAll writes TensorBoard event files of the runs that drawings show.
func (p *Publisher) exportAll(drawings []placed) error {
	for _, e := range drawings {
		for _, run := range e.Selection.Runs {
			if run.Record == nil {
				continue
			}
			if err := p.Export(run.Record); err != nil {
				return err
			}
		}
	}
	return nil
}

// Export writes the TensorBoard event file of a run, if there is a folder for
// it.
func (p *Publisher) Export(r *results.Record) error {
	if p.TensorBoard == "" {
		return nil
	}
	_, err := tensorboard.Export(p.TensorBoard, r)
	return err
}
