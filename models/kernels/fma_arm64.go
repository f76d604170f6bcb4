//go:build !purego

package kernels

// fmaLoop returns a loop of nothing but multiply-adds with the registers of a
// set, and the floating-point operations of one turn.
func fmaLoop(set string) (loop func(n int), flops int) {
	if set == "neon" {
		return fmaPeakNEON, 24 * 4 * 2
	}
	return nil, 0
}
