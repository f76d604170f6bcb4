package reports

import (
	"strings"
	"testing"

	"deepresidual/experiments"
	"deepresidual/results"
)

// given is complete records that end at the errors given, one per seed, and
// respond as given.
type given struct {
	network        experiments.Network
	training, test []float64
	response       float64
	warmup         int
}

func TestJudge(t *testing.T) {
	full, scaled := experiments.Full(), experiments.Scale{Num: 1, Den: 16}
	nets := func(n ...experiments.Network) []experiments.Network { return n }
	data := []given{
		{plainNet(20), []float64{1.3}, []float64{9.7}, 1.6, -1},
		{plainNet(56), []float64{5.9}, []float64{13.2}, 1.7, -1},
		{residualNet(20), []float64{0.9}, []float64{8.6}, 1.0, -1},
		{residualNet(56), []float64{0.2}, []float64{7.0}, 0.6, -1},
		{residualNet(110), []float64{0.1, 0.1, 0.1}, []float64{6.4, 6.6, 6.8}, 0.5, 420},
	}
	for _, c := range []struct {
		name    string
		claim   experiments.Claim
		scale   experiments.Scale
		change  func([]*results.Record) []*results.Record // of the records, if not nil
		outcome Outcome
		numbers string // part of them
		n       int
	}{
		{"higher holds", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56)), Than: nets(plainNet(20))}, full, nil, Reproduced, "plain-56 13.20 > plain-20 9.70", 1},
		{"higher fails", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(20)), Than: nets(plainNet(56))}, full, nil, NotReproduced, "plain-20 9.70 ≤ plain-56 13.20", 1},
		{"higher is judged at a scale", experiments.Claim{Kind: experiments.Higher, Metric: "training", Of: nets(plainNet(56)), Than: nets(plainNet(20))}, scaled, nil, Reproduced, "plain-56 5.90 > plain-20 1.30", 1},
		{"higher, one pair fails", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56), residualNet(56)), Than: nets(plainNet(20), residualNet(20))}, full, nil, NotReproduced, "≤", 1},
		{"responses", experiments.Claim{Kind: experiments.Higher, Metric: "responses", Of: nets(plainNet(20)), Than: nets(residualNet(20))}, full, nil, Reproduced, "plain-20 1.60 > resnet-20 1.00", 1},
		{"responses not recorded", experiments.Claim{Kind: experiments.Higher, Metric: "responses", Of: nets(plainNet(20)), Than: nets(residualNet(20))}, full,
			func(r []*results.Record) []*results.Record { r[0].Responses = nil; return r }, NotRun, "plain-20 has no layer responses", 1},
		{"decreasing holds", experiments.Claim{Kind: experiments.Decreasing, Metric: "test", Of: nets(residualNet(20), residualNet(56), residualNet(110))}, full, nil, Reproduced, "resnet-20 8.60; resnet-56 7.00; resnet-110 6.60", 1},
		{"decreasing fails", experiments.Claim{Kind: experiments.Decreasing, Metric: "test", Of: nets(plainNet(20), plainNet(56))}, full, nil, NotReproduced, "plain-56 13.20", 1},
		{"widening holds", experiments.Claim{Kind: experiments.Widening, Metric: "test", Of: nets(plainNet(20), plainNet(56)), Than: nets(residualNet(20), residualNet(56))}, full, nil, Reproduced, "plain-56 − resnet-56 +6.20", 1},
		{"widening fails", experiments.Claim{Kind: experiments.Widening, Metric: "test", Of: nets(plainNet(56), plainNet(20)), Than: nets(residualNet(56), residualNet(20))}, full, nil, NotReproduced, "+1.10", 1},
		{"above fails", experiments.Claim{Kind: experiments.Above, Metric: "test", Of: nets(plainNet(56)), Value: 60}, full, nil, NotReproduced, "plain-56 13.20, claimed above 60", 1},
		{"above holds", experiments.Claim{Kind: experiments.Above, Metric: "test", Of: nets(plainNet(56)), Value: 13}, full, nil, Reproduced, "claimed above 13", 1},
		{"below holds", experiments.Claim{Kind: experiments.Below, Metric: "training", Of: nets(residualNet(110)), Value: 0.15}, full, nil, Reproduced, "resnet-110 0.10, claimed below 0.15", 3},
		{"below fails", experiments.Claim{Kind: experiments.Below, Metric: "training", Of: nets(residualNet(110)), Value: 0.1}, full, nil, NotReproduced, "claimed below 0.1", 3},
		{"below is a number", experiments.Claim{Kind: experiments.Below, Metric: "training", Of: nets(residualNet(110)), Value: 0.15}, scaled, nil, NotComparable, "resnet-110 0.10", 3},
		// The three seeds scatter by 0.2: the band of their mean is 2*0.2*sqrt(1+1/3).
		{"within the scatter", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(110)), Value: 6.2}, full, nil, Reproduced, "band ± 0.46 (scatter between seeds 0.20)", 3},
		{"outside the scatter", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(110)), Value: 6.1}, full, nil, NotReproduced, "band ± 0.46", 3},
		// One run is judged by the others' scatter: 2*0.2*sqrt(2).
		{"within, one seed", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(20)), Value: 9.16}, full, nil, Reproduced, "band ± 0.57", 1},
		{"a band in the spec is the least", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(110)), Value: 6.1, Band: 0.62}, full, nil, Reproduced, "band ± 0.62 (the least, from the spec)", 3},
		{"no scatter known", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(20)), Value: 8.75}, full,
			func(r []*results.Record) []*results.Record { return r[:5] }, NotRun, "no network has two seeds", 1},
		{"within at a scale", experiments.Claim{Kind: experiments.Within, Metric: "test", Of: nets(residualNet(110)), Value: 6.2}, scaled, nil, NotComparable, "band", 3},
		{"warmed up", experiments.Claim{Kind: experiments.WarmedUp, Of: nets(residualNet(110))}, full, nil, Reproduced, "left the warm-up at iteration 420", 3},
		{"never warmed up", experiments.Claim{Kind: experiments.WarmedUp, Of: nets(residualNet(110))}, full,
			func(r []*results.Record) []*results.Record { r[5].WarmupEnded = -1; return r }, NotReproduced, "never left the warm-up", 3},
		{"missing", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56)), Than: nets(plainNet(20))}, full,
			func(r []*results.Record) []*results.Record { return r[1:] }, NotRun, "plain-20 not run", 0},
		{"unfinished", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56)), Than: nets(plainNet(20))}, full,
			func(r []*results.Record) []*results.Record { cut(r[1], 0.5); return r }, NotRun, "plain-56 unfinished (32,000 of 64,000 iterations)", 0},
		{"missing at a scale", experiments.Claim{Kind: experiments.Below, Metric: "training", Of: nets(residualNet(110)), Value: 1}, scaled,
			func(r []*results.Record) []*results.Record { return nil }, NotRun, "resnet-110 not run", 0},
		{"diverged", experiments.Claim{Kind: experiments.Higher, Metric: "test", Of: nets(plainNet(56)), Than: nets(plainNet(20))}, full,
			func(r []*results.Record) []*results.Record {
				cut(r[1], 0.5)
				r[1].Status = results.Diverged
				return r
			}, NotReproduced, "plain-56 diverged at iteration 32,000", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			exp := &experiments.Experiment{Name: "x", Protocol: experiments.Paper(), Seeds: []int64{1}, Claims: []experiments.Claim{c.claim},
				SeedsFor: map[experiments.Network][]int64{residualNet(110): {1, 2, 3}}}
			var records []*results.Record
			for _, g := range data {
				exp.Networks = append(exp.Networks, g.network)
			}
			for _, spec := range exp.Runs(c.scale, nil) {
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
			if c.change != nil {
				records = c.change(records)
			}
			v := Judge(Select(exp, records, Choice{Scale: c.scale}))[0]
			if v.Outcome != c.outcome || !strings.Contains(v.Numbers, c.numbers) || v.N != c.n {
				t.Errorf("got %q, %q, n = %d; want %q, numbers with %q, n = %d", v.Outcome, v.Numbers, v.N, c.outcome, c.numbers, c.n)
			}
			if v.Failed() != (c.outcome == NotReproduced) {
				t.Errorf("Failed is %v for %q", v.Failed(), v.Outcome)
			}
		})
	}
}

// Nothing that is learnt from generated images says anything about the paper.
func TestSyntheticRunsAreNotComparable(t *testing.T) {
	exp := figure1Experiment()
	records := recordsOf(exp, experiments.Full())
	for _, r := range records {
		r.Key.Data.Synthetic = true
	}
	for _, v := range Judge(Select(exp, records, Choice{Scale: experiments.Full(), Synthetic: true})) {
		if v.Outcome != NotComparable {
			t.Errorf("%s is %q on synthetic data", v.Claim.Name, v.Outcome)
		}
	}
}
