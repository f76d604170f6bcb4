package main

import (
	"encoding/json"

	"deepresidual/reports"
)

// format is how a mode prints its table.
type format struct{ name string }

const formatTable, formatCSV, formatJSON = "table", "csv", "json"

func (f *format) declare(o *options) {
	o.choice(&f.name, "format", "F", "how the table is printed: table (default), csv, json", formatTable, formatCSV, formatJSON)
}

// print prints rows, of which table makes a table: for people, with numbers
// rounded and separated, or for other programs.
func (f *format) print(env *environment, rows any, table func(forPeople bool) *reports.Table) error {
	switch f.name {
	case formatJSON:
		out := json.NewEncoder(env.stdout)
		out.SetIndent("", "  ")
		return out.Encode(rows)
	case formatCSV:
		return table(false).CSV(env.stdout)
	}
	return table(true).Terminal(env.stdout)
}
