package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"deepresidual/harness/fixture"
)

// repository makes a repository with the layout of this one.
func repository(t *testing.T) (dir, file string) {
	t.Helper()
	if err := exec.Command("git", "--version").Run(); err != nil { // a Mac has a git that only says how to get one
		t.Skipf("there is no git: %v", err)
	}
	fixture.OwnGit(t)
	dir = t.TempDir()
	file = filepath.Join(dir, "harness", "process", "program.go")
	for _, name := range []string{"harness/process/program.go", "reports/page.html", "results/store.go", "results/runs/x/run.toml", "results/report.html", "README.md"} {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), "first")
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "first"}} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return dir, file
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// The program is changed when a file is that it is built from, wherever it is
// started, and not when it has recorded a run.
func TestAskGit(t *testing.T) {
	for _, c := range []struct {
		path  string // written to; empty for none
		dirty bool
	}{
		{"", false},
		{"harness/process/program.go", true},
		{"reports/page.html", true},
		{"results/store.go", true},
		{"go.mod", false}, // no file of the repository
		{"models/new.go", true},
		{"experiments/mine.toml", true},
		{"results/runs/x/run.toml", false},
		{"results/runs/y/run.toml", false},
		{"results/report.html", false},
		{"README.md", false},
		{"mine/results/run.toml", false},
	} {
		dir, file := repository(t)
		if c.path != "" {
			write(t, filepath.Join(dir, filepath.FromSlash(c.path)), "second")
		}
		p := askGit(t.Context(), file)
		if len(p.Revision) != 40 || p.Source != "git" || p.Dirty != c.dirty {
			t.Errorf("after writing %q: %+v, want dirty %v", c.path, p, c.dirty)
		}
	}
}

// A repository that the program is no part of says nothing of it.
func TestAskGitOfAnother(t *testing.T) {
	dir, _ := repository(t)
	file := filepath.Join(dir, "vendor", "harness", "program.go")
	write(t, file, "x")
	if p := askGit(t.Context(), file); p.Source != "none" || p.Revision != "" {
		t.Errorf("%+v", p)
	}
	if p := askGit(t.Context(), filepath.Join(t.TempDir(), "none.go")); p.Source != "none" {
		t.Errorf("%+v", p)
	}
}

func TestJustBuilt(t *testing.T) {
	t.Setenv("GOCACHE", filepath.FromSlash("/var/cache/go"))
	for path, want := range map[string]bool{
		"/tmp/go-build123/b001/exe/harness":            true,
		"/home/u/.cache/go-build/3f/3f9c-d/harness":    true,
		"/var/cache/go/3f/3f9c-d/harness":              true,
		"/shared/results/slurm/20261125-1/harness":     false,
		"/home/u/bin/harness":                          false,
		"/var/cache/golden/harness":                    false,
		"/home/u/go/bin/harness-built-for-go-builders": false,
	} {
		if got := justBuilt(filepath.FromSlash(path)); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestNote(t *testing.T) {
	want := Program{Revision: "abc", Dirty: true, Source: "git"}
	var got Program
	if _, err := toml.Decode(want.Note(), &got); err != nil || got != want {
		t.Errorf("%q is read as %+v, %v", want.Note(), got, err)
	}
	if strings.Count(want.Note(), "\n") != 3 {
		t.Errorf("%q", want.Note())
	}
}
