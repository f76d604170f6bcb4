package ops

import (
	"fmt"
	"slices"
	"testing"

	"deepresidual/models/kernels"
)

// Each part of the preparation writes something, and all of them everything.
func TestPartsOfFilters(t *testing.T) {
	const in, out = 32, 48
	for _, kernel := range []int{1, 3} {
		for _, stride := range []int{1, 2} {
			t.Run(fmt.Sprintf("%dx%d of stride %d", kernel, kernel, stride), func(t *testing.T) {
				values := make([]float32, kernel*kernel*in*out)
				for i := range values {
					values[i] = 1 + float32(i*i%1009)/1009 // no sum of them is 0
				}
				fresh := func() *Filter { return NewFilter("", kernel, in, out, stride, values, nil) }
				written := func(f *Filter) int {
					count := 0
					for _, x := range slices.Concat(f.forward, f.backward) {
						if x != 0 {
							count++
						}
					}
					return count
				}
				sum, all := 0, fresh()
				for part := range all.Parts() {
					f := fresh()
					f.Prepare(kernels.Portable(), part)
					all.Prepare(kernels.Portable(), part)
					if written(f) == 0 {
						t.Errorf("part %d writes nothing", part)
					}
					sum += written(f)
				}
				if n := written(all); n != sum {
					t.Errorf("the parts write %d values, together %d", sum, n)
				}
				if n := len(all.forward) + len(all.backward); sum < n*9/10 {
					t.Errorf("%d of %d values are written", sum, n)
				}
			})
		}
	}
}
