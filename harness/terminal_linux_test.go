package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"deepresidual/reports/table"
)

// openTerminal returns both ends of a terminal of so many columns: pts(4).
func openTerminal(t *testing.T, columns uint16) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	t.Cleanup(func() { user.Close() })
	fd := int(user.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	return user, program
}

// TestTerminal: the progress line fits the terminal and leaves a line for each
// run; a terminal that cannot draw over a line gets lines.
func TestTerminal(t *testing.T) {
	for _, kind := range []string{"xterm", "dumb"} {
		t.Run(kind, func(t *testing.T) {
			const columns = 60
			f := newFolder(t)
			user, program := openTerminal(t, columns)
			c := f.command("-threads", "1")
			c.Env = append(os.Environ(), "TERM="+kind)
			c.Stdout, c.Stderr = io.Discard, program
			text := show(t, c, user, program)
			drawn := strings.Count(text, "\x1b[K")
			if (drawn > 0) != (kind == "xterm") {
				t.Errorf("%d drawings over a line", drawn)
			}
			for _, line := range strings.Split(text, "\r") {
				if line, ok := strings.CutSuffix(line, "\x1b[K"); ok && len(line) >= columns {
					t.Errorf("%d columns: %q", len(line), line)
				}
			}
			fits := func(text string) {
				t.Helper()
				for line := range strings.SplitSeq(text, "\r\n") {
					drawn := strings.Split(line, "\x1b[K")
					stays := drawn[len(drawn)-1]
					if utf8.RuneCountInString(stays) > columns && strings.Contains(strings.TrimSpace(stays), " ") {
						t.Errorf("more than %d columns: %q", columns, stays)
					}
				}
			}
			fits(text)
			if n := strings.Count(strings.Join(strings.Fields(text), " "), ") done: training error "); n != 2 {
				t.Errorf("%d lines of runs that are done, want 2:\n%s", n, text)
			}

			// The answer and what is said beside it fit, too, where words allow it.
			user, program = openTerminal(t, columns)
			c = exec.Command("harness", "-exp", "two.toml", "-data", "synthetic", "-dry-run", "-retrain", "-threads", "1")
			c.Dir = f.dir
			c.Stdout, c.Stderr = program, program
			text = show(t, c, user, program)
			fits(text)
			if !strings.Contains(text, "2 of 2 runs to train: ") {
				t.Errorf("the plan is not summed up:\n%s", text)
			}
			user, program = openTerminal(t, columns)
			c = exec.Command("harness", "-exp", "two.toml", "-data", "synthetic", "-report")
			c.Dir = f.dir
			c.Env = append(os.Environ(), "TERM="+kind, "NO_COLOR=1")
			c.Stdout, c.Stderr = program, program
			text = show(t, c, user, program)
			fits(text)
			for _, want := range []string{"files: ", "is drawn as"} {
				if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
					t.Errorf("it does not say %q:\n%s", want, text)
				}
			}
		})
	}
}

// show runs a command and returns what it wrote to the terminal.
func show(t *testing.T, c *exec.Cmd, user, program *os.File) string {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close()
	var text bytes.Buffer
	read := make(chan struct{})
	go func() {
		io.Copy(&text, user) // ends with EIO when no process has the other end open
		close(read)
	}()
	if err := c.Wait(); err != nil {
		t.Errorf("%v", err)
	}
	<-read
	return text.String()
}

// A terminal gets colours, unless it shows none or its user wants none.
func TestColoursOfATerminal(t *testing.T) {
	for _, c := range []struct {
		kind, noColour string
		coloured       bool
	}{{"xterm", "", true}, {"xterm", "1", false}, {"dumb", "", false}} {
		t.Setenv("TERM", c.kind)
		t.Setenv("NO_COLOR", c.noColour)
		user, program := openTerminal(t, 60)
		verdicts := &table.Table{Columns: []table.Column{{Heading: "verdict"}}}
		verdicts.Add(table.Text("not reproduced").In(table.Red))
		if err := verdicts.Terminal(program, table.Width(program)); err != nil {
			t.Fatal(err)
		}
		program.Close()
		var text bytes.Buffer
		io.Copy(&text, user) // ends with EIO when no process has the other end open
		if got := strings.Contains(text.String(), "\x1b["); got != c.coloured || !strings.Contains(text.String(), "not reproduced") {
			t.Errorf("TERM=%s NO_COLOR=%q: coloured %v, want %v: %q", c.kind, c.noColour, got, c.coloured, text.String())
		}
	}
}
