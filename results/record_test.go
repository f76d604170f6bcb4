package results

import (
	"math"
	"testing"
)

func TestSummaries(t *testing.T) {
	row := func(iteration int, test float64) Row {
		return Row{Iteration: iteration, TestError: test, TrainError: 2 * test}
	}
	many := []Row{row(1, 500), row(2, 500)} // that do not count towards the mean
	for i := range meanRows {
		many = append(many, row(i+3, float64(i+1)))
	}
	for _, c := range []struct {
		name        string
		rows        []Row
		final, best int // iterations
		mean        meanPoint
	}{
		{"one row", []Row{row(1, 50)}, 1, 1, meanPoint{1, 100, 50}},
		{"best in the middle", []Row{row(1, 50), row(2, 10), row(3, 20)}, 3, 2, meanPoint{3, 160.0 / 3, 80.0 / 3}},
		{"first of equals", []Row{row(1, 50), row(2, 10), row(3, 10)}, 3, 2, meanPoint{3, 140.0 / 3, 70.0 / 3}},
		{"more than are averaged", many, 12, 3, meanPoint{10, 11, 5.5}},
	} {
		s := summarise(&Record{Rows: c.rows})
		if s.Final.Iteration != c.final {
			t.Errorf("%s: final at %d, want %d", c.name, s.Final.Iteration, c.final)
		}
		if s.Best.Iteration != c.best {
			t.Errorf("%s: best at %d, want %d", c.name, s.Best.Iteration, c.best)
		}
		if s.Mean.Rows != c.mean.Rows || !(math.Abs(s.Mean.TestError-c.mean.TestError) <= 1e-12) ||
			!(math.Abs(s.Mean.TrainingError-c.mean.TrainingError) <= 1e-12) {
			t.Errorf("%s: mean %+v, want %+v", c.name, s.Mean, c.mean)
		}
	}
	if s := summarise(&Record{}); s != nil {
		t.Errorf("without rows: %+v, want none", s)
	}
}
