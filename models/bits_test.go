package models

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"

	"deepresidual/models/kernels"
)

// The bits of the paper's networks after a few steps. They change when a kernel
// adds up in another order, which is no fault; a change that is not about
// arithmetic must leave them alone.
func TestBitsStay(t *testing.T) {
	want := map[string]map[string]string{
		"portable": {"plain-20": "f2649a7a1ff1cba8", "resnet-20": "1481e952ea0d9c68"},
		"assembly": {"plain-20": "4b50a174c72617c0", "resnet-20": "ac0972c8c9664203"},
	}
	for _, set := range kernels.Available() {
		written := "assembly"
		if set == "portable" {
			written = set
		}
		for _, residual := range []bool{false, true} {
			m := mustModel(t, residual, 20, Options{Batch: 8, EvalBatch: 8, Kernels: set})
			if m.Rounding() == "portable-fma" {
				continue // Go's compiler decides what is fused
			}
			b := hashedBatch(8)
			for range 3 {
				if _, err := m.Step(b, Hyper{LearningRate: 0.01, Momentum: 0.9, WeightDecay: 1e-4, NormDecay: 1e-4}); err != nil {
					t.Fatal(err)
				}
			}
			hash := sha256.New()
			for _, tensor := range m.Tensors() {
				for _, x := range tensor.Data {
					if x == 0 {
						x = 0 // neon has 0 where the others may have -0
					}
					hash.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
				}
			}
			if got := hex.EncodeToString(hash.Sum(nil)[:8]); got != want[written][m.Network.String()] {
				t.Errorf("%s by the set %q: weights hash to %s, want %s", m.Network, set, got, want[written][m.Network.String()])
			}
		}
	}
}
