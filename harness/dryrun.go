package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/process"
	"deepresidual/harness/text"
	"deepresidual/harness/work"
	"deepresidual/models/kernels"
	"deepresidual/reports/table"
)

// dryRunMode says what would be trained and why, what it costs, and how long it
// would take on this machine. It writes nothing.
type dryRunMode struct {
	records records
	machine machine
	jobs    jobs
	retrain bool
	format  format
}

func (m *dryRunMode) declare(o *options) {
	o.mode("dry-run", "say what would be trained and why, its cost, and how long it would take")
	m.records.declare(o, true)
	m.machine.declare(o)
	m.jobs.declare(o)
	o.on(&m.retrain, "retrain", "train again what is recorded; the old record stays until the new one is finished")
	m.format.declare(o)
}

func (m *dryRunMode) do(ctx context.Context, env *environment) error {
	if err := m.jobs.check(m.machine.threads); err != nil {
		return err
	}
	list, store, err := m.records.open(env)
	if err != nil {
		return err
	}
	if err := m.records.data.check(ctx, env); err != nil {
		return err
	}
	plan, recorded, err := m.records.plan(ctx, env, list, store)
	if err == nil && m.retrain {
		plan, err = plan.Retrain(store)
	}
	if err != nil {
		return err
	}
	todo := plan.Work()
	var speed work.Speed
	jobs := 1
	if len(todo) > 0 {
		if jobs, err = m.jobs.choose(env, todo, m.machine.threads, process.FreeMiB()); err != nil {
			return err
		}
		set, err := kernels.Select(m.machine.kernels)
		if err != nil {
			return err
		}
		var ok bool
		threads, _ := work.Threads(jobs, m.machine.threads)
		if speed, ok = work.RecordedSpeed(recorded, process.Host(), process.CPU(), set.Rounding(), threads); !ok {
			if speed, err = work.MeasuredSpeed(ctx, threads, m.machine.kernels); err != nil {
				return err
			}
		}
	}
	rows := plannedRows(plan, speed)
	if err := m.format.print(env, rows, rows.table()); err != nil {
		return err
	}
	summary := env.stdout
	if m.format.name != formatTable {
		summary = env.stderr
	}
	return summarise(summary, plan, speed, jobs, m.machine.threads)
}

// summarise says what a plan comes to. Where a run diverged or cannot be read,
// training what is left would fail, and so does this.
func summarise(w io.Writer, plan work.Plan, speed work.Speed, jobs, threads int) error {
	todo := plan.Work()
	lost := plan.Failures()
	switch {
	case len(todo) > 0:
		how := ""
		if jobs > 1 {
			how = ", " + atOnce(jobs, threads)
		}
		table.PrintWrapped(w, fmt.Sprintf("%d of %d runs to train%s: %s FLOPs, about %s, going by %s",
			len(todo), len(plan), how, flopsOf(todo.Cost()), text.Roughly(todo.Time(jobs, threads, speed)), speed.Source))
	case lost == nil:
		fmt.Fprintf(w, "nothing to train: all %d runs are recorded\n", len(plan))
	default:
		table.PrintWrapped(w, "nothing can be trained, but not every run is recorded to its end")
	}
	return lost
}

// plannedRun is what -dry-run tells of a run. The JSON names are part of the
// program's interface.
type plannedRun struct {
	Network     string   `json:"network"`
	Scale       string   `json:"scale"`
	Seed        int64    `json:"seed"`
	Identity    string   `json:"identity"`
	Experiments []string `json:"experiments"`
	Train       bool     `json:"train"`
	Reason      string   `json:"reason"`
	Iterations  int      `json:"iterations"` // left to train
	FLOPs       float64  `json:"flops"`      // two to a multiply-add
	Seconds     float64  `json:"seconds"`    // that it would take

	title string
	scale experiments.Scale
	time  time.Duration
}

type plannedRuns []plannedRun

func plannedRows(plan work.Plan, speed work.Speed) plannedRuns {
	rows := plannedRuns{}
	for _, r := range plan {
		spec := r.Key.Spec
		row := plannedRun{
			Network: spec.Network.String(), Scale: spec.Scale.String(), Seed: spec.Seed, Identity: r.Key.Identity(),
			Experiments: r.ShownBy, Train: r.Train, Reason: r.Reason, title: r.Key.String(), scale: spec.Scale,
		}
		if r.Train {
			row.Iterations = spec.Protocol.Iterations - r.Done
			row.FLOPs, row.time = 2*r.Cost, speed.Time(r.Cost)
			row.Seconds = row.time.Seconds()
		}
		rows = append(rows, row)
	}
	return rows
}

// table lays a plan out as a table: for people a run is one word, its identity
// and all, for programs it is several values.
func (rows plannedRuns) table() *table.Table {
	t := &table.Table{
		Name: "plan",
		Columns: []table.Column{
			{Heading: "run", Keys: []string{"network", "scale", "seed", "identity"}},
			{Heading: "for", Keys: []string{"experiments"}, Spare: 2},
			{Heading: "why", Keys: []string{"reason"}},
			{Heading: "iterations", Number: true, Keys: []string{"iterations"}, Spare: 1},
			{Heading: "FLOPs", Number: true, Keys: []string{"flops"}, Spare: 3},
			{Heading: "time", Number: true, Keys: []string{"seconds"}},
		},
	}
	for _, r := range rows {
		iterations, flops, seconds := table.Int(r.Iterations), table.Number(r.FLOPs, 0).As(fmt.Sprintf("%.2g", r.FLOPs)), table.Number(r.Seconds, 0)
		if r.Train {
			seconds = seconds.As(text.Roughly(r.time))
		} else {
			iterations, flops, seconds = iterations.As(""), flops.As(""), seconds.As("")
		}
		t.Add(table.Several(r.title, r.Network, strconv.FormatFloat(r.scale.Fraction(), 'g', -1, 64), strconv.FormatInt(r.Seed, 10), r.Identity),
			table.Text(strings.Join(r.Experiments, " ")), table.Text(r.Reason), iterations, flops, seconds)
	}
	return t
}

// flopsOf formats floating-point operations, two to a multiply-add: 1.5e+16.
func flopsOf(multiplyAdds float64) string { return fmt.Sprintf("%.2g", 2*multiplyAdds) }
