package work

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminalOf returns the size of the terminal that w writes to, in characters;
// nil if it is none, or one that cannot draw over a line (TERM=dumb).
func terminalOf(w io.Writer) (size func() (columns, rows int)) {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(f.Fd())) || !obeysEscapes(f.Fd()) {
		return nil
	}
	return func() (int, int) {
		if columns, rows, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns, rows
		}
		return 80, 24
	}
}
