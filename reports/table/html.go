package table

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// HTML writes a table element; its caption is the title, its notes follow it.
// It has no style of its own. (The renderer of tablewriter has no caption and
// tells neither numbers nor groups of rows apart.)
func (t *Table) HTML(w io.Writer) error {
	t, err := t.filled()
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("<table>\n")
	if t.Title != "" {
		fmt.Fprintf(&b, "<caption>%s</caption>\n", html.EscapeString(t.Title))
	}
	b.WriteString("<thead><tr>")
	for _, c := range t.Columns {
		fmt.Fprintf(&b, "<th scope=\"col\"%s>%s</th>", numberClass(c), html.EscapeString(c.Heading))
	}
	b.WriteString("</tr></thead>\n<tbody>\n")
	for _, r := range t.Rows {
		if r.Rule {
			b.WriteString(`<tr class="rule">`)
		} else {
			b.WriteString("<tr>")
		}
		for i, c := range r.Cells {
			fmt.Fprintf(&b, "<td%s>%s</td>", numberClass(t.Columns[i]), html.EscapeString(c.String()))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody>\n</table>\n")
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "<p class=\"note\">%s</p>\n", html.EscapeString(n))
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func numberClass(c Column) string {
	if c.Number {
		return ` class="number"`
	}
	return ""
}
