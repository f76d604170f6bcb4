//go:build !purego

package kernels

import (
	"testing"

	"github.com/klauspost/cpuid/v2"
)

// alternatives are the sets of other processors that this one can run: with the
// other products of 16 channels.
func alternatives() []*Set {
	sets := assembly()
	if len(sets) == 0 || sets[len(sets)-1].Name != "avx512" {
		return nil
	}
	other := avx512(!shufflesBeside(&cpuid.CPU))
	other.Name = "avx512 of other processors"
	return []*Set{other}
}

func TestShufflesBeside(t *testing.T) {
	for _, c := range []struct {
		name   string
		vendor cpuid.Vendor
		family int
		want   bool
	}{
		{"Zen 4", cpuid.AMD, 0x19, false},
		{"Zen 5", cpuid.AMD, 0x1a, true},
		{"Xeon", cpuid.Intel, 6, false},
		{"Intel of a later family", cpuid.Intel, 0x1a, false},
		{"a hidden vendor", cpuid.VendorUnknown, 0x1a, false},
	} {
		if got := shufflesBeside(&cpuid.CPUInfo{VendorID: c.vendor, Family: c.family}); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
