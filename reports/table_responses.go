package reports

import (
	"slices"

	"deepresidual/reports/table"
	"deepresidual/results"
)

// responseTable sums up the layer responses of each run over its layers.
func responseTable(s *Selection) *table.Table {
	t := s.newTable("responses", "summary over the layers",
		table.Column{Heading: "network", Keys: keys("network")},
		table.Column{Heading: "variant", Keys: keys("variant")},
		table.Column{Heading: "seed", Number: true, Keys: keys("seed")},
		table.Column{Heading: "layers", Number: true, Keys: keys("layers"), Spare: 1},
		table.Column{Heading: "mean", Number: true, Keys: keys("response_std_mean")},
		table.Column{Heading: "median", Number: true, Keys: keys("response_std_median"), Spare: 1},
		table.Column{Heading: "smallest", Number: true, Keys: keys("response_std_smallest"), Spare: 2},
		table.Column{Heading: "largest", Number: true, Keys: keys("response_std_largest")},
		table.Column{Heading: "state", Keys: keys("state")},
	)
	t.Common = append(t.Common, table.Field{Key: "n", Value: "1"})
	t.Notes = []string{"Standard deviations of the outputs of each 3x3 layer over the test set, after batch normalisation (running " +
		"statistics) and before ReLU and addition. They are recorded when a run is complete."}
	t.Notes = append(t.Notes, s.undrawnNotes()...)
	for _, r := range s.Runs {
		cells := []table.Cell{table.Text(r.Spec.Network.String()), table.Text(r.Variant), table.Int(int(r.Spec.Seed)), {}, {}, {}, {}, {}, table.Text(r.state())}
		if std := r.stds(); len(std) > 0 {
			cells[3], cells[4], cells[5] = table.Int(len(std)), table.Percent(mean(std)), table.Percent(median(std))
			cells[6], cells[7] = table.Percent(slices.Min(std)), table.Percent(slices.Max(std))
		}
		t.Add(cells...)
	}
	return t
}

// stds is the finite standard deviations of a run's layer responses.
func (r Selected) stds() []float64 {
	if r.Record == nil {
		return nil
	}
	return stds(r.Record.Responses)
}

func stds(responses []results.Response) []float64 {
	var v []float64
	for _, r := range responses {
		if finite(r.Std) {
			v = append(v, r.Std)
		}
	}
	return v
}
