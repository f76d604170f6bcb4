package publish

import (
	"errors"
	"path/filepath"
	"slices"

	"deepresidual/experiments"
	"deepresidual/reports"
	"deepresidual/results"
	"deepresidual/results/atomicfile"
)

// ignoreFile keeps the record of a run out of version control: of synthetic
// data, say, or of a smaller scale than the drawings show. A record that is
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
		for _, run := range e.Shown() {
			if run.Record != nil && !e.aside {
				shown[run.Record.Key.Identity()] = true
			}
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
// experiments' own names show.
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
		s := reports.Select(e, records, c)
		for _, run := range slices.Concat(s.Runs, s.Undrawn) {
			if run.Record != nil {
				shown[run.Record.Key.Identity()] = true
			}
		}
	}
	return shown, nil
}
