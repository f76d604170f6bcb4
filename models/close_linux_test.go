package models

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// A model for which there is no memory is refused, and leaves no threads behind.
func TestOutOfMemory(t *testing.T) {
	const images = 1 << 21 // with resnet-8, terabytes of activations
	before := runtime.NumGoroutine()
	m, err := New(standard(true, 8), Options{Batch: images, Threads: 3})
	if err == nil {
		m.Close()
		t.Skip("this machine promises terabytes")
	}
	if !strings.Contains(err.Error(), "MiB for activations") {
		t.Fatal(err)
	}
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 100 {
			t.Fatalf("%d threads are left behind", runtime.NumGoroutine()-before)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
