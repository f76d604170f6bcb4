package reports

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/reports/table"
	"deepresidual/results"
)

// tableCases are the experiments that the golden files hold, one on a shortened
// schedule and one with variants.
func tableCases(t *testing.T) map[string]*Drawing {
	t.Helper()
	out := map[string]*Drawing{}
	for _, c := range cases() {
		out[c.name] = build(t, c.exp, c.records(c.exp, c.choice), c.choice)
	}
	return out
}

// everyDrawing is every experiment of the program, drawn from nothing, on a
// shortened schedule and on the whole.
func everyDrawing(t *testing.T) map[string]*Drawing {
	t.Helper()
	out := tableCases(t)
	all, err := experiments.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, exp := range all {
		for _, scale := range []experiments.Scale{sixteenth, experiments.Full()} {
			for _, records := range [][]*results.Record{nil, recordsOf(exp, scale)} {
				out[fmt.Sprintf("%s at %s, %d runs", exp.Name, scale, len(records))] = build(t, exp, records, Choice{Scale: scale})
			}
		}
	}
	return out
}

// Every table in every format, from the same records as the figures; on a
// terminal of 80 characters and on none.
func TestTablesReadAsBefore(t *testing.T) {
	terminal := func(width int) func(*table.Table, *bytes.Buffer) error {
		return func(t *table.Table, b *bytes.Buffer) error { return t.Terminal(b, width) }
	}
	formats := map[string]func(*table.Table, *bytes.Buffer) error{"txt": terminal(0), "80.txt": terminal(80)}
	for _, f := range table.Formats() {
		formats[f.Extension] = func(t *table.Table, b *bytes.Buffer) error { return f.Write(t, b) }
	}
	for name, e := range tableCases(t) {
		for extension, write := range formats {
			var b bytes.Buffer
			for _, table := range e.allTables() {
				if err := write(table, &b); err != nil {
					t.Fatal(err)
				}
			}
			golden(t, name+"."+extension, b.Bytes())
		}
	}
}

func TestTablesFitTheTerminal(t *testing.T) {
	for name, e := range everyDrawing(t) {
		for _, width := range []int{60, 61, 72, 80, 100, 132} {
			for _, table := range e.allTables() {
				var b bytes.Buffer
				if err := table.Terminal(&b, width); err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(b.String()) {
					if n := utf8.RuneCountInString(strings.TrimRight(line, " \n")); n > width {
						t.Errorf("%s: a line of %s has %d characters on a terminal of %d: %s", name, table.Name, n, width, line)
					}
				}
			}
		}
	}
}

// The values of CSV files are for programs: headers that name columns, numbers
// that parse, and in every file the scale, the seed, the number of runs and the
// data set.
func TestCSVIsForPrograms(t *testing.T) {
	text := map[string]bool{"network": true, "variant": true, "state": true, "statement": true, "verdict": true, "comparison": true, "claim": true,
		"kind": true, "metric": true, "test": true, "seed": true, "data_set": true, "better": true, "method": true, "identity": true, "revision": true,
		"kernels": true, "processor": true, "go_version": true, "data": true, "started_utc": true}
	for name, e := range everyDrawing(t) {
		for _, table := range e.allTables() {
			var b bytes.Buffer
			if err := table.CSV(&b); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			rows, err := csv.NewReader(&b).ReadAll()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			found := map[string]int{}
			for i, key := range rows[0] {
				if _, twice := found[key]; twice {
					t.Errorf("%s: two columns of %s are called %s", name, table.Name, key)
				}
				found[key] = i
				for _, row := range rows[1:] {
					if _, err := strconv.ParseFloat(row[i], 64); row[i] != "" && !text[key] && err != nil {
						t.Errorf("%s: %s of %s is %q, no number", name, key, table.Name, row[i])
					}
				}
			}
			for _, key := range []string{"scale", "seed", "n", "data_set"} {
				if _, ok := found[key]; !ok {
					t.Errorf("%s: %s has no column %s, only %v", name, table.Name, key, rows[0])
				}
			}
			for _, row := range rows[1:] {
				if got, _ := strconv.ParseFloat(row[found["scale"]], 64); got != float64(e.Selection.Choice.Scale.Num)/float64(e.Selection.Choice.Scale.Den) {
					t.Errorf("%s: the scale in %s is %q", name, table.Name, row[found["scale"]])
				}
			}
		}
	}
}

