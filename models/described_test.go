package models

import (
	"math"
	"math/rand/v2"
	"testing"

	"deepresidual/models/kernels"
	"deepresidual/models/network"
)

// described returns the networks whose shapes are not the paper's.
func described(t testing.TB) map[string]network.Network {
	t.Helper()
	nets := map[string]network.Network{}
	for _, text := range []string{
		"residual blocks=1,2,1 channels=16,48,96 shortcut=A",
		"plain blocks=1,1 channels=32,16",
		"residual blocks=1,1,1,1 channels=16,16,80,80 shortcut=A",
		"plain blocks=2 channels=48",
		"residual blocks=1,2,1 channels=16,48,32 shortcut=B",
		"residual blocks=1,1,1,1 channels=32,16,16,48 shortcut=C",
	} {
		n, err := network.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		nets[text] = n
	}
	return nets
}

// Networks of any shape against the reference: the loss in training and in
// evaluation, and the gradient by the slope of the loss along random directions,
// each of a third of the tensors.
func TestDescribedAgainstReference(t *testing.T) {
	const batch, step, groups = 3, 1e-6, 3
	for text, net := range described(t) {
		t.Run(text, func(t *testing.T) {
			b := randomBatch(batch, 4)
			var trained, evaluated Result
			directions, slopes := map[string][]float64{}, [groups]float64{}
			for i, set := range kernels.Available() {
				m := mustNetwork(t, net, Options{Batch: batch, EvalBatch: batch, Kernels: set, Threads: 2})
				roughen(t, m, 3)
				tensors := m.Tensors()
				got, err := m.Step(b, Hyper{})
				if err != nil {
					t.Fatal(err)
				}
				gradient := m.gradient()
				if i == 0 {
					trained = newReference(net, tensors).forward(b, true)
					evaluated = newReference(net, m.Tensors()).forward(b, false)
					rng := rand.New(rand.NewPCG(5, 6))
					for _, g := range gradient {
						d := make([]float64, len(g.Data))
						for i := range d {
							d[i] = rng.NormFloat64()
						}
						directions[g.Name] = d
					}
					for group := range groups {
						at := func(step float64) float64 {
							r := newReference(net, tensors)
							for i := group; i < len(gradient); i += groups {
								for j, x := range directions[gradient[i].Name] {
									r.tensors[gradient[i].Name][j] += step * x
								}
							}
							return r.forward(b, true).Loss
						}
						slopes[group] = (at(step) - at(-step)) / (2 * step)
					}
				}
				if !(math.Abs(got.Loss-trained.Loss) <= 1e-4*trained.Loss) || got.Wrong != trained.Wrong {
					t.Errorf("%s: training gives %+v, want %+v", set, got, trained)
				}
				for group, want := range slopes {
					along, size := 0.0, 0.0
					for i := group; i < len(gradient); i += groups {
						for j, x := range gradient[i].Data {
							along += float64(x) * directions[gradient[i].Name][j]
							size = math.Hypot(size, float64(x))
						}
					}
					// A random direction has a slope of about the gradient's norm.
					if !(math.Abs(along-want) <= 5e-3*max(size, math.Abs(want))) || math.IsInf(size, 1) {
						t.Errorf("%s: the slope along every third tensor from %s is %v, want %v (norm of the gradient %v)", set, gradient[group].Name, along, want, size)
					}
				}
				got, err = m.Evaluate(b)
				if err != nil {
					t.Fatal(err)
				}
				if !(math.Abs(got.Loss-evaluated.Loss) <= 1e-4*evaluated.Loss) {
					t.Errorf("%s: evaluation gives %+v, want %+v", set, got, evaluated)
				}
			}
		})
	}
}
