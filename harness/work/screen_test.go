package work

import (
	"fmt"
	"strings"
	"testing"
)

// paper is a terminal that understands what screen writes.
type paper struct {
	rows        []string
	row, column int
}

func (p *paper) Write(b []byte) (int, error) {
	text := string(b)
	for text != "" {
		for len(p.rows) <= p.row {
			p.rows = append(p.rows, "")
		}
		line := &p.rows[p.row]
		n := 1
		switch {
		case strings.HasPrefix(text, "\r"):
			p.column = 0
		case strings.HasPrefix(text, "\n"):
			p.row, p.column = p.row+1, 0
		case strings.HasPrefix(text, "\x1b[K"):
			*line, n = (*line)[:min(p.column, len(*line))], 3
		case strings.HasPrefix(text, "\x1b[A"):
			p.row, n = p.row-1, 3
		case strings.HasPrefix(text, "\x1b["): // one digit
			move := int(text[2] - '0')
			if text[3] == 'A' {
				move = -move
			}
			p.row, n = p.row+move, 4
		default:
			*line = (*line)[:p.column] + text[:1] + (*line)[min(p.column+1, len(*line)):]
			p.column++
		}
		text = text[n:]
	}
	return len(b), nil
}

func (p *paper) String() string { return strings.TrimRight(strings.Join(p.rows, "\n"), "\n") }

// Each run has a line that is drawn over in place, below what stays.
func TestScreen(t *testing.T) {
	var p paper
	rows := 24
	s := &Screen{w: &p, size: func() (int, int) { return 20, rows }}
	a, b, c := &screenLine{screen: s}, &screenLine{screen: s}, &screenLine{screen: s}
	draw := func(l *screenLine, text string) func() { return func() { l.draw([]field{{text, 0}}) } }
	for i, step := range []struct {
		do   func()
		want string
	}{
		{func() { s.print("begins") }, "begins"},
		{draw(a, "a 1"), "begins\na 1"},
		{draw(b, "b 1"), "begins\na 1\nb 1"},
		{draw(a, "a 22"), "begins\na 22\nb 1"},
		{draw(c, "c, wider than the terminal"), "begins\na 22\nb 1\nc, wider than the t"},
		{draw(a, "a 3"), "begins\na 3\nb 1\nc, wider than the t"},
		{draw(c, "c 2"), "begins\na 3\nb 1\nc 2"},
		{func() { s.print("a row") }, "begins\na row\na 3\nb 1\nc 2"},
		{func() { fmt.Fprintln(s, "of others") }, "begins\na row\nof others\na 3\nb 1\nc 2"},
		{func() { fmt.Fprint(s, "ha") }, "begins\na row\nof others\na 3\nb 1\nc 2"},
		{draw(b, "b 2"), "begins\na row\nof others\na 3\nb 2\nc 2"},
		{func() { fmt.Fprint(s, "lf a line\nand") }, "begins\na row\nof others\nhalf a line\na 3\nb 2\nc 2"},
		{func() { fmt.Fprint(s, " half\n") }, "begins\na row\nof others\nhalf a line\nand half\na 3\nb 2\nc 2"},
		{func() { p.rows, p.row = p.rows[5:], p.row-5 }, "a 3\nb 2\nc 2"}, // scrolled away
		{b.end, "a 3\nc 2"},
		{b.end, "a 3\nc 2"},
		{draw(c, "c 4"), "a 3\nc 4"},
		{draw(b, "b 2"), "a 3\nc 4\nb 2"},
		{func() { rows = 3; s.print("small") }, "small\na 3\nc 4"}, // room for two lines and the cursor
		{draw(b, "b 3"), "small\na 3\nc 4"},
		{a.end, "small\nc 4\nb 3"},
		{func() { p.Write([]byte("\nstopping\n")); s.leave() }, "small\nc 4\nb 3\nstopping"},
		{draw(c, "c 5"), "small\nc 4\nb 3\nstopping"},
		{func() { s.print("a checkpoint") }, "small\nc 4\nb 3\nstopping\na checkpoint"},
		{c.end, "small\nc 4\nb 3\nstopping\na checkpoint"},
	} {
		step.do()
		if p.String() != step.want {
			t.Fatalf("step %d: the terminal shows\n%s\nwant\n%s", i+1, p.String(), step.want)
		}
	}
}

// What is no terminal gets what stays, and nothing else.
func TestNoScreen(t *testing.T) {
	var w strings.Builder
	s := NewScreen(&w)
	s.print("a row")
	s.print("another")
	fmt.Fprint(s, "of oth")
	fmt.Fprint(s, "ers\n")
	if w.String() != "a row\nanother\nof others\n" || s.terminal() {
		t.Errorf("got %q", w.String())
	}
	if NewScreen(s) != s {
		t.Error("a screen on a screen")
	}
}

// A terminal that is stopped is not drawn on.
func TestLateTerminal(t *testing.T) {
	p := latePaper{}
	s := &Screen{w: &p, size: func() (int, int) { return 20, 24 }}
	l := &screenLine{screen: s}
	for _, step := range []struct {
		late bool
		want string
	}{{true, ""}, {false, "now 1"}, {true, "now 1"}, {false, "now 3"}} {
		p.late = step.late
		l.draw([]field{{fmt.Sprintf("now %d", p.drawn), 0}})
		p.drawn++
		if got := p.String(); got != step.want {
			t.Errorf("late: %v: %q, want %q", step.late, got, step.want)
		}
	}
}

type latePaper struct {
	paper
	late  bool
	drawn int
}

func (p *latePaper) Late() bool { return p.late }
