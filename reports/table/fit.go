package table

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// readable is the default of [Column.Least].
const readable = 18

// A layout is a table that fits a width: without the columns that had to go, and
// the width of each that is left, to which its heading and cells are broken.
type layout struct {
	*Table
	widths  []int
	dropped []string // headings
}

// fit lays a table out in a width, in characters, with so many between columns.
// Headings and texts are broken first, then spare columns go; it reports whether
// that was enough. A width of 0 is endless.
func (t *Table) fit(width, gap int) (layout, bool) {
	kept := make([]int, len(t.Columns))
	for i := range kept {
		kept[i] = i
	}
	var dropped []string
	for {
		l := layout{Table: t.only(kept), dropped: dropped}
		if l.shrink(width, gap) {
			return l, true
		}
		sparest := slices.MaxFunc(kept, func(a, b int) int { return cmp.Compare(t.Columns[a].Spare, t.Columns[b].Spare) })
		if t.Columns[sparest].Spare == 0 {
			return l, false
		}
		dropped = append(dropped, t.Columns[sparest].Heading)
		kept = slices.DeleteFunc(kept, func(i int) bool { return i == sparest })
	}
}

// shrink finds the widths of the columns, narrowing the widest until all fit. It
// reports whether they do.
func (l *layout) shrink(width, gap int) bool {
	least := make([]int, len(l.Columns))
	l.widths = make([]int, len(l.Columns))
	total := gap * (len(l.Columns) - 1)
	for i, c := range l.Columns {
		l.widths[i], least[i] = runewidth.StringWidth(c.Heading), longestWord(c.Heading)
		for _, r := range l.Rows {
			text := r.Cells[i].String()
			full := runewidth.StringWidth(text)
			l.widths[i] = max(l.widths[i], full)
			if c.Number {
				least[i] = max(least[i], full) // numbers are not broken
			} else {
				least[i] = max(least[i], longestWord(text), min(full, cmp.Or(c.Least, readable)))
			}
		}
		total += l.widths[i]
	}
	if width <= 0 {
		return true
	}
	for total > width {
		widest := -1
		for i := range l.widths {
			if l.widths[i] > least[i] && (widest < 0 || l.widths[i] > l.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return false
		}
		l.widths[widest]--
		total--
	}
	return true
}

func longestWord(s string) int {
	longest := 0
	for _, word := range strings.Fields(s) {
		longest = max(longest, runewidth.StringWidth(word))
	}
	return longest
}

// Wrap breaks text at spaces into lines of at most width characters, where
// words allow it; a width of 0 is endless.
func Wrap(s string, width int) []string {
	if width <= 0 || runewidth.StringWidth(s) <= width {
		return []string{s}
	}
	var lines []string
	for _, word := range strings.Fields(s) {
		last := len(lines) - 1
		if last >= 0 && runewidth.StringWidth(lines[last]+" "+word) <= width {
			lines[last] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}
