//go:build !purego

package kernels

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The assembly uses no instructions but those that assembly() asks the
// processor for. (AVX, and the system's support for the registers, come with
// AVX2 and AVX512F; SFENCE, here "MMX+", is that of SSE.)
func TestRequires(t *testing.T) {
	allowed := map[string][]string{
		"avx2":   {"MMX+", "AVX", "AVX2", "FMA3"},
		"avx512": {"MMX+", "AVX", "AVX2", "FMA3", "AVX512F", "AVX512DQ"},
	}
	for set, features := range allowed {
		files, err := filepath.Glob("*_" + set + "_amd64.s")
		if err != nil || len(files) == 0 {
			t.Fatalf("no files of %s: %v", set, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				list, found := strings.CutPrefix(strings.TrimSpace(line), "// Requires: ")
				if !found {
					continue
				}
				for _, feature := range strings.Split(list, ", ") {
					if !slices.Contains(features, feature) {
						t.Errorf("%s requires %s, of %s", file, feature, line)
					}
				}
			}
		}
	}
}
