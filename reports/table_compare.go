package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"deepresidual/models/network"
	"deepresidual/reports/table"
)

// compareTable sets plain networks against residual ones of the same depth.
func compareTable(s *Selection) *table.Table {
	all := pairs(s.Experiment.Networks)
	// The number of layers names the paper's networks, one of each kind.
	named := len(all) > len(depthsOf(s.Experiment.Networks)) ||
		slices.ContainsFunc(s.Experiment.Networks, func(n network.Network) bool { return !n.IsStandard() })
	columns := []table.Column{
		{Heading: "layers", Number: true, Keys: keys("layers")},
		{Heading: "training: plain", Number: true, Keys: keys("plain_training_error_mean", "plain_training_error_std")},
		{Heading: "resnet", Number: true, Keys: keys("residual_training_error_mean", "residual_training_error_std")},
		{Heading: "difference", Number: true, Keys: keys("training_error_difference"), Spare: 2},
		{Heading: "test: plain", Number: true, Keys: keys("plain_test_error_mean", "plain_test_error_std")},
		{Heading: "resnet", Number: true, Keys: keys("residual_test_error_mean", "residual_test_error_std")},
		{Heading: "difference", Number: true, Keys: keys("test_error_difference"), Spare: 1},
		{Heading: "runs", Number: true, Keys: keys("n_plain", "n_residual")},
		{Heading: "better on test", Keys: keys("better"), Spare: 3},
		{Keys: keys("n")},
		{Keys: keys("seed")},
	}
	if named {
		columns = slices.Insert(columns, 1, table.Column{Heading: "networks", Keys: keys("plain", "residual")})
	}
	t := s.newTable("", "final errors (%)", columns...)
	t.Notes = []string{"Difference: plain minus resnet, before rounding. Means over the complete runs of each network, with the sample standard " +
		"deviation where there are several; runs: plain + resnet."}
	for _, pair := range all {
		plain, residual := s.sample(pair.plain), s.sample(pair.residual)
		difference := mean(plain.test) - mean(residual.test)
		better := ""
		switch {
		case difference > 0:
			better = "resnet"
		case difference < 0:
			better = "plain"
		case difference == 0:
			better = "equal"
		}
		cells := []table.Cell{table.Int(pair.depth), meanStd(plain.training), meanStd(residual.training), table.Signed(mean(plain.training)-mean(residual.training), 2),
			meanStd(plain.test), meanStd(residual.test), table.Signed(difference, 2),
			table.Several(fmt.Sprintf("%d + %d", plain.n, residual.n), strconv.Itoa(plain.n), strconv.Itoa(residual.n)), table.Text(better),
			table.Int(min(plain.n, residual.n)), s.seeds(pair.plain, pair.residual)}
		if named {
			cells = slices.Insert(cells, 1, pair.names())
		}
		t.Add(cells...)
	}
	t.Notes = append(t.Notes, s.leftOut()...)
	t.Notes = append(t.Notes, s.undrawnNotes()...)
	return t
}

// pair is a plain and a residual network of one depth; one of them can be the
// zero value, which no run is of.
type pair struct {
	depth           int
	plain, residual network.Network
}

// names is the names of a pair's networks.
func (p pair) names() table.Cell {
	name := func(n network.Network) string {
		if n.Kind == "" {
			return ""
		}
		return n.String()
	}
	plain, residual := name(p.plain), name(p.residual)
	return table.Several(strings.Trim(plain+", "+residual, ", "), plain, residual)
}

// pairs is the networks of each depth, the first plain one with the first
// residual one and so on.
func pairs(networks []network.Network) []pair {
	var all []pair
	for _, d := range depthsOf(networks) {
		of := map[network.Kind][]network.Network{}
		for _, n := range networks {
			if n.Depth() == d {
				of[n.Kind] = append(of[n.Kind], n)
			}
		}
		for i := range max(len(of[network.Plain]), len(of[network.Residual])) {
			p := pair{depth: d}
			if plain := of[network.Plain]; i < len(plain) {
				p.plain = plain[i]
			}
			if residual := of[network.Residual]; i < len(residual) {
				p.residual = residual[i]
			}
			all = append(all, p)
		}
	}
	return all
}
