package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/results"
)

// given is complete records that end at the errors given, one per seed, and
// respond as given.
type given struct {
	network        network.Network
	training, test []float64
	response       float64
	warmup         int
}

// ended is records of each of data at a scale, and their experiment.
func ended(scale experiments.Scale, claim experiments.Claim, data ...given) (*experiments.Experiment, []*results.Record) {
	exp := &experiments.Experiment{Name: "x", Protocol: experiments.Paper(), Seeds: []int64{1}, Claims: []experiments.Claim{claim},
		SeedsFor: map[network.Network][]int64{}}
	for _, g := range data {
		exp.Networks = append(exp.Networks, g.network)
		for i := range g.test {
			exp.SeedsFor[g.network] = append(exp.SeedsFor[g.network], int64(i+1))
		}
	}
	var records []*results.Record
	for _, run := range exp.Runs(scale, nil) {
		spec := run.RunSpec
		r := generated(spec.Network, spec)
		for _, g := range data {
			if g.network == spec.Network {
				last := &r.Rows[len(r.Rows)-1]
				last.TrainError, last.TestError = g.training[spec.Seed-1], g.test[spec.Seed-1]
				r.Responses, r.WarmupEnded = []results.Response{{Layer: 1, Std: g.response}}, g.warmup
			}
		}
		records = append(records, r)
	}
	return exp, records
}

func nets(n ...network.Network) []network.Network { return n }

// A claim that the runs of the whole schedule decide is judged by them, though the
// drawing shows a shortened one.
func TestJudgeWhole(t *testing.T) {
	for _, c := range []struct {
		error  float64
		change func(*results.Record)
		want   [2]Class // of the number and of the order, which waits for plain-20
	}{
		{11.5, nil, [2]Class{NotReproduced, SameOrder}},
		{8.7, nil, [2]Class{Reproduced, SameOrder}},
		{8.7, diverge, [2]Class{NotReproduced, NotReproduced}},
		{8.7, func(r *results.Record) { cut(r, 0.5) }, [2]Class{NotJudged, SameOrder}},
	} {
		near := experiments.Claim{Name: "near", Kind: experiments.Within, Metric: experiments.TestError, Of: nets(residualNet(20)), Value: 8.75, Scatter: 0.4, Degrees: 11}
		data := []given{{plainNet(20), []float64{19}, []float64{20}, 1, -1}, {residualNet(20), []float64{15}, []float64{c.error}, 1, -1}}
		exp, records := ended(sixteenth, near, data...)
		exp.Claims = append(exp.Claims, experiments.Claim{Name: "order", Kind: experiments.Higher, Metric: experiments.TestError, Of: nets(plainNet(20)), Than: nets(residualNet(20))})
		whole, more := ended(experiments.Full(), near, data...)
		recorded := more[slices.IndexFunc(whole.Networks, func(n network.Network) bool { return n == residualNet(20) })]
		if c.change != nil {
			c.change(recorded)
		}
		records = append(records, recorded)

		drawing := &Drawing{Verdicts: Judge(Select(exp, records, Choice{Scale: sixteenth}))}
		if v := drawing.Verdicts; v[0].Class != NotJudged || v[1].Class != SameOrder {
			t.Fatalf("on the shortened schedule: %+v", v)
		}
		longest := Select(exp, records, Choice{Scale: experiments.Full()})
		drawing.JudgeWhole(&Drawing{Selection: longest, Verdicts: Judge(longest)})
		for i, v := range drawing.Verdicts {
			whole := v.Class == Reproduced || v.Class == NotReproduced
			if v.Class != c.want[i] || v.Scale.IsFull() != whole || strings.HasPrefix(v.Sentence, "on the whole schedule: ") != whole {
				t.Errorf("error %g, %s: %s at scale %s: %s; want %s", c.error, recorded.Status, v.Class, v.Scale, v.Sentence, c.want[i])
			}
		}
	}
}

