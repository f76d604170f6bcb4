package publish

import (
	"errors"
	"path/filepath"

	"deepresidual/experiments"
	"deepresidual/reports"
	"deepresidual/results"
	"deepresidual/results/atomicfile"
)

// ignoreFile keeps the record of a run out of version control: of synthetic
// data, say, or of a smaller scale than the drawings show or quote. A record that is
// under version control already stays there.
const (
	ignoreFile    = ".gitignore"
	ignoreContent = "# No figure or table that is kept shows this run.\n*\n"
)

// ignoreRuns marks the runs that only drawings that were set aside show, and
// takes the mark off those that are kept.
func (p *Publisher) ignoreRuns(drawn []placed, records []*results.Record) error {
	shown, err := p.shownRuns(records)
	if err != nil {
		return err
	}
	for _, e := range drawn {
		if !e.aside {
			addShown(shown, e.Drawing)
		}
	}
	var failed []error
	for _, e := range drawn {
		for _, run := range e.Shown() {
			if run.Record == nil {
				continue
			}
			path := filepath.Join(p.Store.Path(run.Record.Key), ignoreFile)
			if !shown[run.Record.Key.Identity()] {
				failed = append(failed, atomicfile.WriteChanged(path, []byte(ignoreContent)))
			} else {
				failed = append(failed, atomicfile.Remove(path))
			}
		}
	}
	return errors.Join(failed...)
}

// shownRuns returns the identities of the runs that drawings under their
// experiments' own names show or quote, be they drawn by this command or not.
func (p *Publisher) shownRuns(records []*results.Record) (map[string]bool, error) {
	all, err := experiments.All()
	if err != nil {
		return nil, err
	}
	shown := make(map[string]bool)
	for _, e := range append(all, p.Experiments...) {
		before, err := p.drawnBefore(e, records)
		if err != nil {
			return nil, err
		}
		for _, r := range before {
			shown[r.Key.Identity()] = true
		}
		c, ok := kept(e, records)
		if !ok {
			continue
		}
		at, err := p.place(e, records, c)
		if err != nil {
			return nil, err
		}
		if at.aside {
			continue
		}
		drawing, err := p.buildOne(e, records, c)
		if err != nil { // which is told where it is to be drawn
			drawing.Drawing = &reports.Drawing{Selection: reports.Select(e, records, c)}
		}
		addShown(shown, drawing.Drawing)
	}
	return shown, nil
}

// addShown adds the identities of the runs of a drawing and of those that it quotes.
func addShown(shown map[string]bool, e *reports.Drawing) {
	for _, run := range e.Shown() {
		if run.Record != nil {
			shown[run.Record.Key.Identity()] = true
		}
	}
}
