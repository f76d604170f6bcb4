package reports

import "fmt"

// claimTable is the verdicts as a table.
func claimTable(s *Selection, verdicts []Verdict) *Table {
	t := &Table{
		Name:    s.Experiment.Name + "-claims",
		Title:   s.title("the paper's claims"),
		Columns: append(textColumns("claim", "paper", "ours"), numberColumns("n")...),
	}
	t.Columns = append(t.Columns, textColumns("scale", "verdict", "what was compared")...)
	for _, v := range verdicts {
		t.add(v.Claim.Statement, orMissing(v.Paper), orMissing(v.Ours), fmt.Sprint(v.N), v.Scale.String(), string(v.Class), v.Sentence)
	}
	t.Notes = []string{"n: complete runs of the network that has the fewest. Reproduced or not: on the paper's whole schedule. " +
		"On a shortened one only orders are judged, and none where a network is within five points of chance."}
	return t
}
