//go:build amd64 && !purego

package kernels

// fmaLoop returns a loop of nothing but multiply-adds with the registers of a
// set, and the floating-point operations of one turn.
func fmaLoop(set string) (loop func(n int), flops int) {
	const instructions = 12
	switch set {
	case "avx2":
		return fmaPeakAVX2, instructions * 8 * 2
	case "avx512":
		return fmaPeakAVX512, instructions * 16 * 2
	}
	return nil, 0
}
