package experiments

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// suggest is the end of an error about a misspelt word: the nearest one that is
// allowed, or all of them.
func suggest(word string, allowed []string) string {
	if near := nearest(word, allowed); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; there are " + quoteAll(allowed)
}

// quoteAll lists names for an error line: "a", "b", "c".
func quoteAll[S ~string](names []S) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(string(name))
	}
	return strings.Join(quoted, ", ")
}

// nearest returns the candidate that takes the fewest single-character edits to
// make from name, and "" if none is near enough to be meant. The first of
// several equally near ones wins.
func nearest[S ~string](name string, candidates []S) S {
	const maxName = 64 // longer names are not worth the quadratic time
	if len(name) > maxName {
		return ""
	}
	var best S
	fewest := max(2, len(name)/3) + 1
	if len(name) < 4 {
		fewest = 2 // two edits make any short word of any other
	}
	for _, c := range candidates {
		if d := edits(strings.ToLower(name), string(c)); d < fewest {
			best, fewest = c, d
		}
	}
	return best
}

// edits is the Levenshtein distance between two strings, in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substituted := diagonal
			if a[i] != b[j] {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = slices.Min([]int{row[j] + 1, diagonal + 1, substituted})
		}
	}
	return row[len(b)]
}
