package work

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"deepresidual/harness/text"
	"deepresidual/reports/table"
)

// Screen is what the runs that are trained at once write to, and everyone who
// writes to the same terminal meanwhile. On a terminal each run has a line at the
// bottom that is drawn over, and what stays is printed above them. Elsewhere there
// is only what stays. It may be used from any goroutine.
type Screen struct {
	w    io.Writer
	size func() (columns, rows int) // of the terminal; nil if it is none

	mu    sync.Mutex
	begun []byte        // a line of those who Write that is not whole yet
	lines []*screenLine // top to bottom
	drawn int           // how many of them stand on the terminal; the cursor is in the last
	left  bool          // others write to the terminal from now on: no lines are drawn any more
}

// screenLine is the line of a run.
type screenLine struct {
	screen *Screen
	fields []field
}

// NewScreen returns the screen that writes to w: w itself, if it is one.
func NewScreen(w io.Writer) *Screen {
	if s, ok := w.(*Screen); ok {
		return s
	}
	return &Screen{w: w, size: terminalOf(w)}
}

// terminal reports whether lines are drawn.
func (s *Screen) terminal() bool { return s.size != nil }

// print prints a sentence that stays.
func (s *Screen) print(format string, args ...any) {
	table.PrintWrapped(s, text.Printable(fmt.Sprintf(format, args...)))
}

// Write writes what stays. While lines are drawn, that is whole lines: the rest
// waits for its end.
func (s *Screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = append(s.begun, b...)
	n := len(s.begun)
	if s.drawn > 0 {
		n = bytes.LastIndexByte(s.begun, '\n') + 1
	}
	if n == 0 {
		return len(b), nil
	}
	s.clear()
	_, err := s.w.Write(s.begun[:n])
	s.begun = append(s.begun[:0], s.begun[n:]...)
	s.redraw()
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// Fd is that of the file behind it, for those who ask whether it is a terminal.
func (s *Screen) Fd() uintptr {
	if f, ok := s.w.(interface{ Fd() uintptr }); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

// leave leaves the lines that are drawn where they are, and draws no more:
// something else, such as what is said of a signal, has moved the cursor.
func (s *Screen) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.drawn = true, 0
}

// draw shows fields in the line, no longer than the terminal is wide; not where
// the terminal is late to take what it is given (Late).
func (l *screenLine) draw(fields []field) {
	s := l.screen
	if w, ok := s.w.(interface{ Late() bool }); ok && w.Late() {
		return // the terminal is stopped: what is drawn now would only pass by when it goes on
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.fields = fields
	for i, other := range s.lines {
		if other != l {
			continue
		}
		if i < s.drawn { // it is there to be drawn over
			up, down := "", ""
			if n := s.drawn - 1 - i; n > 0 {
				up, down = fmt.Sprintf("\x1b[%dA", n), fmt.Sprintf("\x1b[%dB", n)
			}
			fmt.Fprintf(s.w, "%s\r%s\x1b[K%s", up, s.text(l), down)
		}
		return
	}
	s.clear()
	s.lines = append(s.lines, l)
	s.redraw()
}

// end takes the line off the terminal.
func (l *screenLine) end() {
	s := l.screen
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.lines {
		if other == l {
			s.clear()
			s.lines = append(s.lines[:i:i], s.lines[i+1:]...)
			s.redraw()
			return
		}
	}
}

// clear takes all lines off the terminal.
func (s *Screen) clear() {
	if s.drawn == 0 {
		return
	}
	fmt.Fprint(s.w, "\r\x1b[K"+strings.Repeat("\x1b[A\x1b[K", s.drawn-1))
	s.drawn = 0
}

// redraw draws the lines again, as many as there is room for.
func (s *Screen) redraw() {
	if s.left || len(s.lines) == 0 {
		return
	}
	_, rows := s.size()
	var text strings.Builder
	for i, l := range s.lines {
		if i > 0 {
			if i >= rows-1 {
				break
			}
			text.WriteByte('\n')
		}
		text.WriteString("\r" + s.text(l) + "\x1b[K")
		s.drawn++
	}
	fmt.Fprint(s.w, text.String())
}

func (s *Screen) text(l *screenLine) string {
	columns, _ := s.size()
	return fit(l.fields, columns-1)
}
