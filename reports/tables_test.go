package reports

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"deepresidual/experiments"
)

// Every table in every format, from the same records as the figures.
func TestTablesReadAsBefore(t *testing.T) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			e := build(t, c.exp, c.records(c.exp, c.choice), c.choice)
			tables := e.AllTables()
			for _, f := range append(tableFormats(), format{"txt", (*Table).Terminal}) {
				var b bytes.Buffer
				for _, table := range tables {
					if err := f.write(table, &b); err != nil {
						t.Fatal(err)
					}
				}
				golden(t, c.name+"."+f.extension, b.Bytes())
			}
		})
	}
}

// awkward has what each format keeps to itself in its cells.
func awkward() *Table {
	return &Table{
		Name: "awkward", Title: "a | b & c < d",
		Columns: append(textColumns("name | kind", "100 % of_it"), numberColumns("a ± b")...),
		Rows: []TableRow{
			{Cells: []string{`back\slash {x} ~ ^ $5 #1`, "a, \"b\"", "−1.50"}},
			{Cells: []string{"<script>alert(1)</script>", "*bold* `code`", missing}, Rule: true},
		},
		Notes: []string{"note_with | everything & <more>"},
	}
}

func TestTablesEscapeTheirText(t *testing.T) {
	for _, f := range append(tableFormats(), format{"txt", (*Table).Terminal}) {
		var b bytes.Buffer
		if err := f.write(awkward(), &b); err != nil {
			t.Fatal(err)
		}
		golden(t, "awkward."+f.extension, b.Bytes())
	}
}

func TestCSVIsForPrograms(t *testing.T) {
	var b bytes.Buffer
	if err := awkward().CSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := rows[1][2]; got != "-1.50" {
		t.Errorf("a negative number is written %q, want -1.50", got)
	}
	if got := rows[2][2]; got != "" {
		t.Errorf("a missing value is written %q, want nothing", got)
	}
}

func TestARowThatDoesNotFitIsAnError(t *testing.T) {
	table := awkward()
	table.add("only one")
	for _, f := range append(tableFormats(), format{"txt", (*Table).Terminal}) {
		if err := f.write(table, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "row 3") {
			t.Errorf("%s: error %v, want one that names row 3", f.extension, err)
		}
	}
}

func TestNumbers(t *testing.T) {
	nan := mean(nil)
	for _, c := range []struct{ got, want string }{
		{percent(9.695), "9.70"}, {percent(nan), missing}, {percent(0), "0.00"},
		{signed(1.234), "+1.23"}, {signed(-1.234), "−1.23"}, {signed(-0.001), "0.00"}, {signed(nan), missing},
		{plusMinus(6.61, 0.16, 5), "6.61 ± 0.16"}, {plusMinus(6.61, nan, 1), "6.61"}, {plusMinus(nan, nan, 0), missing},
		{millions(269722), "0.27M"}, {millions(853018), "0.85M"}, {millions(1727962), "1.7M"}, {millions(19421274), "19.4M"}, {millions(0), missing},
		{grouped(0), "0"}, {grouped(999), "999"}, {grouped(64000), "64,000"}, {grouped(1234567), "1,234,567"}, {grouped(-123), "-123"}, {grouped(-1234), "-1,234"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// Table 6 shows each way to sum up five runs in a column of its own.
func TestTable6KeepsFinalBestAndMeanApart(t *testing.T) {
	exp := table6Experiment()
	records := recordsOf(exp, experiments.Full())
	seed := 0
	for _, r := range records {
		if r.Key.Spec.Network == residualNet(110) {
			last := len(r.Rows) - 1
			r.Rows[last].TestError = []float64{6.7, 6.5, 6.43, 6.9, 6.62}[seed]
			r.Rows[last-3].TestError = []float64{6.6, 6.4, 6.41, 6.8, 6.6}[seed]
			for i := range r.Rows[:last-3] {
				r.Rows[i].TestError = 20
			}
			r.Rows[last-2].TestError, r.Rows[last-1].TestError = 20, 20
			seed++
		}
	}
	e := build(t, exp, records, Choice{Scale: experiments.Full()})
	table := e.Tables[0]
	want := map[string]string{"final": "6.70", "mean ± std": "6.63 ± 0.18", "n": "5", "median": "6.62", "best run": "6.43", "lowest row": "6.40",
		"paper": "6.43", "paper: mean ± std": "6.61 ± 0.16", "best public": "6.32", "parameters": "0.11M"}
	for _, row := range table.Rows {
		if row.Cells[0] != "resnet-110" {
			continue
		}
		for i, c := range table.Columns {
			if w, ok := want[c.Heading]; ok {
				delete(want, c.Heading)
				if row.Cells[i] != w {
					t.Errorf("%s is %s, want %s", c.Heading, row.Cells[i], w)
				}
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("columns or row not found: %v", want)
	}
}
