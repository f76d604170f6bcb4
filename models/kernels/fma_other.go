//go:build !(amd64 || arm64) || purego

package kernels

func fmaLoop(string) (loop func(n int), flops int) { return nil, 0 }
