//go:build !amd64 || purego

package kernels

// alternatives are the sets of other processors that this one can run.
func alternatives() []*Set { return nil }