// What a value in CSV is, from the record to the file.
func TestValuesInCSV(t *testing.T) {
	exp := compareExperiment()
	records := recordsOf(exp, sixteenth)
	tests := map[network.Network][]float64{plainNet(20): {19.5}, residualNet(20): {16.25, 16.5, 17}}
	for _, r := range records {
		if v := tests[r.Key.Spec.Network]; v != nil {
			r.Rows[len(r.Rows)-1].TestError = v[r.Key.Spec.Seed-1]
		}
	}
	for name, want := range map[string]map[string]string{
		"compare": {"layers": "20", "plain_test_error_mean": "19.5", "plain_test_error_std": "", "residual_test_error_mean": "16.583333",
			"residual_test_error_std": "0.381881", "test_error_difference": "2.916667", "n_plain": "1", "n_residual": "3", "n": "1",
			"seed": "1 2 3", "scale": "0.0625", "data_set": "CIFAR-10"},
		"compare-runs": {"network": "plain-20", "iterations": "4000", "seed": "1", "n": "1", "images_per_second": "51.2", "hours": "2.777778", "started_utc": "2026-03-01 12:00"},
	} {
		for _, table := range build(t, exp, records, Choice{Scale: sixteenth}).allTables() {
			if table.Name != name {
				continue
			}
			var b bytes.Buffer
			if err := table.CSV(&b); err != nil {
				t.Fatal(err)
			}
			rows, err := csv.NewReader(&b).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for i, key := range rows[0] {
				if w, ok := want[key]; ok {
					delete(want, key)
					if rows[1][i] != w {
						t.Errorf("%s: %s is %q, want %q", name, key, rows[1][i], w)
					}
				}
			}
		}
		if len(want) > 0 {
			t.Errorf("%s: no columns %v", name, want)
		}
	}
}

var doubled = regexp.MustCompile(`caption\{[^}]*(?:Figure|Table) \d+:`)

// Every table of every experiment, in an article and in a two-column paper, without
// a line or a table that is wider than the text.
func TestLaTeXCompiles(t *testing.T) {
	var tables bytes.Buffer
	for name, e := range everyDrawing(t) {
		fmt.Fprintf(&tables, "\n%% %s\n", name)
		for _, one := range e.allTables() {
			if err := one.LaTeX(&tables); err != nil {
				t.Fatal(err)
			}
			tables.WriteString("\\clearpage\n")
		}
	}
	// What LaTeX could take for an argument of the line before.
	first := &table.Table{Name: "first", Columns: []table.Column{{Heading: "claim"}}}
	first.Add(table.Text("[of one's own] deeper is better"))
	first.AddGroup(table.Text("[and] another"))
	first.Add(table.Text("[2 mm]"))
	if err := first.LaTeX(&tables); err != nil {
		t.Fatal(err)
	}
	if found := doubled.FindString(tables.String()); found != "" {
		t.Errorf("LaTeX numbers tables itself, and the caption does again: %s", found)
	}
	if testing.Short() {
		t.Skip("compiles papers")
	}
	latex, err := exec.LookPath("pdflatex")
	if err != nil {
		t.Skip("needs pdflatex: texlive-latex-base and texlive-latex-recommended")
	}
	for _, class := range []string{"article", "[twocolumn]article"} {
		options, name, _ := strings.Cut(class, "]")
		if name == "" {
			options, name = "", class
		} else {
			options += "]"
		}
		dir := t.TempDir()
		document := "\\documentclass" + options + "{" + name + "}\n\\usepackage{array,booktabs}\n\\begin{document}\n" + tables.String() + "\\end{document}\n"
		if err := os.WriteFile(filepath.Join(dir, "paper.tex"), []byte(document), 0o666); err != nil {
			t.Fatal(err)
		}
		c := exec.Command(latex, "-interaction=nonstopmode", "-halt-on-error", "paper.tex")
		c.Dir = dir
		output, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", class, err, output)
		}
		log, err := os.ReadFile(filepath.Join(dir, "paper.log"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(log)) {
			if strings.HasPrefix(line, "Overfull") || strings.Contains(line, "Float too large") {
				t.Errorf("%s: %s", class, line)
			}
		}
	}
}

