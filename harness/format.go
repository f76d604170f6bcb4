package main

import (
	"encoding/json"

	"deepresidual/reports/table"
)

// format is how a mode prints its table.
type format struct{ name string }

const formatTable, formatCSV, formatJSON = "table", "csv", "json"

func (f *format) declare(o *options) {
	o.choice(&f.name, "format", "F", "how the table is printed: table (default), csv, json", formatTable, formatCSV, formatJSON)
}

// print prints rows, which t has as a table.
func (f *format) print(env *environment, rows any, t *table.Table) error {
	switch f.name {
	case formatJSON:
		out := json.NewEncoder(env.stdout)
		out.SetIndent("", "  ")
		return out.Encode(rows)
	case formatCSV:
		return t.CSV(env.stdout)
	}
	return t.Terminal(env.stdout, table.Width(env.stdout))
}
