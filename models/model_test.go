package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"deepresidual/models/kernels"
	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// each runs a test for both kinds of networks and every set of kernels this
// processor has.
func each(t *testing.T, f func(t *testing.T, residual bool, set string)) {
	for _, residual := range []bool{false, true} {
		for _, set := range kernels.Available() {
			t.Run(fmt.Sprintf("residual=%v/%s", residual, set), func(t *testing.T) { f(t, residual, set) })
		}
	}
}

// The size of a batch that fills no group of tiles and no slot evenly.
const oddBatch = 11

// Evaluation and training must give the reference's loss, also for batches
// smaller than the graph's.
func TestForwardAgainstReference(t *testing.T) {
	for _, residual := range []bool{false, true} {
		var want, trained Result
		var responses []Response
		partial := map[int]Result{}
		for i, set := range kernels.Available() {
			m := mustModel(t, residual, 8, Options{Batch: oddBatch, EvalBatch: oddBatch, Kernels: set})
			roughen(t, m, 3)
			b := randomBatch(oddBatch, 4)
			if i == 0 {
				ref := newReference(m.Network, m.Tensors())
				want = ref.forward(b, false)
				responses = ref.responses
				trained = ref.forward(b, true)
				for _, b.N = range []int{1, 7} {
					partial[b.N] = ref.forward(b, false)
				}
				b.N = oddBatch
			}
			check := func(what string, got Result, err error, want Result) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
				if !(math.Abs(got.Loss-want.Loss) <= 1e-4*want.Loss) || got.Wrong != want.Wrong {
					t.Errorf("%s, %s, %s: %+v, want %+v", m.Network, set, what, got, want)
				}
			}
			m.MeasureResponses()
			got, err := m.Evaluate(b)
			check("evaluation", got, err, want)
			for i, got := range m.Responses() {
				if want := responses[i]; got.Layer != want.Layer || !(math.Abs(got.Std-want.Std) <= 1e-4*want.Std) {
					t.Errorf("%s, %s: response %d is %+v, want %+v", m.Network, set, i, got, want)
				}
			}
			if n := len(m.Responses()); n != len(responses) {
				t.Errorf("%s, %s: %d responses, want %d", m.Network, set, n, len(responses))
			}
			for n, want := range partial { // after other images have been in memory
				b.N = n
				got, err := m.Evaluate(b)
				check("evaluation of a partial batch", got, err, want)
			}
			b.N = oddBatch
			got, err = m.Step(b, Hyper{})
			check("training", got, err, trained)
		}
	}
}

// The gradient of one value of every parameter against finite differences in float64.
func TestGradientAgainstFiniteDifferences(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a few hundred forward passes in float64")
	}
	const batch, step, samples = 2, 1e-5, 1
	for _, residual := range []bool{false, true} {
		m := mustModel(t, residual, 8, Options{Batch: batch})
		roughen(t, m, 5)
		b := randomBatch(batch, 6)
		ref := newReference(m.Network, m.Tensors())
		if err := m.gradients(b); err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(7, 8))
		for _, g := range m.gradient() {
			largest := 0.0
			for _, x := range g.Data {
				largest = max(largest, math.Abs(float64(x)))
			}
			if !(largest > 0) || math.IsInf(largest, 1) {
				t.Errorf("%s: the largest gradient of %s is %v", m.Network, g.Name, largest)
			}
			for range samples {
				i := rng.IntN(len(g.Data))
				p := &ref.tensors[g.Name][i]
				x := *p
				*p = x + step
				above := ref.forward(b, true).Loss
				*p = x - step
				below := ref.forward(b, true).Loss
				*p = x
				want := (above - below) / (2 * step)
				if !(math.Abs(float64(g.Data[i])-want) <= 1e-3*largest) {
					t.Errorf("%s: gradient of %s[%d] is %v, finite differences give %v (largest %v)",
						m.Network, g.Name, i, g.Data[i], want, largest)
				}
			}
		}
	}
}

// All gradients of all sets against those of the portable set, as wholes: a number
// that rounding moves across the edge of a ReLU changes some of their values by
// more than rounding does. Of 26 batches AVX2 is off by less than 0.002 % in 19, and
// by 0.3 % at most.
func TestGradientsOfSetsAgree(t *testing.T) {
	const bound = 0.005
	for _, residual := range []bool{false, true} {
		for _, batch := range []uint64{6, 8, 9} {
			gradients := func(set string) []Tensor {
				m := mustModel(t, residual, 14, Options{Batch: oddBatch, Kernels: set})
				roughen(t, m, 5)
				if err := m.gradients(randomBatch(oddBatch, batch)); err != nil {
					t.Fatal(err)
				}
				return m.gradient()
			}
			want := gradients("portable")
			for _, set := range kernels.Available()[1:] {
				for i, got := range gradients(set) {
					size, off := 0.0, 0.0
					for j, x := range want[i].Data {
						size = math.Hypot(size, float64(x))
						off = math.Hypot(off, float64(x-got.Data[j]))
					}
					if size == 0 || !(off <= bound*size) {
						t.Errorf("residual=%v, batch %d: the gradient of %s by %s is off by %v of %v", residual, batch, got.Name, set, off, size)
					}
				}
			}
		}
	}
}

