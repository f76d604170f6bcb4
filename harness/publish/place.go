package publish

import (
	"fmt"
	"reflect"
	"strings"

	"deepresidual/experiments"
	"deepresidual/reports"
	"deepresidual/results"
)

// A place is where an exhibit is kept in the results folder.
//
// An experiment's own names, figures/fig1.png and so on, and the page
// [ReportFile] are for what reproduces the paper best: real images, the seeds of
// the spec, the largest scale that is recorded. Nothing less ever replaces
// them. What else can be drawn lies beside them under names that say what it
// is, and on pages of its own.
type place struct {
	name  string // of the exhibit, from which those of its files are made
	page  string // the file of the page that shows it
	aside bool   // the experiment's own names are for another choice, or for none yet
}

// kept returns the choice of records that an experiment's own names are for;
// false if there are none.
func kept(e *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
	c, ok := reports.Largest(e, records, nil)
	return c, ok && !c.Synthetic
}

// placeOf returns the place of an experiment's exhibit, drawn from a choice of
// the records.
func placeOf(e *experiments.Experiment, records []*results.Record, c reports.Choice) place {
	suffix := ""
	largest, ok := kept(e, records)
	switch {
	case c.Synthetic:
		suffix = "-synthetic"
		if !c.Scale.IsFull() {
			suffix += scaleSuffix(c)
		}
	case ok && c.Scale.Compare(largest.Scale) != 0:
		suffix = scaleSuffix(c)
	}
	if !reflect.DeepEqual(e.Runs(c.Scale, c.Seeds), e.Runs(c.Scale, nil)) {
		suffix += "-seeds"
		for _, seed := range c.Seeds {
			suffix += fmt.Sprintf("-%d", seed)
		}
	}
	p := place{name: e.Name + suffix, page: "report" + suffix + ".html", aside: suffix != ""}
	if !e.Published() {
		p.page = "report-" + p.name + ".html"
	}
	return p
}

func scaleSuffix(c reports.Choice) string {
	return "-scale-" + strings.ReplaceAll(c.Scale.String(), "/", "-")
}

// placed is an experiment's exhibit in its place.
type placed struct {
	*reports.Exhibit
	place
	experiment *experiments.Experiment
	choice     reports.Choice
}

// note says in a line what an exhibit that was set aside did not replace.
func (e placed) note(records []*results.Record, dir string) string {
	what := "scale " + e.choice.Scale.String()
	if e.choice.Synthetic {
		what = "synthetic data"
	} else if e.choice.Seeds != nil {
		what += " with seeds of -seeds"
	}
	left := ReportFile + " is left as it is"
	if largest, ok := kept(e.experiment, records); ok {
		left = fmt.Sprintf("figures/%s.* and %s keep showing scale %s", e.experiment.Name, ReportFile, largest.Scale)
	}
	return fmt.Sprintf("%s: %s is drawn as %s/figures/%s.png, on the page %s/%s; %s", e.experiment.Name, what, dir, e.name, dir, e.page, left)
}
