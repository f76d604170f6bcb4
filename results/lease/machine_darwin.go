package lease

import (
	"errors"
	"syscall"
)

func (m *Machine) describe() {
	m.Boot, _ = syscall.Sysctl("kern.bootsessionuuid") // empty: unknown
}

// processLife knows only who is dead: without the start of a process, a number
// may belong to another by now.
func processLife(pid int, _ string) Life {
	if pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return Dead
	}
	return Unknown
}
