package models

import (
	"math"
	"slices"
	"strings"
	"testing"

	"deepresidual/models/network"
)

// Two steps against the formulas, for every parameter: with momentum of either
// kind, and with and without decay of scales, shifts and biases.
func TestUpdate(t *testing.T) {
	for name, h := range map[string]Hyper{
		"momentum":           {LearningRate: 0.1, Momentum: 0.9, WeightDecay: 0.01, NormDecay: 0.01},
		"weights decay only": {LearningRate: 0.1, Momentum: 0.9, WeightDecay: 0.01},
		"Nesterov":           {LearningRate: 0.1, Momentum: 0.9, WeightDecay: 0.01, NormDecay: 0.01, Nesterov: true},
		"Nesterov, weights":  {LearningRate: 0.1, Momentum: 0.9, WeightDecay: 0.01, Nesterov: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustModel(t, true, 8, Options{Batch: 2})
			roughen(t, m, 3)
			velocity := m.Momentum()
			for i := range velocity {
				clear(velocity[i].Data)
			}
			for step := range 2 {
				before := map[string][]float32{}
				for _, w := range m.Tensors() {
					before[w.Name] = w.Data
				}
				if _, err := m.Step(randomBatch(2, uint64(step)), h); err != nil {
					t.Fatal(err)
				}
				after := map[string][]float32{}
				for _, w := range m.Tensors() {
					after[w.Name] = w.Data
				}
				for i, g := range m.gradient() {
					decay := float64(h.WeightDecay)
					if len(g.Shape) == 1 {
						decay = float64(h.NormDecay)
					}
					v := velocity[i].Data
					for j := range g.Data {
						w := float64(before[g.Name][j])
						d := float64(g.Data[j]) + decay*w
						v[j] = float32(0.9*float64(v[j]) + d)
						along := float64(v[j])
						if h.Nesterov {
							along = d + 0.9*float64(v[j])
						}
						want := w - 0.1*along
						if got := float64(after[g.Name][j]); !(math.Abs(got-want) <= 1e-5*max(1, math.Abs(want))) {
							t.Fatalf("step %d: %s[%d] is %v, want %v", step+1, g.Name, j, got, want)
						}
					}
				}
			}
		})
	}
}

// The spread of what is drawn, and its shape, for each kind of initialisation.
func TestInitialise(t *testing.T) {
	const uniformStd = 0.125 / 1.7320508075688772 // within +-1/sqrt(64)
	for name, c := range map[string]struct {
		kind         Initialisation
		first, widen float64 // standard deviations of conv1 and of layer2.0.conv1
		last         float64
	}{
		"fan-out": {Initialisation{LastStd: uniformStd, LastUniform: true}, math.Sqrt(2.0 / 144), math.Sqrt(2.0 / 288), uniformStd},
		"fan-in":  {heNormal, math.Sqrt(2.0 / 27), math.Sqrt(2.0 / 144), math.Sqrt(2.0 / 64)},
		"small":   {Initialisation{LastStd: 0.01}, math.Sqrt(2.0 / 144), math.Sqrt(2.0 / 288), 0.01},
	} {
		m := mustModel(t, true, 20, Options{})
		m.Initialise(8, c.kind)
		other := m.Tensors()
		m.Initialise(7, c.kind)
		for i, w := range m.Tensors() {
			if drawn := len(w.Shape) > 1; slices.Equal(w.Data, other[i].Data) == drawn {
				t.Errorf("%s: %s of seeds 7 and 8: drawn anew is %v", name, w.Name, !drawn)
			}
		}
		again := mustModel(t, true, 20, Options{})
		again.Initialise(7, c.kind)
		for i, w := range again.Tensors() {
			if !slices.Equal(w.Data, m.Tensors()[i].Data) {
				t.Errorf("%s: %s of one seed differs", name, w.Name)
			}
		}
		for _, w := range m.Tensors() {
			want, tolerance := 0.0, 0.05
			switch {
			case w.Name == "conv1.weight":
				want, tolerance = c.first, 0.12
			case w.Name == "layer2.0.conv1.weight":
				want = c.widen
			case w.Name == "linear.weight":
				want, tolerance = c.last, 0.1
			case strings.HasSuffix(w.Name, "bias") || strings.HasSuffix(w.Name, "mean"):
				for _, x := range w.Data {
					if x != 0 {
						t.Errorf("%s: %s holds %v", name, w.Name, x)
						break
					}
				}
				continue
			case len(w.Shape) == 1: // scales and running variances
				for _, x := range w.Data {
					if x != 1 {
						t.Errorf("%s: %s holds %v", name, w.Name, x)
						break
					}
				}
				continue
			default:
				continue
			}
			sum, square, most := 0.0, 0.0, 0.0
			for _, x := range w.Data {
				sum += float64(x)
				square += float64(x) * float64(x)
				most = max(most, math.Abs(float64(x)))
			}
			n := float64(len(w.Data))
			if std := math.Sqrt(square/n - sum/n*sum/n); !(math.Abs(std/want-1) <= tolerance) {
				t.Errorf("%s: %s has a standard deviation of %v, want %v", name, w.Name, std, want)
			}
			bounded := most <= 0.125
			if w.Name == "linear.weight" && c.kind.LastUniform != bounded && c.last != 0.01 {
				t.Errorf("%s: the largest of %s is %v", name, w.Name, most)
			}
		}
	}
}

// A projection is a convolution of one weight for each pair of channels.
func TestInitialiseProjection(t *testing.T) {
	net, err := network.Parse("residual blocks=1,1 channels=32,64 shortcut=B")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind Initialisation
		want float64
	}{
		{Initialisation{LastStd: 0.01}, math.Sqrt(2.0 / 64)},
		{heNormal, math.Sqrt(2.0 / 32)},
	} {
		m := mustNetwork(t, net, Options{})
		m.Initialise(7, c.kind)
		found := false
		for _, w := range m.Tensors() {
			if w.Name != "layer2.0.downsample.0.weight" {
				continue
			}
			found = true
			square := 0.0
			for _, x := range w.Data {
				square += float64(x) * float64(x)
			}
			if got := math.Sqrt(square / float64(len(w.Data))); !(math.Abs(got-c.want) <= 0.05*c.want) {
				t.Errorf("%+v: standard deviation %v, want %v", c.kind, got, c.want)
			}
		}
		if !found {
			t.Error("the network has no projection")
		}
	}
}
