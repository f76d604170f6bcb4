package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"deepresidual/models/kernels"
	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// Every convention against the reference that has it: the loss in training and
// in evaluation, and the gradient by the slope of the loss along a random
// direction.
func TestConventions(t *testing.T) {
	const batch, step = 16, 1e-6
	for name, c := range map[string]ops.Conventions{
		"padding after":               {Epsilon: 1e-5, Momentum: 0.1, PadEnd: true},
		"halves with another epsilon": {Epsilon: 0.1, Momentum: 0.1, NormBatch: 8},
	} {
		t.Run(name, func(t *testing.T) {
			b := randomBatch(batch, 4)
			rng := rand.New(rand.NewPCG(5, 6))
			direction := map[string][]float64{}
			var trained, evaluated Result
			slope, parts := 0.0, 0.0 // parts: the root of the sum of squares of what makes up the slope
			for i, set := range kernels.Available() {
				m := mustModel(t, true, 8, Options{Batch: batch, EvalBatch: batch, Kernels: set, Conventions: c})
				roughen(t, m, 3)
				tensors := m.Tensors()
				got, err := m.Step(b, Hyper{})
				if err != nil {
					t.Fatal(err)
				}
				gradient := m.gradient()
				if i == 0 {
					reference := func(step float64) Result {
						r := newReference(m.Network, tensors)
						r.conventions = c
						for name, d := range direction {
							for i, x := range d {
								r.tensors[name][i] += step * x
							}
						}
						return r.forward(b, true)
					}
					trained = reference(0)
					for _, g := range gradient {
						direction[g.Name] = make([]float64, len(g.Data))
						for i := range g.Data {
							direction[g.Name][i] = rng.NormFloat64()
						}
					}
					slope = (reference(step).Loss - reference(-step).Loss) / (2 * step)
					r := newReference(m.Network, m.Tensors())
					r.conventions = c
					evaluated = r.forward(b, false)
				}
				near := func(what string, got, want, tolerance float64) {
					t.Helper()
					if !(math.Abs(got-want) <= tolerance) || math.IsInf(tolerance, 1) {
						t.Errorf("%s: %s is %v, want %v", set, what, got, want)
					}
				}
				near("the loss", got.Loss, trained.Loss, 1e-4*trained.Loss)
				along, squares := 0.0, 0.0
				for _, g := range gradient {
					for i, x := range g.Data {
						part := float64(x) * direction[g.Name][i]
						along += part
						squares += part * part
					}
				}
				if i == 0 {
					parts = math.Sqrt(squares)
				}
				// They cancel out, and the slope can be small beside them. Rounding is 1e-6 of
				// them, an activation that it takes to the other side of 0 up to 4e-4.
				near("the slope", along, slope, 3e-3*parts)
				got, err = m.Evaluate(b)
				if err != nil {
					t.Fatal(err)
				}
				near("the loss in evaluation", got.Loss, evaluated.Loss, 1e-4*evaluated.Loss)
			}
		})
	}
}

// The running statistics move by Momentum towards those of the batch, or to the
// mean of its parts'.
func TestRunningStatistics(t *testing.T) {
	for _, c := range []struct {
		ops.Conventions
		batch int
	}{
		{ops.Conventions{Epsilon: 1e-5, Momentum: 0.1}, 16},
		{ops.Conventions{Epsilon: 1e-5, Momentum: 0.25}, 16},
		{ops.Conventions{Epsilon: 1e-5, Momentum: 0.25, NormBatch: 8}, 16},
		{ops.Conventions{Epsilon: 1e-5, Momentum: 0.25, NormBatch: 8}, 32},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			batch := c.batch
			m := mustModel(t, false, 8, Options{Batch: batch, Conventions: c.Conventions})
			b := randomBatch(batch, 4)
			ref := newReference(m.Network, m.Tensors())
			x := newMaps(batch, Channels, ImageSize)
			for n := range batch {
				for ch := range Channels {
					for i := range ImageSize {
						for j := range ImageSize {
							*x.at(n, ch, i, j) = float64(b.Image(n)[((i+1)*PaddedSize+j+1)*Channels+ch])
						}
					}
				}
			}
			z := ref.conv(x, m.Network.Stem())
			part := batch
			if c.NormBatch > 0 {
				part = c.NormBatch
			}
			mean, variance := 0.0, 0.0 // of channel 5, over the parts
			for first := 0; first < batch; first += part {
				y, sum := z.images(first, first+part), 0.0
				count := float64(part * ImageSize * ImageSize)
				y.each(5, func(p *float64) { sum += *p })
				mean += sum / count * float64(part) / float64(batch)
				y.each(5, func(p *float64) {
					variance += (*p - sum/count) * (*p - sum/count) / (count - 1) * float64(part) / float64(batch)
				})
			}
			if _, err := m.Step(b, Hyper{}); err != nil {
				t.Fatal(err)
			}
			for _, tensor := range m.Tensors() {
				var want float64
				switch tensor.Name {
				case "bn1.running_mean":
					want = c.Momentum * mean
				case "bn1.running_var":
					want = 1 - c.Momentum + c.Momentum*variance
				default:
					continue
				}
				if got := float64(tensor.Data[5]); !(math.Abs(got-want) <= 1e-5) {
					t.Errorf("%s: %v, want %v", tensor.Name, got, want)
				}
			}
		})
	}
}

// Batches that cannot be cut so are refused, and nothing is built.
func TestNormBatchRefused(t *testing.T) {
	for _, c := range []struct{ batch, part int }{{16, 5}, {16, 4}, {24, 8}, {16, 32}} {
		conventions := ops.CommonConventions()
		conventions.NormBatch = c.part
		if m, err := New(standard(true, 8), Options{Batch: c.batch, Conventions: conventions}); err == nil {
			m.Close()
			t.Errorf("a batch of %d was cut into parts of %d", c.batch, c.part)
		}
	}
	// Layers on maps of 4x4 work on 32 images at once.
	stage := network.Stage{Blocks: 1, Channels: 16}
	small := network.Network{Kind: network.Residual, Shortcut: network.Identity, Stages: [4]network.Stage{stage, stage, stage, stage}}
	for part, accepted := range map[int]bool{16: false, 32: true} {
		conventions := ops.CommonConventions()
		conventions.NormBatch = part
		m, err := New(small, Options{Batch: 64, Conventions: conventions})
		if (err == nil) != accepted {
			t.Errorf("%s, a batch of 64 in parts of %d: %v", small, part, err)
		}
		if err == nil {
			m.Close()
		}
	}
}
