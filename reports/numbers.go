package reports

import (
	"math"

	"github.com/dustin/go-humanize"

	"deepresidual/reports/table"
)

// missing stands for a number that is not known.
const missing = "–"

// percent formats an error in percent as the paper does, with two decimals.
func percent(v float64) string { return table.Percent(v).String() }

// signed formats a difference of percentages.
func signed(v float64) string { return signedTo(v, 2) }

// signedTo is signed with so many decimals.
func signedTo(v float64, decimals int) string { return table.Signed(v, decimals).String() }

// rounded rounds a difference of two numbers of the paper as one does by hand: 9.7 less
// 8.75 is 1.0, though as a float64 it is a little less than 0.95.
func rounded(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(v*scale+math.Copysign(1e-6, v)) / scale
}

// spreadOf formats the mean of some percentages with their sample standard
// deviation; a single one has none.
func spreadOf(v []float64) string { return meanStd(v).String() }

// grouped formats an integer with commas: 64,000.
func grouped(n int) string { return humanize.Comma(int64(n)) }
