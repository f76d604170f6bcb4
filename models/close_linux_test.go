package models

import (
	"runtime"
	"testing"
	"time"
)

// A model for which there is no memory is refused, and leaves no threads behind.
func TestOutOfMemory(t *testing.T) {
	const images = 1 << 21 // with resnet-8, terabytes of activations
	before := runtime.NumGoroutine()
	if m, err := New(standard(true, 8), Options{Batch: images, Threads: 3}); err == nil {
		m.Close()
		t.Skip("this machine promises terabytes")
	}
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 100 {
			t.Fatalf("%d threads are left behind", runtime.NumGoroutine()-before)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
