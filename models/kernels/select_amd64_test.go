//go:build !purego

package kernels

import (
	"reflect"
	"testing"

	"github.com/klauspost/cpuid/v2"
)

// alternatives are sets of this processor as others would have them: AVX-512 with
// the other products of 16 channels.
func alternatives() []tested {
	sets := assembly()
	if len(sets) == 0 || sets[len(sets)-1].Name != "avx512" {
		return nil
	}
	if shufflesBesideFMA(&cpuid.CPU) {
		return []tested{{"avx512-loaded", avx512(false)}}
	}
	return []tested{{"avx512-shuffled", avx512(true)}}
}

func TestShufflesBesideFMA(t *testing.T) {
	for _, c := range []struct {
		name   string
		vendor cpuid.Vendor
		family int
		want   bool
	}{
		{"Zen 4", cpuid.AMD, 0x19, false},
		{"Zen 5", cpuid.AMD, 0x1a, true},
		{"AMD of a later family", cpuid.AMD, 0x1b, true},
		{"Xeon", cpuid.Intel, 6, false},
		{"Intel of a later family", cpuid.Intel, 0x1b, false},
		{"a hidden vendor", cpuid.VendorUnknown, 0x1a, false},
	} {
		if got := shufflesBesideFMA(&cpuid.CPUInfo{VendorID: c.vendor, Family: c.family}); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The bits of both are the same, so that nothing else would tell which one runs.
func TestProductsOfAVX512(t *testing.T) {
	same := func(f, g any) bool { return reflect.ValueOf(f).Pointer() == reflect.ValueOf(g).Pointer() }
	if s := avx512(true); !same(s.Multiply, multiplyShuffledAVX512) || !same(s.MultiplyGrad, multiplyGradShuffledAVX512) {
		t.Error("a processor that shuffles beside multiply-adds has other products")
	}
	if s := avx512(false); !same(s.Multiply, multiplyAVX512) || !same(s.MultiplyGrad, multiplyGradAVX512) {
		t.Error("a processor that does not shuffle beside multiply-adds has products that do")
	}
}
