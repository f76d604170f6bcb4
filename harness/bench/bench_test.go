package bench

import (
	"strings"
	"testing"

	"deepresidual/models"
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
