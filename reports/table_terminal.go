package reports

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Terminal writes the table with its title and notes for a terminal with a
// font of fixed width. Sentences are broken into lines; numbers never are.
func (t *Table) Terminal(w io.Writer) error {
	if err := t.check(); err != nil {
		return err
	}
	if t.Title != "" {
		fmt.Fprintln(w, t.Title)
	}
	table := tablewriter.NewTable(w, t.options(renderer.NewBlueprint(tw.Rendition{
		Borders: tw.Border{Left: tw.Off, Right: tw.Off, Top: tw.On, Bottom: tw.On},
		Symbols: tw.NewSymbols(tw.StyleLight),
		Settings: tw.Settings{
			Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off},
			Lines:      tw.Lines{ShowHeaderLine: tw.On},
		},
	}))...)
	if err := t.fillWriter(table, func(s string) string { return wrap(s, cellWidth) }); err != nil {
		return fmt.Errorf("reports: table %s: %w", t.Name, err)
	}
	for _, n := range t.Notes {
		if _, err := fmt.Fprintln(w, wrap(n, noteWidth)); err != nil {
			return err
		}
	}
	return nil
}

// Longest lines on a terminal, in characters.
const (
	cellWidth = 52
	noteWidth = 100
)

// wrap breaks text at spaces into lines of at most width characters, where
// words allow it.
func wrap(s string, width int) string {
	lines := fill(strings.Fields(s), func(words []string) bool {
		return utf8.RuneCountInString(strings.Join(words, " ")) <= width
	})
	out := make([]string, len(lines))
	for i, words := range lines {
		out[i] = strings.Join(words, " ")
	}
	return strings.Join(out, "\n")
}

// Markdown writes the table as GitHub's Markdown, its title above in bold and
// its notes below.
func (t *Table) Markdown(w io.Writer) error {
	if err := t.check(); err != nil {
		return err
	}
	if t.Title != "" {
		fmt.Fprintf(w, "**%s**\n\n", escapeMarkdown(t.Title))
	}
	table := tablewriter.NewTable(w, t.options(renderer.NewMarkdown())...)
	// The renderer leaves the character that ends a cell as it is.
	if err := t.fillWriter(table, escapeMarkdown); err != nil {
		return fmt.Errorf("reports: table %s: %w", t.Name, err)
	}
	for _, n := range t.Notes {
		if _, err := fmt.Fprintf(w, "\n%s\n", escapeMarkdown(n)); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) options(r tw.Renderer) []tablewriter.Option {
	var align tw.Alignment
	for _, c := range t.Columns {
		if c.Number {
			align = append(align, tw.AlignRight)
		} else {
			align = append(align, tw.AlignLeft)
		}
	}
	return []tablewriter.Option{
		tablewriter.WithRenderer(r),
		tablewriter.WithHeaderAutoFormat(tw.Off), // headings stay as written
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
	}
}

func (t *Table) fillWriter(table *tablewriter.Table, escape func(string) string) error {
	var headings []string
	for _, c := range t.Columns {
		headings = append(headings, escape(c.Heading))
	}
	table.Header(headings)
	for _, r := range t.Rows {
		cells := make([]string, len(r.Cells))
		for i, c := range r.Cells {
			cells[i] = escape(c)
		}
		if err := table.Append(cells); err != nil {
			return err
		}
	}
	return table.Render()
}

// escapeMarkdown keeps text from being read as markup or as the end of a cell.
func escapeMarkdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "\n", " ").Replace(s)
}
