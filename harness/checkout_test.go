package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"deepresidual/harness/fixture"
)

// The commands that README shows for a first look leave a checkout as it was:
// what is under version control is not touched, and what is new is ignored.
func TestCheckoutStaysClean(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil || testing.Short() {
		t.Skip("takes seconds, and needs git")
	}
	fixture.OwnGit(t)
	tracked, err := exec.Command("git", "-C", "..", "ls-files", "-z", ".gitignore", "results").Output()
	if err != nil {
		t.Skip("needs a checkout: ", err)
	}
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=test", "-c", "user.email=test@example.org"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	for name := range strings.SplitSeq(strings.Trim(string(tracked), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Skip("not everything is checked out: ", err)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q")
	git("add", "-A", "-f")
	git("commit", "-q", "-m", "as it is")

	commands := [][]string{{"-exp", "smoke", "-data", "synthetic"}}
	if folder := os.Getenv("CIFAR10_DIR"); folder != "" {
		commands = append(commands, []string{"-exp", "fig1", "-scale", "1/2000", "-data", folder})
	}
	for _, args := range commands {
		if code := run(t.Context(), append(args, "-results", filepath.Join(dir, "results")), io.Discard, io.Discard); code != exitDone {
			t.Errorf("%v: exit code %d", args, code)
		}
		if status := git("status", "--porcelain"); status != "" {
			t.Errorf("after %v:\n%s", args, status)
		}
	}
	for _, name := range []string{"figures/smoke-synthetic.png", "tables/smoke-synthetic-errors.csv", "report-smoke-synthetic.html"} {
		if _, err := os.Stat(filepath.Join(dir, "results", name)); err != nil {
			t.Error(err)
		}
	}
}
