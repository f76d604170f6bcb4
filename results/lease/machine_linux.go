package lease

import (
	"bytes"
	"fmt"
	"os"
	"strings"
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

// processStart returns when a process started, in clock ticks since the start
// of the kernel, and whether it has ended: fields 22 and 3 of proc_pid_stat(5). It is
// empty if nothing is said.
func processStart(pid int) (start string, ended bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false
	}
	// Field 2 is the program's name in parentheses and may hold anything.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 20 {
		return "", false
	}
	state := fields[0][0]
	return fields[19], state == 'Z' || state == 'X'
}
