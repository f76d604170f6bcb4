//go:build !windows

package atomicfile

// inUse is of Windows alone: elsewhere a file can be replaced while it is read.
func inUse(error) bool { return false }

// unreachable is of Windows alone, too: elsewhere a server that is away is said to be.
func unreachable(error) bool { return false }

// full and protected know no other errors than those that all systems have.
func full(error) bool      { return false }
func protected(error) bool { return false }
