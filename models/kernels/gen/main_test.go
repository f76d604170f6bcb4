package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The committed assembly is what the generator writes, all of it.
func TestCurrent(t *testing.T) {
	fresh, kept := t.TempDir(), ".."
	if err := generateAll(fresh); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(fresh, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing generated: %v", err)
	}
	generated := map[string]bool{}
	for _, file := range files {
		name := filepath.Base(file)
		generated[name] = true
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(kept, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not current (%v): run go generate ./models/kernels", name, err)
		}
	}
	assembly, err := filepath.Glob(filepath.Join(kept, "*.s"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range assembly {
		if !generated[filepath.Base(file)] {
			t.Errorf("%s is not written by the generator any more: remove it", filepath.Base(file))
		}
	}
}
