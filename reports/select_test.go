package reports

import (
	"slices"
	"testing"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/results"
)

var (
	sixteenth = experiments.Scale{Num: 1, Den: 16}
	quarter   = experiments.Scale{Num: 1, Den: 4}
)

func TestSelectNeverMixesScalesOrData(t *testing.T) {
	exp := figure1Experiment()
	real := recordsOf(exp, experiments.Full())
	scaled := recordsOf(exp, sixteenth)
	synthetic := recordsOf(exp, sixteenth)
	for _, r := range synthetic {
		r.Key.Data = results.Fingerprint{Synthetic: true}
	}
	all := slices.Concat(scaled[:1], synthetic, real)
	for _, c := range []struct {
		name   string
		choice Choice
		want   []*results.Record
	}{
		{"the paper's schedule", Choice{Scale: experiments.Full()}, real},
		{"scaled, one missing", Choice{Scale: experiments.Scale{Num: 2, Den: 32}}, []*results.Record{scaled[0], nil}},
		{"synthetic", Choice{Scale: sixteenth, Synthetic: true}, synthetic},
		{"nothing of that scale", Choice{Scale: quarter}, []*results.Record{nil, nil}},
		{"another seed", Choice{Scale: experiments.Full(), Seeds: []int64{7}}, []*results.Record{nil, nil}},
	} {
		s := Select(exp, all, c.choice)
		for i, run := range s.Runs {
			if run.Record != c.want[i] {
				t.Errorf("%s: run %d is not the record expected", c.name, i)
			}
		}
	}
}

func TestSelectTakesTheBetterOfTwoRecords(t *testing.T) {
	exp := figure1Experiment()
	records := func() (a, b *results.Record) {
		return recordsOf(exp, experiments.Full())[0], recordsOf(exp, experiments.Full())[0]
	}
	for name, worse := range map[string]func(*results.Record){
		"unfinished":       func(r *results.Record) { cut(r, 0.9); r.Key.Arithmetic = 2 },
		"older arithmetic": func(r *results.Record) { r.Key.Arithmetic = 0 },
		"diverged":         diverge,
	} {
		good, bad := records()
		worse(bad)
		for _, order := range [][]*results.Record{{good, bad}, {bad, good}} {
			if got := Select(exp, order, Choice{Scale: experiments.Full()}).Runs[0].Record; got != good {
				t.Errorf("%s record was taken", name)
			}
		}
	}
	// The verdict is on the program as it is: it diverges.
	old, now := records()
	now.Key.Arithmetic = 2
	diverge(now)
	for _, order := range [][]*results.Record{{old, now}, {now, old}} {
		if got := Select(exp, order, Choice{Scale: experiments.Full()}).Runs[0].Record; got != now {
			t.Error("a run that diverged is hidden by a complete one of an older arithmetic")
		}
	}
	long, short := records()
	cut(long, 0.5)
	cut(short, 0.4)
	if got := Select(exp, []*results.Record{short, long}, Choice{Scale: experiments.Full()}).Runs[0].Record; got != long {
		t.Error("of two unfinished records the shorter was taken")
	}
}

func TestLargest(t *testing.T) {
	exp := figure1Experiment()
	full := recordsOf(exp, experiments.Full())
	cut(full[0], 0.5)
	at4, at16 := recordsOf(exp, quarter), recordsOf(exp, sixteenth)
	synthetic := recordsOf(exp, experiments.Full())
	for _, r := range synthetic {
		r.Key.Data.Synthetic = true
	}
	begun16 := recordsOf(exp, sixteenth)[0]
	cut(begun16, 0.5)
	empty := recordsOf(exp, experiments.Full())[0]
	empty.Rows, empty.Status = nil, results.Running
	for _, c := range []struct {
		name    string
		records []*results.Record
		want    string
		found   bool
	}{
		{"nothing", nil, "", false},
		{"a record without a row", []*results.Record{empty}, "", false},
		{"the larger of two that are complete", slices.Concat(at16, at4), "1/4", true},
		{"one begun does not push a whole drawing aside", slices.Concat(full[:1], at16), "1/16", true},
		{"one of two complete does not either", slices.Concat(at4[:1], at16), "1/16", true},
		{"one complete, as at the smaller scale", slices.Concat(at16[:1], at4[1:]), "1/4", true},
		{"the largest begun, if none is complete", []*results.Record{begun16, full[0]}, "1", true},
		{"real before synthetic", slices.Concat(synthetic, at16[:1]), "1/16", true},
		{"synthetic if there is no other", synthetic, "1", true},
	} {
		got, found := Largest(exp, c.records, nil)
		if found != c.found || found && got.Scale.String() != c.want {
			t.Errorf("%s: got scale %q, %v; want %q, %v", c.name, got.Scale, found, c.want, c.found)
		}
	}
}

// The first runs of a longer schedule by one protocol do not push the comparison with
// another aside. They are found all the same.
func TestLargestOfVariants(t *testing.T) {
	exp := choicesExperiment()
	records := recordsOf(exp, sixteenth)
	for _, r := range recordsOf(exp, experiments.Full()) {
		if r.Key.Spec.Protocol.Initialisation == experiments.FanOut {
			records = append(records, r)
		}
	}
	c, ok := Largest(exp, records, nil)
	if !ok || c.Scale != sixteenth {
		t.Errorf("got scale %s, %v; want 1/16", c.Scale, ok)
	}
	if scale, n := Longer(exp, records, c); !scale.IsFull() || n != 2 {
		t.Errorf("longer: scale %s of %d networks, want 1 of 2", scale, n)
	}
	if _, n := Longer(exp, records[:4], c); n != 0 {
		t.Errorf("longer than the longest: %d networks", n)
	}
}

// Runs of several variants of a protocol are told apart, and a claim is judged
// by those of the variant that it names.
func TestVariants(t *testing.T) {
	exp := &experiments.Experiment{Name: "x", Seeds: []int64{1}, Draw: experiments.Choices,
		Networks: []network.Network{plainNet(20), plainNet(56)}}
	for i, label := range []string{"a", "b"} {
		p := experiments.Paper()
		p.Nesterov = i == 1
		exp.Variants = append(exp.Variants, experiments.Variant{Label: label, Protocol: p})
		exp.Claims = append(exp.Claims, experiments.Claim{Name: label, Kind: experiments.Higher, Metric: experiments.TestError,
			Variant: label, Of: []network.Network{plainNet(56)}, Than: []network.Network{plainNet(20)}})
	}
	var records []*results.Record
	for _, run := range exp.Runs(experiments.Full(), nil) {
		r := generated(run.Network, run.RunSpec)
		last := &r.Rows[len(r.Rows)-1]
		last.TestError = 10
		if higher := run.Network == plainNet(56); higher == (run.Variant == "a") {
			last.TestError = 20 // plain-56 of a, plain-20 of b
		}
		records = append(records, r)
	}
	s := Select(exp, records, Choice{Scale: experiments.Full()})
	if len(s.Runs) != 4 || len(s.variant("a").Runs) != 2 || s.variant("b").Runs[0].Variant != "b" {
		t.Errorf("selected %+v", s.Runs)
	}
	v := Judge(s)
	if v[0].Class != Reproduced || v[1].Class != NotReproduced {
		t.Errorf("judged %q and %q", v[0].Sentence, v[1].Sentence)
	}
}
