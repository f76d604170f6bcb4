package main

import (
	"context"
	"io"
	"sync"
	"time"
)

// patience is how long the program waits for its progress to be written.
const patience = time.Second

// late is what progress is written to. A terminal that is stopped, by Ctrl-S or
// since the machine behind it sleeps, takes nothing: training neither waits for it
// nor grows deaf to signals. What is written meanwhile follows when it goes on, for
// which [late.finish] waits at the end; who writes at short intervals asks
// [late.Late] first. It may be used from any goroutine.
type late struct {
	w    io.Writer
	wait time.Duration // patience, but in tests

	mu      sync.Mutex
	waiting []byte        // what the writing goroutine has not taken yet
	idle    chan struct{} // closed when there is no such goroutine any more; nil before the first
	writing bool
	late    bool
	err     error // the first of those that no Write has returned
}

func (l *late) Write(b []byte) (int, error) {
	l.mu.Lock()
	l.waiting = append(l.waiting, b...)
	if !l.writing {
		l.writing, l.idle = true, make(chan struct{})
		go l.drain()
	}
	idle, behind := l.idle, l.late
	l.mu.Unlock()
	if behind {
		return len(b), nil
	}
	select {
	case <-idle:
	case <-time.After(l.wait):
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.late = l.writing
	err := l.err
	l.err = nil
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// drain writes until nothing is left.
func (l *late) drain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) > 0 {
		b := l.waiting
		l.waiting = nil
		l.mu.Unlock()
		_, err := l.w.Write(b)
		l.mu.Lock()
		if l.err == nil {
			l.err = err
		}
	}
	l.writing, l.late = false, false
	close(l.idle)
}

// finish waits until everything is written, no longer than patience when ctx has
// ended.
func (l *late) finish(ctx context.Context) {
	l.mu.Lock()
	idle, writing := l.idle, l.writing
	l.mu.Unlock()
	if !writing {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
		select {
		case <-idle:
		case <-time.After(l.wait):
		}
	}
}

// Late reports whether what was written before has not arrived yet.
func (l *late) Late() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.late
}

// Fd is that of the file behind it, for those who ask whether it is a terminal.
func (l *late) Fd() uintptr {
	if f, ok := l.w.(interface{ Fd() uintptr }); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}
