package text

import (
	"math"
	"testing"
	"time"
)

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
