package reports

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gonum.org/v1/plot/cmpimg"

	"deepresidual/experiments"
	"deepresidual/results"
)

// golden compares content with testdata/name, or writes it there with -update.
func golden(t *testing.T, name string, content []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(name) == ".png" {
		// Processors differ in the last bit of a coordinate.
		if same, err := cmpimg.EqualApprox("png", content, want, 0.1); err != nil || !same {
			failed := filepath.Join(t.ArtifactDir(), filepath.Base(name))
			os.WriteFile(failed, content, 0o666)
			t.Errorf("%s differs from what was drawn (%s), error %v; look at both, then run the test with -update", path, failed, err)
		}
		return
	}
	if !bytes.Equal(content, want) {
		t.Errorf("%s differs; got:\n%s", path, content)
	}
}

// A goldenCase is a drawing as the goldens show it.
type goldenCase struct {
	name    string
	exp     *experiments.Experiment
	choice  Choice
	records func(*experiments.Experiment, Choice) []*results.Record
}

// cases are the drawings of the paper's schedule, and each mark that a picture,
// a table or the page can bear.
func cases() []goldenCase {
	one := Choice{Scale: experiments.Full()}
	return []goldenCase{
		{"fig1", figure1Experiment(), one, whole},
		{"fig1-scaled", figure1Experiment(), Choice{Scale: experiments.Scale{Num: 1, Den: 16}}, func(e *experiments.Experiment, c Choice) []*results.Record {
			r := whole(e, c)
			cut(r[1], 0.6)
			return r
		}},
		{"fig6", figure6Experiment(), one, whole},
		{"fig7", figure7Experiment(), one, whole},
		{"compare", compareExperiment(), one, whole},
		{"table6", table6Experiment(), one, func(e *experiments.Experiment, c Choice) []*results.Record {
			r := whole(e, c)
			return r[:len(r)-1] // resnet-1202 is not recorded
		}},
		{"choices", choicesExperiment(), one, func(e *experiments.Experiment, c Choice) []*results.Record {
			r := whole(e, c)
			for i, x := range r[2].Responses { // resnet-56, the first variant
				r[2].Responses[i].Std = 3 * x.Std
			}
			cut(r[1], 0.6)
			return r
		}},
		{"smoke", smokeExperiment(), Choice{Scale: experiments.Full(), Synthetic: true}, func(e *experiments.Experiment, c Choice) []*results.Record {
			r := whole(e, c)
			for _, x := range r {
				x.Key.Data = results.Fingerprint{Synthetic: true}
			}
			return r
		}},
	}
}

func whole(e *experiments.Experiment, c Choice) []*results.Record {
	var records []*results.Record
	for _, run := range e.Runs(c.Scale, c.Seeds) {
		records = append(records, generated(run.Network, run.RunSpec))
	}
	return records
}

// figureCases are those, and what is seen in a picture only.
func figureCases() []goldenCase {
	one := Choice{Scale: experiments.Full()}
	return append(cases(),
		goldenCase{"fig1-seeds", figure1Experiment(), Choice{Scale: experiments.Full(), Seeds: []int64{1, 2, 3}}, func(e *experiments.Experiment, c Choice) []*results.Record {
			r := whole(e, c)
			r[1].Status, r[1].Rows = results.Diverged, r[1].Rows[:20] // plain-20, seed 2
			return r
		}},
		goldenCase{"fig7-log", figure7Experiment(), Choice{Scale: experiments.Full(), Seeds: []int64{1, 2}}, func(e *experiments.Experiment, c Choice) []*results.Record {
			r := whole(e, c)
			for _, x := range r[len(r)-2:] { // resnet-110
				for i := range x.Responses {
					x.Responses[i].Std *= 10
				}
			}
			return r
		}},
		goldenCase{"fig6-begun", figure6Experiment(), one, func(e *experiments.Experiment, c Choice) []*results.Record {
			return whole(e, c)[:2]
		}},
		goldenCase{"compare-gaps", compareExperiment(), one, func(e *experiments.Experiment, c Choice) []*results.Record {
			return slices.DeleteFunc(whole(e, c), func(r *results.Record) bool {
				n := r.Key.Spec.Network
				return n.Depth() == 44 || n == plainNet(110) || n == residualNet(110)
			})
		}},
	)
}

// goldenDPI is enough to see what moved, and a sixth of the bytes of what is published.
const goldenDPI = 120

func TestFiguresLookAsBefore(t *testing.T) {
	for _, c := range figureCases() {
		t.Run(c.name, func(t *testing.T) {
			e := build(t, c.exp, c.records(c.exp, c.choice), c.choice)
			png, err := e.Figure.png(goldenDPI)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.name+".png", png)
		})
	}
}

func build(t *testing.T, exp *experiments.Experiment, records []*results.Record, c Choice) *Drawing {
	t.Helper()
	e, err := Build(Select(exp, records, c))
	if err != nil {
		t.Fatal(err)
	}
	return e
}
