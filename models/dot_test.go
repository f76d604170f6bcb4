package models

import (
	"strings"
	"testing"

	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// The picture of a graph has every node once and names what it is.
func TestWriteDot(t *testing.T) {
	n, err := network.Parse("resnet-8")
	if err != nil {
		t.Fatal(err)
	}
	g, err := NewGraph(n, 4, true, ops.CommonConventions())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := g.WriteDot(&b); err != nil {
		t.Fatal(err)
	}
	dot := b.String()
	if got := strings.Count(dot, "[label="); got != len(g.AllNodes()) {
		t.Errorf("%d nodes, want %d", got, len(g.AllNodes()))
	}
	for _, want := range []string{
		`digraph "resnet-8" {`, `label="images\n(4, 3, 32, 32)"`, `label="convolution, stride 2\n(4, 32, 16, 16)"`,
		`label="cross-entropy"`, `label="gradient of ReLU\n(4, 16, 32, 32)", shape=box, color=grey`,
	} {
		if !strings.Contains(dot, want) {
			t.Errorf("no %s in\n%.2000s", want, dot)
		}
	}
}
