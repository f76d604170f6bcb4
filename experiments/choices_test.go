package experiments_test

import (
	"math"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"deepresidual/experiments"
)

const choicesHead = `title = "t"
draw = "curves"
networks = ["resnet-20"]
[protocol]
`

// What the paper leaves open can be set, each key to each of its values.
func TestChoices(t *testing.T) {
	for line, holds := range map[string]func(experiments.Protocol) bool{
		`initialisation = "fan-in"`: func(p experiments.Protocol) bool { return p.Initialisation == experiments.FanIn },
		`last_layer = "he"`:         func(p experiments.Protocol) bool { return p.LastLayer == experiments.He },
		`last_layer = 0.01`:         func(p experiments.Protocol) bool { return p.LastLayer == experiments.NormalLastLayer(0.01) },
		`last_layer = 1`:            func(p experiments.Protocol) bool { return p.LastLayer == experiments.NormalLastLayer(1) },
		`nesterov = true`:           func(p experiments.Protocol) bool { return p.Nesterov },
		`decay_norm = false`:        func(p experiments.Protocol) bool { return !p.DecayNorm },
		`norm_momentum = 0.01`:      func(p experiments.Protocol) bool { return p.NormMomentum == 0.01 },
		`norm_epsilon = 1e-3`:       func(p experiments.Protocol) bool { return p.NormEpsilon == 1e-3 },
		`norm_batch = 64`:           func(p experiments.Protocol) bool { return p.NormBatch == 64 },
		`norm_batch = 128`:          func(p experiments.Protocol) bool { return p.NormBatch == 128 },
		`padding_side = "end"`:      func(p experiments.Protocol) bool { return p.PaddingSide == experiments.PadEnd },
		`warmup_window = 100`:       func(p experiments.Protocol) bool { return p.WarmupWindow == 100 },
	} {
		e, err := experiments.Parse("x.toml", []byte(choicesHead+line+"\n"))
		if err != nil {
			t.Errorf("%s: %v", line, err)
		} else if !holds(e.Protocol) {
			t.Errorf("%s was read as %+v", line, e.Protocol)
		}
	}
}

// The spread of the last layer, of 64 inputs: 1/8 at most, 2/64 on average, or as said.
func TestLastLayer(t *testing.T) {
	for layer, want := range map[experiments.LastLayer]struct {
		std     float64
		uniform bool
	}{
		experiments.Uniform:                {0.125 / math.Sqrt(3), true},
		experiments.He:                     {math.Sqrt(0.03125), false},
		experiments.NormalLastLayer(0.001): {0.001, false},
	} {
		if std, uniform := layer.Std(64); !(math.Abs(std-want.std) <= 1e-15) || uniform != want.uniform {
			t.Errorf("%s: %v, uniform %v; want %v, %v", layer, std, uniform, want.std, want.uniform)
		}
	}
}

func TestChoicesRefused(t *testing.T) {
	for line, want := range map[string]string{
		`initialisation = "fan-on"`: `protocol.initialisation: found "fan-on"; did you mean "fan-in"?`,
		`last_layer = "zero"`:       `protocol.last_layer: found "zero", wanted "uniform", "he" or a standard deviation, a number`,
		`last_layer = 0`:            `protocol.last_layer: found 0, wanted "uniform", "he" or a standard deviation, a number above 0, at most 10`,
		`last_layer = nan`:          `protocol.last_layer: found NaN, wanted`,
		`last_layer = [1]`:          `protocol.last_layer: found a list, wanted`,
		`nesterov = 1`:              `protocol.nesterov: found`,
		`norm_epsilon = 0`:          `protocol.norm_epsilon: found 0, wanted a number above 0, at most 1`,
		`norm_momentum = 1.5`:       `protocol.norm_momentum: found 1.5, wanted`,
		`norm_batch = 48`:           `protocol.norm_batch: 48 is not a half, quarter`,
		`norm_batch = 4`:            `protocol.norm_batch: 4 is not a half, quarter`,
		`norm_batch = 96`:           `protocol.norm_batch: 96 is not a half, quarter`,
		`norm_batch = 256`:          `protocol.norm_batch: found 256, wanted`,
		`padding_side = "begin"`:    `protocol.padding_side: found "begin"`,
		`warmup_window = -1`:        `protocol.warmup_window: found -1, wanted`,
	} {
		_, err := experiments.Parse("x.toml", []byte(choicesHead+line+"\n"))
		if err == nil || !strings.HasPrefix(err.Error(), "x.toml:5: "+want) {
			t.Errorf("%s: error %v, want %s", line, err, want)
		}
	}
}

// What is written for a last layer is read as the same.
func TestLastLayerRoundTrip(t *testing.T) {
	type table struct {
		LastLayer experiments.LastLayer `toml:"last_layer"`
	}
	for _, l := range []experiments.LastLayer{experiments.Uniform, experiments.He, experiments.NormalLastLayer(0.01), experiments.NormalLastLayer(2), experiments.NormalLastLayer(1e-7)} {
		var text strings.Builder
		if err := toml.NewEncoder(&text).Encode(table{l}); err != nil {
			t.Fatal(err)
		}
		var got table
		if _, err := toml.Decode(text.String(), &got); err != nil || got.LastLayer != l {
			t.Errorf("%q is written as %s and read as %q, %v", l, text.String(), got.LastLayer, err)
		}
	}
}
