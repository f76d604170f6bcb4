package process

import (
	"runtime"
	"testing"
)

func TestMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	ResetPeak()
	if peak, free := PeakMiB(), FreeMiB(); peak <= 1 || peak > 1<<20 || free <= 1 || free > 1<<30 {
		t.Errorf("peak %.1f MiB, free %.1f MiB", peak, free)
	}
}
