package reports

import (
	"slices"
	"strings"
	"time"

	"deepresidual/reports/table"
	"deepresidual/results"
)

// runTable lists where the runs of a drawing come from: everything in the
// record that a reader needs to trust a curve or to repeat it.
func runTable(s *Selection) *table.Table {
	t := s.newTable("runs", "runs",
		table.Column{Heading: "network", Keys: keys("network")},
		table.Column{Heading: "variant", Keys: keys("variant")},
		table.Column{Heading: "state", Keys: keys("state")},
		table.Column{Heading: "seed", Number: true, Keys: keys("seed")},
		table.Column{Heading: "iterations", Number: true, Keys: keys("iterations"), Spare: 1},
		table.Column{Heading: "hours", Number: true, Keys: keys("hours"), Spare: 1},
		table.Column{Heading: "images/s", Number: true, Keys: keys("images_per_second"), Spare: 2},
		table.Column{Heading: "identity", Keys: keys("identity")},
		table.Column{Heading: "revision", Keys: keys("revision"), Spare: 1},
		table.Column{Heading: "kernels", Keys: keys("kernels"), Spare: 3},
		table.Column{Heading: "threads", Number: true, Keys: keys("threads"), Spare: 6},
		table.Column{Heading: "processor", Keys: keys("processor"), Spare: 7},
		table.Column{Heading: "Go", Keys: keys("go_version"), Spare: 5},
		table.Column{Heading: "data", Keys: keys("data"), Spare: 4},
		table.Column{Heading: "started (UTC)", Keys: keys("started_utc"), Spare: 8},
	)
	t.Common = append(t.Common, table.Field{Key: "n", Value: "1"})
	for _, run := range s.Runs {
		r := run.Record
		cells := make([]table.Cell, len(t.Columns))
		cells[0], cells[1], cells[2], cells[3] = table.Text(run.Spec.Network.String()), table.Text(run.Variant), table.Text(run.state()), table.Int(int(run.Spec.Seed))
		if r != nil {
			p := r.Provenance
			cells[4] = table.Int(run.iteration())
			if p.TrainSeconds > 0 {
				cells[5] = table.Number(p.TrainSeconds/3600, 2)
				iteration, seconds := run.iteration(), p.TrainSeconds
				if n := len(r.Times); n > 0 && !run.complete() { // it stopped some time after its last row
					iteration, seconds = r.Times[n-1].Iteration, r.Times[n-1].Seconds
				}
				cells[6] = table.Number(float64(iteration*run.Spec.Protocol.Batch)/seconds, 0)
			}
			cells[7], cells[8], cells[9] = table.Text(r.Key.Identity()), ofEach(r, revision), table.Text(strings.Join(p.Kernels, ", "))
			cells[10] = table.Int(p.Threads)
			cells[11] = ofEach(r, func(q results.Process) string { return q.CPU })
			cells[12] = ofEach(r, func(q results.Process) string { return q.GoVersion })
			cells[13], cells[14] = table.Text(dataName(r.Key.Data)), table.Text(date(p.Started))
		}
		t.Add(cells...)
	}
	t.Notes = []string{"A revision with a plus sign had changes that are not in it; where several processes trained a run, one after the other, " +
		"those of each, and the threads of the last. Data: SHA-256 of the training and the test records in canonical order, first digits."}
	return t
}

// processes is who trained a run, one after the other: at least one.
func processes(r *results.Record) []results.Process {
	if len(r.Processes) > 0 {
		return r.Processes
	}
	return []results.Process{r.Provenance.Process(0, strings.Join(r.Provenance.Kernels, ", "))}
}

// ofEach is a cell with what is to be said of each process that trained a run,
// once.
func ofEach(r *results.Record, say func(results.Process) string) table.Cell {
	var said []string
	for _, q := range processes(r) {
		if s := say(q); s != "" && !slices.Contains(said, s) {
			said = append(said, s)
		}
	}
	return table.Text(strings.Join(said, ", "))
}

// revision is the first digits of a process's revision, "" if that is not known.
func revision(p results.Process) string {
	if p.Revision == "" {
		return ""
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

// date is a time in UTC, "" for none.
func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}
