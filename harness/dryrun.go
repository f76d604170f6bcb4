package main

import (
	"context"
	"fmt"
	"strings"

	"deepresidual/harness/process"
	"deepresidual/harness/text"
	"deepresidual/harness/work"
	"deepresidual/reports"
)

// dryRunMode says what would be trained and why, what it costs, and how long it
// would take on this machine. It writes nothing.
type dryRunMode struct {
	records records
	machine machine
	retrain bool
}

func (m *dryRunMode) declare(o *options) {
	o.mode("dry-run", "say what would be trained and why, its cost, and how long it would take")
	m.records.declare(o, true)
	m.machine.declare(o)
	o.on(&m.retrain, "retrain", "train again what is recorded")
}

func (m *dryRunMode) do(ctx context.Context, env *environment) error {
	list, store, err := m.records.open(env)
	if err != nil {
		return err
	}
	plan, recorded, err := m.records.plan(ctx, env, list, store, m.retrain)
	if err != nil {
		return err
	}
	todo := plan.Work()
	var speed work.Speed
	if len(todo) > 0 {
		var ok bool
		if speed, ok = work.RecordedSpeed(recorded, process.CPU(), m.machine.threads); !ok {
			if speed, err = work.MeasuredSpeed(ctx, m.machine.threads, m.machine.kernels); err != nil {
				return err
			}
		}
	}
	if err := planTable(plan, speed).Terminal(env.stdout); err != nil {
		return err
	}
	if len(todo) == 0 {
		fmt.Fprintf(env.stdout, "nothing to train: all %d runs are recorded\n", len(plan))
		return nil
	}
	fmt.Fprintf(env.stdout, "%d of %d runs to train: %s FLOPs, about %s, going by %s\n",
		len(todo), len(plan), flopsOf(todo.Cost()), text.Roughly(speed.Time(todo.Cost())), speed.Source)
	return nil
}

// planTable lays a plan out as a table.
func planTable(plan work.Plan, speed work.Speed) *reports.Table {
	t := &reports.Table{
		Name: "plan",
		Columns: []reports.Column{
			{Heading: "run"}, {Heading: "for"}, {Heading: "why"},
			{Heading: "iterations", Number: true}, {Heading: "FLOPs", Number: true}, {Heading: "time", Number: true},
		},
	}
	for _, r := range plan {
		iterations, flops, duration := "", "", ""
		if r.Train {
			iterations = text.Grouped(r.Key.Spec.Protocol.Iterations - r.Done)
			flops, duration = flopsOf(r.Cost), text.Roughly(speed.Time(r.Cost))
		}
		t.Rows = append(t.Rows, reports.TableRow{Cells: []string{
			r.Key.String(), strings.Join(r.ShownBy, " "), r.Reason, iterations, flops, duration,
		}})
	}
	return t
}

// flopsOf formats floating-point operations, two to a multiply-add: 1.5e+16.
func flopsOf(multiplyAdds int64) string { return fmt.Sprintf("%.2g", 2*float64(multiplyAdds)) }
