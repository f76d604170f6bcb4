package main

import (
	"context"
	"strings"

	"deepresidual/experiments"
	"deepresidual/reports/table"
)

// listMode lists the experiments that come with the program, or those that are
// named; or it says what the name of a network stands for.
type listMode struct {
	selection selection
	network   string // empty if none is asked after
	graph     bool
	format    format
}

func (m *listMode) declare(o *options) {
	o.mode("list", "list the experiments")
	m.selection.declareNames(o, false)
	m.selection.declareSeeds(o)
	o.text(&m.network, "net", "NAME", "what a network's name stands for, of the paper's or of the experiments'")
	o.on(&m.graph, "graph", "of -net: print its expression graph for training, for Graphviz (dot)")
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
	switch {
	case m.network != "" && m.selection.seeds != nil:
		return usagef("-net asks after a network, which has no -seeds: leave them out")
	case m.graph && m.network != "" && m.format.name != formatTable:
		return usagef("-graph prints what Graphviz reads, not a table: leave -format %s out", m.format.name)
	case m.network != "":
		return m.describe(env, list)
	case m.graph:
		return usagef("-graph needs -net NAME")
	}
	rows := []listed{}
	for _, e := range list {
		row := listed{Name: e.Name, Title: e.Title, Runs: len(e.Runs(experiments.Full(), m.selection.seeds))}
		for _, n := range e.Networks {
			row.Networks = append(row.Networks, n.String())
		}
		rows = append(rows, row)
	}
	return m.format.print(env, rows, listTable(rows))
}

func listTable(rows []listed) *table.Table {
	t := &table.Table{
		Name: "experiments",
		Columns: []table.Column{
			{Heading: "-exp", Keys: []string{"experiment"}},
			{Heading: "title", Keys: []string{"title"}},
			{Heading: "runs", Number: true, Keys: []string{"runs"}},
			{Heading: "networks", Keys: []string{"networks"}},
		},
	}
	for _, r := range rows {
		t.Add(table.Text(r.Name), table.Text(r.Title), table.Int(r.Runs), table.Text(strings.Join(r.Networks, " ")))
	}
	return t
}
