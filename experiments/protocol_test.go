package experiments_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"

	"deepresidual/experiments"
	"deepresidual/models/network"
)

// TestPaper holds the protocol against the numbers of section 4.2, copied a
// second time from the paper.
func TestPaper(t *testing.T) {
	want := experiments.Protocol{
		Batch: 128, Iterations: 64000, LearningRate: 0.1, Milestones: []int{32000, 48000}, LearningRateDivisor: 10,
		Momentum: 0.9, WeightDecay: 1e-4, WarmupDepth: 110, WarmupRate: 0.01, WarmupError: 80,
		Pad: 4, Flip: true,
		// Not in the paper: fb.resnet.torch, and Torch's batch normalisation.
		Initialisation: experiments.FanOut, LastLayer: experiments.Uniform, DecayNorm: true,
		NormMomentum: 0.1, NormEpsilon: 1e-5, PaddingSide: experiments.PadBoth,
	}
	got := experiments.Paper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Paper() (-want +got):\n%s", diff)
	}
	if err := got.Check(); err != nil {
		t.Errorf("the paper's protocol: %v", err)
	}
}

func TestScaled(t *testing.T) {
	for _, c := range []struct {
		scale      string
		iterations int
		milestones []int
		interval   int
	}{
		{"1", 64000, []int{32000, 48000}, 400}, // at most every 400
		{"1/2", 32000, []int{16000, 24000}, 400},
		{"1/8", 8000, []int{4000, 6000}, 200}, // a fortieth
		{"1/16", 4000, []int{2000, 3000}, 100},
		{"3/64", 3000, []int{1500, 2250}, 75},
		{"1/256", 250, []int{125, 188}, 25}, // 187.5, and at least every 25
		{"1/4096", 16, []int{8, 12}, 16},    // one row
		{"1/64000", 1, []int{1, 1}, 1},      // 0.5 and 0.75
		{"1/1000000", 1, []int{1, 1}, 1},
	} {
		t.Run(c.scale, func(t *testing.T) {
			scale, err := experiments.ParseScale(c.scale)
			if err != nil {
				t.Fatal(err)
			}
			paper := experiments.Paper()
			got := paper.Scaled(scale)
			if got.Iterations != c.iterations || !slices.Equal(got.Milestones, c.milestones) || got.EvalInterval != c.interval {
				t.Errorf("%d iterations, milestones %d, interval %d; want %d, %d, %d",
					got.Iterations, got.Milestones, got.EvalInterval, c.iterations, c.milestones, c.interval)
			}
			want := paper
			want.Iterations, want.Milestones, want.EvalInterval = got.Iterations, got.Milestones, got.EvalInterval
			want.WarmupWindow = 391 // an epoch, at any scale
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("something else was scaled (-paper +got):\n%s", diff)
			}
			if diff := cmp.Diff(experiments.Paper(), paper); diff != "" {
				t.Errorf("the protocol itself was changed:\n%s", diff)
			}
			if diff := cmp.Diff(got, got.Scaled(experiments.Full())); diff != "" {
				t.Errorf("scaling by 1 is not the identity:\n%s", diff)
			}
		})
	}
}

// A minibatch normalised as a whole is one and the same run, however it is said.
func TestScaledNormBatch(t *testing.T) {
	for given, want := range map[int]int{0: 0, 64: 64, 128: 0} {
		p := experiments.Paper()
		p.NormBatch = given
		if got := p.Scaled(experiments.Full()).NormBatch; got != want {
			t.Errorf("norm_batch %d becomes %d, want %d", given, got, want)
		}
	}
}

// TestScaledInterval holds that an interval that was set is kept, at most one row
// for the whole schedule.
func TestScaledInterval(t *testing.T) {
	p := experiments.Paper()
	p.EvalInterval = 500
	for _, c := range []struct {
		scale experiments.Scale
		want  int
	}{
		{experiments.Full(), 500},
		{experiments.Scale{Num: 1, Den: 16}, 500},
		{experiments.Scale{Num: 1, Den: 256}, 250},
	} {
		if got := p.Scaled(c.scale).EvalInterval; got != c.want {
			t.Errorf("at %s the interval is %d, want %d", c.scale, got, c.want)
		}
	}
}

