package results

import (
	"math"
	"testing"
)

func TestSummaries(t *testing.T) {
	row := func(iteration int, test float64) Row {
		return Row{Iteration: iteration, TestError: test, TrainError: 2 * test}
	}
	for _, c := range []struct {
		name        string
		rows        []Row
		k           int
		final, best int // iterations, 0 for none
		mean        mean
	}{
		{"no rows", nil, 10, 0, 0, mean{}},
		{"one row", []Row{row(1, 50)}, 10, 1, 1, mean{1, 100, 50}},
		{"best in the middle", []Row{row(1, 50), row(2, 10), row(3, 20)}, 2, 3, 2, mean{2, 30, 15}},
		{"first of equals", []Row{row(1, 50), row(2, 10), row(3, 10)}, 3, 3, 2, mean{3, 140.0 / 3, 70.0 / 3}},
	} {
		r := Record{Rows: c.rows}
		if got, ok := r.Final(); got.Iteration != c.final || ok != (c.final > 0) {
			t.Errorf("%s: final at %d (%v), want %d", c.name, got.Iteration, ok, c.final)
		}
		if got, ok := r.Best(); got.Iteration != c.best || ok != (c.best > 0) {
			t.Errorf("%s: best at %d (%v), want %d", c.name, got.Iteration, ok, c.best)
		}
		got, ok := r.meanLast(c.k)
		if got.Rows != c.mean.Rows || ok != (c.mean.Rows > 0) || math.Abs(got.TestError-c.mean.TestError) > 1e-12 ||
			math.Abs(got.TrainError-c.mean.TrainError) > 1e-12 {
			t.Errorf("%s: mean %+v, want %+v", c.name, got, c.mean)
		}
	}
}
