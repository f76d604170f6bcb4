// Package table holds tables of text and numbers and writes them for people and
// programs: on a terminal, in Markdown, LaTeX and HTML, and as CSV. It knows
// nothing of networks or runs.
//
// A number is formatted once, when its [Cell] is made, so that a reader finds the
// same digits everywhere; CSV has it as programs read it, one number per column.
package table

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
)

// A Table is cells in rows and columns.
type Table struct {
	Name  string // of its files: letters, digits and hyphens
	Title string
	// Caption is the title for a float of LaTeX, which puts "Table 1:" before it.
	// The default is Title.
	Caption string
	Columns []Column
	Rows    []Row
	Notes   []string // what the columns mean, below the table
	// Common are columns of CSV alone that have the same value in every row.
	Common []Field
}

// A Field is a column of CSV and its value.
type Field struct{ Key, Value string }

// A Column has a heading and an alignment.
type Column struct {
	Heading string // of a column that is in CSV alone, ""
	Number  bool   // aligned right
	// Keys are the headers in CSV, in snake case: one for each value of a cell. A
	// column without keys is not in CSV.
	Keys []string
	// Least is the width, in characters, below which a text reads badly. The
	// default, 0, stands for 18.
	Least int
	// Spare tells which columns are left out where there is no room for all: the
	// highest first, those of 0 never.
	Spare int
}

// A Row has one cell per column.
type Row struct {
	Cells []Cell
	Rule  bool // a rule above it, where the format has rules within a table
}

// A Cell is a text for people and its values for programs, one for each of the
// column's keys. The zero Cell is a value that is not known.
type Cell struct {
	text   string
	values []string
	colour Colour
}

// A Colour is that of a cell on a terminal.
type Colour string

// The colours, as the parameters of the control sequence that selects them.
const (
	Plain Colour = ""
	Red   Colour = "31"
	Green Colour = "32"
	Blue  Colour = "34"
)

// In is the cell in a colour.
func (c Cell) In(colour Colour) Cell {
	c.colour = colour
	return c
}

// missing stands for people in cells whose value is not known.
const missing = "–"

// String is the text for people.
func (c Cell) String() string {
	if c.text == "" {
		return missing
	}
	return c.text
}

// Text is a cell of text, which programs read as it is.
func Text(s string) Cell {
	if s == "" {
		return Cell{}
	}
	return Cell{text: s, values: []string{s}}
}

// Int is a cell with an integer.
func Int(n int) Cell { return Cell{text: humanize.Comma(int64(n)), values: []string{strconv.Itoa(n)}} }

// Several is a cell with a text that stands for several values.
func Several(text string, values ...string) Cell { return Cell{text: text, values: values} }

// Number is a cell with a number, for people with so many decimals; of one that
// is not finite nothing is known.
func Number(v float64, decimals int) Cell {
	if !finite(v) {
		return Cell{}
	}
	return Cell{text: strings.Replace(strconv.FormatFloat(v, 'f', decimals, 64), "-", "−", 1), values: []string{value(v)}}
}

// Percent is a cell with an error in percent, formatted as in the paper.
func Percent(v float64) Cell { return Number(v, 2) }

// Signed is a cell with a difference of percentages.
func Signed(v float64, decimals int) Cell {
	c := Number(v, decimals)
	switch zero := strings.Trim(c.text, "−0.") == ""; {
	case zero:
		c.text = strings.TrimPrefix(c.text, "−")
	case v > 0:
		c.text = "+" + c.text
	}
	return c
}

// MeanStd is a cell with the mean of n values and their sample standard
// deviation, two values for programs; of a single value there is no deviation.
func MeanStd(mean, std float64, n int) Cell {
	c := Percent(mean)
	if c.values == nil {
		return Cell{}
	}
	s := Percent(std)
	if n < 2 || s.values == nil {
		return Cell{text: c.text, values: []string{c.values[0], ""}}
	}
	return Cell{text: c.text + " ± " + s.text, values: []string{c.values[0], s.values[0]}}
}

// As is the cell with another text for people; without one they see nothing.
func (c Cell) As(text string) Cell {
	c.text = text
	return c
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// value writes a number for programs: without separators, and without the noise
// of sums in binary after its sixth decimal.
func value(v float64) string {
	if math.Abs(v) >= 1e9 {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64)
}

// Add adds a row.
func (t *Table) Add(cells ...Cell) { t.Rows = append(t.Rows, Row{Cells: cells}) }

// AddGroup adds a row that starts a group, with a rule above it.
func (t *Table) AddGroup(cells ...Cell) {
	t.Rows = append(t.Rows, Row{Cells: cells, Rule: len(t.Rows) > 0})
}

// check reports a row that does not fit the columns; it is a mistake of whoever
// made the table.
func (t *Table) check() error {
	for i, r := range t.Rows {
		if len(r.Cells) != len(t.Columns) {
			return fmt.Errorf("table %s: row %d has %d cells for %d columns", t.Name, i+1, len(r.Cells), len(t.Columns))
		}
		for k, c := range r.Cells {
			if keys := t.Columns[k].Keys; c.values != nil && len(keys) > 0 && len(c.values) != len(keys) {
				return fmt.Errorf("table %s: row %d has %d values for %q", t.Name, i+1, len(c.values), keys)
			}
		}
	}
	return nil
}

// filled is the table for people: without columns that hold nothing or are for
// programs.
func (t *Table) filled() (*Table, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	var keep []int
	for i := range t.Columns {
		if t.Columns[i].Heading == "" {
			continue
		}
		if len(t.Rows) == 0 || slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Cells[i].text != "" }) {
			keep = append(keep, i)
		}
	}
	return t.only(keep), nil
}

// only is the table with some of its columns.
func (t *Table) only(columns []int) *Table {
	out := *t
	out.Columns, out.Rows = nil, nil
	for _, i := range columns {
		out.Columns = append(out.Columns, t.Columns[i])
	}
	for _, r := range t.Rows {
		row := Row{Rule: r.Rule}
		for _, i := range columns {
			row.Cells = append(row.Cells, r.Cells[i])
		}
		out.Rows = append(out.Rows, row)
	}
	return &out
}

// A Format writes a table into a file in one of the ways a table is wanted.
type Format struct {
	Extension string
	Write     func(*Table, io.Writer) error
}

// Formats are the formats of files.
func Formats() []Format {
	return []Format{
		{"md", (*Table).Markdown},
		{"csv", (*Table).CSV},
		{"tex", (*Table).LaTeX},
		{"html", (*Table).HTML},
	}
}
