package lease

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

func (m *Machine) describe() {
	m.ID = line("/etc/machine-id")
	m.Boot = line("/proc/sys/kernel/random/boot_id")
	m.Space, _ = os.Readlink("/proc/self/ns/pid")
	m.Start, _ = processStart(m.PID)
}

func line(path string) string {
	b, _ := os.ReadFile(path) // not there: unknown
	return strings.TrimSpace(string(b))
}

func processLife(pid int, start string) Life {
	// kill first: /proc may hide the processes of other users.
	if pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return Dead
	}
	now, state := processStart(pid)
	switch {
	case now == "" || start == "":
		return Unknown
	case now != start:
		return Dead // another process with the same number
	case state == 'Z' || state == 'X':
		return Dead // ended; its parent has not asked yet
	}
	return Alive
}

// processStart returns when a process started, in clock ticks since the start
// of the kernel, and the state it is in: fields 22 and 3 of proc_pid_stat(5).
func processStart(pid int) (start string, state byte) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	// Field 2 is the program's name in parentheses and may hold anything.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 20 {
		return "", 0
	}
	return fields[19], fields[0][0]
}
