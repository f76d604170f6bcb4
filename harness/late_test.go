package main

import (
	"context"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// frozen is a terminal that takes nothing while it is locked.
type frozen struct {
	sync.Mutex
	text strings.Builder
}

func (s *frozen) Write(b []byte) (int, error) {
	s.Lock()
	defer s.Unlock()
	return s.text.Write(b)
}

// Progress is not waited for where it is not taken, and follows in order.
func TestStoppedTerminal(t *testing.T) {
	var s frozen
	l := &late{w: &s, wait: time.Minute}
	write := func(text string) {
		t.Helper()
		if n, err := l.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("%q: %d, %v", text, n, err)
		}
	}
	write("a")
	if s.text.String() != "a" || l.Late() {
		t.Fatalf("%q is there, late: %v", s.text.String(), l.Late())
	}
	s.Lock()
	l.wait = 20 * time.Millisecond
	write("b") // waits a little
	began := time.Now()
	for range 1000 {
		write("c") // does not wait
	}
	if !l.Late() || time.Since(began) > 10*time.Second {
		t.Errorf("late: %v, after %v", l.Late(), time.Since(began))
	}
	ended, end := context.WithCancel(t.Context())
	end()
	l.finish(ended) // gives up
	s.Unlock()
	l.finish(t.Context())
	if l.Late() {
		t.Error("late when everything is written")
	}
	l.wait = time.Minute
	write("d")
	if got, want := s.text.String(), "ab"+strings.Repeat("c", 1000)+"d"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// An error is returned to whom it befalls, or to the next.
func TestLateError(t *testing.T) {
	l := &late{w: full{syscall.ENOSPC}, wait: patience}
	if _, err := l.Write([]byte("x")); err != syscall.ENOSPC {
		t.Error(err)
	}
}
