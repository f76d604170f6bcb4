package main

import (
	"context"
	"fmt"
	"strings"

	"deepresidual/reports"
)

// printPlan prints what would be trained and why, what it costs, and how long
// it would take on this machine (-dry-run). It writes nothing.
func (a *app) printPlan(ctx context.Context) error {
	list, err := a.load()
	if err != nil {
		return err
	}
	store, err := a.open()
	if err != nil {
		return err
	}
	p, err := a.plan(ctx, list, store)
	if err != nil {
		return err
	}
	t := reports.Table{
		Name: "plan",
		Columns: []reports.Column{
			{Heading: "run"}, {Heading: "for"}, {Heading: "why"},
			{Heading: "iterations", Number: true}, {Heading: "FLOPs", Number: true}, {Heading: "time", Number: true},
		},
	}
	work := p.work()
	var s speed
	if len(work) > 0 {
		var ok bool
		if s, ok = recordedSpeed(a.records(store), cpuName(), a.threads); !ok {
			if s, err = a.measuredSpeed(); err != nil {
				return err
			}
		}
	}
	for _, r := range p {
		iterations, flops, duration := "", "", ""
		if r.train {
			iterations = grouped(r.key.Spec.Protocol.Iterations - r.done)
			flops, duration = flopsOf(r.cost), roughly(s.time(r.cost))
		}
		t.Rows = append(t.Rows, reports.TableRow{Cells: []string{
			r.key.String(), strings.Join(r.shownBy, " "), r.reason, iterations, flops, duration,
		}})
	}
	if err := t.Terminal(a.stdout); err != nil {
		return err
	}
	if len(work) == 0 {
		fmt.Fprintf(a.stdout, "nothing to train: all %d runs are recorded\n", len(p))
		return nil
	}
	fmt.Fprintf(a.stdout, "%d of %d runs to train: %s FLOPs, about %s, going by %s\n",
		len(work), len(p), flopsOf(work.cost()), roughly(s.time(work.cost())), s.source)
	return nil
}

// flopsOf formats floating-point operations, two to a multiply-add: 1.5e+16.
func flopsOf(multiplyAdds int64) string { return fmt.Sprintf("%.2g", 2*float64(multiplyAdds)) }
