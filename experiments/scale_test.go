package experiments_test

import (
	"strings"
	"testing"

	"deepresidual/experiments"
)

func TestParseScale(t *testing.T) {
	for _, c := range []struct {
		text, want string
		full       bool
	}{
		{"1", "1", true},
		{"1/1", "1", true},
		{"16/16", "1", true},
		{"1/16", "1/16", false},
		{"2/32", "1/16", false},
		{"3/4", "3/4", false},
		{"0.0625", "1/16", false},
		{"0.1", "1/10", false},
		{".25", "1/4", false},
		{"1.0", "1", true},
		{"1/1000000", "1/1000000", false},
	} {
		s, err := experiments.ParseScale(c.text)
		if err != nil || s.String() != c.want || s.IsFull() != c.full {
			t.Errorf("ParseScale(%q) = %s, full %v (%v), want %s, full %v", c.text, s, s.IsFull(), err, c.want, c.full)
		}
	}
	for _, text := range []string{"", "0", "2", "-1", "0/4", "5/4", "1/0", "-1/-2", "1/", "/2", "1/2/3", "0.0", "1.5", "-0.5", "1/0.5", "0.1/2", "0.00000001", "1/1000001", "1/99999999999999999999", " 1"} {
		if s, err := experiments.ParseScale(text); err == nil || !strings.Contains(err.Error(), "such as 1/16") {
			t.Errorf("ParseScale(%q) = %s (%v), want an error that says what is allowed", text, s, err)
		}
	}
}

func TestScaleCompare(t *testing.T) {
	ordered := []experiments.Scale{{1, 256}, {1, 16}, {3, 32}, {1, 2}, {1, 1}}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := a.Compare(b); got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("%s compared with %s is %d", a, b, got)
			}
		}
	}
	if (experiments.Scale{2, 32}).Compare(experiments.Scale{1, 16}) != 0 {
		t.Error("2/32 is not 1/16")
	}
}

func TestScaleText(t *testing.T) {
	scale := experiments.Full()
	if err := scale.UnmarshalText([]byte("1/16")); err != nil || scale.String() != "1/16" {
		t.Errorf("1/16 is read as %s (%v)", scale, err)
	}
	if err := scale.UnmarshalText([]byte("16")); err == nil || scale.String() != "1/16" {
		t.Errorf("16 is read as %s (%v)", scale, err)
	}
	if text, err := (experiments.Scale{}).MarshalText(); err == nil {
		t.Errorf("no scale is written as %q", text)
	}
}
