package lease

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

func (m *Machine) describe() {
	m.Boot, _ = syscall.Sysctl("kern.bootsessionuuid") // empty: unknown
	m.Start, _ = processStart(m.PID)
}

// processStart returns when a process started, in seconds since 1970, and whether it
// has ended: what sysctl(3) says of kern.proc.pid. It is empty if nothing is said.
func processStart(pid int) (start string, ended bool) {
	const zombie = 5 // SZOMB of sys/proc.h
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil || int(info.Proc.P_pid) != pid {
		return "", false
	}
	at := info.Proc.P_starttime
	return fmt.Sprintf("%d.%06d", at.Sec, at.Usec), info.Proc.P_stat == zombie
}
