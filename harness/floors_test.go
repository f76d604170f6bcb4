package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// floors say which packages of the module a folder's packages may import, from
// the bottom up; a folder stands for all packages in it.
var floors = []struct {
	folder string
	may    []string
}{
	{"models", []string{"models"}},
	{"experiments", []string{"experiments", "models/network"}},
	{"results", []string{"results", "experiments", "models/network"}},
	{"reports", []string{"reports", "results", "experiments", "models/network"}},
	{"harness", []string{"harness", "reports", "results", "experiments", "models"}},
}

// TestFloors: no import runs against the floors. The folders' tests are held to
// it, too.
func TestFloors(t *testing.T) {
	const module = "deepresidual/"
	checked := 0
	for _, floor := range floors {
		err := filepath.WalkDir(filepath.Join("..", floor.folder), func(file string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if e.IsDir() {
				if _, err := os.Stat(filepath.Join(file, "go.mod")); err == nil {
					return fs.SkipDir // a module of its own
				}
				return nil
			}
			if path.Ext(file) != ".go" {
				return nil
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			checked++
			for _, spec := range f.Imports {
				full, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					return err
				}
				if name, ours := strings.CutPrefix(full, module); ours && !allowed(name, floor.may) {
					t.Errorf("%s imports %s: %s may import %s", file, name, floor.folder, strings.Join(floor.may, ", "))
				}
				if strings.HasSuffix(full, "harness/fixture") && !strings.HasSuffix(file, "_test.go") {
					t.Errorf("%s imports %s, which is for tests", file, full)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if checked < 100 {
		t.Errorf("only %d files were looked at", checked)
	}
}

func allowed(name string, may []string) bool {
	for _, m := range may {
		if name == m || strings.HasPrefix(name, m+"/") {
			return true
		}
	}
	return false
}

// TestFiles: no file of package main is longer than one reads at once.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(b), "\n"); n > 250 && !strings.HasSuffix(file, "_test.go") {
			t.Errorf("%s has %d lines, want at most 250", file, n)
		}
	}
}
