package table

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
)

// Markdown writes the table as GitHub's Markdown, its title above in bold and
// its notes below.
func (t *Table) Markdown(w io.Writer) error {
	t, err := t.filled()
	if err != nil {
		return err
	}
	if t.Title != "" {
		fmt.Fprintf(w, "**%s**\n\n", escapeMarkdown(t.Title))
	}
	grid := tablewriter.NewTable(w, t.options(renderer.NewMarkdown())...)
	// The renderer leaves the character that ends a cell as it is.
	if err := t.fill(grid, func(_ int, s string, _ Colour) string { return escapeMarkdown(s) }); err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	for _, n := range t.Notes {
		if _, err := fmt.Fprintf(w, "\n%s\n", escapeMarkdown(n)); err != nil {
			return err
		}
	}
	return nil
}

// escapeMarkdown keeps text from being read as markup or as the end of a cell.
func escapeMarkdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "\n", " ").Replace(s)
}