// TestProtocolCheck has both sides of every bound, and the text of one error for
// each form of range.
func TestProtocolCheck(t *testing.T) {
	type protocol = experiments.Protocol
	for _, c := range []struct {
		name string
		set  func(*protocol)
		want string // empty if the value is allowed
	}{
		{"batch 1", func(p *protocol) { p.Batch = 1 }, ""},
		{"batch 0", func(p *protocol) { p.Batch = 0 }, "batch: found 0, wanted a number from 1 to 8192"},
		{"batch 8193", func(p *protocol) { p.Batch = 8193 }, "batch: found 8193, wanted a number from 1 to 8192"},
		{"iterations", func(p *protocol) { p.Iterations = 10_000_001 }, "iterations: found 10000001, wanted a number from 2 to 10000000"},
		{"an iteration, before which no milestone fits", func(p *protocol) { p.Iterations = 1 }, "iterations: found 1, wanted a number from 2 to 10000000"},
		{"no rate", func(p *protocol) { p.LearningRate = 0 }, "learning_rate: found 0, wanted a number above 0, at most 100"},
		{"rate NaN", func(p *protocol) { p.LearningRate = math.NaN() }, "learning_rate: found NaN, wanted a number above 0, at most 100"},
		{"a rate that stays", func(p *protocol) { p.LearningRateDivisor = 1 }, ""},
		{"division by 0", func(p *protocol) { p.LearningRateDivisor = 0 }, "learning_rate_divisor: found 0, wanted a number from 1 to 1000000"},
		{"a factor, not a divisor", func(p *protocol) { p.LearningRateDivisor = 0.1 }, "learning_rate_divisor: found 0.1, wanted a number from 1 to 1000000"},
		{"no momentum", func(p *protocol) { p.Momentum = 0 }, ""},
		{"momentum 1", func(p *protocol) { p.Momentum = 1 }, "momentum: found 1, wanted a number from 0, below 1"},
		{"no weight decay", func(p *protocol) { p.WeightDecay = 0 }, ""},
		{"negative weight decay", func(p *protocol) { p.WeightDecay = -1e-4 }, "weight_decay: found -0.0001, wanted a number from 0, below 1"},
		{"no warm-up", func(p *protocol) { p.WarmupDepth = 0 }, ""},
		{"warm-up from below", func(p *protocol) { p.WarmupDepth = -1 }, "warmup_from_depth: found -1, wanted a number from 0 to 9998"},
		{"warm-up rate", func(p *protocol) { p.WarmupRate = math.Inf(1) }, "warmup_learning_rate: found +Inf, wanted a number above 0, at most 100"},
		{"warm-up to 100 %", func(p *protocol) { p.WarmupError = 100 }, ""},
		{"warm-up without end", func(p *protocol) { p.WarmupError = 0 }, "warmup_training_error: found 0, wanted a number above 0, at most 100"},
		{"no pad", func(p *protocol) { p.Pad = 0 }, ""},
		{"pad 5", func(p *protocol) { p.Pad = 5 }, "pad: found 5, wanted a number from 0 to 4"},
		{"45k/5k", func(p *protocol) { p.Validation = 5000 }, ""},
		{"nothing left to train on", func(p *protocol) { p.Validation = 50_000 }, "validation: found 50000, wanted a number from 0 to 40000"},
		{"one row", func(p *protocol) { p.EvalInterval = 64_000 }, ""},
		{"no row", func(p *protocol) { p.EvalInterval = 64_001 }, "eval_interval: found 64001, wanted a number from 0 to 64000"},
		{"one milestone", func(p *protocol) { p.Milestones = []int{63_999} }, ""},
		{"milestone 0", func(p *protocol) { p.Milestones = []int{0} }, "milestones: found 0, wanted 1 or more"},
		{"same milestones", func(p *protocol) { p.Milestones = []int{9, 9} }, "milestones: 9 does not come after 9; wanted increasing numbers of iterations"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := experiments.Paper()
			c.set(&p)
			err := p.Check()
			if c.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("error\n got %v\nwant %s", err, c.want)
			}
			if spec := (*experiments.SpecError)(nil); !errors.As(err, &spec) {
				t.Errorf("%T is no SpecError", err)
			}
		})
	}
}

