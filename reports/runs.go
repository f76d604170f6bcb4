package reports

import (
	"fmt"
	"strings"
	"time"

	"deepresidual/results"
)

// runTable lists where the runs of an exhibit come from: everything in the
// record that a reader needs to trust a curve or to repeat it.
func runTable(s *Selection) *Table {
	t := &Table{
		Name:  s.Experiment.Name + "-runs",
		Title: s.title("runs"),
		Columns: append(append(textColumns("network", "state"), numberColumns("seed", "iterations", "hours", "images/s")...),
			textColumns("identity", "revision", "kernels", "threads", "processor", "Go", "data", "started")...),
	}
	for _, run := range s.Runs {
		r := run.Record
		if r == nil {
			t.add(run.Spec.Network.String(), "not run", fmt.Sprint(run.Spec.Seed), missing, missing, missing,
				missing, missing, missing, missing, missing, missing, missing, missing)
			continue
		}
		p := r.Provenance
		hours, speed := missing, missing
		if p.TrainSeconds > 0 {
			hours = fmt.Sprintf("%.2f", p.TrainSeconds/3600)
			speed = fmt.Sprintf("%.0f", float64(run.iteration()*run.Spec.Protocol.Batch)/p.TrainSeconds)
		}
		t.add(run.Spec.Network.String(), run.state(), fmt.Sprint(run.Spec.Seed), grouped(run.iteration()), hours, speed,
			r.Key.Identity(), revision(p), orMissing(strings.Join(p.Kernels, ", ")), fmt.Sprint(p.Threads), orMissing(p.CPU),
			orMissing(p.GoVersion), dataName(r.Key.Data), date(p.Started))
	}
	t.Notes = []string{"A revision with a plus sign had changes that are not in it. Data: SHA-256 of the training and the test records in canonical order, first digits."}
	return t
}

func revision(p results.Provenance) string {
	if p.Revision == "" {
		return missing
	}
	r := p.Revision[:min(len(p.Revision), 10)]
	if p.Dirty {
		r += "+"
	}
	return r
}

func dataName(f results.Fingerprint) string {
	digits := func(s string) string { return s[:min(len(s), 8)] }
	name := digits(f.Train) + " " + digits(f.Test)
	if f.Synthetic {
		name = "synthetic " + name
	}
	return strings.TrimSpace(name)
}

func date(t time.Time) string {
	if t.IsZero() {
		return missing
	}
	return t.UTC().Format("2006-01-02 15:04")
}