// Training must give the same bytes for any number of threads, also where it changes
// between steps.
func TestThreadsDoNotMatter(t *testing.T) {
	projected, err := network.Parse("residual blocks=1,1,1,1 channels=32,16,16,48 shortcut=C")
	if err != nil {
		t.Fatal(err)
	}
	parts := ops.CommonConventions()
	parts.NormBatch = 8
	for i, c := range []struct {
		name    string
		network network.Network
		options Options
	}{
		{"residual", standard(true, 8), Options{Batch: 37}},
		{"projections, maps of 4x4", projected, Options{Batch: 37}},
		{"residual, parts", standard(true, 8), Options{Batch: 16, Conventions: parts}},
		{"plain, parts", standard(false, 8), Options{Batch: 16, Conventions: parts}},
	} {
		for _, set := range kernels.Available() {
			// Who computes what is not for the kernels to say: the slow ones once.
			if set == "portable" && (testing.Short() || i > 0 && len(kernels.Available()) > 1) {
				continue
			}
			t.Run(c.name+"/"+set, func(t *testing.T) {
				var want []Tensor
				for _, threads := range []int{1, 2, 5, 500} { // the last: more than any loop has pieces
					o := c.options
					o.Threads, o.MostThreads, o.Kernels = threads, 500, set
					m := mustNetwork(t, c.network, o)
					for i := range 3 {
						if threads > 1 {
							m.SetThreads(max(1, threads-i))
						}
						if _, err := m.Step(randomBatch(o.Batch, uint64(i)), Hyper{LearningRate: 0.1, Momentum: 0.9, WeightDecay: 1e-4, NormDecay: 1e-4}); err != nil {
							t.Fatal(err)
						}
					}
					got := m.Tensors()
					if want == nil {
						want = got
					}
					for i := range want {
						if !slices.Equal(want[i].Data, got[i].Data) {
							t.Fatalf("%s differs between 1 and %d threads", want[i].Name, threads)
						}
					}
				}
			})
		}
	}
}

// A batch that says it holds more than it does, or a label of no class, is an
// error, whether it is trained on or evaluated.
func TestBatchIsChecked(t *testing.T) {
	m := mustModel(t, false, 8, Options{Batch: 2, EvalBatch: 4})
	m.Initialise(1, heNormal)
	for name, c := range map[string]struct {
		change func(b *Batch)
		says   string
	}{
		"too few images":     {func(b *Batch) { b.Images = b.Images[:2*PaddedImage-1] }, "a batch of 2 images has room for 1 images and 2 labels"},
		"too few labels":     {func(b *Batch) { b.Labels = b.Labels[:1] }, "a batch of 2 images has room for 2 images and 1 labels"},
		"a negative number":  {func(b *Batch) { b.N = -1 }, "a batch of -1 images"},
		"a label of nothing": {func(b *Batch) { b.Labels[1] = 10 }, "image 1 of a batch has label 10"},
	} {
		b := randomBatch(2, 1)
		c.change(b)
		if _, err := m.Step(b, Hyper{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s, training: %v", name, err)
		}
		if _, err := m.Evaluate(b); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s, evaluating: %v", name, err)
		}
	}
}

func TestLoadRoundTripAndErrors(t *testing.T) {
	m := mustModel(t, true, 8, Options{EvalBatch: 1})
	roughen(t, m, 1)
	tensors := m.Tensors()
	fresh := mustModel(t, true, 8, Options{EvalBatch: 1})
	if err := fresh.Load(tensors); err != nil {
		t.Fatal(err)
	}
	for i, got := range fresh.Tensors() {
		if got.Name != tensors[i].Name || !slices.Equal(got.Data, tensors[i].Data) {
			t.Fatalf("%s does not survive Tensors and Load", tensors[i].Name)
		}
	}
	trained := func(list []Tensor) []Tensor { // running statistics have no momentum
		return slices.DeleteFunc(slices.Clone(list), func(t Tensor) bool { return strings.Contains(t.Name, "running") })
	}
	momentum := trained(tensors)
	for i := range momentum { // other values than the weights
		momentum[i].Data = slices.Clone(momentum[i].Data)
		slices.Reverse(momentum[i].Data)
	}
	if err := fresh.LoadMomentum(momentum); err != nil {
		t.Fatal(err)
	}
	wrongShape := slices.Clone(tensors)
	wrongShape[0].Shape = []int{16, 3, 3, 2}
	cutShort := slices.Clone(tensors)
	cutShort[len(cutShort)-1].Data = cutShort[len(cutShort)-1].Data[:1]
	renamed := slices.Clone(tensors)
	renamed[0].Name = "conv"
	for name, bad := range map[string][]Tensor{
		"missing": tensors[1:], "twice": append(slices.Clone(tensors), tensors[0]),
		"shape": wrongShape, "too little for the shape": cutShort, "unknown": renamed,
	} {
		for what, load := range map[string]func([]Tensor) error{"weights": fresh.Load, "momentum": fresh.LoadMomentum} {
			list := bad
			if what == "momentum" {
				list = trained(bad)
			}
			if err := load(list); err == nil {
				t.Errorf("%s, %s: accepted", what, name)
			}
		}
		for i, got := range fresh.Tensors() {
			if !slices.Equal(got.Data, tensors[i].Data) {
				t.Fatalf("%s: %s has changed", name, got.Name)
			}
		}
		for i, got := range fresh.Momentum() {
			if got.Name != momentum[i].Name || !slices.Equal(got.Data, momentum[i].Data) {
				t.Fatalf("%s: the momentum of %s has changed", name, got.Name)
			}
		}
	}
}
