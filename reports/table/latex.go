package table

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// The room for a table, in characters of \footnotesize, which take 3.7 pt each on
// average: the text of article is 345 pt wide, a column of its two-column form
// 200 pt.
const (
	latexText      = 90
	latexColumn    = 50
	latexGap       = 2    // between columns: 2\tabcolsep of 3 pt, rounded up
	latexCharacter = 0.43 // of running text, in em
)

// LaTeX writes a table environment for the packages array and booktabs, no wider
// than the text of article. One that is wider than a column of a two-column paper
// spans both. Texts are broken and spare columns left out until it fits; where
// that is not enough, as with a long word for a name, graphicx makes it smaller.
func (t *Table) LaTeX(w io.Writer) error {
	t, err := t.filled()
	if err != nil {
		return err
	}
	l, fits := t.fit(latexText, latexGap)
	packages, open, end := "array,booktabs", "", ""
	if !fits {
		packages, open, end = "array,booktabs,graphicx", "\\resizebox{\\textwidth}{!}{%\n", "}"
	}
	environment := "table*"
	if l.width() <= latexColumn {
		environment = "table"
	}
	caption := t.Caption
	if caption == "" {
		caption = t.Title
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%% Needs \\usepackage{%s}.\n\\begin{%s}\n\\centering\\footnotesize\n", packages, environment)
	if caption != "" {
		fmt.Fprintf(&b, "\\caption{%s}\n", escapeLaTeX(caption))
	}
	fmt.Fprintf(&b, "\\label{tab:%s}\n\\setlength{\\tabcolsep}{3pt}\n%s\\begin{tabular}{@{}", t.Name, open)
	var headings []string
	for i, c := range l.Columns {
		switch {
		case c.Number:
			b.WriteByte('r')
		case l.broken(i):
			fmt.Fprintf(&b, `>{\raggedright\arraybackslash}p{%.1fem}`, latexCharacter*float64(l.widths[i]))
		default:
			b.WriteByte('l')
		}
		headings = append(headings, latexHeading(c, l.widths[i]))
	}
	fmt.Fprintf(&b, "@{}}\n\\toprule\n%s \\\\\n\\midrule\n", strings.Join(headings, " & "))
	for _, r := range l.Rows {
		if r.Rule {
			b.WriteString("\\midrule\n")
		}
		cells := make([]string, len(r.Cells))
		for i, c := range r.Cells {
			cells[i] = escapeLaTeX(c.String())
		}
		if strings.IndexAny(strings.TrimSpace(cells[0]), "[*") == 0 {
			cells[0] = "{}" + cells[0] // or the line before takes it for an argument
		}
		fmt.Fprintf(&b, "%s \\\\\n", strings.Join(cells, " & "))
	}
	fmt.Fprintf(&b, "\\bottomrule\n\\end{tabular}%s\n", end)
	notes := t.Notes
	if len(l.dropped) > 0 {
		notes = append([]string{"Left out for want of room: " + strings.Join(l.dropped, ", ") + "."}, notes...)
	}
	for _, n := range notes {
		fmt.Fprintf(&b, "\n\\smallskip\\raggedright %s\\par\n", escapeLaTeX(n))
	}
	fmt.Fprintf(&b, "\\end{%s}\n", environment)
	_, err = io.WriteString(w, b.String())
	return err
}

// width is that of the whole table.
func (l layout) width() int {
	total := latexGap * (len(l.widths) - 1)
	for _, w := range l.widths {
		total += w
	}
	return total
}

// broken reports whether a cell of a column takes several lines.
func (l layout) broken(column int) bool {
	return slices.ContainsFunc(l.Rows, func(r Row) bool { return len(Wrap(r.Cells[column].String(), l.widths[column])) > 1 })
}

// latexHeading is a heading, in a table of its own if it takes several lines.
func latexHeading(c Column, width int) string {
	lines := Wrap(c.Heading, width)
	if len(lines) == 1 {
		return escapeLaTeX(lines[0])
	}
	for i := range lines {
		lines[i] = escapeLaTeX(lines[i])
	}
	align := "l"
	if c.Number {
		align = "r"
	}
	return fmt.Sprintf(`\begin{tabular}[b]{@{}%s@{}}%s\end{tabular}`, align, strings.Join(lines, ` \\ `))
}

// escapeLaTeX writes text with the characters that LaTeX keeps to itself.
func escapeLaTeX(s string) string {
	return strings.NewReplacer(
		`\`, `\textbackslash{}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`,
		"{", `\{`, "}", `\}`, "~", `\textasciitilde{}`, "^", `\textasciicircum{}`,
		"±", `$\pm$`, "−", `$-$`, "–", "--", "×", `$\times$`, "≤", `$\le$`, "≥", `$\ge$`, "<", `$<$`, ">", `$>$`, "|", `$|$`,
	).Replace(s)
}
