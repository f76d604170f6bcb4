//go:build amd64 && !purego

package kernels

import (
	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/cpu"
)

// assembly returns the sets that this processor and operating system can run,
// the slowest first. What they need, and no more, is in the "Requires" lines of
// their files. GODEBUG=cpu.avx512f=off hides a feature.
func assembly() []*Set {
	var sets []*Set
	if x := &cpu.X86; x.HasAVX2 && x.HasFMA {
		sets = append(sets, avx2())
		if x.HasAVX512F && x.HasAVX512DQ {
			sets = append(sets, avx512(shufflesBesideFMA(&cpuid.CPU)))
		}
	}
	return sets
}

// shufflesBesideFMA says whether a processor with AVX-512 moves numbers between the
// lanes of a register in the same cycle as two multiply-adds of whole registers.
// AMD's do from Zen 5 on, family 1Ah: measured on an EPYC, not on the laptop
// processors of the family, whose units are narrower. The vendor and the family are
// what package cpu, which GODEBUG governs, does not know.
func shufflesBesideFMA(c *cpuid.CPUInfo) bool {
	const zen5 = 0x1a
	return c.VendorID == cpuid.AMD && c.Family >= zen5
}

func avx2() *Set {
	return &Set{
		Name:                   "avx2",
		FillNorm:               fillNormAVX2,
		FillNormStore:          fillNormStoreAVX2,
		FillAdd:                fillAddAVX2,
		FillAddStore:           fillAddStoreAVX2,
		FillCopy:               fillCopyAVX2,
		FillGrad:               fillGradAVX2,
		TransformInput:         transformInputAVX2,
		TransformGrad:          transformGradAVX2,
		Multiply:               multiplyAVX2,
		MultiplyGrad:           multiplyGradAVX2,
		TransformOutput:        transformOutputAVX2,
		TransformOutputGrad:    transformOutputGradAVX2,
		TransformOutputGradAdd: transformOutputGradAddAVX2,
		TransformOutputNorm:    transformOutputNormAVX2,
		TransformOutputNormAdd: transformOutputNormAddAVX2,
		TransformWeights:       transformWeightsAVX2,
		TransformWeightsGrad:   transformWeightsGradAVX2,
		Direct:                 directAVX2,
		DirectGrad:             directGradAVX2,
		Sums:                   sumsAVX2,
		GradSums:               gradSumsAVX2,
		GradSumsMask:           gradSumsMaskAVX2,
		Add:                    addAVX2,
		Update:                 updateAVX2,
		Prefetch:               prefetchAVX2,
		Fence:                  fenceAVX2,
	}
}

// avx512 returns the set of AVX-512. shuffled chooses the products of one block of
// output channels: those that are faster where numbers are shuffled beside
// multiply-adds, or the others. The bits are the same.
func avx512(shuffled bool) *Set {
	multiply, multiplyGrad := multiplyAVX512, multiplyGradAVX512
	if shuffled {
		multiply, multiplyGrad = multiplyShuffledAVX512, multiplyGradShuffledAVX512
	}
	return &Set{
		Name:                   "avx512",
		FillNorm:               fillNormAVX512,
		FillNormStore:          fillNormStoreAVX512,
		FillAdd:                fillAddAVX512,
		FillAddStore:           fillAddStoreAVX512,
		FillCopy:               fillCopyAVX512,
		FillGrad:               fillGradAVX512,
		TransformInput:         transformInputAVX512,
		TransformGrad:          transformGradAVX512,
		Multiply:               multiply,
		MultiplyGrad:           multiplyGrad,
		TransformOutput:        transformOutputAVX512,
		TransformOutputGrad:    transformOutputGradAVX512,
		TransformOutputGradAdd: transformOutputGradAddAVX512,
		TransformOutputNorm:    transformOutputNormAVX512,
		TransformOutputNormAdd: transformOutputNormAddAVX512,
		TransformWeights:       transformWeightsAVX512,
		TransformWeightsGrad:   transformWeightsGradAVX512,
		Direct:                 directAVX512,
		DirectGrad:             directGradAVX512,
		Sums:                   sumsAVX512,
		GradSums:               gradSumsAVX512,
		GradSumsMask:           gradSumsMaskAVX512,
		Add:                    addAVX512,
		Update:                 updateAVX512,
		Prefetch:               prefetchAVX512,
		Fence:                  fenceAVX512,
	}
}
