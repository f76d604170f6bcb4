package models

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"deepresidual/models/kernels"
	"deepresidual/models/network"
)

// Networks with projections against PyTorch in float64: the names and shapes of
// torchvision's state dicts, and the logits in evaluation. Of those the
// differences are compared, which is all that softmax sees of them: those of an
// image are the differences of its losses with one label and another.
func TestProjectionsAgainstPyTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/projections.json")
	if err != nil {
		t.Fatal(err)
	}
	var runs []struct {
		Network string
		Batch   int
		Logits  [][]float64
		Shapes  map[string][]int
	}
	if err := json.Unmarshal(data, &runs); err != nil {
		t.Fatal(err)
	}
	for _, run := range runs {
		net, err := network.Parse(run.Network)
		if err != nil {
			t.Fatal(err)
		}
		if found := network.Infer(run.Shapes); len(found) != 1 || found[0] != net {
			t.Errorf("the shapes of %s are taken for those of %v", run.Network, found)
		}
		for _, set := range kernels.Available() {
			m := mustNetwork(t, net, Options{Batch: run.Batch, EvalBatch: 1, Kernels: set})
			shapes := map[string][]int{}
			for _, tensor := range m.Tensors() {
				shapes[strings.Replace(tensor.Name, "linear.", "fc.", 1)] = tensor.Shape
			}
			if !reflect.DeepEqual(shapes, run.Shapes) {
				t.Errorf("%s has tensors %v, PyTorch's are %v", run.Network, shapes, run.Shapes)
			}
			hashedWeights(t, m)
			b := hashedBatch(run.Batch)
			if err := m.gradients(b); err != nil { // moves the running statistics
				t.Fatal(err)
			}
			for i, want := range run.Logits {
				one := NewBatch(1)
				copy(one.Image(0), b.Image(i))
				var losses [Classes]float64
				for label := range losses {
					one.Labels[0] = uint8(label)
					r, err := m.Evaluate(one)
					if err != nil {
						t.Fatal(err)
					}
					losses[label] = r.Loss
				}
				for label := range losses {
					got := losses[0] - losses[label]
					if want := want[label] - want[0]; !(math.Abs(got-want) <= 1e-4) {
						t.Errorf("%s, %s, image %d: logit %d is %v above the first, PyTorch's %v", run.Network, set, i, label, got, want)
					}
				}
			}
		}
	}
}
