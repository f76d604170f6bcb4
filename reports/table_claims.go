package reports

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"deepresidual/experiments"
	"deepresidual/reports/table"
)

// claimTable is the verdicts as a table. CSV has in place of the paper's numbers
// and ours, which are several, the test that was the hardest to pass.
func claimTable(s *Selection, verdicts []Verdict) *table.Table {
	what := "the paper's claims"
	switch {
	case len(s.Experiment.Variants) > 0 || !s.Experiment.Embedded:
		what = "the experiment's own claims"
	case s.Experiment.Draw == experiments.Compare: // which it says in no words
		what = "what the paper's figures and tables show"
	}
	// Verdicts can be on the whole schedule where the drawing is not: then each says
	// its own.
	spare, mixed := 3, slices.ContainsFunc(verdicts, func(v Verdict) bool { return v.Scale.Compare(s.Choice.Scale) != 0 })
	if mixed {
		spare = 0
	}
	t := s.newTable("claims", what,
		table.Column{Heading: "claim", Keys: keys("statement")},
		table.Column{Heading: "paper", Spare: 2},
		table.Column{Heading: "ours", Spare: 1},
		table.Column{Heading: "n", Number: true, Keys: keys("n")},
		table.Column{Heading: "scale", Keys: keys("scale"), Spare: spare},
		table.Column{Heading: "verdict", Keys: keys("verdict")},
		table.Column{Heading: "what was compared", Keys: keys("comparison"), Least: 34},
		table.Column{Keys: keys("claim")},
		table.Column{Keys: keys("kind")},
		table.Column{Keys: keys("metric")},
		table.Column{Keys: keys("paper_value")},
		table.Column{Keys: keys("difference")},
		table.Column{Keys: keys("standard_error")},
		table.Column{Keys: keys("degrees_of_freedom")},
		table.Column{Keys: keys("p_value")},
		table.Column{Keys: keys("test")},
		table.Column{Keys: keys("seed")},
	)
	if mixed {
		t.Title, t.Caption = strings.TrimSuffix(t.Title, s.apart()), strings.TrimSuffix(t.Caption, s.apart()+".")+"."
	}
	t.Common = slices.DeleteFunc(t.Common, func(f table.Field) bool { return f.Key == "scale" })
	for _, v := range verdicts {
		value := table.Cell{}
		if v.Claim.Numeric() {
			value = table.Number(v.Claim.Value, 2)
		}
		test := v.hardest()
		t.Add(table.Text(v.Claim.Statement), table.Text(v.Paper), table.Text(v.Ours), table.Int(v.N), table.Several(v.Scale.String(), shortest(v.Scale.Fraction())), table.Text(string(v.Class)).In(v.Class.colour()),
			table.Text(v.Sentence), table.Text(v.Claim.Name), table.Text(v.Claim.Kind), table.Text(v.Claim.Metric), value,
			table.Number(test.Value, 2), table.Number(test.Error, 2), table.Number(test.Degrees, 1), table.Number(test.P, 3), table.Text(test.Method),
			seedsCell(v.Seeds))
	}
	t.Notes = []string{"n: complete runs of the network that has the fewest. Reproduced or not: on the paper's whole schedule. " +
		"On a shortened one, or by a protocol that departs from the paper's, only orders are judged, by the same tests: none where a network is within five points of chance, " +
		"and no clear one where seeds differ by as much. Of one seed each only the sign of a difference counts, unless the claim quotes the scatter between others' seeds; " +
		"of a trend the slope decides, and no step may go the other way significantly, nor at all where no scatter is known. " +
		"A number is reproduced where it is as near to the paper's as 95 % of runs of other seeds would be, by the scatter between our seeds and between others': pooled where there are both, unless ours is significantly the larger (F test), and then others' alone. p is one-sided, of nearness two-sided."}
	t.Notes = append(t.Notes, s.undrawnNotes()...)
	return t
}

// hardest is the test of a verdict that was the hardest to pass, of a trend that of
// its slope: the least significant one or, where no difference must be significant,
// the most.
func (v Verdict) hardest() Test {
	if len(v.Tests) == 0 {
		return Test{P: math.NaN(), Value: math.NaN(), Error: math.NaN(), Degrees: math.NaN()}
	}
	byP := func(a, b Test) int { return cmp.Compare(a.P, b.P) }
	if v.Claim.Kind == experiments.Within {
		return slices.MinFunc(v.Tests, byP)
	}
	return slices.MaxFunc(v.Tests, byP)
}

// colour is that of a class on a terminal: what a shortened schedule shows has
// another than what was reproduced.
func (c Class) colour() table.Colour {
	switch c {
	case Reproduced:
		return table.Green
	case NotReproduced:
		return table.Red
	case SameOrder, OtherOrder, NoOrder:
		return table.Blue
	}
	return table.Plain
}
