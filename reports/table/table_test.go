package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares content with testdata/name, or writes it there with -update.
func golden(t *testing.T, name string, content []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(content, want) {
		t.Errorf("%s differs from what was written; run the test with -update and look at the difference:\n%s", path, content)
	}
}

// awkward has what each format keeps to itself in its cells, a column that holds
// nothing and one that is for programs alone.
func awkward() *Table {
	t := &Table{
		Name: "awkward", Title: "a | b & c < d",
		Columns: []Column{
			{Heading: "name | kind", Keys: []string{"name"}}, {Heading: "100 % of_it", Keys: []string{"of_it"}}, {Heading: "nothing", Keys: []string{"nothing"}},
			{Heading: "a ± b", Number: true, Keys: []string{"a", "b"}}, {Keys: []string{"count"}},
		},
		Notes:  []string{"note_with | everything & <more>"},
		Common: []Field{{"scale", "0.0625"}},
	}
	t.Add(Text(`back\slash {x} ~ ^ $5 #1`), Text("a, \"b\""), Cell{}, MeanStd(-1.5, 0.25, 3), Int(64000))
	t.AddGroup(Text("<script>alert(1)</script>"), Text("*bold* `code`"), Cell{}, Cell{}, Cell{})
	t.Add(Text("[1] first"), Text("[2] second"), Cell{}, Cell{}, Cell{})
	t.Add(Text("*"), Text("*"), Cell{}, Cell{}, Cell{})
	return t
}

func TestTablesEscapeTheirText(t *testing.T) {
	for _, f := range append(Formats(), Format{"txt", func(t *Table, w io.Writer) error { return t.Terminal(w, 0) }}) {
		var b bytes.Buffer
		if err := f.Write(awkward(), &b); err != nil {
			t.Fatal(err)
		}
		golden(t, "awkward."+f.Extension, b.Bytes())
	}
}

func TestCells(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		cell   Cell
		text   string
		values string // separated by |
	}{
		{Text("x"), "x", "x"}, {Text(""), "–", ""}, {Cell{}, "–", ""},
		{Int(0), "0", "0"}, {Int(64000), "64,000", "64000"}, {Int(-1234), "-1,234", "-1234"}, {Several("3 + 1", "3", "1"), "3 + 1", "3|1"},
		{Number(1234.5, 0), "1234", "1234.5"}, {Number(math.Inf(1), 2), "–", ""},
		{Percent(9.695), "9.70", "9.695"}, {Percent(nan), "–", ""}, {Percent(0), "0.00", "0"}, {Percent(-1.5), "−1.50", "-1.5"},
		{Percent(0.1 + 0.2), "0.30", "0.3"}, {Percent(7.261760582571635e21), "7261760582571635245056.00", "7.261760582571635e+21"},
		{Signed(1.234, 2), "+1.23", "1.234"}, {Signed(-1.234, 1), "−1.2", "-1.234"}, {Signed(-0.001, 2), "0.00", "-0.001"}, {Signed(0.04, 1), "0.0", "0.04"}, {Signed(nan, 2), "–", ""},
		{MeanStd(6.61, 0.16, 5), "6.61 ± 0.16", "6.61|0.16"}, {MeanStd(6.61, nan, 1), "6.61", "6.61|"}, {MeanStd(nan, nan, 0), "–", ""},
		{Int(269722).As("0.27M"), "0.27M", "269722"}, {Percent(9).As(""), "–", "9"},
	} {
		if got := strings.Join(c.cell.values, "|"); c.cell.String() != c.text || got != c.values {
			t.Errorf("got %q and %q, want %q and %q", c.cell, got, c.text, c.values)
		}
	}
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	if err := awkward().CSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"name", "of_it", "nothing", "a", "b", "count", "scale"},
		{`back\slash {x} ~ ^ $5 #1`, `a, "b"`, "", "-1.5", "0.25", "64000", "0.0625"},
		{"<script>alert(1)</script>", "*bold* `code`", "", "", "", "", "0.0625"},
		{"[1] first", "[2] second", "", "", "", "", "0.0625"},
		{"*", "*", "", "", "", "", "0.0625"},
	}
	if !slices.EqualFunc(rows, want, slices.Equal) {
		t.Errorf("got %q, want %q", rows, want)
	}
	for _, key := range []string{"of_it", "Of it", "", "9a", "a_"} {
		bad := awkward()
		bad.Columns[0].Keys = []string{key}
		if err := bad.CSV(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "snake case") {
			t.Errorf("header %q: error %v, want one", key, err)
		}
	}
}

func TestARowThatDoesNotFitIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Table)
		text   string
	}{
		"cells":  {func(t *Table) { t.Add(Text("only one")) }, "row 5 has 1 cells for 5 columns"},
		"values": {func(t *Table) { t.Rows[1].Cells[3] = Percent(1) }, "row 2 has 1 values"},
	} {
		for _, f := range append(Formats(), Format{"txt", func(t *Table, w io.Writer) error { return t.Terminal(w, 80) }}) {
			table := awkward()
			c.change(table)
			if err := f.Write(table, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s as %s: error %v, want %q", name, f.Extension, err, c.text)
			}
		}
	}
}

// wide is a table with a sentence and a spare column.
func wide() *Table {
	t := &Table{
		Title: "Wide",
		Columns: []Column{
			{Heading: "network"}, {Heading: "training error", Number: true}, {Heading: "test error", Number: true},
			{Heading: "parameters", Number: true, Spare: 1}, {Heading: "remark"},
		},
		Notes: []string{"A note of more words than a narrow terminal has room for on one line, for it goes on."},
	}
	t.Add(Text("resnet-20"), MeanStd(1.25, 0.5, 3), Percent(8.75), Int(269722), Text("a sentence that a narrow terminal must break into several lines"))
	t.Add(Text("resnet-110"), Percent(0.1), Cell{}, Int(1727962), Text("short"))
	return t
}

// From a wide terminal to one that holds no columns side by side: texts are
// broken, spare columns go, rows become paragraphs.
func TestTerminal(t *testing.T) {
	var all bytes.Buffer
	for _, width := range []int{0, 120, 80, 64, 60, 50, 30} {
		var b bytes.Buffer
		if err := wide().Terminal(&b, width); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, " \n")); width >= 30 && n > width {
				t.Errorf("a line of %d characters on a terminal of %d: %s", n, width, line)
			}
		}
		all.Write(b.Bytes())
		all.WriteByte('\n')
	}
	golden(t, "widths.txt", all.Bytes())
}

func TestWidthOfWhatIsNoTerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got := Width(file); got != 0 {
		t.Errorf("a file is %d characters wide", got)
	}
	if got := Width(&bytes.Buffer{}); got != 0 {
		t.Errorf("a buffer is %d characters wide", got)
	}
}

// A table with more than fits and nothing to spare is made smaller.
func TestLaTeXWithoutRoom(t *testing.T) {
	table := &Table{Name: "full"}
	var cells []Cell
	for range 20 {
		table.Columns = append(table.Columns, Column{Heading: "heading", Number: true})
		cells = append(cells, Percent(12.34))
	}
	table.Add(cells...)
	var b bytes.Buffer
	if err := table.LaTeX(&b); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, want := range []string{",graphicx}.", "\\resizebox{\\textwidth}{!}{%\n\\begin{tabular}", "\\end{tabular}}\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if open, closed := strings.Count(got, "{"), strings.Count(got, "}"); open != closed {
		t.Errorf("%d braces are opened and %d closed in\n%s", open, closed, got)
	}
}

// Colours are around each line of a cell and take no room.
func TestColours(t *testing.T) {
	table := &Table{Columns: []Column{{Heading: "claim"}, {Heading: "verdict"}, {Heading: "n", Number: true}}}
	table.Add(Text("deeper is better"), Text("not reproduced at all, in words of several lines").In(Red), Int(1))
	for _, width := range []int{80, 40, 16} {
		var plain, coloured bytes.Buffer
		if err := errors.Join(table.terminal(&plain, width, false), table.terminal(&coloured, width, true)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(coloured.String(), "\x1b[31mnot reproduced") && width > 16 {
			t.Errorf("at %d there is no red in %q", width, coloured.String())
		}
		bare := strings.NewReplacer("\x1b[31m", "", "\x1b[0m", "").Replace(coloured.String())
		if bare != plain.String() {
			t.Errorf("at %d colours take room:\n%s\n%s", width, bare, plain.String())
		}
	}
}
