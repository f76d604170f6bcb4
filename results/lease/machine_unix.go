//go:build linux || darwin

package lease

import (
	"errors"
	"syscall"
)

func processLife(pid int, start string) Life {
	// kill first: the system may hide the processes of other users.
	if pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return Dead
	}
	now, ended := processStart(pid)
	switch {
	case now == "" || start == "":
		return Unknown
	case now != start:
		return Dead // another process with the same number
	case ended:
		return Dead // its parent has not asked yet
	}
	return Alive
}
