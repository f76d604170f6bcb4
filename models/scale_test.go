package models

import (
	"math"
	"testing"

	"deepresidual/models/network"
)

// The model counts the loops of a step as they are divided over threads.
func TestLoopsOfStep(t *testing.T) {
	const batch = 16
	for _, name := range []string{"resnet-8", "plain-8", "projections"} {
		net := network.Standard(network.Residual, 1)
		switch name {
		case "plain-8":
			net = network.Standard(network.Plain, 1)
		case "projections":
			net.Name, net.Shortcut = name, network.Projection
		}
		m, err := New(net, Options{Batch: batch, Threads: 2, Kernels: "portable"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		m.Initialise(1, Initialisation{})
		b := NewBatch(batch)
		b.N = batch
		before := m.machine.Loops()
		if _, err := m.Step(b, Hyper{}); err != nil {
			t.Fatal(err)
		}
		got, want := m.machine.Loops()-before, 0
		for _, l := range loops(net, batch) {
			if _, others := l.busiest(2); others > 0 {
				want++
			}
		}
		if got != want {
			t.Errorf("%s: a step divides %d loops, the model %d", name, got, want)
		}
	}
}

// What follows from the division alone: beyond the parts that a batch is cut into
// threads find no work, and where those do not divide evenly the threads with
// fewer wait for the others. That two threads are as fast as two cores show is
// what the constants say.
func TestSpeedup(t *testing.T) {
	for _, blocks := range []int{3, 9, 18} {
		net := network.Standard(network.Residual, blocks)
		at := func(threads int) float64 { return Speedup(net, 128, threads, threads) }
		if s := at(2); !(math.Abs(s-1.86) <= 0.05) {
			t.Errorf("%s: two threads are %.2f times as fast as one, two cores show 1.86", net, s)
		}
		for threads := 1; threads <= 64; threads++ {
			if s := at(threads); s > float64(min(threads, Parts(128))) {
				t.Errorf("%s: %d threads are %.2f times as fast as one", net, threads, s)
			}
		}
		if a, b := Speedup(net, 128, 16, 64), Speedup(net, 128, 64, 64); b < a {
			t.Errorf("%s: of 64 cores 16 threads with a quarter of the memory: %.2f; 64 threads: %.2f", net, a, b)
		}
		work := func(threads int) (busiest, all float64) {
			for _, l := range loops(net, 128) {
				share, _ := l.busiest(threads)
				busiest, all = busiest+l.work*share, all+l.work
			}
			return busiest, all
		}
		for threads, want := range map[int]float64{1: 1, 2: 2, 3: 16. / 6, 8: 8, 12: 8, 15: 8, 16: 16, 64: 16} {
			if busiest, all := work(threads); !(math.Abs(all/busiest-want) <= 1e-9) {
				t.Errorf("%s: the busiest of %d threads has 1/%.2f of the work, want 1/%.2f", net, threads, all/busiest, want)
			}
		}
	}
}

// The multiply-adds of the loops are those of a training step, of which only the
// first layer has no gradient of its input.
func TestWorkOfStep(t *testing.T) {
	net := network.Standard(network.Residual, 3)
	sum := 0.0
	for _, l := range loops(net, 128) {
		sum += l.work
	}
	head := int64(net.Features() * network.Classes)
	if want := 128 * (3*(net.MultiplyAdds()-head) - net.Stem().MultiplyAdds()); sum != float64(want) {
		t.Errorf("%v multiply-adds, want %d", sum, want)
	}
}