// A claim that waits for runs of the whole schedule says what a shortened one shows, if
// that shows anything.
func TestAddShortened(t *testing.T) {
	near := experiments.Claim{Name: "near", Kind: experiments.Within, Metric: experiments.TestError, Of: nets(residualNet(20)), Value: 8.75, Scatter: 0.4, Degrees: 11}
	data := []given{{plainNet(20), []float64{19}, []float64{20}, 1, -1}, {residualNet(20), []float64{15}, []float64{8.7}, 1, -1}}
	exp, records := ended(sixteenth, near, data...)
	exp.Claims = append(exp.Claims, experiments.Claim{Name: "order", Kind: experiments.Higher, Metric: experiments.TestError, Of: nets(residualNet(20)), Than: nets(plainNet(20))})
	_, whole := ended(experiments.Full(), near, data...)
	again := *records[1] // resnet-20 with another seed, above plain-20
	again.Key.Spec.Seed = 2
	again.Rows = []results.Row{again.Rows[len(again.Rows)-1]}
	again.Rows[0].TestError = 31.3
	for _, c := range []struct {
		name     string
		records  []*results.Record
		sentence [2]string
	}{
		{"of both networks", slices.Concat(records, whole[:1]), [2]string{"resnet-20 seed 1 not recorded",
			"resnet-20 seed 1 not recorded; with every seed recorded, other order after 4,000 of 64,000 iterations: resnet-20 8.70 ≤ plain-20 20.00; one seed, so no test"}},
		{"of a seed that no drawing has", slices.Concat(records, []*results.Record{&again}, whole[:1]), [2]string{"resnet-20 seed 1 not recorded",
			"resnet-20 seed 1 not recorded; with every seed recorded, no clear order after 4,000 of 64,000 iterations: resnet-20 20.00 ± 15.98 ≤ plain-20 20.00 (0.00 ± 19.57, p = 0.5); means ± standard deviation, differences and slopes ± standard error, Student's t test, one-sided at 5 %"}},
		{"of one", slices.Concat(records[:1], whole[:1]), [2]string{"resnet-20 seed 1 not recorded", "resnet-20 seed 1 not recorded"}},
		{"of none", whole[:1], [2]string{"resnet-20 seed 1 not recorded", "resnet-20 seed 1 not recorded"}},
	} {
		s := Select(exp, c.records, Choice{Scale: experiments.Full()})
		drawing := &Drawing{Selection: s, Verdicts: Judge(s)}
		drawing.AddShortened(c.records)
		for i, v := range drawing.Verdicts {
			if v.Class != NotJudged || v.Sentence != c.sentence[i] {
				t.Errorf("shortened runs %s: %s: %s: %s", c.name, v.Claim.Name, v.Class, v.Sentence)
			}
		}
		shown := map[*results.Record]bool{} // on the page
		for _, r := range drawing.Shown() {
			shown[r.Record] = true
		}
		for _, r := range c.records {
			if quoted := strings.Contains(c.sentence[1], "every seed"); shown[r] != (quoted || r == whole[0]) {
				t.Errorf("shortened runs %s: %s seed %d at scale %s is shown: %v", c.name, r.Key.Spec.Network, r.Key.Spec.Seed, r.Key.Spec.Scale, shown[r])
			}
		}
		facts, _ := (&Report{Drawings: []*Drawing{drawing}}).basis()
		runs := "{runs 1, seeds"
		if quoted := len(c.records) - 1; strings.Contains(c.sentence[1], "every seed") {
			runs = fmt.Sprintf("{runs %d (%d of them of a shortened schedule, which verdicts quote), seeds", quoted+1, quoted)
		}
		if text := fmt.Sprint(facts); !strings.Contains(text, "{scale of the schedule 1} "+runs) {
			t.Errorf("shortened runs %s: the page rests on %s, want %s", c.name, text, runs)
		}
	}
	both := slices.Concat(records, whole)
	s := Select(exp, both, Choice{Scale: experiments.Full()})
	drawing := &Drawing{Selection: s, Verdicts: Judge(s)}
	want := slices.Clone(drawing.Verdicts)
	drawing.AddShortened(both)
	if diff := cmp.Diff(want, drawing.Verdicts); diff != "" {
		t.Errorf("a claim that is judged changes:\n%s", diff)
	}
}

