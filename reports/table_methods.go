package reports

import (
	"math"
	"strconv"
	"strings"

	"deepresidual/reports/table"
)

// methodTable is Table 6 of the paper, our runs below the methods it quotes. Each
// way to sum up several runs has a column of its own.
func methodTable(s *Selection) *table.Table {
	what := "test errors (%)"
	if s.quotesPaper() || len(s.Experiment.Rows) > 0 {
		what = "test errors (%) beside the paper's"
	}
	t := s.newTable("", what,
		table.Column{Heading: "method", Keys: keys("method")},
		table.Column{Heading: "layers", Number: true, Keys: keys("layers")},
		table.Column{Heading: "params", Number: true, Keys: keys("parameters"), Spare: 1},
		table.Column{Heading: "first seed", Number: true, Keys: keys("test_error_first_seed")},
		table.Column{Heading: "mean ± std", Number: true, Keys: keys("test_error_mean", "test_error_std")},
		table.Column{Heading: "n", Number: true, Keys: keys("n")},
		table.Column{Heading: "median", Number: true, Keys: keys("test_error_median"), Spare: 5},
		table.Column{Heading: "best run", Number: true, Keys: keys("test_error_best_run"), Spare: 2},
		table.Column{Heading: "lowest", Number: true, Keys: keys("test_error_lowest"), Spare: 4},
		table.Column{Heading: "paper", Number: true, Keys: keys("paper_test_error")},
		table.Column{Heading: "paper: mean ± std", Number: true, Keys: keys("paper_test_error_mean", "paper_test_error_std")},
		table.Column{Heading: "public, lowest", Number: true, Keys: keys("public_test_error"), Spare: 3},
		table.Column{Keys: keys("seed")},
	)
	for _, r := range s.Experiment.Rows {
		quoted := table.Cell{}
		if r.Std > 0 {
			quoted = table.MeanStd(r.Mean, r.Std, 2)
		}
		t.Add(table.Text(r.Name), table.Text(r.Layers), millionsOf(r.Params), table.Cell{}, table.Cell{}, table.Cell{}, table.Cell{},
			table.Cell{}, table.Cell{}, table.Percent(r.Error), quoted, table.Cell{}, table.Cell{})
	}
	for i, n := range s.Experiment.Networks {
		x, parameters := s.sample(n), table.Int(n.Parameters()).As(millions(n.Parameters()))
		paper, public, quoted := table.Cell{}, table.Cell{}, table.Cell{}
		if v, ok := s.Experiment.Paper.Test[n]; ok {
			paper = table.Percent(v)
		}
		if m, ok := s.Experiment.Paper.Mean[n]; ok {
			quoted = table.MeanStd(m, math.NaN(), 1)
			if std, ok := s.Experiment.Paper.Std[n]; ok {
				quoted = table.MeanStd(m, std, 2)
			}
		}
		if v, ok := s.Experiment.Public[n]; ok {
			public = table.Percent(v)
		}
		cells := []table.Cell{table.Text(n.String()), table.Int(n.Depth()).As(strconv.Itoa(n.Depth())), parameters, table.Percent(x.first), meanStd(x.test), table.Int(x.n),
			table.Percent(median(x.test)), table.Percent(lowest(x.test)), table.Percent(x.lowest), paper, quoted, public, s.seeds(n)}
		if x.n < 2 {
			// Of one run these are its test error again.
			cells[4], cells[6], cells[7] = cells[4].As(""), cells[6].As(""), cells[7].As("")
		}
		if x.n == 0 {
			cells[5] = table.Cell{}
		}
		if i == 0 {
			t.AddGroup(cells...)
		} else {
			t.Add(cells...)
		}
	}
	t.Notes = s.methodNotes()
	if s.Experiment.PublicSource != "" && len(s.Experiment.Public) > 0 {
		t.Notes = append(t.Notes, "Public, lowest: "+s.Experiment.PublicSource+".")
	}
	t.Notes = append(t.Notes, s.paperNotes()...)
	if s.quotesPaper() && !s.comparable() {
		t.Notes = append(t.Notes, notComparable)
	}
	t.Notes = append(t.Notes, s.leftOut()...)
	t.Notes = append(t.Notes, s.undrawnNotes()...)
	return t
}

// methodNotes explains the columns that hold something.
func (s *Selection) methodNotes() []string {
	most := 0
	for _, n := range s.Experiment.Networks {
		most = max(most, s.sample(n).n)
	}
	if most == 0 {
		return nil
	}
	text := "First seed: last evaluation of its run. "
	if most > 1 {
		text += "Mean ± std, median and best run: last evaluations of n runs of different seeds, sample standard deviation. "
	}
	return []string{text + "Lowest: the smallest test error at any evaluation of any run; it is selected on the test set."}
}

// millions formats a number of parameters as in Table 6: 0.27M, 1.7M, 19.4M.
func millions(n int) string {
	m := float64(n) / 1e6
	if m < 1 {
		return strconv.FormatFloat(m, 'f', 2, 64) + "M"
	}
	return strconv.FormatFloat(m, 'f', 1, 64) + "M"
}

// millionsOf is a cell with a number of parameters that the paper gives so.
func millionsOf(text string) table.Cell {
	m, err := strconv.ParseFloat(strings.TrimSuffix(text, "M"), 64)
	if err != nil {
		return table.Cell{}
	}
	return table.Int(int(math.Round(m * 1e6))).As(text)
}
