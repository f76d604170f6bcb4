package publish

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"deepresidual/experiments"
	"deepresidual/reports"
	"deepresidual/results/atomicfile"
)

// setAside matches names that are given to drawings that are set aside.
var setAside = regexp.MustCompile(`(^|-)(synthetic|scale-[0-9]+(-[0-9]+)?|seeds(-[0-9]+(-to-[0-9]+)?)+|seeds-[0-9a-f]{16})$`)

// CheckNames refuses experiments whose drawings in the results folder dir would
// replace those of others: of each other, of one that comes with the program,
// or of a spec in another file that was drawn there before.
func CheckNames(dir string, list []*experiments.Experiment) error {
	for i, e := range list {
		for _, other := range list[:i] {
			if strings.EqualFold(e.Name, other.Name) && path.Clean(e.File) != path.Clean(other.File) {
				return fmt.Errorf("%s and %s are both called %s, and their figures and tables would replace each other: rename one of the files", other.File, e.File, e.Name)
			}
		}
		if e.Embedded {
			continue
		}
		if slices.ContainsFunc(experiments.Names(), func(name string) bool { return strings.EqualFold(name, e.Name) }) {
			return fmt.Errorf("%s: an experiment that comes with the program is called %s, too, and its figures and tables would be replaced: rename the file", e.File, e.Name)
		}
		if end := setAside.FindString(e.Name); end != "" {
			return fmt.Errorf("%s: names that end in %s are for other figures: rename the file", e.File, end)
		}
		if kind := reports.TableKind(e.Name); kind != "" {
			return fmt.Errorf("%s: names that end in %s are for tables of other experiments: rename the file", e.File, kind)
		}
		other, err := drawnFrom(dir, e.Name)
		if err != nil {
			return err
		}
		if other != "" && !sameFile(other, e.File) {
			return fmt.Errorf("%s: the figures called %s in %s are of %s: rename the file, or name another folder with -results", e.File, e.Name, dir, other)
		}
	}
	return nil
}

// specFile returns the path of the file that remembers which spec of one's own
// the drawings of a name were drawn from.
func specFile(dir, name string) string { return filepath.Join(dir, "figures", name+".spec") }

// drawnFrom returns the spec that drawings of a name were drawn from; empty if
// there are none, or the spec is not there any more.
func drawnFrom(dir, name string) (string, error) {
	text, err := atomicfile.ReadFile(specFile(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("finding out which spec figures/%s.* were drawn from: %w", name, err)
	}
	spec := strings.TrimSpace(string(text))
	if !filepath.IsAbs(spec) {
		spec = filepath.Join(dir, filepath.FromSlash(spec))
	}
	if _, err := os.Stat(spec); err != nil {
		return "", nil
	}
	return spec, nil
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	second, errSecond := os.Stat(b)
	return err == nil && errSecond == nil && os.SameFile(first, second)
}

// remember writes down which spec of one's own a drawing was drawn from,
// relative to the results folder where that can be.
func remember(dir string, e *experiments.Experiment) error {
	if e.Embedded {
		return nil
	}
	spec, err := filepath.Abs(e.File)
	if err != nil {
		return err
	}
	if folder, err := filepath.Abs(dir); err == nil {
		if relative, err := filepath.Rel(folder, spec); err == nil {
			spec = relative
		}
	}
	return atomicfile.WriteChanged(specFile(dir, e.Name), []byte(filepath.ToSlash(spec)+"\n"))
}
