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
type listMode struct {
	selection selection
	format    format
}

func (m *listMode) declare(o *options) {
	o.mode("list", "list the experiments")
	m.selection.declare(o, false)
	m.format.declare(o)
}

// listed is what -list tells of an experiment. The JSON names are part of the
// program's interface.
type listed struct {
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Runs     int      `json:"runs"`
	Networks []string `json:"networks"`
}

func (m *listMode) do(_ context.Context, env *environment) error {
	list, err := experiments.All()
	if len(m.selection.names) > 0 {
		list, err = m.selection.load()
	}
	if err != nil {
		return err
	}
	rows := []listed{}
	for _, e := range list {
		row := listed{Name: e.Name, Title: e.Title, Runs: len(e.Runs(m.selection.scale, m.selection.seeds))}
		for _, n := range e.Networks {
			row.Networks = append(row.Networks, n.String())
		}
		rows = append(rows, row)
	}
	return m.format.print(env, rows, func(bool) *reports.Table { return listTable(rows) })
}

func listTable(rows []listed) *reports.Table {
	t := &reports.Table{
		Name:    "experiments",
		Columns: []reports.Column{{Heading: "-exp"}, {Heading: "exhibit"}, {Heading: "runs", Number: true}, {Heading: "networks"}},
	}
	for _, r := range rows {
		t.Rows = append(t.Rows, reports.TableRow{Cells: []string{r.Name, r.Title, fmt.Sprint(r.Runs), strings.Join(r.Networks, " ")}})
	}
	return t
}
