package process

import "golang.org/x/sys/unix"

func processor() string {
	name, _ := unix.Sysctl("machdep.cpu.brand_string") // empty: unknown
	return name
}

// PeakMiB is not told of a part of the process's life here: 0.
func PeakMiB() float64 { return 0 }

// ResetPeak has nothing to do.
func ResetPeak() {}

// FreeMiB returns all the memory that the machine has, in MiB: macOS compresses
// what is not in use, and says of no part that it can still be taken.
func FreeMiB() float64 {
	bytes, _ := unix.SysctlUint64("hw.memsize") // 0: unknown
	return float64(bytes) / (1 << 20)
}
