package main

import (
	"context"
	"fmt"
	"strings"

	"deepresidual/experiments"
	"deepresidual/reports"
)

// listMode lists the experiments that come with the program, or those that are
// named.
type listMode struct{ selection selection }

func (m *listMode) declare(o *options) {
	o.mode("list", "list the experiments")
	m.selection.declare(o, false)
}

func (m *listMode) do(_ context.Context, env *environment) error {
	list, err := experiments.All()
	if len(m.selection.names) > 0 {
		list, err = m.selection.load()
	}
	if err != nil {
		return err
	}
	t := reports.Table{
		Name:    "experiments",
		Columns: []reports.Column{{Heading: "-exp"}, {Heading: "exhibit"}, {Heading: "runs", Number: true}, {Heading: "networks"}},
	}
	for _, e := range list {
		var names []string
		for _, n := range e.Networks {
			names = append(names, n.String())
		}
		runs := fmt.Sprint(len(e.Runs(m.selection.scale, m.selection.seeds)))
		t.Rows = append(t.Rows, reports.TableRow{Cells: []string{e.Name, e.Title, runs, strings.Join(names, " ")}})
	}
	return t.Terminal(env.stdout)
}
