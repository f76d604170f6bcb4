package network_test

import (
	"slices"
	"testing"

	"deepresidual/models/network"
)

// The tensors of a network tell it from all others, but for a plain one and the
// residual one whose shortcuts have no parameters.
func TestInfer(t *testing.T) {
	for _, c := range []struct {
		of   string
		want []string
	}{
		{"resnet-20", []string{"resnet-20", "plain-20"}},
		{"plain-20", []string{"resnet-20", "plain-20"}},
		{"residual blocks=1,2,1 channels=16,48,32 shortcut=B", []string{"residual blocks=1,2,1 channels=16,48,32 shortcut=B"}},
		{"residual blocks=1,1 channels=32,16 shortcut=C", []string{"residual blocks=1,1 channels=32,16 shortcut=C"}},
		// Option A has no projection where channels fall.
		{"plain blocks=1,1 channels=32,16", []string{"plain blocks=1,1 channels=32,16"}},
		// Of one stage option B is option A.
		{"plain blocks=2 channels=48", []string{"residual blocks=2 channels=48 shortcut=A", "plain blocks=2 channels=48"}},
		{"residual blocks=2 channels=48 shortcut=C", []string{"residual blocks=2 channels=48 shortcut=C"}},
	} {
		n, err := network.Parse(c.of)
		if err != nil {
			t.Fatal(err)
		}
		shapes := map[string][]int{}
		for _, l := range n.Convolutions() {
			shapes[l.Name+".weight"] = []int{l.Out, l.In, l.Kernel, l.Kernel}
		}
		var found []string
		for _, n := range network.Infer(shapes) {
			found = append(found, n.Canonical())
		}
		if !slices.Equal(found, c.want) {
			t.Errorf("of %s: %q, want %q", c.of, found, c.want)
		}
	}
	if found := network.Infer(nil); found != nil {
		t.Errorf("of nothing: %v", found)
	}
}
