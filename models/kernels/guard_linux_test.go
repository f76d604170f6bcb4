package kernels

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// guarded allocates n values with unreadable memory right before them or,
// with end, right behind them.
func guarded(t *testing.T, n int, end bool) []float32 {
	t.Helper()
	page := os.Getpagesize()
	room := (4*n + page - 1) / page * page
	memory, err := unix.Mmap(-1, 0, room+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(memory) })
	for _, guard := range [][]byte{memory[:page], memory[page+room:]} {
		if err := unix.Mprotect(guard, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	at := page
	if end {
		at += room - 4*n
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&memory[at])), n)
}

// No kernel reads or writes outside its slices.
func TestGuardPages(t *testing.T) {
	for _, set := range assemblySets(t) {
		t.Run(set.label, func(t *testing.T) {
			for _, s := range scenarios() {
				for _, end := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s,end=%t", s.name(), end), func(t *testing.T) {
						slices := make([][]float32, len(s.args))
						for i, a := range s.args {
							slices[i] = guarded(t, a.length, end)
						}
						s.fill(slices, 3)
						defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
						defer func() {
							if fault := recover(); fault != nil {
								t.Errorf("access outside the slices: %v", fault)
							}
						}()
						s.run(set.Set, slices)
					})
				}
			}
		})
	}
}