func TestJudge(t *testing.T) {
	full := experiments.Full()
	data := []given{
		{plainNet(20), []float64{1.3}, []float64{9.7}, 1.6, -1},
		{plainNet(56), []float64{5.9}, []float64{13.2}, 1.7, -1},
		{residualNet(20), []float64{0.9}, []float64{8.6}, 1.0, -1},
		{residualNet(44), []float64{0.4}, []float64{7.0}, 1.0, -1},
		{residualNet(56), []float64{0.2}, []float64{7.1}, 0.6, -1},
		{residualNet(110), []float64{0.1, 0.1, 0.1}, []float64{6.4, 6.6, 6.8}, 0.5, 420},
		{plainNet(110), []float64{66}, []float64{65}, 2, 420},
	}
	higher := experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56)), Than: nets(plainNet(20))}
	depth := experiments.Claim{Kind: experiments.Decreasing, Metric: "test", Of: nets(residualNet(20), residualNet(56), residualNet(110))}
	every := experiments.Claim{Kind: experiments.Decreasing, Metric: "test", Of: nets(residualNet(20), residualNet(44), residualNet(56), residualNet(110))}
	for _, c := range []struct {
		name     string
		claim    experiments.Claim
		scale    experiments.Scale
		change   func([]*results.Record) []*results.Record // of the records, if not nil
		class    Class
		sentence string // parts of it, separated by …
		n        int
	}{
		{"higher holds", higher, full, nil, Reproduced, "plain-56 13.20 > plain-20 9.70; one seed, so no test", 1},
		{"higher fails", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(20)), Than: nets(plainNet(56))}, full, nil, NotReproduced, "plain-20 9.70 ≤ plain-56 13.20", 1},
		{"higher on a shortened schedule", experiments.Claim{Kind: experiments.Higher, Metric: "training", Of: nets(plainNet(56)), Than: nets(plainNet(20))}, sixteenth, nil,
			SameOrder, "after 4,000 of 64,000 iterations: plain-56 5.90 > plain-20 1.30", 1},
		{"lower on a shortened schedule", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(20)), Than: nets(plainNet(56))}, sixteenth, nil,
			OtherOrder, "after 4,000 of 64,000 iterations: plain-20 9.70 ≤ plain-56 13.20", 1},
		{"one pair of two fails", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56), residualNet(56)), Than: nets(plainNet(20), residualNet(20))}, full, nil,
			NotReproduced, "plain-56 13.20 > plain-20 9.70; resnet-56 7.10 ≤ resnet-20 8.60", 1},
		// One run against three: 0.5 / (0.2 sqrt(1+1/3)) = 2.17 with two degrees of freedom, p = 0.081.
		{"not above by enough", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(residualNet(56)), Than: nets(residualNet(110))}, full, nil,
			NotReproduced, "resnet-56 7.10 > resnet-110 6.60 ± 0.20 (+0.50 ± 0.23, p = 0.081)…Student's t test, one-sided at 5 %", 1},
		{"nor on a shortened schedule", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(residualNet(56)), Than: nets(residualNet(110))}, sixteenth, nil,
			NoOrder, "after 4,000 of…p = 0.081", 1},
		{"below by more than seeds differ", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(residualNet(110)), Than: nets(plainNet(20))}, sixteenth, nil,
			OtherOrder, "resnet-110 6.60 ± 0.20 ≤ plain-20 9.70 (−3.10 ± 0.23", 1},
		{"below by less", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(residualNet(110)), Than: nets(residualNet(56))}, sixteenth, nil,
			NoOrder, "resnet-110 6.60 ± 0.20 ≤ resnet-56 7.10 (−0.50 ± 0.23, p = 0.92)", 1},
		{"equal on a shortened schedule", higher, sixteenth,
			func(r []*results.Record) []*results.Record { r[1].Rows[len(r[1].Rows)-1].TestError = 9.7; return r },
			NoOrder, "plain-56 9.70 ≤ plain-20 9.70; one seed", 1},
		{"at chance on a shortened schedule", higher, sixteenth,
			func(r []*results.Record) []*results.Record { r[1].Rows[len(r[1].Rows)-1].TestError = 90.16; return r },
			TooShort, "after 4,000 of 64,000 iterations: plain-56 at 90.16 %, within 5 points of chance", 1},
		{"five points from it", higher, sixteenth,
			func(r []*results.Record) []*results.Record { r[1].Rows[len(r[1].Rows)-1].TestError = 85; return r },
			TooShort, "plain-56 at 85.00 %, within 5 points of chance", 1},
		{"farther from it", higher, sixteenth,
			func(r []*results.Record) []*results.Record { r[1].Rows[len(r[1].Rows)-1].TestError = 84.9; return r },
			SameOrder, "plain-56 84.90 > plain-20 9.70", 1},
		{"one seed of three at chance", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(residualNet(56)), Than: nets(residualNet(110))}, sixteenth,
			func(r []*results.Record) []*results.Record { r[5].Rows[len(r[5].Rows)-1].TestError = 90; return r },
			TooShort, "resnet-110 at 90.00 %, within 5 points of chance", 1},
		{"one pair of two at chance", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56), plainNet(20)), Than: nets(residualNet(56), residualNet(20))}, sixteenth,
			func(r []*results.Record) []*results.Record { r[1].Rows[len(r[1].Rows)-1].TestError = 90; return r },
			TooShort, "plain-56 at 90.00 %, within 5 points of chance; the other pairs: plain-20 9.70 > resnet-20 8.60; one seed", 1},
		{"at chance after all of it", higher, full,
			func(r []*results.Record) []*results.Record { r[1].Rows[len(r[1].Rows)-1].TestError = 90; return r },
			Reproduced, "plain-56 90.00 > plain-20 9.70", 1},
		// The scatter of others: 3.5 / (0.4 sqrt(2)) = 6.19 with eight degrees of freedom.
		{"higher by more than others scatter", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56)), Than: nets(plainNet(20)), Scatter: 0.4, Degrees: 8}, full, nil,
			Reproduced, "plain-56 13.20 > plain-20 9.70 (+3.50 ± 0.57, p < 0.001); scatter 0.40 between others' seeds, 8 degrees of freedom; …Student's t test", 1},
		// With ours of resnet-110, sqrt((2*0.04 + 8*0.16)/10) = 0.369: 0.369 sqrt(1+1/3) = 0.43.
		{"by that of both", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(residualNet(20)), Than: nets(residualNet(110)), Scatter: 0.4, Degrees: 8}, full, nil,
			Reproduced, "resnet-20 8.60 > resnet-110 6.60 ± 0.20 (+2.00 ± 0.43, p < 0.001); scatter 0.37 between seeds of resnet-110 and of others, 10 degrees of freedom; ", 1},
		{"but not by less", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(residualNet(56)), Than: nets(residualNet(44)), Scatter: 0.4, Degrees: 8}, full, nil,
			NotReproduced, "resnet-56 7.10 > resnet-44 7.00 (+0.10 ± 0.57, p = 0.43)", 1},
		// 0.1 / (0.4 sqrt(1+1/3)): the seeds are alike by chance.
		{"seeds that end alike, where others' scatter", experiments.Claim{Kind: experiments.Higher, Metric: "training", Of: nets(residualNet(110)), Than: nets(plainNet(20)), Scatter: 0.4, Degrees: 8}, full, nil,
			NotReproduced, "resnet-110 0.10 ± 0.00 ≤ plain-20 1.30 (−1.20 ± 0.41", 1},
		{"seeds that end alike", experiments.Claim{Kind: experiments.Higher, Metric: "training", Of: nets(residualNet(56)), Than: nets(residualNet(110))}, full, nil,
			Reproduced, "resnet-56 0.20 > resnet-110 0.10 ± 0.00; no difference between seeds, so no test", 1},
		{"one pair of two has several seeds", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56), plainNet(110)), Than: nets(plainNet(20), residualNet(110))}, full, nil,
			Reproduced, "plain-56 13.20 > plain-20 9.70; plain-110 65.00 > resnet-110 6.60 ± 0.20 (…Student's t test, one-sided at 5 %; where there is one seed, no test", 1},
		{"responses", experiments.Claim{Kind: experiments.Higher, Metric: "responses", Of: nets(plainNet(20)), Than: nets(residualNet(20))}, full, nil, Reproduced, "means over the layers: plain-20 1.60 > resnet-20 1.00", 1},
		{"responses not recorded", experiments.Claim{Kind: experiments.Higher, Metric: "responses", Of: nets(plainNet(20)), Than: nets(residualNet(20))}, full,
			func(r []*results.Record) []*results.Record { r[0].Responses = nil; return r }, NotJudged, "no layer responses recorded of plain-20", 1},

		// resnet-110 has three seeds: scatter 0.2 with two degrees of freedom.
		{"a trend", depth, full, nil, Reproduced, "resnet-20 8.60, resnet-56 7.10, resnet-110 6.60 ± 0.20: slope a step −1.00 ± 0.12, p = 0.0065; scatter 0.20 between seeds of resnet-110, 2 degrees of freedom", 1},
		{"a step within the scatter", every, full, nil, Reproduced, "not from resnet-44 to resnet-56 (+0.10, not significant)", 1},
		{"a step beyond it, though the ends fit", every, full,
			func(r []*results.Record) []*results.Record { r[4].Rows[len(r[4].Rows)-1].TestError = 8.5; return r },
			NotReproduced, "not from resnet-44 to resnet-56 (+1.50)", 1},
		{"one seed each: every step counts", experiments.Claim{Kind: experiments.Decreasing, Metric: "test", Of: nets(residualNet(20), residualNet(44), residualNet(56))}, full, nil,
			NotReproduced, "not from resnet-44 to resnet-56 (+0.10)…one seed, so no test", 1},
		{"and one that is none, is no order", experiments.Claim{Kind: experiments.Decreasing, Metric: "test", Of: nets(residualNet(20), residualNet(44), residualNet(56))}, sixteenth,
			func(r []*results.Record) []*results.Record { r[4].Rows[len(r[4].Rows)-1].TestError = 7; return r },
			NoOrder, "not from resnet-44 to resnet-56 (0.00)…one seed, so no test", 1},
		{"unless others tell the scatter", experiments.Claim{Kind: experiments.Decreasing, Metric: "test", Of: nets(residualNet(20), residualNet(44), residualNet(56)), Scatter: 0.4, Degrees: 11}, full, nil,
			Reproduced, "not significant…scatter 0.40 between others' seeds", 1},
		{"which is not that of a shortened schedule", experiments.Claim{Kind: experiments.Decreasing, Metric: "test", Of: nets(residualNet(20), residualNet(44), residualNet(56)), Scatter: 0.4, Degrees: 11}, sixteenth, nil,
			OtherOrder, "one seed, so no test", 1},
		{"a trend the other way", experiments.Claim{Kind: experiments.Decreasing, Metric: "test", Of: nets(plainNet(20), plainNet(56))}, full, nil, NotReproduced, "slope a step +3.50", 1},
		{"a gap that widens", experiments.Claim{Kind: experiments.Widening, Metric: "test", Of: nets(plainNet(20), plainNet(56)), Than: nets(residualNet(20), residualNet(56))}, full, nil,
			Reproduced, "plain-20 − resnet-20 +1.10, plain-56 − resnet-56 +6.10: slope a step +5.00", 1},
		{"a gap that closes", experiments.Claim{Kind: experiments.Widening, Metric: "test", Of: nets(plainNet(56), plainNet(20)), Than: nets(residualNet(56), residualNet(20))}, full, nil,
			NotReproduced, "not from plain-56 − resnet-56 to plain-20 − resnet-20 (−5.00)", 1},

		{"above 60, as the paper says of plain-110", experiments.Claim{Kind: experiments.Above, Metric: "test", Of: nets(plainNet(110)), Value: 60}, full, nil, Reproduced, "plain-110 65.00 > 60", 1},
		{"above fails", experiments.Claim{Kind: experiments.Above, Metric: "test", Of: nets(plainNet(56)), Value: 60}, full, nil, NotReproduced, "plain-56 13.20 ≤ 60", 1},
		{"below holds", experiments.Claim{Kind: experiments.Below, Metric: "training", Of: nets(residualNet(110)), Value: 0.15}, full, nil, Reproduced, "resnet-110 0.10 ± 0.00 < 0.15", 3},
		{"below by less than is printed", experiments.Claim{Kind: experiments.Below, Metric: "training", Of: nets(residualNet(44)), Value: 0.4}, full,
			func(r []*results.Record) []*results.Record { r[3].Rows[len(r[3].Rows)-1].TrainError = 0.3961; return r }, Reproduced, "resnet-44 0.396 < 0.4", 1},
		{"below fails", experiments.Claim{Kind: experiments.Below, Metric: "training", Of: nets(residualNet(110)), Value: 0.1}, full, nil, NotReproduced, "≥ 0.1", 3},
		// 6.6 against 6.9: 0.3 / (0.2/sqrt(3)) = 2.60 with two degrees of freedom, p = 0.061.
		{"below, but not by enough", experiments.Claim{Kind: experiments.Below, Metric: "test", Of: nets(residualNet(110)), Value: 6.9}, full, nil, NotReproduced, "(−0.30 ± 0.12, p = 0.061)", 3},
		{"a number of a shortened schedule", experiments.Claim{Kind: experiments.Below, Metric: "training", Of: nets(residualNet(110)), Value: 0.15}, sixteenth, nil,
			NotJudged, "after 4,000 of 64,000 iterations: resnet-110 0.10 ± 0.00; the claim is about the paper's whole schedule", 3},

		// t(0.975, 2) = 4.303 (any table): 4.303 * 0.2 * sqrt(1+1/3) = 0.994 against one run, * sqrt(1/5+1/3) = 0.628 against a mean of five.
		{"near one run", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(110)), Value: 5.61}, full, nil,
			Reproduced, "resnet-110 6.60 ± 0.20, paper 5.61: +0.99 is within ± 0.99 (95 %, Student's t, 2 degrees of freedom, scatter 0.20 between seeds of resnet-110)", 3},
		{"not near one run", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(110)), Value: 5.6}, full, nil, NotReproduced, "is not within ± 0.99", 3},
		{"near a mean of five", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(110)), Value: 5.98, PaperRuns: 5}, full, nil, Reproduced, "± 0.63", 3},
		{"not near a mean of five", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(110)), Value: 5.95, PaperRuns: 5}, full, nil, NotReproduced, "is not within ± 0.63", 3},
		// One run is judged by the others' scatter: 4.303 * 0.2 * sqrt(2).
		{"near, one seed", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(20)), Value: 9.8}, full, nil, Reproduced, "± 1.22", 1},
		// With what others report, sqrt((2*0.04 + 4*0.0256)/6) = 0.1744 and t(0.975, 6) = 2.447: 2.447 * 0.1744 * sqrt(1/5+1/3) = 0.312.
		{"with the scatter of others", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(110)), Value: 6.9, PaperRuns: 5, Scatter: 0.16, Degrees: 4}, full, nil,
			Reproduced, "is within ± 0.31 (95 %, Student's t, 6 degrees of freedom, scatter 0.17 between seeds of resnet-110 and of others)", 3},
		{"no scatter known", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(20)), Value: 8.75}, full,
			func(r []*results.Record) []*results.Record { return r[:5] }, NotJudged, "no network has two seeds", 1},
		{"no scatter between seeds", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(110)), Value: 6.6}, full,
			func(r []*results.Record) []*results.Record {
				for _, r := range r[5:8] {
					r.Rows[len(r.Rows)-1].TestError = 6.6
				}
				return r
			}, NotJudged, "all seeds have the same error, so no scatter to judge by", 3},
		{"near, on a shortened schedule", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(110)), Value: 6.2}, sixteenth, nil, NotJudged, "the claim is about the paper's whole schedule", 3},

		{"warmed up", experiments.Claim{Kind: experiments.WarmedUp, Of: nets(residualNet(110))}, full, nil, Reproduced, "seed 3 left the warm-up at iteration 420", 3},
		{"never warmed up", experiments.Claim{Kind: experiments.WarmedUp, Of: nets(residualNet(110))}, full,
			func(r []*results.Record) []*results.Record { r[5].WarmupEnded = -1; return r }, NotReproduced, "resnet-110 seed 1 never left the warm-up", 3},
		{"warmed up and learnt nothing", experiments.Claim{Kind: experiments.WarmedUp, Of: nets(residualNet(110))}, full,
			func(r []*results.Record) []*results.Record { r[5].Rows[len(r[5].Rows)-1].TrainError = 90; return r }, NotReproduced, "training error 90.00 %", 3},
		{"warmed up on a shortened schedule", experiments.Claim{Kind: experiments.WarmedUp, Of: nets(residualNet(110))}, sixteenth, nil, NotJudged, "left the warm-up at iteration 420", 3},

		{"one complete without a row", experiments.Claim{Kind: experiments.WarmedUp, Of: nets(residualNet(110))}, full,
			func(r []*results.Record) []*results.Record { r[6].Rows = nil; return r }, NotJudged, "resnet-110 seed 2 not recorded", 2},
		{"missing", higher, full, func(r []*results.Record) []*results.Record { return r[1:] }, NotJudged, "plain-20 seed 1 not recorded", 0},
		{"unfinished", higher, full, func(r []*results.Record) []*results.Record { cut(r[1], 0.5); return r }, NotJudged, "plain-56 seed 1 unfinished (32,000 of 64,000 iterations)", 0},
		{"one of three missing", depth, full, func(r []*results.Record) []*results.Record { return append(r[:6:6], r[7:]...) }, NotJudged, "resnet-110 seed 2 not recorded", 1},
		{"so far, of two networks", depth, full, func(r []*results.Record) []*results.Record { return r[:5] }, NotJudged,
			"resnet-110 seeds 1, 2 and 3 not recorded; so far resnet-20 8.60, resnet-56 7.10: slope a step −1.50; one seed, so no test", 0},
		{"not of a shortened schedule", depth, sixteenth, func(r []*results.Record) []*results.Record { return r[:5] }, NotJudged,
			"resnet-110 seeds 1, 2 and 3 not recorded", 0},
		{"so far, of one pair", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56), plainNet(20)), Than: nets(residualNet(56), residualNet(20))}, full,
			func(r []*results.Record) []*results.Record { return append(r[:1:1], r[2:]...) }, NotJudged,
			"plain-56 seed 1 not recorded; so far plain-20 9.70 > resnet-20 8.60; one seed, so no test", 0},
		{"diverged", higher, full, func(r []*results.Record) []*results.Record { diverge(r[1]); return r }, NotReproduced, "plain-56 seed 1 diverged after iteration 32,000", 0},
		{"one of three diverged", depth, full, func(r []*results.Record) []*results.Record { diverge(r[6]); return r }, NotReproduced, "resnet-110 seed 2 diverged after iteration 32,000", 1},
		{"diverged on a shortened schedule", depth, sixteenth, func(r []*results.Record) []*results.Record { diverge(r[6]); return r }, NotJudged, "resnet-110 seed 2 diverged", 1},
		{"diverged, then unfinished", depth, full, func(r []*results.Record) []*results.Record { diverge(r[5]); cut(r[6], 0.5); return r },
			NotReproduced, "resnet-110 seed 1 diverged after iteration 32,000…resnet-110 seed 2 unfinished", 1},
		{"unfinished, then diverged", depth, full, func(r []*results.Record) []*results.Record { cut(r[5], 0.5); diverge(r[6]); return r },
			NotReproduced, "resnet-110 seed 2 diverged after iteration 32,000…resnet-110 seed 1 unfinished", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			exp, records := ended(c.scale, c.claim, data...)
			if c.change != nil {
				records = c.change(records)
			}
			v := Judge(Select(exp, records, Choice{Scale: c.scale}))[0]
			found := true
			for _, part := range strings.Split(c.sentence, "…") {
				found = found && strings.Contains(v.Sentence, part)
			}
			if v.Class != c.class || !found || v.N != c.n {
				t.Errorf("got %q, n = %d, %q\nwant %q, n = %d, %q", v.Class, v.N, v.Sentence, c.class, c.n, c.sentence)
			}
			if _, err := json.Marshal(v); err != nil {
				t.Errorf("the verdict is not plain data: %v", err)
			}
		})
	}
}

