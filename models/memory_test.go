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

// What is estimated for the maps is what the steps of a training program are
// planned to hold, for networks of few and large maps as well, or somewhat more.
func TestMemoryOfMaps(t *testing.T) {
	one := func(shortcut network.Shortcut, blocks, channels int) network.Network {
		return network.Network{Kind: network.Residual, Shortcut: shortcut, Stages: [4]network.Stage{{Blocks: blocks, Channels: channels}}}
	}
	nets := []network.Network{
		network.Standard(network.Plain, 1), network.Standard(network.Plain, 9),
		network.Standard(network.Residual, 1), network.Standard(network.Residual, 3), network.Standard(network.Residual, 18),
		one(network.Identity, 1, 64), one(network.Identity, 2, 16), one(network.Projection, 1, 64), one(network.Projection, 3, 16),
	}
	for _, net := range nets {
		const batch = 64
		m, err := New(net, Options{Batch: batch})
		if err != nil {
			t.Fatal(err)
		}
		planned := float64(m.training.Bytes()) / 4 / batch
		m.Close()
		if estimate := mapValues(net); estimate < 0.999*planned || estimate > 1.5*planned {
			t.Errorf("%s: a step holds %.0f values an image, the estimate is %.0f", net, planned, estimate)
		}
	}
}

// A model gives its memory back once.
func TestCloseTwice(t *testing.T) {
	m, err := New(network.Standard(network.Plain, 1), Options{Batch: 8, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
