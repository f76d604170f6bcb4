package experiments

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// files are the specs that come with the program, so that a built binary needs
// no folder beside it.
//
//go:embed *.toml
var files embed.FS

// names are the embedded specs in the order of the paper, the try-out last. A
// file that is not listed comes after them, in alphabetical order.
var names = []string{"fig1", "fig6", "fig7", "table6", "compare", "choices", tryOut}

const tryOut = "smoke"

// Names returns what [Load] knows by name: the embedded specs, in the order of
// the paper.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil // an embedded folder is always there
	}
	var found []string
	for _, e := range entries {
		found = append(found, strings.TrimSuffix(e.Name(), ".toml"))
	}
	rank := func(name string) int {
		if i := slices.Index(names, name); i >= 0 {
			return i
		}
		return len(names)
	}
	slices.SortStableFunc(found, func(a, b string) int { return rank(a) - rank(b) })
	return found
}

// All returns the embedded experiments in the order of [Names]. No two of them
// name a claim alike.
func All() ([]*Experiment, error) {
	var all []*Experiment
	claimed := make(map[string]string) // name of a claim to that of its experiment
	for _, name := range Names() {
		e, err := Load(name)
		if err != nil {
			return nil, err
		}
		for _, c := range e.Claims {
			if other, ok := claimed[c.Name]; ok {
				return nil, &SpecError{File: e.File, Key: "claim", Problem: fmt.Sprintf("%s names a claim %q too", other, c.Name)}
			}
			claimed[c.Name] = e.Name
		}
		all = append(all, e)
	}
	return all, nil
}

// Published returns the embedded experiments that belong to the published page.
func Published() ([]*Experiment, error) {
	all, err := All()
	return slices.DeleteFunc(all, func(e *Experiment) bool { return !e.Published() }), err
}

// IsPath reports whether [Load] takes its argument for a path: it ends in .toml, or has
// a slash or a backslash.
func IsPath(nameOrPath string) bool {
	return strings.HasSuffix(nameOrPath, ".toml") || strings.ContainsAny(nameOrPath, `/\`)
}

// Load returns the embedded experiment of a name or, where [IsPath] holds, that of a
// file, which is Embedded, too, if the embedded spec of its name has the same bytes. A
// spec that is wrong is a [*SpecError]; an unknown name and a file that cannot be read
// are other errors.
func Load(nameOrPath string) (*Experiment, error) {
	if IsPath(nameOrPath) {
		text, err := ReadFile(nameOrPath)
		if err != nil {
			return nil, fmt.Errorf("read the spec: %w", err)
		}
		e, err := Parse(filepath.ToSlash(nameOrPath), text)
		if err == nil {
			own, missing := fs.ReadFile(files, e.Name+".toml")
			e.Embedded = missing == nil && bytes.Equal(own, text)
		}
		return e, err
	}
	known := Names()
	if !slices.Contains(known, nameOrPath) {
		return nil, unknownExperiment(nameOrPath, known)
	}
	file := nameOrPath + ".toml"
	text, err := fs.ReadFile(files, file)
	if err != nil {
		return nil, fmt.Errorf("read the spec: %w", err)
	}
	e, err := Parse(path.Join("experiments", file), text)
	if err == nil {
		e.Embedded = true
	}
	return e, err
}

// maxFile bounds a TOML file that people write, far above any of theirs.
const maxFile = 1 << 20

// ReadFile returns what is in a TOML file that people write. A folder, a pipe or the
// like is refused unopened, a file of more than 1 MiB once that much is read.
func ReadFile(name string) ([]byte, error) {
	info, err := os.Stat(name) // before it is opened, which for a pipe would wait
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s: it is a folder; name the file in it", name)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: it is not a regular file; save what it gives to one", name)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s: it is longer than the %d bytes that a TOML file may have here", name, maxFile)
	}
	return text, err
}

func unknownExperiment(name string, known []string) error {
	hint := ""
	if near := nearest(name, known); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Errorf("no experiment is called %q%s (there are %s; your own is named by its path, as in ./mine.toml)",
		name, hint, strings.Join(known, ", "))
}
