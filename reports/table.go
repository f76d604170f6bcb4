package reports

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// A Table is text in columns. Numbers are formatted once, when the table is
// built, so that a reader finds the same digits in the terminal, in Markdown,
// CSV, LaTeX and HTML.
type Table struct {
	Name    string // of its files: letters, digits and hyphens
	Title   string
	Columns []Column
	Rows    []TableRow
	Notes   []string // what the columns mean, below the table
}

// A Column has a heading and an alignment.
type Column struct {
	Heading string
	Number  bool // aligned right
}

// A TableRow has one cell per column.
type TableRow struct {
	Cells []string
	Rule  bool // a rule above it, where the format has rules within a table
}

// missing stands in cells whose value is not known. It is what LaTeX calls an
// en dash, and never a number.
const missing = "–"

func textColumns(headings ...string) []Column   { return columns(false, headings) }
func numberColumns(headings ...string) []Column { return columns(true, headings) }

func columns(number bool, headings []string) []Column {
	var c []Column
	for _, h := range headings {
		c = append(c, Column{Heading: h, Number: number})
	}
	return c
}

func (t *Table) add(cells ...string) { t.Rows = append(t.Rows, TableRow{Cells: cells}) }

// ruled starts a group of rows with a rule above it.
func (t *Table) ruled(cells ...string) {
	t.Rows = append(t.Rows, TableRow{Cells: cells, Rule: len(t.Rows) > 0})
}

// percent formats an error in percent as the paper does, with two decimals.
func percent(v float64) string {
	if !finite(v) {
		return missing
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// signed formats a difference of percentages.
func signed(v float64) string {
	if !finite(v) {
		return missing
	}
	s := strconv.FormatFloat(math.Abs(v), 'f', 2, 64)
	switch {
	case s == "0.00":
		return s
	case v < 0:
		return "−" + s
	}
	return "+" + s
}

// plusMinus formats a mean with the sample standard deviation; with a single
// value there is no deviation to give.
func plusMinus(mean, std float64, n int) string {
	if n < 2 || !finite(std) {
		return percent(mean)
	}
	return percent(mean) + " ± " + percent(std)
}

// millions formats a number of parameters as in Table 6: 0.27M, 1.7M, 19.4M.
func millions(n int) string {
	if n <= 0 {
		return missing
	}
	m := float64(n) / 1e6
	if m < 1 {
		return strconv.FormatFloat(m, 'f', 2, 64) + "M"
	}
	return strconv.FormatFloat(m, 'f', 1, 64) + "M"
}

// grouped formats an integer with commas: 64,000.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// A format writes a table in one of the ways a table is wanted.
type format struct {
	extension string
	write     func(*Table, io.Writer) error
}

// tableFormats are the formats of the files under results/tables.
func tableFormats() []format {
	return []format{
		{"md", (*Table).Markdown},
		{"csv", (*Table).CSV},
		{"tex", (*Table).LaTeX},
		{"html", (*Table).HTML},
	}
}

// check reports a row that does not fit the columns; it is a mistake of the
// exhibit that built the table.
func (t *Table) check() error {
	for i, r := range t.Rows {
		if len(r.Cells) != len(t.Columns) {
			return fmt.Errorf("reports: table %s: row %d has %d cells for %d columns", t.Name, i+1, len(r.Cells), len(t.Columns))
		}
	}
	return nil
}

func writeString(w io.Writer, b *strings.Builder) error {
	_, err := io.WriteString(w, b.String())
	return err
}
