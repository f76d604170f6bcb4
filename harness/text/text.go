// Package text is how the program speaks to people: errors on one line,
// numbers with separators, durations rounded as one says them. It prints
// nothing.
package text

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
)

// OneLine puts an error that has several lines, such as joined ones, on one that
// is printable.
func OneLine(err error) string {
	return Printable(strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
}

// Printable replaces what would steer a terminal, and may come from a file or an
// argument: control characters, and bytes that are no UTF-8.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// Name returns the name of a file, or of something in one: as it is, or quoted
// if not all of it can be printed.
func Name(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return s
	}
	return strconv.Quote(s)
}

// Grouped formats an integer with commas: 64,000.
func Grouped(n int) string { return humanize.Comma(int64(n)) }

// Count says how many there are of something: 1 run, 2 runs.
func Count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return Grouped(n) + " " + what
}

// Roughly formats a duration as people say it: 40 s, 12 min, 3.5 h, 2.1 days. The
// longest there is stands for all that are longer.
func Roughly(d time.Duration) string {
	switch {
	case d == math.MaxInt64:
		return "centuries"
	case d < 100*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 100*time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
	return fmt.Sprintf("%.1f days", d.Hours()/24)
}
