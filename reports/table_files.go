package reports

import (
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"strings"
)

// CSV writes the headings and the rows as RFC 4180 has it, for programs: a
// missing value is empty, and the minus sign is the one they read.
func (t *Table) CSV(w io.Writer) error {
	if err := t.check(); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	var headings []string
	for _, column := range t.Columns {
		headings = append(headings, column.Heading)
	}
	if err := c.Write(headings); err != nil {
		return err
	}
	for _, r := range t.Rows {
		cells := make([]string, len(r.Cells))
		for i, s := range r.Cells {
			if s != missing {
				cells[i] = strings.ReplaceAll(s, "−", "-")
			}
		}
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// LaTeX writes a table environment for the booktabs package.
func (t *Table) LaTeX(w io.Writer) error {
	if err := t.check(); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%% Needs \\usepackage{booktabs}.\n\\begin{table}\n\\centering\n")
	if t.Title != "" {
		fmt.Fprintf(&b, "\\caption{%s}\n", escapeLaTeX(t.Title))
	}
	fmt.Fprintf(&b, "\\label{tab:%s}\n\\begin{tabular}{", t.Name)
	var headings []string
	for _, c := range t.Columns {
		if c.Number {
			b.WriteByte('r')
		} else {
			b.WriteByte('l')
		}
		headings = append(headings, escapeLaTeX(c.Heading))
	}
	fmt.Fprintf(&b, "}\n\\toprule\n%s \\\\\n\\midrule\n", strings.Join(headings, " & "))
	for _, r := range t.Rows {
		if r.Rule {
			b.WriteString("\\midrule\n")
		}
		cells := make([]string, len(r.Cells))
		for i, s := range r.Cells {
			cells[i] = escapeLaTeX(s)
		}
		fmt.Fprintf(&b, "%s \\\\\n", strings.Join(cells, " & "))
	}
	b.WriteString("\\bottomrule\n\\end{tabular}\n")
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "\n\\smallskip{\\footnotesize %s}\n", escapeLaTeX(n))
	}
	b.WriteString("\\end{table}\n")
	return writeString(w, &b)
}

// escapeLaTeX writes text with the characters that LaTeX keeps to itself.
func escapeLaTeX(s string) string {
	return strings.NewReplacer(
		`\`, `\textbackslash{}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`,
		"{", `\{`, "}", `\}`, "~", `\textasciitilde{}`, "^", `\textasciicircum{}`,
		"±", `$\pm$`, "−", `$-$`, "–", "--", "×", `$\times$`, "≤", `$\le$`, "≥", `$\ge$`, "<", `$<$`, ">", `$>$`, "|", `$|$`,
	).Replace(s)
}

// HTML writes a table element; its caption is the title, its notes follow it.
// It has no style of its own.
func (t *Table) HTML(w io.Writer) error {
	if err := t.check(); err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("<table>\n")
	if t.Title != "" {
		fmt.Fprintf(&b, "<caption>%s</caption>\n", htmlEscape(t.Title))
	}
	b.WriteString("<thead><tr>")
	for _, c := range t.Columns {
		fmt.Fprintf(&b, "<th scope=\"col\"%s>%s</th>", numberClass(c), htmlEscape(c.Heading))
	}
	b.WriteString("</tr></thead>\n<tbody>\n")
	for _, r := range t.Rows {
		if r.Rule {
			b.WriteString(`<tr class="rule">`)
		} else {
			b.WriteString("<tr>")
		}
		for i, s := range r.Cells {
			fmt.Fprintf(&b, "<td%s>%s</td>", numberClass(t.Columns[i]), htmlEscape(s))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody>\n</table>\n")
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "<p class=\"note\">%s</p>\n", htmlEscape(n))
	}
	return writeString(w, &b)
}

func numberClass(c Column) string {
	if c.Number {
		return ` class="number"`
	}
	return ""
}

func htmlEscape(s string) string { return html.EscapeString(s) }
