//go:build arm64 && !purego

package kernels

// assembly returns the set for Advanced SIMD, which every arm64 processor has.
func assembly() []*Set { return []*Set{neon()} }

func neon() *Set {
	return &Set{
		Name:                   "neon",
		FillNorm:               fillNormNEON,
		FillNormStore:          fillNormStoreNEON,
		FillAdd:                fillAddNEON,
		FillAddStore:           fillAddStoreNEON,
		FillCopy:               fillCopyNEON,
		FillGrad:               fillGradNEON,
		TransformInput:         transformInputNEON,
		TransformGrad:          transformGradNEON,
		Multiply:               multiplyNEON,
		MultiplyGrad:           multiplyGradNEON,
		TransformOutput:        transformOutputNEON,
		TransformOutputGrad:    transformOutputGradNEON,
		TransformOutputGradAdd: transformOutputGradAddNEON,
		TransformOutputNorm:    transformOutputNormNEON,
		TransformOutputNormAdd: transformOutputNormAddNEON,
		TransformWeights:       transformWeightsNEON,
		TransformWeightsGrad:   transformWeightsGradNEON,
		Direct:                 directNEON,
		DirectGrad:             directGradNEON,
		Sums:                   sumsNEON,
		GradSums:               gradSumsNEON,
		GradSumsMask:           gradSumsMaskNEON,
		Add:                    addNEON,
		Update:                 updateNEON,
		Prefetch:               func([]*float32, int, int) {},
		Fence:                  func() {}, // nothing is written past the caches
	}
}
