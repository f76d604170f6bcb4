package ops

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// newSlab maps zeroed memory outside the garbage collector's heap, on huge
// pages where the system has them: activations are read in long strides, and
// small pages would cost a miss of the address cache for each.
func newSlab(floats int) ([]float32, func() error, error) {
	if floats == 0 {
		return nil, func() error { return nil }, nil
	}
	mem, err := unix.Mmap(-1, 0, floats*4, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, nil, err
	}
	// Advice only: without huge pages the program is slower, not wrong.
	_ = unix.Madvise(mem, unix.MADV_HUGEPAGE)
	return unsafe.Slice((*float32)(unsafe.Pointer(&mem[0])), floats), func() error { return unix.Munmap(mem) }, nil
}
