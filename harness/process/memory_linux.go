package process

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// PeakMiB returns the largest resident memory of this process so far, in MiB,
// or since the last [ResetPeak]; 0 on a system that does not tell.
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
// anything out but what is cached of files, in MiB: what the system has, or less
// where a control group (a container, a job of Slurm's) limits it, at least 1. It is
// 0 on a system that does not tell.
func FreeMiB() float64 {
	free := procMiB("/proc/meminfo", "MemAvailable:")
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil || free == 0 {
		return free
	}
	return max(1, min(free, groupsFree("/sys/fs/cgroup", string(groups))/(1<<20)))
}

// groupsFree returns the bytes that the control groups of a process leave it,
// infinity if they set no limit: groups is its /proc/self/cgroup, root where the
// groups are mounted (cgroups(7)). A group is limited by those above it as well.
// In a container its group may be mounted as the root, under whatever name the
// host has for it.
func groupsFree(root, groups string) float64 {
	free := math.Inf(1)
	for line := range strings.Lines(groups) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		top, limit, used, prefix, files := root, "memory.max", "memory.current", "", "file" // of version 2
		switch controllers := strings.Split(fields[1], ","); {
		case slices.Contains(controllers, "memory"):
			top, limit, used, prefix, files = filepath.Join(root, "memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_", "cache"
		case fields[1] != "":
			continue
		}
		for group := path.Clean("/" + fields[2]); ; group = path.Dir(group) {
			dir := filepath.Join(top, group)
			most, limited := bytesIn(filepath.Join(dir, limit))
			taken, ok := bytesIn(filepath.Join(dir, used))
			if limited && ok {
				stat := filepath.Join(dir, "memory.stat")
				cached := statOf(stat, prefix+files) - statOf(stat, prefix+"shmem") // which counts as files, and cannot go
				free = min(free, max(0, most-taken+cached))
			}
			if group == "/" {
				break
			}
		}
	}
	return free
}

// statOf returns a value in a control group's memory.stat, 0 if it is not there.
func statOf(path, name string) float64 {
	b, _ := os.ReadFile(path)
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return n
		}
	}
	return 0
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