// TestRunSpecTOML holds that a run can be written into a record and read back.
func TestRunSpecTOML(t *testing.T) {
	scale := experiments.Scale{Num: 1, Den: 16}
	want := experiments.RunSpec{
		Network:  network.Standard(network.Residual, 18),
		Protocol: experiments.Paper().Scaled(scale), Scale: scale, Seed: 5,
	}
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(want); err != nil {
		t.Fatal(err)
	}
	var got experiments.RunSpec
	if _, err := toml.Decode(text.String(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("through TOML (-want +got):\n%s\n%s", diff, text.String())
	}
}

// What the paper leaves open, or what has no part in a network's training, is no
// departure from it.
func TestDepartures(t *testing.T) {
	shallow, deep := network.Standard(network.Residual, 3), network.Standard(network.Residual, 18)
	for _, c := range []struct {
		name    string
		network network.Network
		change  func(*experiments.Protocol)
		want    string
	}{
		{"the paper's", deep, func(p *experiments.Protocol) {}, ""},
		{"what it leaves open", deep, func(p *experiments.Protocol) { *p = opened(*p) }, ""},
		{"how often it is evaluated", deep, func(p *experiments.Protocol) { p.EvalInterval = 100 }, ""},
		{"images held out", deep, func(p *experiments.Protocol) { p.Validation = 5000 }, ""},
		{"no warm-up", deep, func(p *experiments.Protocol) { p.WarmupDepth = 0 }, "warmup_from_depth 110 -> 0"},
		{"no warm-up of a plain one", network.Standard(network.Plain, 18), func(p *experiments.Protocol) { p.WarmupDepth = 0 }, ""},
		{"a batch", shallow, func(p *experiments.Protocol) { p.Batch = 64 }, "batch 128 -> 64"},
		{"a schedule", shallow, func(p *experiments.Protocol) { p.Iterations = 128_000 }, "iterations 64000 -> 128000"},
		{"a shorter one", shallow, func(p *experiments.Protocol) { p.Iterations, p.Milestones = 6400, []int{3200, 4800} }, ""},
		{"one whose rate falls elsewhere", shallow, func(p *experiments.Protocol) { p.Iterations, p.Milestones = 6400, []int{3200, 5000} }, "milestones [3200 4800] -> [3200 5000]"},
		{"the rate of a warm-up", deep, func(p *experiments.Protocol) { p.WarmupRate = 0.05 }, "warmup_learning_rate 0.01 -> 0.05"},
		{"which a shallow one has not", shallow, func(p *experiments.Protocol) { p.WarmupRate = 0.05 }, ""},
	} {
		p := experiments.Paper()
		c.change(&p)
		var got []string
		for _, d := range p.Departures(c.network, experiments.Full()) {
			got = append(got, fmt.Sprintf("%s %v -> %v", d.Key, d.From, d.To))
		}
		if got := strings.Join(got, ", "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A shortened schedule departs from the paper's as little as the whole one does, a
// longer one that is shortened to its length not at all.
func TestDeparturesAtAScale(t *testing.T) {
	net := network.Standard(network.Residual, 3)
	p := experiments.Paper()
	for _, scale := range []experiments.Scale{{Num: 1, Den: 16}, {Num: 1, Den: 7}, {Num: 3, Den: 64_000}} {
		if d := p.Departures(net, scale); len(d) > 0 {
			t.Errorf("the paper's at scale %v: %v", scale, d)
		}
	}
	p.Milestones = []int{10_000, 20_000}
	if d := p.Departures(net, experiments.Scale{Num: 1, Den: 16}); len(d) != 1 || d[0].Key != "milestones" {
		t.Errorf("other milestones at scale 1/16: %v", d)
	}
	p.Iterations, p.Milestones = 128_000, []int{64_000, 96_000}
	if d := p.Departures(net, experiments.Scale{Num: 1, Den: 2}); len(d) > 0 {
		t.Errorf("half of twice the paper's: %v", d)
	}
}

// opened is a protocol that decides otherwise all that the paper leaves open.
func opened(p experiments.Protocol) experiments.Protocol {
	p.Initialisation, p.LastLayer, p.Nesterov, p.DecayNorm = experiments.FanIn, experiments.He, true, false
	p.NormMomentum, p.NormEpsilon, p.NormBatch, p.PaddingSide, p.WarmupWindow = 0.2, 1e-3, 64, experiments.PadEnd, 100
	return p
}

// What differs between two protocols without a part in a network's training is
// no difference for it.
func TestDifferencesFor(t *testing.T) {
	shallow, deep := network.Standard(network.Residual, 3), network.Standard(network.Residual, 18)
	option, flat := deep, network.Network{Kind: network.Residual, Shortcut: network.Identity}
	option.Shortcut = network.Projection
	flat.Stages[0], flat.Stages[1] = network.Stage{Blocks: 2, Channels: 16}, network.Stage{Blocks: 2, Channels: 16}
	none, early, other := experiments.Paper(), experiments.Paper(), experiments.Paper()
	none.WarmupDepth = 0
	early.WarmupDepth, early.WarmupRate = 20, 0.02
	other.WarmupDepth, other.PaddingSide = 56, "end"
	for _, c := range []struct {
		name    string
		network network.Network
		other   experiments.Protocol
		want    string
	}{
		{"never warms up", shallow, none, ""},
		{"warms up by one of them", shallow, early, "warmup_from_depth"},
		{"warms up by both", deep, early, "warmup_learning_rate"},
		{"warms up by the paper's", deep, none, "warmup_from_depth"},
		{"pads", deep, other, "padding_side"},
		{"does not pad", option, other, ""},
		{"has nothing to pad", flat, other, ""},
	} {
		var got []string
		for _, d := range experiments.Paper().DifferencesFor(c.network, c.other) {
			got = append(got, d.Key)
		}
		if got := strings.Join(got, ", "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
