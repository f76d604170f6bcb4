package reports

import (
	"math"
	"strings"

	"deepresidual/models/network"
	"deepresidual/reports/table"
)

// notComparable is said where the paper's numbers stand beside runs of less.
const notComparable = "The paper's numbers are those of its protocol and whole schedule on CIFAR-10; these runs are not comparable with them."

// errorTable sets the errors of an experiment's runs beside the paper's, if it
// gives any: final and lowest errors of each run, never mixed in one column.
func errorTable(s *Selection) *table.Table {
	what := "errors (%)"
	if s.quotesPaper() {
		what = "errors (%) beside the paper's"
	}
	t := s.newTable("errors", what,
		table.Column{Heading: "network", Keys: keys("network")},
		table.Column{Heading: "variant", Keys: keys("variant")},
		table.Column{Heading: "seed", Number: true, Keys: keys("seed")},
		table.Column{Heading: "training, final", Number: true, Keys: keys("training_error")},
		table.Column{Heading: "test, final", Number: true, Keys: keys("test_error")},
		table.Column{Heading: "test, lowest", Number: true, Keys: keys("test_error_lowest"), Spare: 2},
		table.Column{Heading: "paper: training", Number: true, Keys: keys("paper_training_error"), Spare: 1},
		table.Column{Heading: "paper: test", Number: true, Keys: keys("paper_test_error")},
		table.Column{Heading: "test − paper", Number: true, Keys: keys("test_error_minus_paper"), Spare: 3},
		table.Column{Heading: "state", Keys: keys("state")},
	)
	t.Common = append(t.Common, table.Field{Key: "n", Value: "1"})
	compared := false // any of the runs
	for k, n := range s.Experiment.Networks {
		for i, r := range s.of(n) {
			training, test, best := math.NaN(), math.NaN(), math.NaN()
			if r.Record != nil {
				if row, ok := r.Record.Final(); ok {
					training, test = row.TrainError, row.TestError
				}
				if row, ok := r.Record.Best(); ok {
					best = row.TestError
				}
			}
			paperTraining, paperTest := s.paper(n)
			difference := table.Cell{}
			if s.variant(r.Variant).comparable() {
				compared = true
				if r.complete() {
					difference = table.Signed(test-paperTest, decimals(paperTest))
				}
			}
			t.Rows = append(t.Rows, table.Row{
				Cells: []table.Cell{table.Text(n.String()), table.Text(r.Variant), table.Int(int(r.Spec.Seed)), table.Percent(training), table.Percent(test),
					table.Percent(best), paperPercent(paperTraining), paperPercent(paperTest), difference, table.Text(r.state())},
				// The two kinds of networks are two groups of rows.
				Rule: i == 0 && k > 0 && n.Kind != s.Experiment.Networks[k-1].Kind,
			})
		}
	}
	t.Notes = append(t.Notes,
		"Training error: mean over the minibatches since the previous evaluation, augmented. Test error: the single view, running statistics. "+
			"Lowest: the smallest test error at any evaluation of the run; it is selected on the test set and flatters the network.")
	t.Notes = append(t.Notes, s.undrawnNotes()...)
	t.Notes = append(t.Notes, s.paperNotes()...)
	if !compared && s.quotesPaper() {
		t.Notes = append(t.Notes, notComparable)
	}
	return t
}

// paperPercent is a cell with a number of the paper, with two decimals as in its table
// or with the one to which it can be read off a curve.
func paperPercent(v float64) table.Cell {
	return table.Number(v, decimals(v))
}

// decimals is how many of them a number of the paper has: two in its table, and one
// where it is read off a curve.
func decimals(v float64) int {
	if math.Abs(10*v-math.Round(10*v)) < 1e-6 {
		return 1
	}
	return 2
}

// quotesPaper reports whether the experiment gives numbers of the paper.
func (s *Selection) quotesPaper() bool {
	p := s.Experiment.Paper
	return len(p.Test)+len(p.Training)+len(p.Mean) > 0
}

// paper is the training and the test error the paper gives for a network, the mean
// where it gives that of several runs; NaN where it gives none.
func (s *Selection) paper(n network.Network) (training, test float64) {
	training, test = math.NaN(), math.NaN()
	if v, ok := s.Experiment.Paper.Training[n]; ok {
		training = v
	}
	if v, ok := s.Experiment.Paper.Test[n]; ok {
		test = v
	}
	if v, ok := s.Experiment.Paper.Mean[n]; ok {
		test = v
	}
	return training, test
}

// paperNotes is what is to be said about the paper's numbers, one sentence for
// all networks that share it.
func (s *Selection) paperNotes() []string {
	var notes []string
	of := map[string][]network.Network{}
	for _, n := range s.Experiment.Networks {
		if note := s.Experiment.Paper.Note[n]; note != "" {
			if of[note] == nil {
				notes = append(notes, note)
			}
			of[note] = append(of[note], n)
		}
	}
	if len(notes) == 0 {
		return nil
	}
	for i, note := range notes {
		notes[i] = names(of[note]) + " " + note
	}
	return []string{"The paper's numbers: " + strings.Join(notes, "; ") + "."}
}
