package table

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
	"golang.org/x/term"
)

// Longest lines of text where there is no terminal to fit, in characters.
const (
	cellWidth = 52
	noteWidth = 100
)

// Width is the width of the terminal that w writes to, in characters, or 0 if it
// is none.
func Width(w io.Writer) int {
	f, ok := w.(interface{ Fd() uintptr }) // an *os.File
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// PrintWrapped prints a sentence in lines that fit the terminal, or in one where
// there is none.
func PrintWrapped(w io.Writer, sentence string) error {
	_, err := fmt.Fprintln(w, strings.Join(Wrap(sentence, Width(w)), "\n"))
	return err
}

// Terminal writes the table with its title and notes for a terminal so many
// characters wide, with a font of fixed width. Where the columns do not fit,
// texts are broken into lines, then spare columns are left out and named, and at
// last each row becomes a paragraph; numbers are never broken. With a width of 0,
// for a file or a pipe, nothing is left out. Cells have their colours if w is a
// terminal that shows any and NO_COLOR is not set.
func (t *Table) Terminal(w io.Writer, width int) error {
	return t.terminal(w, width, Width(w) > 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

func (t *Table) terminal(w io.Writer, width int, colours bool) error {
	t, err := t.filled()
	if err != nil {
		return err
	}
	var b strings.Builder
	writeLines(&b, t.Title, width)
	l, fits := t.fit(max(0, width-2), 2)
	if width <= 0 {
		for i, c := range l.Columns {
			if !c.Number {
				l.widths[i] = min(l.widths[i], cellWidth)
			}
		}
	}
	if fits {
		err = l.grid(&b, colours)
	} else {
		t.stack(&b, width, colours)
	}
	if err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	notes := t.Notes
	if fits && len(l.dropped) > 0 {
		notes = append([]string{"Left out on a terminal this narrow: " + strings.Join(l.dropped, ", ") + "."}, notes...)
	}
	if width <= 0 {
		width = noteWidth
	}
	for _, n := range notes {
		writeLines(&b, n, width)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func writeLines(b *strings.Builder, s string, width int) {
	if s == "" {
		return
	}
	for _, line := range Wrap(s, width) {
		b.WriteString(line + "\n")
	}
}

// grid draws the columns side by side.
func (l layout) grid(w io.Writer, colours bool) error {
	grid := tablewriter.NewTable(w, l.options(renderer.NewBlueprint(tw.Rendition{
		Borders: tw.Border{Left: tw.Off, Right: tw.Off, Top: tw.On, Bottom: tw.On},
		Symbols: tw.NewSymbols(tw.StyleLight),
		Settings: tw.Settings{
			Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off},
			Lines:      tw.Lines{ShowHeaderLine: tw.On},
		},
	}))...)
	return l.fill(grid, func(i int, s string, c Colour) string {
		lines := Wrap(s, l.widths[i])
		for k := range lines {
			lines[k] = coloured(lines[k], c, colours)
		}
		return strings.Join(lines, "\n")
	})
}

// stack writes each row as a paragraph: the first cell, and below it the others
// with their headings.
func (t *Table) stack(b *strings.Builder, width int, colours bool) {
	const indent = "  "
	rule := strings.Repeat("─", max(1, width)) + "\n"
	b.WriteString(rule)
	for i, r := range t.Rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		for k, c := range r.Cells {
			if k == 0 {
				writeLines(b, c.String(), width)
				continue
			}
			if c.text == "" {
				continue
			}
			heading := t.Columns[k].Heading + ": "
			for j, line := range Wrap(heading+c.text, max(1, width-2*runewidth.StringWidth(indent))) {
				if j > 0 {
					line = indent + line
				}
				if text, ok := strings.CutPrefix(line, heading); ok {
					line = heading + coloured(text, c.colour, colours)
				}
				b.WriteString(indent + line + "\n")
			}
		}
	}
	b.WriteString(rule)
}

// coloured is text in a colour, if there are any.
func coloured(s string, c Colour, colours bool) string {
	if !colours || c == Plain {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

// options are those of tablewriter's renderers.
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

// fill gives the table to a renderer, each text of a column as write makes it.
func (t *Table) fill(to *tablewriter.Table, write func(column int, s string, c Colour) string) error {
	var headings []string
	for i, c := range t.Columns {
		headings = append(headings, write(i, c.Heading, Plain))
	}
	to.Header(headings)
	for _, r := range t.Rows {
		cells := make([]string, len(r.Cells))
		for i, c := range r.Cells {
			cells[i] = write(i, c.String(), c.colour)
		}
		if err := to.Append(cells); err != nil {
			return err
		}
	}
	return to.Render()
}
