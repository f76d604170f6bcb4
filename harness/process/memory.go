package process

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// PeakMiB returns the largest resident memory of this process so far, in MiB,
// or since the last [ResetPeak]; 0 where the system does not tell.
func PeakMiB() float64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib float64
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
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
