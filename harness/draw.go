package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/reports"
	"deepresidual/reports/tensorboard"
	"deepresidual/results"
	"deepresidual/results/atomicfile"
)

// reportFile is the page with all exhibits, in the results folder.
const reportFile = "report.html"

// A chooser says which records an experiment is drawn from; false for none.
type chooser func(*experiments.Experiment, []*results.Record) (reports.Choice, bool)

// asked chooses what the command line asks for, recorded or not.
func (a *app) asked(*experiments.Experiment, []*results.Record) (reports.Choice, bool) {
	return reports.Choice{Scale: a.scale, Seeds: a.seeds, Synthetic: a.data == data.SyntheticPath}, true
}

// recorded chooses what the command line asks for if there is some of it, and
// without a -scale the largest scale that is recorded.
func (a *app) recorded(e *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
	if a.scaleGiven || a.data == data.SyntheticPath {
		c, _ := a.asked(e, records)
		return c, !reports.Select(e, records, c).Empty()
	}
	return reports.Largest(e, records, a.seeds)
}

// draw draws what is recorded and trains nothing (-report).
func (a *app) draw() error {
	list, err := a.load()
	if err != nil {
		return err
	}
	store, err := a.open()
	if err != nil {
		return err
	}
	drawn, err := a.publish(list, store, a.recorded)
	if err == nil && drawn == 0 {
		return fmt.Errorf("nothing of %s is recorded in %s; without -report it is trained", strings.Join(a.exp, ", "), a.results)
	}
	return err
}

// drawExhibits draws the experiments as they were asked for, after training.
func (a *app) drawExhibits(list []*experiments.Experiment, store *results.Store) error {
	_, err := a.publish(list, store, a.asked)
	return err
}

// drawRecorded is for a machine that has neither data nor network: it draws
// from the largest scale that is recorded and says what the full run needs.
// Drawing nothing at all is an error, with unavailable for the reason.
func (a *app) drawRecorded(list []*experiments.Experiment, store *results.Store, unavailable error) error {
	largest := func(e *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
		c, ok := reports.Largest(e, records, a.seeds)
		if ok {
			a.say("%s: drawn from what is recorded at scale %s; nothing can be trained", e.Name, c.Scale)
		}
		return c, ok
	}
	drawn, err := a.publish(list, store, largest)
	if err == nil && drawn == 0 {
		return fmt.Errorf("nothing of %s is recorded in %s, and %w", strings.Join(a.exp, ", "), a.results, unavailable)
	}
	a.say("to train: %s", oneLine(unavailable))
	return err
}

// publish draws the experiments from the records chosen, prints their tables
// and lists the files written. It returns how many were drawn.
func (a *app) publish(list []*experiments.Experiment, store *results.Store, choose chooser) (int, error) {
	records := a.records(store)
	exhibits, err := build(list, records, choose)
	if err != nil {
		return 0, err
	}
	var failed bool
	for _, e := range exhibits {
		if err := e.Print(a.stdout); err != nil {
			return 0, err
		}
		for _, r := range e.Figure.Remarks() {
			fmt.Fprintf(a.stdout, "%s: %s\n", e.Name, r)
		}
		paths, err := e.Write(store.Dir())
		if err != nil {
			return 0, err
		}
		for _, path := range paths {
			fmt.Fprintln(a.stdout, path)
		}
		for _, v := range e.Verdicts {
			failed = failed || v.Failed()
		}
	}
	if len(exhibits) == 0 {
		return 0, nil
	}
	if err := a.writeReport(store.Dir(), records); err != nil {
		return 0, err
	}
	if err := a.exportAll(exhibits); err != nil {
		return 0, err
	}
	if a.check && failed {
		return len(exhibits), errCheck
	}
	return len(exhibits), nil
}

// build draws the experiments that a chooser finds records for.
func build(list []*experiments.Experiment, records []*results.Record, choose chooser) ([]*reports.Exhibit, error) {
	var exhibits []*reports.Exhibit
	for _, e := range list {
		c, ok := choose(e, records)
		if !ok {
			continue
		}
		exhibit, err := reports.Build(reports.Select(e, records, c), reports.Options{Parameters: parameters})
		if err != nil {
			return nil, err
		}
		exhibits = append(exhibits, exhibit)
	}
	return exhibits, nil
}

// parameters counts a network's parameters; 0 for one that cannot be.
func parameters(n experiments.Network) int {
	net, err := describe(n)
	if err != nil {
		return 0
	}
	return net.Parameters()
}

// writeReport writes the page of every experiment that something is recorded
// of, whichever of them this command is about.
func (a *app) writeReport(dir string, records []*results.Record) error {
	r, err := a.page(records)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, reportFile)
	if err := atomicfile.Write(path, func(w io.Writer) error { return r.WriteHTML(w) }); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, path)
	return nil
}

// page draws the report of every experiment of the program and of -exp that
// something is recorded of.
func (a *app) page(records []*results.Record) (*reports.Report, error) {
	list, err := experiments.All()
	if err != nil {
		return nil, err
	}
	named, err := a.load()
	if err != nil {
		return nil, err
	}
	for _, e := range named {
		if !known(list, e) {
			list = append(list, e)
		}
	}
	exhibits, err := build(list, records, a.recorded)
	if err != nil {
		return nil, err
	}
	return &reports.Report{Title: "Deep Residual Learning on CIFAR-10, reproduced", Exhibits: exhibits}, nil
}

func known(list []*experiments.Experiment, e *experiments.Experiment) bool {
	for _, other := range list {
		if other.File == e.File {
			return true
		}
	}
	return false
}

// exportAll writes TensorBoard event files of the runs that exhibits show.
func (a *app) exportAll(exhibits []*reports.Exhibit) error {
	for _, e := range exhibits {
		for _, run := range e.Selection.Runs {
			if run.Record == nil {
				continue
			}
			if err := a.export(run.Record); err != nil {
				return err
			}
		}
	}
	return nil
}

// export writes the TensorBoard event file of a run, if -tensorboard asks for
// it.
func (a *app) export(r *results.Record) error {
	if a.tensorboard == "" {
		return nil
	}
	_, err := tensorboard.Export(a.tensorboard, r)
	return err
}
