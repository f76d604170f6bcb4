package models

import (
	"testing"

	"deepresidual/models/network"
)

// The estimate is above the resident memory of recorded runs at batch 128, so
// that a scheduler kills none, and not far above.
func TestMemory(t *testing.T) {
	for name, recorded := range map[string]int{"plain-20": 387, "resnet-20": 476, "plain-56": 583, "resnet-56": 751, "resnet-110": 1180} {
		net, err := network.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := MemoryMiB(net, 128); got < recorded || got > 2*recorded {
			t.Errorf("%s: %d MiB, a recorded run took %d", name, got, recorded)
		}
	}
	if MemoryMiB(network.Standard(network.Residual, 3), 256) <= MemoryMiB(network.Standard(network.Residual, 3), 128) {
		t.Error("a larger minibatch takes no more")
	}
}
