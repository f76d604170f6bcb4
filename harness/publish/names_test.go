package publish

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deepresidual/experiments"
)

// A spec of the program that is named by its path is the one by its name.
func TestKnown(t *testing.T) {
	list, err := experiments.Published()
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs("../../experiments/fig1.toml")
	if err != nil {
		t.Fatal(err)
	}
	e, err := experiments.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if !known(list, e) {
		t.Errorf("%s is not known as fig1", path)
	}
}

// What names the spec of drawings and cannot be read is said to be it.
func TestDrawnFromUnreadable(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(specFile(dir, "mine"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := drawnFrom(dir, "mine"); err == nil || !errors.As(err, new(*fs.PathError)) || !strings.Contains(err.Error(), "which spec figures/mine.* were drawn from") {
		t.Errorf("error %v", err)
	}
}
