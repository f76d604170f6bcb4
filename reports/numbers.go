package reports

import (
	"math"
	"strconv"

	"github.com/dustin/go-humanize"
)

// missing stands for a number that is not known.
const missing = "–"

// percent formats an error in percent as the paper does, with two decimals.
func percent(v float64) string {
	if !finite(v) {
		return missing
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// signed formats a difference of percentages.
func signed(v float64) string {
	if !finite(v) {
		return missing
	}
	s := strconv.FormatFloat(math.Abs(v), 'f', 2, 64)
	switch {
	case s == "0.00":
		return s
	case v < 0:
		return "−" + s
	}
	return "+" + s
}

// spreadOf formats the mean of some percentages with their sample standard
// deviation; a single one has none.
func spreadOf(v []float64) string {
	if len(v) < 2 {
		return percent(mean(v))
	}
	return percent(mean(v)) + " ± " + percent(deviation(v))
}

// grouped formats an integer with commas: 64,000.
func grouped(n int) string { return humanize.Comma(int64(n)) }
