package process

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Program is the program of this process, as version control knows it.
type Program struct {
	Revision string `toml:"revision"`
	Dirty    bool   `toml:"dirty"`  // there were changes that are not in Revision
	Source   string `toml:"source"` // who says so: "build", "git", or "none" if it is not known
}

// NoteExtension ends the name of the file beside a copy of the program that says
// which it is: see [Program.Note].
const NoteExtension = ".revision"

// ThisProgram says which program this is. It is to be asked at the start, since
// the answer may be git's, of the files that the program was built from. The
// folder that the process works in has no part in it: that of a task of Slurm's
// is another, and may be in a repository of something else.
//
// A built program carries its revision, but for those that were built without
// it, of which nothing is known. What go run and go test build has none either,
// but is as new as its files. A copy that was made for Slurm has a note beside it.
func ThisProgram(ctx context.Context) Program {
	if p, ok := stamped(); ok {
		return p
	}
	executable, err := os.Executable()
	if err != nil {
		return Program{Source: "none"}
	}
	var p Program
	if _, err := toml.DecodeFile(executable+NoteExtension, &p); err == nil {
		return p
	}
	if justBuilt(executable) {
		if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
			return askGit(ctx, file)
		}
	}
	return Program{Source: "none"}
}

// Note is what a copy of this program is told by a file beside it, with
// [NoteExtension] behind the copy's name.
func (p Program) Note() string {
	b, err := toml.Marshal(p)
	if err != nil {
		return "" // a string and a boolean can always be written
	}
	return string(b)
}

// stamped returns what the go command has left in the program.
func stamped() (p Program, ok bool) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return p, false
	}
	p.Source = "build"
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			p.Revision = s.Value
		case "vcs.modified":
			p.Dirty = s.Value == "true"
		}
	}
	return p, p.Revision != ""
}

// justBuilt reports whether a program was built by go run or go test, which keep
// it among their own files.
func justBuilt(executable string) bool {
	if cache := os.Getenv("GOCACHE"); cache != "" && strings.HasPrefix(executable, cache+string(filepath.Separator)) {
		return true
	}
	for _, part := range strings.Split(filepath.ToSlash(executable), "/") {
		if strings.HasPrefix(part, "go-build") {
			return true
		}
	}
	return false
}

// askGit returns the revision of the repository that a source file is in, if it
// is one of its files.
func askGit(ctx context.Context, file string) Program {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	git := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", filepath.Dir(file)}, args...)...).Output()
		return strings.TrimSpace(string(out)), err
	}
	if _, err := git("ls-files", "--error-unmatch", "--", filepath.Base(file)); err != nil {
		return Program{Source: "none"}
	}
	head, err := git("rev-parse", "HEAD")
	if err != nil {
		return Program{Source: "none"}
	}
	// What the program itself writes is no change of the program, nor is what a
	// user keeps beside it; but a new file in a folder of packages is.
	changed, err := git("diff", "--name-only", "HEAD", "--", ":(top)", ":(exclude,top)results/runs", ":(exclude,top)results/figures",
		":(exclude,top)results/tables", ":(exclude,top,glob)results/*.html", ":(exclude,top,glob)results/*.csv", ":(exclude,top,glob)**/*.md")
	added, err2 := git("ls-files", "--others", "--exclude-standard", "--full-name", "--", ":(top)experiments", ":(top)models", ":(top)harness",
		":(top)reports", ":(top,glob)results/**/*.go", ":(top,glob)*.go", ":(top)go.work")
	return Program{Revision: head, Dirty: err != nil || err2 != nil || changed != "" || added != "", Source: "git"}
}
