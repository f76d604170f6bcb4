package experiments

import (
	"fmt"
	"strconv"
	"strings"
)

// maxScale bounds the terms of a scale, so that products with iterations fit.
const maxScale = 1_000_000

// Scale is the part of the schedule of a spec that is trained: 1, or a fraction such as
// 1/16 for people without a day to spare. The zero value is no scale; start from [Full]
// or [ParseScale].
type Scale struct{ Num, Den int }

// Full is the scale of the paper: the whole schedule.
func Full() Scale { return Scale{1, 1} }

// ParseScale reads "1", a fraction "a/b" above 0 and at most 1, or the same as a
// decimal, and returns it in lowest terms: 2/32, 0.0625 and 1/16 are one scale.
func ParseScale(text string) (Scale, error) {
	first, second, fraction := strings.Cut(text, "/")
	if whole, decimals, ok := strings.Cut(text, "."); ok && len(decimals) <= 6 {
		first, second = whole+decimals, "1"+strings.Repeat("0", len(decimals))
	} else if !fraction {
		second = "1"
	}
	num, err1 := strconv.Atoi(first)
	den, err2 := strconv.Atoi(second)
	s := Scale{num, den}
	if err1 != nil || err2 != nil || !s.valid() {
		return Scale{}, fmt.Errorf("scale %q is neither 1 nor a fraction a/b above 0 and at most 1, such as 1/16", text)
	}
	return s.lowest(), nil
}

func (s Scale) valid() bool { return 0 < s.Num && s.Num <= s.Den && s.Den <= maxScale }

// lowest returns a valid scale in lowest terms.
func (s Scale) lowest() Scale {
	a, b := s.Num, s.Den
	for b != 0 {
		a, b = b, a%b
	}
	return Scale{s.Num / a, s.Den / a}
}

// IsFull reports whether the whole schedule is trained. Only then can a number
// be compared with the paper's.
func (s Scale) IsFull() bool { return s.valid() && s.Num == s.Den }

// Fraction returns the scale as a number: 0.0625 for 1/16.
func (s Scale) Fraction() float64 { return float64(s.Num) / float64(s.Den) }

// Compare returns a negative number if s is the smaller scale of the two, 0 if
// they are equal, and a positive number if s is the larger.
func (s Scale) Compare(t Scale) int { return s.Num*t.Den - t.Num*s.Den }

// Of returns the scaled part of a number of iterations, rounded to the nearest,
// halves up, and at least 1.
func (s Scale) Of(iterations int) int {
	return max(1, (2*iterations*s.Num+s.Den)/(2*s.Den))
}

// String returns the scale in lowest terms, as [ParseScale] reads it.
func (s Scale) String() string {
	if !s.valid() {
		return ""
	}
	s = s.lowest()
	if s.Den == 1 {
		return "1"
	}
	return fmt.Sprintf("%d/%d", s.Num, s.Den)
}

// MarshalText writes the scale as String does; it refuses one that is not above
// 0 and at most 1.
func (s Scale) MarshalText() ([]byte, error) {
	if !s.valid() {
		return nil, fmt.Errorf("scale %d/%d is not above 0 and at most 1", s.Num, s.Den)
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads a scale as [ParseScale] does.
func (s *Scale) UnmarshalText(text []byte) error {
	parsed, err := ParseScale(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}
