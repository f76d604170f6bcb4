package models

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// hashed is the integer hash of testdata/steps.py.
func hashed(n, salt int) []float64 {
	list := make([]float64, n)
	for i := range list {
		x := uint32(uint64(i)*2654435761 + uint64(salt*40503+12345))
		x ^= x >> 15
		x *= 2246822519
		x ^= x >> 13
		list[i] = float64(x)/(1<<32) - 0.5
	}
	return list
}

// hashedWeights sets the parameters that testdata/steps.py starts from.
func hashedWeights(t *testing.T, m *Model) {
	t.Helper()
	salt := 0
	tensors := m.Tensors()
	for _, tensor := range tensors {
		suffix := tensor.Name[max(0, len(tensor.Name)-4):]
		if suffix == "mean" || suffix == "_var" {
			continue
		}
		values := hashed(len(tensor.Data), salt)
		salt++
		for i, x := range values {
			switch {
			case len(tensor.Shape) == 4:
				x *= 2 * math.Sqrt(6/float64(9*tensor.Shape[1]))
			case tensor.Name == "linear.weight":
				x *= 2 * math.Sqrt(6.0/64)
			case suffix == "ight":
				x = 1 + 0.2*x
			default:
				x *= 0.2
			}
			tensor.Data[i] = float32(x)
		}
	}
	if err := m.Load(tensors); err != nil {
		t.Fatal(err)
	}
}

func hashedBatch(n int) *Batch {
	b := NewBatch(n)
	pixels := hashed(n*Channels*ImageSize*ImageSize, 1000)
	for i := range n {
		img := b.Image(i)
		for c := range Channels {
			for p := range ImageSize * ImageSize {
				x := float32(pixels[(i*Channels+c)*ImageSize*ImageSize+p]) * 2
				img[((p/ImageSize+1)*PaddedSize+p%ImageSize+1)*Channels+c] = x
			}
		}
		b.Labels[i] = uint8(i * 7 % 10)
	}
	return b
}

// pytorchRun is what testdata/steps.py has recorded of one network: the loss
// of each training step and of an evaluation after them, and how far each tensor
// has moved by then: as a whole, and along a hashed direction.
type pytorchRun struct {
	Depth, Batch int
	Residual     bool
	Losses       []float64
	Changes      map[string]struct{ Norm, Along float64 }
}

// Three whole training steps against PyTorch in float64: losses, weights, momentum's
// effect and running statistics. Weight decay moves the weights by less than is
// compared here: see TestUpdate.
func TestStepsAgainstPyTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/steps.json")
	if err != nil {
		t.Fatal(err)
	}
	var runs []pytorchRun
	if err := json.Unmarshal(data, &runs); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, residual bool, set string) {
		i := slices.IndexFunc(runs, func(r pytorchRun) bool { return r.Residual == residual })
		run := runs[i]
		m := mustModel(t, residual, run.Depth, Options{Batch: run.Batch, EvalBatch: run.Batch, Kernels: set})
		hashedWeights(t, m)
		before := m.Tensors()
		b := hashedBatch(run.Batch)
		for step, want := range run.Losses {
			compute := func() (Result, error) {
				return m.Step(b, Hyper{LearningRate: 0.001, Momentum: 0.9, WeightDecay: 1e-4, NormDecay: 1e-4})
			}
			if step == len(run.Losses)-1 {
				compute = func() (Result, error) { return m.Evaluate(b) }
			}
			got, err := compute()
			if err != nil {
				t.Fatal(err)
			}
			if !(math.Abs(got.Loss-want) <= 1e-3*want) {
				t.Errorf("loss of step %d is %v, PyTorch's is %v", step+1, got.Loss, want)
			}
		}
		for i, tensor := range m.Tensors() {
			square, along := 0.0, 0.0
			direction := hashed(len(tensor.Data), 2000+i)
			for j, x := range tensor.Data {
				change := float64(x) - float64(before[i].Data[j])
				square += change * change
				along += change * direction[j]
			}
			want, ok := run.Changes[tensor.Name]
			// Along a direction of elements in [-0.5, 0.5) the change is some part of
			// its norm; what rounding moves, where an activation crosses 0, is a few
			// hundredths of the whole.
			if norm := math.Sqrt(square); !ok || !(math.Abs(norm-want.Norm) <= 0.05*want.Norm) || !(math.Abs(along-want.Along) <= 0.05*want.Norm) {
				t.Errorf("%s has moved by %v, along the direction by %v, PyTorch's by %v and %v", tensor.Name, norm, along, want.Norm, want.Along)
			}
		}
	})
}
