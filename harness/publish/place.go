package publish

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/reports"
	"deepresidual/results"
	"deepresidual/results/atomicfile"
)

// A place is where a drawing is kept in the results folder.
//
// An experiment's own names, figures/fig1.png and so on, and the page
// [reportFile] are for what reproduces the paper best: real images, the seeds of
// the spec, the largest scale of which enough is recorded ([reports.Largest]).
// Nothing less ever replaces them. What else can be drawn lies beside them under
// names that say what it is, and on pages of its own.
type place struct {
	name  string // of the drawing, from which those of its files are made
	page  string // the file of the page that shows it
	aside bool   // the experiment's own names are for another choice, or for none yet
}

// kept returns the choice of records that an experiment's own names are for;
// false if there are none.
func kept(e *experiments.Experiment, records []*results.Record) (reports.Choice, bool) {
	c, ok := reports.Largest(e, records, nil)
	return c, ok && !c.Synthetic
}

// keptScale returns the scale that an experiment's own names are for: that of its
// records, or what they show already where that is larger, which are runs of
// the spec as it was before a change.
func (p *Publisher) keptScale(e *experiments.Experiment, records []*results.Record) (experiments.Scale, bool, error) {
	before, err := p.drawnBefore(e, records)
	if err != nil {
		return experiments.Scale{}, false, err
	}
	c, ok := kept(e, records)
	var now []*results.Record
	if ok {
		for _, run := range reports.Select(e, records, c).Runs {
			now = append(now, run.Record)
		}
	}
	if len(before) == 0 {
		return c.Scale, ok, nil
	}
	scale := before[0].Key.Spec.Scale
	if complete := completeNetworks(before); complete > 0 && (!ok || scale.Compare(c.Scale) > 0) && 2*complete > completeNetworks(now) {
		return scale, true, nil
	}
	return c.Scale, ok, nil
}