// One seed gone wrong does not make everything near the paper's number.
func TestOneSeedGoneWrong(t *testing.T) {
	for _, c := range []struct {
		of       network.Network
		errors   []float64 // of resnet-110
		value    float64
		runs     int
		std      float64
		degrees  int
		class    Class
		sentence string
	}{
		{residualNet(110), []float64{6.4, 6.6, 6.5, 6.7, 25}, 6.61, 5, 0.16, 4, NotReproduced,
			"4 degrees of freedom, scatter 0.16 between others' seeds alone: ours of 8.25 is larger, F test, p < 0.001)"},
		{residualNet(20), []float64{6.4, 6.6, 6.5, 6.7, 25}, 8.75, 0, 0.40, 11, NotReproduced, "resnet-20 21.00, paper 8.75: +12.25 is not within ± 1.25"},
		// (0.29/0.16)^2 = 3.29 is less than 6.39, the 95 % quantile of F with four and four degrees of freedom (any table).
		{residualNet(110), []float64{6.3, 6.5, 6.6, 6.7, 7.08}, 6.61, 5, 0.16, 4, Reproduced, "8 degrees of freedom, scatter 0.23 between seeds of resnet-110 and of others)"},
		// (0.83/0.40)^2 = 4.30 is more than 3.84, that quantile with four and eight, though less than 6.04, that with eight and four.
		{residualNet(20), []float64{5.6, 6.2, 6.6, 7.0, 7.8}, 8.75, 0, 0.40, 8, NotReproduced, "8 degrees of freedom, scatter 0.40 between others' seeds alone: ours of 0.83 is larger, F test, p = 0.038)"},
	} {
		claim := experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(c.of), Value: c.value, PaperRuns: c.runs, Scatter: c.std, Degrees: c.degrees}
		exp, records := ended(experiments.Full(), claim,
			given{residualNet(20), []float64{15}, []float64{21}, 1, -1},
			given{residualNet(110), make([]float64, len(c.errors)), c.errors, 1, 420})
		v := Judge(Select(exp, records, Choice{Scale: experiments.Full()}))[0]
		if v.Class != c.class || !strings.Contains(v.Sentence, c.sentence) {
			t.Errorf("%s of %v: got %q, %q\nwant %q, %q", c.of, c.errors, v.Class, v.Sentence, c.class, c.sentence)
		}
	}
}

