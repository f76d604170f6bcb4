package experiments

import "strconv"

// interval is the range of values that a key can have.
type interval struct {
	from, to float64
	open     string // "above": without from; "below": without to; "": both belong to it
}

var percentages = interval{0, 100, ""}

// String says the interval in words.
func (i interval) String() string {
	from, to := number(i.from), number(i.to)
	switch i.open {
	case "above":
		return "a number above " + from + ", at most " + to
	case "below":
		return "a number from " + from + ", below " + to
	}
	return "a number from " + from + " to " + to
}

// contains reports whether a value is in the interval; NaN is in none.
func (i interval) contains(v float64) bool {
	return v >= i.from && v <= i.to && !(i.open == "above" && v == i.from) && !(i.open == "below" && v == i.to)
}

// checkRange reports a value outside its interval.
func checkRange(key string, v float64, allowed interval) *SpecError {
	if allowed.contains(v) {
		return nil
	}
	return problemf(key, "found %s, wanted %s", number(v), allowed)
}

// number writes a number as it would stand in a spec, without an exponent where
// that is short.
func number(v float64) string {
	format := byte('g')
	if v == float64(int64(v)) {
		format = 'f'
	}
	return strconv.FormatFloat(v, format, -1, 64)
}
