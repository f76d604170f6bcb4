package bench

import (
	"strings"
	"testing"

	"deepresidual/models"
	"deepresidual/models/kernels"
	"deepresidual/models/network"
)

// What does not fit into memory is refused with numbers that tell it.
func TestFits(t *testing.T) {
	net := network.Standard(network.Residual, 3)
	need := float64(models.MemoryMiB(net, 128))
	for _, free := range []float64{0, need, 2 * need} {
		if err := fits(net, 128, free); err != nil {
			t.Errorf("%.0f of %.0f MiB are free: %v", free, need, err)
		}
	}
	err := fits(net, 128, need-1)
	if err == nil || strings.Contains(err.Error(), " 0 GiB") || strings.Contains(err.Error(), " 0.0 GiB") {
		t.Errorf("%.0f of %.0f MiB are free: %v", need-1, need, err)
	}
}

// What a result calls the kernels can be given to -kernels, also where Go's compiler
// fuses multiplications with additions.
func TestStepsNameKernels(t *testing.T) {
	net, err := network.Parse("plain blocks=1 channels=16")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range kernels.Available() {
		r, err := Steps(t.Context(), net, Options{Batch: 1, Steps: 1, Threads: 1, Kernels: name})
		if err != nil {
			t.Fatal(err)
		}
		if r.Kernels != name || (r.PeakFLOPS > 0) != (name != "portable") {
			t.Errorf("kernels %s are called %q and have a peak of %g FLOP/s", name, r.Kernels, r.PeakFLOPS)
		}
	}
}