// A network that guesses after the whole schedule reproduces nothing about one
// that the paper trained, whatever the order.
func TestAtChanceWhereThePaperIsNot(t *testing.T) {
	errors := map[network.Network]float64{plainNet(20): 9.7, plainNet(56): 90, plainNet(110): 90, residualNet(20): 8.7, residualNet(56): 7}
	for _, c := range []struct {
		name     string
		claim    experiments.Claim
		scale    experiments.Scale
		class    Class
		sentence string
	}{
		{"a gap", experiments.Claim{Kind: experiments.Widening, Metric: "test", Of: nets(plainNet(20), plainNet(56)), Than: nets(residualNet(20), residualNet(56))},
			experiments.Full(), NotReproduced, "within 5 points of chance: plain-56 at 90.00 %, where the paper has 13.2"},
		{"the other metric", experiments.Claim{Kind: experiments.Higher, Metric: "training", Of: nets(plainNet(56)), Than: nets(plainNet(20))},
			experiments.Full(), Reproduced, "plain-56 90.00 > plain-20 9.70"},
		{"no number in the paper", experiments.Claim{Kind: experiments.Above, Metric: "test", Of: nets(plainNet(110)), Value: 60},
			experiments.Full(), Reproduced, "plain-110 90.00 > 60"},
		{"a shortened schedule", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56)), Than: nets(plainNet(20))},
			sixteenth, TooShort, "plain-56 at 90.00 %"},
		{"responses of one that learns nothing", experiments.Claim{Kind: experiments.Higher, Metric: "responses", Of: nets(plainNet(56)), Than: nets(residualNet(56))},
			experiments.Full(), NotReproduced, "plain-56 at 90.00 %, where the paper has 13.2"},
		{"and on a shortened schedule", experiments.Claim{Kind: experiments.Higher, Metric: "responses", Of: nets(plainNet(56)), Than: nets(residualNet(56))},
			sixteenth, TooShort, "plain-56 at 90.00 %"},
		{"near a number", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(plainNet(56)), Value: 13.2, Scatter: 50, Degrees: 10},
			experiments.Full(), NotReproduced, "plain-56 at 90.00 %, where the paper has 13.2"},
	} {
		var data []given
		for _, n := range networksOf(c.claim) {
			data = append(data, given{n, []float64{errors[n]}, []float64{errors[n]}, 1, 420})
		}
		exp, records := ended(c.scale, c.claim, data...)
		exp.Paper.Test = map[network.Network]float64{plainNet(20): 9.7, plainNet(56): 13.2, residualNet(20): 8.75, residualNet(56): 6.97}
		v := Judge(Select(exp, records, Choice{Scale: c.scale}))[0]
		if v.Class != c.class || !strings.Contains(v.Sentence, c.sentence) {
			t.Errorf("%s: got %q, %q\nwant %q, %q", c.name, v.Class, v.Sentence, c.class, c.sentence)
		}
	}
}

