package reports

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"deepresidual/reports/table"
	"deepresidual/results/atomicfile"
)

// tableKinds are what follows a drawing's name in the names of its tables.
var tableKinds = []string{"", "-errors", "-responses", "-claims", "-runs"}

// TableKind returns the end of a name that makes it one that a table of another
// drawing may have, such as "-errors"; empty if there is none.
func TableKind(name string) string {
	for _, kind := range tableKinds {
		if kind != "" && strings.HasSuffix(name, kind) {
			return kind
		}
	}
	return ""
}

// Remove removes the files of a drawing from the results folder dir.
func Remove(dir, name string) error { return remove(dir, name, nil) }

// remove removes the files of a drawing, except those in keep.
func remove(dir, name string, keep []string) error {
	var failed []error
	for _, path := range files(dir, name) {
		if slices.Contains(keep, path) {
			continue
		}
		failed = append(failed, atomicfile.Remove(path))
	}
	return errors.Join(failed...)
}

// files lists all files that a drawing can have.
func files(dir, name string) []string {
	var paths []string
	for _, f := range new(Figure).formats() {
		paths = append(paths, filepath.Join(dir, "figures", name+"."+f.extension))
	}
	for _, kind := range tableKinds {
		for _, f := range table.Formats() {
			paths = append(paths, filepath.Join(dir, "tables", name+kind+"."+f.Extension))
		}
	}
	return paths
}
