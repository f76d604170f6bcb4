package models

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"deepresidual/models/kernels"
	"deepresidual/models/network"
)

// evaluated are networks of every kind of shortcut and size of maps, of random
// weights.
var evaluated = []string{
	"plain-20", "resnet-20",
	"residual blocks=2,2,2 channels=16,32,64 shortcut=B",
	"residual blocks=2,2,2 channels=16,32,64 shortcut=C",
	"residual blocks=1,1,1,1 channels=32,16,16,48 shortcut=C",
	"residual blocks=1,1,1,1 channels=16,16,80,80 shortcut=A",
	"plain blocks=2 channels=48",
}

func evaluatedModel(t *testing.T, text string, o Options) *Model {
	t.Helper()
	net, err := network.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	m := mustNetwork(t, net, o)
	roughen(t, m, 3)
	return m
}

// The numbers of evaluation, which recorded errors and responses go back to: the
// loss to the bit, the sum of the responses to ten digits.
func TestEvaluationStays(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("math.Exp and math.Log of other processors differ in the last bit of the loss")
	}
	want := map[string][2]string{
		"portable plain-20":  {"42203cdd6059f22a 34", "8727176667"},
		"avx2 plain-20":      {"42203cdd6306eb3e 34", "8727177274"},
		"portable resnet-20": {"423124666aeb3e45 34", "1.81561135e+10"},
		"avx2 resnet-20":     {"4231246680dd67c9 34", "1.815611497e+10"},
		"portable residual blocks=2,2,2 channels=16,32,64 shortcut=B":      {"416e056cc73e4530 34", "3000747.953"},
		"avx2 residual blocks=2,2,2 channels=16,32,64 shortcut=B":          {"416e056cb5bacf91 34", "3000748.126"},
		"portable residual blocks=2,2,2 channels=16,32,64 shortcut=C":      {"41683163b94c1bad 33", "2465736.774"},
		"avx2 residual blocks=2,2,2 channels=16,32,64 shortcut=C":          {"41683163b14c1bad 33", "2465737.205"},
		"portable residual blocks=1,1,1,1 channels=32,16,16,48 shortcut=C": {"40b4588d606ec8e9 33", "3904.190107"},
		"avx2 residual blocks=1,1,1,1 channels=32,16,16,48 shortcut=C":     {"40b4588d7c1bc1f8 33", "3904.190043"},
		"portable residual blocks=1,1,1,1 channels=16,16,80,80 shortcut=A": {"40e95e6ef9bacf91 33", "11417.94316"},
		"avx2 residual blocks=1,1,1,1 channels=16,16,80,80 shortcut=A":     {"40e95e6f0e000000 33", "11417.94376"},
		"portable plain blocks=2 channels=48":                              {"408aad913698375a 33", "238.3335548"},
		"avx2 plain blocks=2 channels=48":                                  {"408aad9157c8a60e 33", "238.3335576"},
	}
	const images = 37
	b := hashedBatch(images)
	for _, text := range evaluated {
		for _, set := range kernels.Available() {
			m := evaluatedModel(t, text, Options{EvalBatch: images, Kernels: set})
			if m.Rounding() == "portable-fma" {
				continue // Go's compiler decides what is fused
			}
			m.MeasureResponses()
			r, err := m.Evaluate(b)
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for _, r := range m.Responses() {
				sum += r.Std
			}
			if set == "avx512" {
				set = "avx2" // the same bits
			}
			key := set + " " + text
			if got := [2]string{fmt.Sprintf("%016x %d", math.Float64bits(r.Loss), r.Wrong), fmt.Sprintf("%.10g", sum)}; got != want[key] {
				t.Errorf("%q: {%q, %q}, want %q", key, got[0], got[1], want[key])
			}
		}
	}
}

// More than the parts of a training step, and than a batch has chunks, may evaluate
// it.
func TestEvaluationByManyThreads(t *testing.T) {
	const images, chunks = 290, 19
	b := hashedBatch(images)
	evaluate := func(m *Model) Result {
		r, err := m.Evaluate(b)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	want := evaluate(evaluatedModel(t, "plain blocks=1 channels=16", Options{EvalBatch: images, Threads: 1}))
	m := evaluatedModel(t, "plain blocks=1 channels=16", Options{EvalBatch: images, Threads: 2, MostThreads: 1000})
	for _, threads := range []int{2, chunks - 1, chunks, 1000} {
		m.SetThreads(threads)
		if got := evaluate(m); got != want {
			t.Errorf("by %d threads: %v, want %v", threads, got, want)
		}
	}
}

// What is evaluated with an image, by how many threads, and whether responses are
// measured changes nothing.
func TestEvaluationOfPartsAgrees(t *testing.T) {
	const images = 45
	sets := kernels.Available()
	set := sets[len(sets)-1]
	for _, text := range evaluated {
		all := hashedBatch(images)
		single := evaluatedModel(t, text, Options{EvalBatch: 1, Threads: 1, Kernels: set})
		sum, wrong := 0.0, 0
		one := NewBatch(1)
		for i := range images {
			copy(one.Image(0), all.Image(i))
			one.Labels[0] = all.Labels[i]
			r, err := single.Evaluate(one)
			if err != nil {
				t.Fatal(err)
			}
			sum, wrong = sum+r.Loss, wrong+r.Wrong
		}
		want := Result{sum / images, wrong}
		var responses []Response
		for _, threads := range []int{1, 2, 7} {
			m := evaluatedModel(t, text, Options{EvalBatch: images + 3, Threads: threads, Kernels: set})
			for _, measured := range []bool{false, true, true} {
				if measured {
					m.MeasureResponses()
				}
				got, err := m.Evaluate(all)
				if err != nil {
					t.Fatal(err)
				}
				if got != want {
					t.Errorf("%s, %d threads, responses measured: %t: %v, want %v as of single images", text, threads, measured, got, want)
				}
			}
			if responses == nil {
				responses = m.Responses()
			}
			if got := m.Responses(); !slices.Equal(got, responses) {
				t.Errorf("%s: responses %v with %d threads, %v with one", text, got, threads, responses)
			}
		}
	}
}
