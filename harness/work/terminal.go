package work

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminalOf returns the width of the terminal that w writes to, in characters;
// false if it is none, or one that cannot draw over a line (TERM=dumb).
func terminalOf(w io.Writer) (width func() int, ok bool) {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(f.Fd())) {
		return nil, false
	}
	return func() int {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
		return 80
	}, true
}
