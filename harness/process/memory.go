package process

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// PeakMiB returns the largest resident memory of this process so far, in MiB,
// or since the last [ResetPeak]; 0 where the system does not tell.
func PeakMiB() float64 {
	return procMiB("/proc/self/status", "VmHWM:")
}

// procMiB returns a line of a file of proc(5) that is a size in KiB, in MiB; 0 if
// there is none.
func procMiB(path, name string) float64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib float64
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			if _, err := fmt.Sscan(rest, &kib); err == nil {
				return kib / 1024
			}
		}
	}
	return 0
}

// ResetPeak makes [PeakMiB] count from now on, so that a run's record does not
// tell the memory of the run before it. Where the system cannot, it does not.
func ResetPeak() {
	// proc(5): writing 5 to clear_refs resets the peak resident set size.
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// FreeMiB returns the memory that this process can still take without pushing
// anything out, in MiB: what the system has, or less where a control group (a
// container, a job of Slurm's) limits it. It is 0 where the system does not
// tell.
func FreeMiB() float64 {
	free := procMiB("/proc/meminfo", "MemAvailable:")
	for _, g := range []struct{ limit, used string }{
		{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
		{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
	} {
		limit, ok1 := bytesIn(g.limit)
		used, ok2 := bytesIn(g.used)
		if ok1 && ok2 && free > 0 {
			free = min(free, max(0, limit-used)/(1<<20))
		}
	}
	return free
}

// bytesIn reads a file that holds a number, as those of control groups; "max" is
// none.
func bytesIn(path string) (float64, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(string(b)), 64)
	return n, err == nil
}
