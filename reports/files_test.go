package reports

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"deepresidual/experiments"
	"deepresidual/results"
)

// Every file that a drawing of any kind writes is one of those that go with it.
func TestFilesOfDrawings(t *testing.T) {
	dir := t.TempDir()
	list, err := experiments.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, exp := range list {
		e, err := Build(Select(exp, []*results.Record{}, Choice{Scale: experiments.Full()}))
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range e.allTables() {
			if path := filepath.Join(dir, "tables", table.Name+".csv"); !slices.Contains(files(dir, exp.Name), path) {
				t.Errorf("%s has a table %s, of no kind in tableKinds", exp.Name, table.Name)
			}
		}
	}
}

// What a drawing has left behind goes when it is written again, what is of
// another one stays.
func TestOldFilesGo(t *testing.T) {
	dir := t.TempDir()
	exp, err := experiments.Load("fig1")
	if err != nil {
		t.Fatal(err)
	}
	e, err := Build(Select(exp, nil, Choice{Scale: experiments.Full()}))
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	old := put("tables/fig1-responses.md")
	others := []string{put("tables/fig1-scale-1-2-errors.md"), put("tables/fig7-responses.md"), put("figures/fig1.notes"), put("figures/fig10.png")}
	written, err := e.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Errorf("%s is still there", old)
	}
	for _, path := range append(others, written...) {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if err := Remove(dir, "fig1"); err != nil {
		t.Fatal(err)
	}
	for _, path := range written {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	for _, path := range others {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}