// Runs that are in two pairs of a claim are one sample. The gaps A-B and B-C grow by
// 2B-A-C, whose variance is (4+1+1)/3 times that of a run: sqrt(2) x 0.2.
func TestANetworkInTwoPairs(t *testing.T) {
	a, b, c := plainNet(20), plainNet(32), plainNet(44)
	claim := experiments.Claim{Kind: experiments.Widening, Metric: "test", Of: nets(a, b), Than: nets(b, c)}
	exp, records := ended(experiments.Full(), claim,
		given{a, []float64{1, 1, 1}, []float64{9.4, 9.6, 9.8}, 1, -1},
		given{b, []float64{1, 1, 1}, []float64{9.2, 9.4, 9.6}, 1, -1},
		given{c, []float64{1, 1, 1}, []float64{8.0, 8.2, 8.4}, 1, -1})
	v := Judge(Select(exp, records, Choice{Scale: experiments.Full()}))[0]
	if got := v.Tests[0]; !near(got.Value, 1.0, 6) || !near(got.Error, math.Sqrt(2)*0.2, 6) {
		t.Errorf("the gap grows by %v ± %v, want 1.0 ± 0.283: %s", got.Value, got.Error, v.Sentence)
	}
}

// The paper's claim is reproduced or not by the experiment's own protocol; other
// variants are there to compare.
func TestVariantsThatDepart(t *testing.T) {
	exp := choicesExperiment()
	for _, v := range exp.Variants {
		exp.Claims = append(exp.Claims, experiments.Claim{Name: v.Label, Kind: experiments.Decreasing, Metric: "test", Variant: v.Label, Of: exp.Networks})
	}
	for _, c := range []struct{ embedded, first bool }{
		{false, false},
		{true, true}, // fig6 and fig7 judge what it claims of the defaults
	} {
		exp.Embedded = c.embedded
		v := Judge(Select(exp, nil, Choice{Scale: experiments.Full()}))
		if v[0].Aside != c.first || !v[1].Aside {
			t.Errorf("embedded: %v: %q is aside: %v, %q: %v", c.embedded, exp.Variants[0].Label, v[0].Aside, exp.Variants[1].Label, v[1].Aside)
		}
	}
}

