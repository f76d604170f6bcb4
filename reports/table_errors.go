package reports

import (
	"fmt"
	"math"
	"strings"

	"deepresidual/experiments"
)

// errorTable sets the errors of an experiment's networks beside the paper's:
// final and lowest errors of each run, never mixed in one column.
func errorTable(s *Selection) *Table {
	t := &Table{
		Name:  s.Experiment.Name + "-errors",
		Title: s.title("errors (%) beside the paper's"),
	}
	t.Columns = append(textColumns("network"), numberColumns("seed", "training, final", "test, final", "test, lowest row",
		"paper: training", "paper: test", "test − paper")...)
	t.Columns = append(t.Columns, textColumns("state")...)
	compared := s.Choice.Scale.IsFull() && !s.Choice.Synthetic
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
			difference := missing
			if compared && r.complete() {
				difference = signed(test - paperTest)
			}
			cells := []string{n.String(), fmt.Sprint(r.Spec.Seed), percent(training), percent(test), percent(best),
				percent(paperTraining), percent(paperTest), difference, r.state()}
			// The two kinds of networks are two groups of rows.
			group := i == 0 && k > 0 && n.Kind != s.Experiment.Networks[k-1].Kind
			t.Rows = append(t.Rows, TableRow{Cells: cells, Rule: group})
		}
	}
	t.Notes = append(t.Notes,
		"Training error: mean over the minibatches since the row before, augmented. Test error: the single view, running statistics. "+
			"Lowest row: the smallest test error in any row of the run; it is selected on the test set and flatters the network.")
	t.Notes = append(t.Notes, s.paperNotes()...)
	if !compared {
		t.Notes = append(t.Notes, "The paper's numbers are those of the full schedule on CIFAR-10; these runs are not comparable with them.")
	}
	return t
}

// paper is the training and the test error the paper gives for a network, NaN
// where it gives none.
func (s *Selection) paper(n experiments.Network) (training, test float64) {
	training, test = math.NaN(), math.NaN()
	if v, ok := s.Experiment.Paper.Training[n]; ok {
		training = v
	}
	if v, ok := s.Experiment.Paper.Test[n]; ok {
		test = v
	}
	return training, test
}

// paperNotes is what is to be said about the paper's numbers, one sentence for
// all networks that share it.
func (s *Selection) paperNotes() []string {
	var notes []string
	of := map[string][]experiments.Network{}
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

// titleDash stands between an experiment's title and what a table shows of it.
const titleDash = " – "

// title is a table's title, with what sets the records apart from the paper's.
func (s *Selection) title(what string) string {
	title := s.Experiment.Title + titleDash + what
	if !s.Choice.Scale.IsFull() {
		title += fmt.Sprintf(", scale %s", s.Choice.Scale)
	}
	if s.Choice.Synthetic {
		title += ", SYNTHETIC DATA"
	}
	return title
}
