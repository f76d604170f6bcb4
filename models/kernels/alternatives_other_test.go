//go:build !amd64 || purego

package kernels

// alternatives are sets of this processor as others would have them: there are none.
func alternatives() []tested { return nil }