// The number of a figure of the paper is no title in a paper of one's own.
func TestCaptions(t *testing.T) {
	for title, want := range map[string]string{
		"Table 6: classification error on CIFAR-10": "Classification error on CIFAR-10 (Table 6 of He et al.): errors, scale 1/16.",
		"Figure 1":                        "Errors (Figure 1 of He et al.), scale 1/16.",
		"Plain against residual networks": "Plain against residual networks: errors, scale 1/16.",
		"ölfreie Netze":                   "Ölfreie Netze: errors, scale 1/16.",
	} {
		s := &Selection{Experiment: &experiments.Experiment{Title: title}, Choice: Choice{Scale: sixteenth}}
		if got := s.caption("errors"); got != want {
			t.Errorf("caption %q, want %q", got, want)
		}
	}
}

// An experiment that is not the paper's does not speak of it.
func TestSmokeDoesNotSpeakOfThePaper(t *testing.T) {
	exp := smokeExperiment()
	var b bytes.Buffer
	for _, table := range build(t, exp, recordsOf(exp, experiments.Full()), Choice{Scale: experiments.Full()}).allTables() {
		if err := table.Markdown(&b); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(b.String(), "paper") {
		t.Errorf("the tables speak of the paper:\n%s", b.String())
	}
}

// The speed of a run that stopped between two rows is that of its rows, not of the
// iterations up to the last one in the time up to the stop.
func TestSpeedOfAnUnfinishedRun(t *testing.T) {
	exp := figure1Experiment()
	records := recordsOf(exp, sixteenth)
	cut(records[1], 0.5)
	records[1].Provenance.TrainSeconds = 5900
	for _, r := range runTable(Select(exp, records, Choice{Scale: sixteenth})).Rows {
		if got := r.Cells[6].String(); got != "51" { // 4,000 x 128 / 10,000 s, and half of both
			t.Errorf("%s, %s: %s images/s, want 51", r.Cells[0], r.Cells[2], got)
		}
	}
}

// The error that a run has halfway is not set against the paper's.
func TestDifferenceOfAnUnfinishedRun(t *testing.T) {
	exp := figure1Experiment()
	records := recordsOf(exp, experiments.Full())
	records[0].Rows[len(records[0].Rows)-1].TestError = 9.9
	cut(records[1], 0.5)
	errors := errorTable(Select(exp, records, Choice{Scale: experiments.Full()}))
	at := slices.IndexFunc(errors.Columns, func(c table.Column) bool { return c.Heading == "test − paper" })
	for i, want := range []string{"+0.2", "–"} {
		if got := errors.Rows[i].Cells[at].String(); got != want {
			t.Errorf("%s: %s, want %s", errors.Rows[i].Cells[0], got, want)
		}
	}
}

// Numbers that are read off a curve have no more digits than can be read.
func TestDecimalsOfThePaper(t *testing.T) {
	for v, want := range map[float64]string{9.7: "9.7", 13.2: "13.2", 1.0: "1.0", 8.75: "8.75", 6.97: "6.97", math.NaN(): "–"} {
		if got := paperPercent(v).String(); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

// A mean over seeds does not hide those that are not in it.
func TestTable6NamesTheRunsItLeavesOut(t *testing.T) {
	exp := table6Experiment()
	records := recordsOf(exp, experiments.Full())
	diverge(records[4])
	diverge(records[6])
	records = slices.Delete(records, 7, 8)
	methods := build(t, exp, records, Choice{Scale: experiments.Full()}).Tables[0]
	notes := strings.Join(methods.Notes, " ")
	if want := "Not in the means: resnet-110 seeds 1 and 3 diverged after iteration 32,000; resnet-110 seed 4 not recorded."; !strings.Contains(notes, want) {
		t.Errorf("the notes do not say %q: %s", want, notes)
	}
	// Nor does the next seed stand for the first.
	if row := methods.Rows[len(methods.Rows)-2].Cells; row[0].String() != "resnet-110" || row[3].String() != "–" || methods.Columns[3].Heading != "first seed" {
		t.Errorf("%s of %s is %s, want –", methods.Columns[3].Heading, row[0], row[3])
	}

	// Also of networks that have no complete run: their rows are empty as those of
	// networks without any.
	records = recordsOf(exp, experiments.Full())
	diverge(records[0])
	cut(records[1], 0.5)
	notes = strings.Join(build(t, exp, records[:3], Choice{Scale: experiments.Full()}).Tables[0].Notes, " ")
	if want := "Not in the numbers: resnet-20 seed 1 diverged after iteration 32,000; resnet-32 seed 1 unfinished (32,000 of 64,000 iterations)."; !strings.Contains(notes, want) {
		t.Errorf("the notes do not say %q: %s", want, notes)
	}

	exp = compareExperiment()
	records = recordsOf(exp, experiments.Full())
	diverge(records[2])
	notes = strings.Join(build(t, exp, records, Choice{Scale: experiments.Full()}).Tables[0].Notes, " ")
	if want := "Not in the means: resnet-20 seed 2 diverged after iteration 32,000."; !strings.Contains(notes, want) {
		t.Errorf("the notes of the comparison do not say %q: %s", want, notes)
	}
}

// Columns that hold nothing are left out: the paper's difference on a shortened
// schedule, means of single runs.
func TestEmptyColumnsAreLeftOut(t *testing.T) {
	exp := table6Experiment()
	e := build(t, exp, recordsOf(exp, sixteenth)[:1], Choice{Scale: sixteenth})
	var b bytes.Buffer
	if err := e.Tables[0].Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, heading := range []string{"| mean ± std", "| median", "| best run", "Mean ± std"} {
		if strings.Contains(b.String(), heading) {
			t.Errorf("%s is there:\n%s", heading, b.String())
		}
	}
	if !strings.Contains(b.String(), "First seed: last evaluation") {
		t.Errorf("a column that is there is not explained:\n%s", b.String())
	}
	if !strings.Contains(b.String(), notComparable) {
		t.Errorf("the paper's numbers stand there without a warning:\n%s", b.String())
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
	want := map[string]string{"first seed": "6.70", "mean ± std": "6.63 ± 0.18", "n": "5", "median": "6.62", "best run": "6.43", "lowest": "6.40",
		"paper": "6.43", "paper: mean ± std": "6.61 ± 0.16", "public, lowest": "6.32", "params": "1.7M"}
	for _, row := range table.Rows {
		if row.Cells[0].String() != "resnet-110" {
			continue
		}
		for i, c := range table.Columns {
			if w, ok := want[c.Heading]; ok {
				delete(want, c.Heading)
				if got := row.Cells[i].String(); got != w {
					t.Errorf("%s is %s, want %s", c.Heading, got, w)
				}
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("columns or row not found: %v", want)
	}
}

// Claims are the paper's where the experiment is.
func TestOwnClaims(t *testing.T) {
	for _, c := range []struct {
		draw     string
		embedded bool
		want     string
	}{
		{experiments.Figure1, true, "the paper's claims"},
		{experiments.Figure1, false, "the experiment's own claims"},
		{experiments.Compare, true, "what the paper's figures and tables show"},
		{experiments.Compare, false, "the experiment's own claims"},
	} {
		exp := figure1Experiment()
		exp.Draw, exp.Embedded = c.draw, c.embedded
		var b bytes.Buffer
		if err := claimTable(build(t, exp, nil, Choice{Scale: experiments.Full()}).Selection, nil).Markdown(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), c.want) {
			t.Errorf("%s, embedded %v: no %q in\n%s", c.draw, c.embedded, c.want, b.String())
		}
	}
}

// The paper's numbers stand in the table of methods as they are given.
func TestQuotedNumbers(t *testing.T) {
	exp := table6Experiment()
	exp.Paper.Std = nil
	exp.Rows = []experiments.ReferenceRow{{Name: "Other", Params: "4.1M", Error: 9}}
	var b bytes.Buffer
	if err := build(t, exp, nil, Choice{Scale: experiments.Full()}).Tables[0].CSV(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Other,,4100000,", ",6.43,6.61,,6.32,"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// Where layers do not say which networks are compared, their names do.
func TestCompareNames(t *testing.T) {
	wide, err := network.Description{Kind: "residual", Blocks: []int{3, 3, 3}, Channels: []int{32, 64, 128}}.Network("wide")
	if err != nil {
		t.Fatal(err)
	}
	exp := compareExperiment()
	exp.Networks = nets(plainNet(20), residualNet(20), wide)
	var b bytes.Buffer
	drawn := build(t, exp, recordsOf(exp, sixteenth), Choice{Scale: sixteenth})
	if err := drawn.Tables[0].Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| plain-20, resnet-20 |", "| wide "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	// Two of a depth are no curve: each is drawn.
	charts := drawn.Figure.charts
	for _, c := range charts {
		var curves []string
		for _, s := range c.Series {
			curves = append(curves, s.Name)
		}
		if want := []string{"plain", "resnet-20", "wide"}; !slices.Equal(curves, want) {
			t.Errorf("the chart shows %v, want %v", curves, want)
		}
	}
	if len(charts) != 2 || charts[0].Y.Max != charts[1].Y.Max {
		t.Errorf("%d charts, of which the axes do not end alike", len(charts))
	}
}
