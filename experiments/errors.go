package experiments

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// SpecError is what is wrong with a spec. Its text is one line that names file,
// line and key, says what was found and what is allowed:
//
//	experiments/fig1.toml:9: protocol.batch: found "many", wanted an integer
type SpecError struct {
	File    string // as it was named, with slashes; empty if who reads the error knows it
	Line    int    // counted from 1; 0 if not known
	Key     string // dotted, tables of a list counted from 1: "claim[2].of"; empty if no key is to blame
	Problem string
	Err     error // what the TOML decoder said, if it was the decoder; else nil
}

func (e *SpecError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	switch {
	case e.Line > 0 && e.File == "":
		fmt.Fprintf(&b, "line %d", e.Line)
	case e.Line > 0:
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	for _, part := range []string{e.Key, e.Problem} {
		if b.Len() > 0 && part != "" {
			b.WriteString(": ")
		}
		b.WriteString(part)
	}
	return b.String()
}

// Unwrap returns the decoder's error, if there is one.
func (e *SpecError) Unwrap() error { return e.Err }

// problemf is the error of a key of a spec; where the spec lies is filled in
// by who knows it.
func problemf(key, format string, args ...any) *SpecError {
	return &SpecError{Key: key, Problem: fmt.Sprintf(format, args...)}
}

// describe says what a decoded TOML value is, for the "found" part of an error.
func describe(value any) string {
	switch v := value.(type) {
	case string:
		const most = 60
		if len(v) > most {
			v = v[:most] + "..."
		}
		return strconv.Quote(v)
	case int64, bool:
		return fmt.Sprint(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return strconv.FormatFloat(v, 'f', 1, 64) // 8.0, which is no integer
		}
		return fmt.Sprint(v)
	case time.Time:
		return "a date or time"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "a list of tables"
	default:
		return "a list"
	}
}
