package main

import (
	"fmt"
	"strings"

	"deepresidual/experiments"
	"deepresidual/reports"
)

// listExperiments prints the experiments that come with the program.
func (a *app) listExperiments() error {
	all, err := experiments.All()
	if err != nil {
		return err
	}
	t := reports.Table{
		Name:    "experiments",
		Columns: []reports.Column{{Heading: "-exp"}, {Heading: "exhibit"}, {Heading: "runs", Number: true}, {Heading: "networks"}},
	}
	for _, e := range all {
		var names []string
		for _, n := range e.Networks {
			names = append(names, n.String())
		}
		runs := fmt.Sprint(len(e.Runs(a.scale, a.seeds)))
		t.Rows = append(t.Rows, reports.TableRow{Cells: []string{e.Name, e.Title, runs, strings.Join(names, " ")}})
	}
	return t.Terminal(a.stdout)
}
