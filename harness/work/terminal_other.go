//go:build !windows

package work

// obeysEscapes holds for every terminal that does not say that it is dumb.
func obeysEscapes(uintptr) bool { return true }
