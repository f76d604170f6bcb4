package kernels

import (
	"fmt"
	"slices"
	"strings"
)

// Available returns the names of the sets that this processor and operating
// system can run, the slowest first: portable, then avx2 and avx512, or neon.
func Available() []string {
	var names []string
	for _, s := range available() {
		names = append(names, s.Name)
	}
	return names
}

// Select returns the set of the given name, or for "" the fastest that
// [Available] has.
func Select(name string) (*Set, error) {
	sets := available()
	if name == "" {
		return sets[len(sets)-1], nil
	}
	for _, s := range sets {
		if s.Name == name {
			return s, nil
		}
	}
	what := "are not known"
	if slices.Contains(Names(), name) {
		what = "cannot run on this processor or are not in this build"
	}
	return nil, fmt.Errorf("kernels %q %s: choose from %s", name, what, strings.Join(Available(), ", "))
}

// Names returns the names of all sets, of this processor and others.
func Names() []string { return []string{"portable", "avx2", "avx512", "neon"} }

func available() []*Set { return append([]*Set{Portable()}, assembly()...) }
