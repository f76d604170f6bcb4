// Package submit hands the runs of a plan over to a scheduler: which of them,
// with what arguments for the site, and what each will need. The scheduler
// itself is package slurm's.
package submit

import (
	"fmt"
	"io"
	"strings"
	"time"

	"deepresidual/harness/slurm"
	"deepresidual/harness/text"
	"deepresidual/harness/work"
	"deepresidual/models"
	"deepresidual/reports/table"
	"deepresidual/results"
)

// Missing returns the runs of a plan that nobody trains or is about to train;
// queued are those that were handed over before, by identity. It says which are
// left out.
func Missing(plan work.Plan, queued map[string]string, progress io.Writer) work.Plan {
	say := func(format string, args ...any) {
		table.PrintWrapped(progress, text.Printable(fmt.Sprintf(format, args...)))
	}
	var missing work.Plan
	trained := false
	for _, r := range plan.Work() {
		switch where, ok := queued[r.Key.Identity()]; {
		case ok:
			say("%s: queued already, in %s", r.Key, where)
		case r.State.Status == results.Running:
			sign := "no sign of life yet"
			if beat := r.State.Holder.Beat; !beat.IsZero() {
				sign = fmt.Sprintf("last sign of life %s ago", text.Roughly(max(0, time.Since(beat))))
			}
			say("%s: %s, %s", r.Key, r.Reason, sign)
			trained = true
		default:
			missing = append(missing, r)
		}
	}
	if trained {
		say("a worker that was killed counts as alive for ten minutes after its last sign of life; after that the same command submits its run")
	}
	return missing
}

// Site returns what the values of -sbatch say of the cluster: at most one file
// and any number of sbatch's options.
func Site(values []string) (slurm.Site, error) {
	site := slurm.Site{CPUs: slurm.DefaultCPUs}
	var file string
	var options []string
	for _, s := range values {
		switch {
		case !strings.HasPrefix(s, "-") && file == "":
			file = s
		case !strings.HasPrefix(s, "-"):
			return site, OptionError{fmt.Sprintf("%s and %s: one file at a time", file, s)}
		default:
			options = append(options, s)
		}
	}
	if file != "" {
		var err error
		if site, err = slurm.ReadSite(file); err != nil {
			return site, err
		}
	}
	for _, o := range options {
		if err := site.Add(o); err != nil {
			return site, OptionError{err.Error()}
		}
	}
	return site, nil
}

// TooMany returns how many processors of a task find work in the runs, if that
// is less than so many; else 0.
func TooMany(runs work.Plan, cpus int) int {
	busy := 0
	for _, r := range runs {
		busy = max(busy, models.Parts(r.Key.Spec.Protocol.Batch))
	}
	if busy < cpus {
		return busy
	}
	return 0
}

// OptionError says what is wrong with the values of -sbatch.
type OptionError struct{ Problem string }

func (e OptionError) Error() string { return e.Problem }

// Tasks estimates what runs need on so many processors, of which one alone does
// so many multiply-adds a second.
func Tasks(runs work.Plan, records []*results.Record, cpus int, perThread float64) []slurm.Task {
	var tasks []slurm.Task
	for _, r := range runs {
		spec := r.Key.Spec
		s := work.Speed{PerSecond: perThread * models.Speedup(spec.Network, spec.Protocol.Batch, cpus, cpus)}
		memory := models.MemoryMiB(spec.Network, spec.Protocol.Batch)
		for _, old := range records {
			if old.Key.Spec.Network == spec.Network && old.Key.Spec.Protocol.Batch == spec.Protocol.Batch {
				memory = max(memory, int(old.PeakMiB))
			}
		}
		tasks = append(tasks, slurm.Task{
			Identity: r.Key.Identity(),
			Network:  spec.Network.String(),
			Seed:     spec.Seed,
			Time:     s.Time(r.Cost),
			Memory:   memory,
		})
	}
	return tasks
}
