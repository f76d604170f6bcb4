package kernels

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
)

// digest is a fingerprint of what a set computes in all scenarios. It takes 0
// and -0 for the same: processors differ in which of them is the maximum.
func digest(k *Set) string {
	sum := sha256.New()
	for _, s := range scenarios() {
		if s.kernel == "Prefetch" { // computes nothing
			continue
		}
		slices := s.heap(0)
		s.fill(slices, 4)
		s.run(k, slices)
		for _, slice := range slices {
			bytes := make([]byte, 0, 4*len(slice))
			for _, x := range slice {
				if x == 0 {
					x = 0
				}
				bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(x))
			}
			sum.Write(bytes)
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:8])
}

// Runs of different versions of this program and of different machines can be
// compared because the bits of a set change on purpose alone. Those of the portable set
// depend on where the compiler of another architecture fuses multiply-adds. A
// kernel that does something else gives another digest; the numbers of whole
// training steps that package models stores must be the same before and after.
func TestStoredNumbers(t *testing.T) {
	stored := map[string]string{
		"portable": "ad73ee54abe98422",
		"avx2":     "d013b369c72ec9a4",
		"avx512":   "d013b369c72ec9a4",
		"neon":     "d013b369c72ec9a4",
	}
	forSets(t, "", func(t *testing.T, k *Set) {
		want, found := stored[k.Rounding()]
		if !found {
			t.Skipf("none are stored for %s", k.Rounding())
		}
		if got := digest(k); got != want {
			t.Errorf("digest %s, want %s: the arithmetic has changed", got, want)
		}
	})
}

func TestRounding(t *testing.T) {
	for set, want := range map[string]string{"avx2": "avx2", "neon": "neon", "portable": "portable"} {
		if want == "portable" && fuses() {
			want = "portable-fma"
		}
		if got := (&Set{Name: set}).Rounding(); got != want {
			t.Errorf("the rounding of %s is called %q, want %q", set, got, want)
		}
	}
	x := float32(1 + 1.0/8192)
	var stats, pixel [2 * Lanes]float32
	stats[Lanes], pixel[0] = -1, x
	sums(stats[:], pixel[:], 1)
	if once := float32(float64(x)*float64(x) - 1); (stats[Lanes] == once) != fuses() {
		t.Errorf("%v*%v - 1 = %v in a kernel, %v rounded once; fuses() = %t", x, x, stats[Lanes], once, fuses())
	}
}