// drawnBefore returns the records that the files under an experiment's own names
// were drawn from, by the identities in the table of its runs. Where that is there and
// cannot be read, nobody can tell.
func (p *Publisher) drawnBefore(e *experiments.Experiment, records []*results.Record) ([]*results.Record, error) {
	table, err := atomicfile.ReadFile(filepath.Join(p.Store.Dir(), "tables", e.Name+"-runs.csv"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("finding out which runs figures/%s.* show: %w", e.Name, err)
	}
	var drawn []*results.Record
	for _, r := range records {
		if bytes.Contains(table, []byte(r.Key.Identity())) {
			drawn = append(drawn, r)
		}
	}
	return drawn, nil
}

// unreadable names the runs that are shown under the own names of experiments, or on
// their page, and whose records cannot be read now. What shows them is not drawn
// again without: it would be less than it was.
func (p *Publisher) unreadable(damaged []error, list ...*experiments.Experiment) []string {
	if len(damaged) == 0 {
		return nil // without reading pages, which are long
	}
	var names []string
	for _, e := range list {
		shown := p.showsRun(e)
		for _, err := range damaged {
			network, id := runOf(err)
			name := network + " " + id
			if id == "" {
				name = "runs of a folder that cannot be listed"
			}
			if !slices.Contains(names, name) && shown(network, id) {
				names = append(names, name)
			}
		}
	}
	return names
}

// showsRun returns whether a run, by its folders, is in the drawing under an
// experiment's own names, or on its page and of one of its networks; without an
// identity, whether any is. What cannot be read may show any.
func (p *Publisher) showsRun(e *experiments.Experiment) func(network, identity string) bool {
	unknown := func(err error) bool { return err != nil && !errors.Is(err, fs.ErrNotExist) }
	drawn, err := atomicfile.ReadFile(filepath.Join(p.Store.Dir(), "tables", e.Name+"-runs.csv"))
	at := reportFile
	if !e.Published() {
		at = ownPage(e.Name)
	}
	page, pageErr := atomicfile.ReadFile(filepath.Join(p.Store.Dir(), at))
	return func(network, identity string) bool {
		switch {
		case unknown(err) || unknown(pageErr):
			return true
		case identity == "":
			return len(drawn)+len(page) > 0
		}
		return bytes.Contains(drawn, []byte(identity)) || hasNetwork(e, network) && bytes.Contains(page, []byte("run-"+identity))
	}
}

// hasNetwork reports whether an experiment has a network of this name.
func hasNetwork(e *experiments.Experiment, name string) bool {
	return slices.ContainsFunc(e.Networks, func(n network.Network) bool { return n.String() == name })
}

// completeNetworks counts the networks with a complete run; one that is trained by
// several protocols counts with each.
func completeNetworks(records []*results.Record) int {
	complete := make(map[string]bool)
	for _, r := range records {
		if r != nil && r.Status == results.Complete {
			anySeed := r.Key
			anySeed.Spec.Seed = 0
			complete[anySeed.Identity()] = true
		}
	}
	return len(complete)
}

// place returns the place of an experiment's drawing, drawn from a choice of
// the records.
func (p *Publisher) place(e *experiments.Experiment, records []*results.Record, c reports.Choice) (place, error) {
	largest, ok, err := p.keptScale(e, records)
	if err != nil {
		return place{}, err
	}
	suffix := ""
	switch {
	case c.Synthetic:
		suffix = "-synthetic"
		if !c.Scale.IsFull() {
			suffix += scaleSuffix(c)
		}
	case ok && c.Scale.Compare(largest) != 0:
		suffix = scaleSuffix(c)
	}
	if !reflect.DeepEqual(e.Runs(c.Scale, c.Seeds), e.Runs(c.Scale, nil)) {
		suffix += seedSuffix(c.Seeds)
	}
	at := place{name: e.Name + suffix, page: "report" + suffix + ".html", aside: suffix != ""}
	if !e.Published() {
		at.page = ownPage(at.name)
	}
	return at, nil
}

// ownPage is the page of an experiment that does not belong on the published one.
func ownPage(name string) string { return "report-" + name + ".html" }

func scaleSuffix(c reports.Choice) string {
	return "-scale-" + strings.ReplaceAll(c.Scale.String(), "/", "-")
}

// fewSeeds are spelled out in the name of a drawing, of more of them those that follow
// each other are a range: 1-to-80.
const fewSeeds = 5

// seedSuffix is what seeds of -seeds add to the name of a drawing. Names of files end
// at 255 bytes: a hash stands for a list that is still long.
func seedSuffix(seeds []int64) string {
	suffix := "-seeds"
	for i := 0; i < len(seeds); i++ {
		suffix += fmt.Sprintf("-%d", seeds[i])
		last := i
		for last+1 < len(seeds) && seeds[last+1] == seeds[last]+1 {
			last++
		}
		if len(seeds) > fewSeeds && last > i+1 {
			suffix += fmt.Sprintf("-to-%d", seeds[last])
			i = last
		}
	}
	if len(suffix) > 100 {
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(suffix)) // never fails
		suffix = fmt.Sprintf("-seeds-%016x", hash.Sum64())
	}
	return suffix
}

// placed is an experiment's drawing in its place.
type placed struct {
	*reports.Drawing
	place
	experiment *experiments.Experiment
	choice     reports.Choice
}

// note says in a line what a drawing that was set aside did not replace.
func (p *Publisher) note(e placed, records []*results.Record) string {
	what := "scale " + e.choice.Scale.String()
	if e.choice.Synthetic {
		what = "synthetic data"
	} else if e.choice.Seeds != nil {
		what += " with seeds of -seeds"
	}
	dir := p.Store.Dir()
	left := ""
	if _, err := os.Stat(filepath.Join(dir, reportFile)); err == nil {
		left = "; " + reportFile + " is left as it is"
	}
	if scale, ok, err := p.keptScale(e.experiment, records); ok && err == nil {
		page := reportFile
		if !e.experiment.Published() {
			page = ownPage(e.experiment.Name)
		}
		keep := "keep showing"
		if _, err := os.Stat(filepath.Join(dir, "figures", e.experiment.Name+".png")); err != nil {
			keep = "are for"
		}
		left = fmt.Sprintf("; figures/%s.* and %s %s scale %s", e.experiment.Name, page, keep, scale)
	}
	return fmt.Sprintf("%s: %s is drawn as %s/figures/%s.png, on the page %s/%s%s", e.experiment.Name, what, dir, e.name, dir, e.page, left)
}