func TestSummary(t *testing.T) {
	for want, verdicts := range map[string][]Verdict{
		"":                                      nil,
		"2 claims: 1 reproduced, 1 same order.": {{Class: SameOrder}, {Class: Reproduced}},
		"1 claim about other choices.":          {{Class: Reproduced, Aside: true}},
		"1 claim: 1 reproduced; 1 more about other choices.": {{Class: Reproduced}, {Class: NotReproduced, Aside: true}},
	} {
		if got := summary(verdicts); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestHardestTest(t *testing.T) {
	tests := []Test{{P: 0.03}, {P: 0.4}, {P: 0.01}}
	for kind, want := range map[string]float64{experiments.Higher: 0.4, experiments.Within: 0.01} {
		if got := (Verdict{Claim: experiments.Claim{Kind: kind}, Tests: tests}).hardest().P; got != want {
			t.Errorf("%s: p = %v, want %v", kind, got, want)
		}
	}
}

func diverge(r *results.Record) {
	cut(r, 0.5)
	r.Status = results.Diverged
}

// A spec of one's own with a schedule shorter than the paper's is a shortened
// one, though all of it is trained.
func TestAShorterScheduleIsShortened(t *testing.T) {
	exp := figure1Experiment()
	exp.Protocol = smokeExperiment().Protocol
	for _, v := range Judge(Select(exp, recordsOf(exp, experiments.Full()), Choice{Scale: experiments.Full()})) {
		if v.Class == Reproduced || v.Class == NotReproduced {
			t.Errorf("%s is %q after %d iterations", v.Claim.Name, v.Class, exp.Protocol.Iterations)
		}
	}
}

// Nor does a spec of one's own with another batch repeat what the paper did, however
// long it trains: its numbers are not set beside the paper's.
func TestAnotherProtocolIsNotThePapers(t *testing.T) {
	exp := figure1Experiment()
	exp.Protocol.Batch, exp.Protocol.LearningRate = 64, 0.05
	s := Select(exp, recordsOf(exp, experiments.Full()), Choice{Scale: experiments.Full()})
	for _, v := range Judge(s) {
		if want := "with batch 64 in place of 128, with learning_rate 0.05 in place of 0.1: plain-56 "; v.Class != SameOrder || !strings.HasPrefix(v.Sentence, want) {
			t.Errorf("%s is %q: %s, want %q", v.Claim.Name, v.Class, v.Sentence, want)
		}
	}
	if s.comparable() {
		t.Error("the paper's numbers stand beside those of another batch")
	}
	if remarks := strings.Join(s.remarks(exp.Networks), "; "); !strings.Contains(remarks, "with batch 64 in place of 128") {
		t.Errorf("pictures do not say so: %q", remarks)
	}
	exp.Protocol = experiments.Paper()
	exp.Protocol.Nesterov, exp.Protocol.Validation = true, 5000
	if !s.comparable() {
		t.Error("what the paper leaves open keeps its numbers away")
	}
	// A network that departs does not take the others' claims with it.
	exp.Networks, exp.Protocol.WarmupDepth = append(exp.Networks, residualNet(110)), 0
	s = Select(exp, recordsOf(exp, experiments.Full()), Choice{Scale: experiments.Full()})
	for _, v := range Judge(s) {
		if v.Class != Reproduced {
			t.Errorf("%s is %q: %s", v.Claim.Name, v.Class, v.Sentence)
		}
	}
	if s.comparable() {
		t.Error("the paper's numbers stand beside a ResNet-110 that does not warm up")
	}
}

// Nothing that is learnt from generated images says anything about the paper.
func TestSyntheticRunsAreNotJudged(t *testing.T) {
	exp := figure1Experiment()
	records := recordsOf(exp, experiments.Full())
	for _, r := range records {
		r.Key.Data.Synthetic = true
	}
	for _, v := range Judge(Select(exp, records, Choice{Scale: experiments.Full(), Synthetic: true})) {
		if v.Class != NotJudged {
			t.Errorf("%s is %q on synthetic data", v.Claim.Name, v.Class)
		}
	}
}

// A verdict shows the paper's numbers and ours in the same form.
func TestNumbersOfAVerdict(t *testing.T) {
	higher := experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56)), Than: nets(plainNet(20))}
	for _, c := range []struct {
		claim       experiments.Claim
		paper, ours string
	}{
		{higher, "13.2 > 9.7", "13.40 > 9.90"},
		{experiments.Claim{Kind: experiments.Decreasing, Metric: "test", Of: nets(plainNet(56), plainNet(20))}, "13.2, 9.7", "13.40, 9.90"},
		{experiments.Claim{Kind: experiments.Decreasing, Metric: "responses", Of: nets(plainNet(56), plainNet(20))}, "", "1.00, 1.00"},
		{experiments.Claim{Kind: experiments.Above, Metric: "test", Of: nets(plainNet(56)), Value: 12}, "> 12", "13.40"},
		{experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(plainNet(20)), Value: 9.7, PaperRuns: 5, Scatter: 0.1, Degrees: 4}, "9.7 (mean of 5)", "9.90"},
		{experiments.Claim{Kind: experiments.Widening, Metric: "test", Of: nets(plainNet(20), plainNet(56)), Than: nets(residualNet(20), residualNet(20))}, "+1.0, +4.5", "+1.30, +4.80"},
	} {
		exp, records := ended(experiments.Full(), c.claim, given{plainNet(20), []float64{1}, []float64{9.9}, 1, -1}, given{plainNet(56), []float64{5}, []float64{13.4}, 1, -1},
			given{residualNet(20), []float64{1}, []float64{8.6}, 1, -1})
		exp.Paper.Test = map[network.Network]float64{plainNet(20): 9.7, plainNet(56): 13.2, residualNet(20): 8.75}
		v := Judge(Select(exp, records, Choice{Scale: experiments.Full()}))[0]
		if v.Paper != c.paper || v.Ours != c.ours {
			t.Errorf("%s: paper %q, ours %q; want %q, %q", c.claim.Kind, v.Paper, v.Ours, c.paper, c.ours)
		}
	}
}

