package publish

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"deepresidual/experiments"
	"deepresidual/harness/process"
	"deepresidual/reports"
	"deepresidual/results"
	"deepresidual/results/atomicfile"
)

// reportFile is the page in the results folder with the drawings that reproduce
// the paper, each from the largest scale of which enough is recorded: see
// [reports.Largest].
const reportFile = "report.html"

const pageTitle = "Deep Residual Learning on CIFAR-10: the paper's claims and these runs"

// writePages writes the pages that show the drawings made, with all else that
// belongs on them, and returns their paths.
func (p *Publisher) writePages(drawn []placed, records []*results.Record, damaged []error) (written []string, err error) {
	list, err := experiments.Published()
	if err != nil {
		return nil, err
	}
	done := make(map[string]bool)
	published := false // the published page is written
	var failed []error
	for _, e := range drawn {
		if done[e.page] {
			continue
		}
		done[e.page] = true
		if e.page == reportFile {
			lost, err := p.lost(list, records)
			if err != nil {
				failed = append(failed, fmt.Errorf("%s is left as it is: %w", reportFile, err))
				continue
			}
			if len(lost) > 0 {
				p.say("%s is left as it is: what it shows of %s was drawn of larger scales, before the specs changed; they are to be trained again first", reportFile, strings.Join(lost, ", "))
				continue
			}
		}
		on := list
		if !e.experiment.Published() {
			on = []*experiments.Experiment{e.experiment}
		}
		if lost := p.unreadable(damaged, on...); !e.aside && len(lost) > 0 {
			p.say("%s is left as it is: it shows %s, which cannot be read now", e.page, strings.Join(lost, ", "))
			continue
		}
		path, err := p.writePage(e.page, on, records, damaged, p.companions(e))
		written, failed = append(written, path...), append(failed, err)
		if !e.aside && !e.experiment.Published() {
			// As with its figures: what was set aside has its own names now.
			failed = append(failed, atomicfile.Remove(filepath.Join(p.Store.Dir(), ownPage(e.name+scaleSuffix(e.choice)))))
		}
		published = published || e.page == reportFile
	}
	// What has the published names now may be on a page for what was set aside.
	for _, e := range drawn {
		name := "report" + scaleSuffix(e.choice) + ".html"
		if published && e.page == reportFile && !done[name] {
			done[name] = true
			failed = append(failed, p.renew(name, list, records, damaged, e.choice))
		}
	}
	return written, errors.Join(failed...)
}

// lost names the experiments that the published page shows at a scale at which
// they cannot be drawn again, since their specs have changed.
func (p *Publisher) lost(list []*experiments.Experiment, records []*results.Record) ([]string, error) {
	if _, err := os.Stat(filepath.Join(p.Store.Dir(), reportFile)); err != nil {
		return nil, nil
	}
	var names []string
	for _, e := range list {
		scale, ok, err := p.keptScale(e, records)
		if err != nil {
			return nil, err
		}
		if c, drawable := kept(e, records); ok && !(drawable && c.Scale.Compare(scale) == 0) {
			names = append(names, e.Name)
		}
	}
	return names, nil
}

// companions returns a chooser of the drawings that belong on the page of e.
func (p *Publisher) companions(e placed) Chooser {
	return func(other *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
		if other.Name == e.experiment.Name {
			return e.choice, true
		}
		c := e.choice
		if !e.aside {
			var ok bool
			if c, ok = kept(other, records); !ok {
				return c, false
			}
		}
		return c, !reports.Select(other, records, c).Empty() && p.belongs(other, records, c, e.page)
	}
}

// belongs reports whether the place of a drawing is on a page. Where that cannot be told
// it says so: drawing it is the error then.
func (p *Publisher) belongs(e *experiments.Experiment, records []*results.Record, c reports.Choice, page string) bool {
	at, err := p.place(e, records, c)
	return err != nil || at.page == page
}

// writePage draws a page of the experiments that there is something to show of
// and returns its path; a page with nothing on it is removed.
func (p *Publisher) writePage(name string, list []*experiments.Experiment, records []*results.Record, damaged []error, choose Chooser) (written []string, err error) {
	defer process.Recover(&err)
	path := filepath.Join(p.Store.Dir(), name)
	drawings, err := p.build(list, records, choose)
	if err != nil {
		return nil, err
	}
	if len(drawings) == 0 {
		return nil, atomicfile.Remove(path)
	}
	var page bytes.Buffer
	r := report(drawings)
	r.Damaged = p.concerning(list, damaged)
	if err := r.WriteHTML(&page); err != nil {
		return nil, err
	}
	if err := atomicfile.WriteChanged(path, page.Bytes()); err != nil {
		return nil, err
	}
	return []string{path}, nil
}

// renew writes a page of drawings that were set aside again, if there is one.
func (p *Publisher) renew(name string, list []*experiments.Experiment, records []*results.Record, damaged []error, c reports.Choice) error {
	if _, err := os.Stat(filepath.Join(p.Store.Dir(), name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	_, err := p.writePage(name, list, records, damaged, func(e *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
		return c, !reports.Select(e, records, c).Empty() && p.belongs(e, records, c, name)
	})
	return err
}

// concerning returns the errors about records of networks that experiments have, or
// that they show though a network has another name by now, and those that do not say
// which record could not be read.
func (p *Publisher) concerning(list []*experiments.Experiment, damaged []error) []error {
	return slices.DeleteFunc(slices.Clone(damaged), func(err error) bool {
		folder, id := runOf(err)
		return id != "" && !slices.ContainsFunc(list, func(e *experiments.Experiment) bool {
			return hasNetwork(e, folder) || p.showsRun(e)(folder, id)
		})
	})
}

// runOf returns the folder and the identity of the run whose record could not be
// read; none if an error does not say which.
func runOf(err error) (network, identity string) {
	e, ok := errors.AsType[*results.UnreadableError](err)
	if !ok {
		return "", ""
	}
	return filepath.Base(filepath.Dir(e.Dir)), filepath.Base(e.Dir)
}

func report(drawings []placed) *reports.Report {
	r := &reports.Report{Title: pageTitle}
	if len(drawings) == 1 && !drawings[0].experiment.Published() {
		r.Title, r.Own = drawings[0].Title, true
	}
	for _, e := range drawings {
		r.Drawings = append(r.Drawings, e.Drawing)
	}
	return r
}

// livePage draws what is served: the drawings that reproduce the paper and those
// of the publisher's experiments, as far as something is recorded of them. Those that
// cannot be made are named on the page, unless there is nothing else on it.
func (p *Publisher) livePage(records []*results.Record, choose Chooser) (*reports.Report, error) {
	list, err := experiments.Published()
	if err != nil {
		return nil, err
	}
	for _, e := range p.Experiments {
		if !known(list, e) {
			list = append(list, e)
		}
	}
	drawings, err := p.build(list, records, choose)
	if err != nil && len(drawings) == 0 {
		return nil, err
	}
	r := report(drawings)
	if err != nil {
		r.Failed = []error{err}
	}
	return r, nil
}

// known reports whether an experiment is in a list, by its name: see [CheckNames].
func known(list []*experiments.Experiment, e *experiments.Experiment) bool {
	return slices.ContainsFunc(list, func(other *experiments.Experiment) bool { return other.Name == e.Name })
}
