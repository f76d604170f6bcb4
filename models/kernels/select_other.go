//go:build !amd64 || purego

package kernels

func assembly() []*Set { return nil }