func TestCheck(t *testing.T) {
	of := func(classes ...Class) []Verdict {
		var v []Verdict
		for _, c := range classes {
			v = append(v, Verdict{Class: c})
		}
		return v
	}
	for _, c := range []struct {
		verdicts []Verdict
		want     error
		text     string
	}{
		{of(Reproduced, Reproduced), nil, ""},
		{of(Reproduced, NotReproduced, NotJudged), ErrNotReproduced, "1 reproduced, 1 not reproduced, 1 not judged"},
		{of(SameOrder, SameOrder), ErrNotJudged, "2 same order"},
		{of(Reproduced, OtherOrder), ErrNotJudged, "1 other order"},
		{of(Reproduced, TooShort), ErrNotJudged, "1 too short to judge"},
		{of(NotJudged), ErrNotJudged, "1 not judged"},
		{nil, ErrNotJudged, "there are none"},
		{append(of(Reproduced), Verdict{Class: NotReproduced, Aside: true}), nil, ""},
		{[]Verdict{{Class: Reproduced, Aside: true}}, ErrNotJudged, "1 claim, about variants beside the paper's protocol"},
	} {
		err := Check(c.verdicts)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("Check of %s is %v, want %v with %q", outcomes(c.verdicts), err, c.want, c.text)
		}
	}
}

// The page has a look for each verdict: bold is for the whole schedule.
func TestEveryClassHasALook(t *testing.T) {
	for _, c := range classes() {
		if rule := "." + strings.ReplaceAll(string(c), " ", "-") + " .verdict"; !strings.Contains(reportStyle, rule) {
			t.Errorf("the page's style has no rule for %q", rule)
		}
	}
}
