package text

import (
	"errors"
	"math"
	"testing"
	"time"
)

// No file's text gets at the terminal.
func TestPrintable(t *testing.T) {
	for _, c := range []struct{ text, line, name string }{
		{"conv1.weight", "conv1.weight", "conv1.weight"}, {"Größe 1", "Größe 1", "Größe 1"},
		{"a\nb\tc", "a; b c", `"a\nb\tc"`},
		{"\x1b[2J\x07x\x7f", "\ufffd[2J\ufffdx\ufffd", `"\x1b[2J\ax\x7f"`},
		{"\u009b2J", "\ufffd2J", `"\u009b2J"`}, {"\x9b2J", "\ufffd2J", `"\x9b2J"`}, {"a\u202eb", "a\u202eb", `"a\u202eb"`},
	} {
		if got := OneLine(errors.New(c.text)); got != c.line {
			t.Errorf("the error %q is printed as %q, want %q", c.text, got, c.line)
		}
		if got := Name(c.text); got != c.name {
			t.Errorf("the name %q is printed as %q, want %q", c.text, got, c.name)
		}
	}
}

func TestRoughly(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0 s"}, {99 * time.Second, "99 s"}, {100 * time.Second, "2 min"}, {99 * time.Minute, "99 min"},
		{100 * time.Minute, "1.7 h"}, {47 * time.Hour, "47.0 h"}, {60 * time.Hour, "2.5 days"}, {math.MaxInt64, "centuries"},
	} {
		if got := Roughly(c.d); got != c.want {
			t.Errorf("Roughly(%v) = %q, want %q", c.d, got, c.want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -999: "-999", -1000: "-1,000"} {
		if got := Grouped(n); got != want {
			t.Errorf("Grouped(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 runs", 1: "1 run", 2: "2 runs", 1000: "1,000 runs"} {
		if got := Count(n, "run"); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}
