package process

import (
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

func processor() string {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `HARDWARE\DESCRIPTION\System\CentralProcessor\0`, registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer key.Close()
	name, _, _ := key.GetStringValue("ProcessorNameString") // empty: unknown
	return name
}

// PeakMiB is not told of a part of the process's life here: 0.
func PeakMiB() float64 { return 0 }

// ResetPeak has nothing to do.
func ResetPeak() {}

// memoryStatus is MEMORYSTATUSEX.
type memoryStatus struct {
	length, load                     uint32
	totalPhysical, freePhysical      uint64
	totalCommit, freeCommit          uint64
	totalVirtual, freeVirtual, extra uint64
}

var globalMemoryStatus = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// FreeMiB returns the physical memory that is free or caches files, in MiB, or
// what can still be committed where that is less; 0 if the system does not tell.
func FreeMiB() float64 {
	status := memoryStatus{length: uint32(unsafe.Sizeof(memoryStatus{}))}
	if ok, _, _ := globalMemoryStatus.Call(uintptr(unsafe.Pointer(&status))); ok == 0 {
		return 0
	}
	return float64(min(status.freePhysical, status.freeCommit)) / (1 << 20)
}
