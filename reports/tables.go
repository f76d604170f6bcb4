package reports

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"deepresidual/models/network"
	"deepresidual/reports/table"
)

// titleDash stands between an experiment's title and what a table shows of it.
const titleDash = " – "

// newTable is a table of a selection without rows yet. In CSV every row names the
// scale, as a number, and the data set.
func (s *Selection) newTable(suffix, what string, columns ...table.Column) *table.Table {
	name := s.Experiment.Name
	if suffix != "" {
		name += "-" + suffix
	}
	return &table.Table{
		Name: name, Title: s.title(what), Caption: s.caption(what), Columns: columns,
		Common: []table.Field{{Key: "scale", Value: shortest(s.Choice.Scale.Fraction())}, {Key: "data_set", Value: dataSet(s.Choice.Synthetic)}},
	}
}

func keys(k ...string) []string { return k }

// title is a table's title, with what sets the records apart from the paper's.
func (s *Selection) title(what string) string {
	return s.Experiment.Title + titleDash + what + s.apart()
}

// number finds the number of a figure or table in a title.
var number = regexp.MustCompile(`^((?:Figure|Table) \d+)(?:: |$)`)

// caption is a table's title for a paper of one's own, in which it has another
// number than in ours.
func (s *Selection) caption(what string) string {
	title, source := s.Experiment.Title, ""
	if m := number.FindStringSubmatch(title); m != nil {
		title, source = strings.TrimPrefix(title, m[0]), " ("+m[1]+" of He et al.)"
	}
	text := title + source + ": " + what
	if title == "" {
		text = what + source
	}
	text += s.apart() + "."
	return capital(text)
}

// capital is a text with a capital at its beginning.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if first == utf8.RuneError {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// apart is what sets the records apart from the paper's.
func (s *Selection) apart() string {
	var text string
	if !s.Choice.Scale.IsFull() {
		text = fmt.Sprintf(", scale %s", s.Choice.Scale)
	}
	if s.Choice.Synthetic {
		text += ", SYNTHETIC DATA"
	}
	return text
}

// seeds is the seeds of the complete runs of some networks, for CSV.
func (s *Selection) seeds(networks ...network.Network) table.Cell {
	return seedsCell(s.seedsOf(networks...))
}

func seedsCell(seeds []int64) table.Cell {
	var text []string
	for _, seed := range seeds {
		text = append(text, strconv.FormatInt(seed, 10))
	}
	return table.Text(strings.Join(text, " "))
}

// seedsOf is the seeds of the complete runs of some networks, ascending.
func (s *Selection) seedsOf(networks ...network.Network) []int64 {
	var seeds []int64
	for _, n := range networks {
		for _, r := range s.of(n) {
			if r.complete() {
				seeds = append(seeds, r.Spec.Seed)
			}
		}
	}
	slices.Sort(seeds)
	return slices.Compact(seeds)
}

// meanStd is the mean and the standard deviation of some values.
func meanStd(v []float64) table.Cell { return table.MeanStd(mean(v), deviation(v), len(v)) }

// leftOut names the runs that the numbers of a row do not count: those that have diverged
// or are unfinished and, of networks that have complete ones, those not recorded.
func (s *Selection) leftOut() []string {
	var runs []Selected
	where := "numbers"
	for _, n := range s.Experiment.Networks {
		if s.sample(n).n > 1 {
			where = "means"
		}
		diverged, open := s.notComplete(n)
		if s.sample(n).n == 0 { // the row is empty, and says so of what is not recorded
			open = slices.DeleteFunc(open, func(r Selected) bool { return r.Record == nil || len(r.Record.Rows) == 0 })
		}
		runs = append(append(runs, diverged...), open...)
	}
	if len(runs) == 0 {
		return nil
	}
	return []string{"Not in the " + where + ": " + named(runs) + "."}
}
