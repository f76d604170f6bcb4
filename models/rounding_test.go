package models

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// Sets of kernels give the same bits on processors of which Go's compiler fuses x*y
// + z for one and not for the other. What is computed beside them must too: it
// converts products before it adds to them, which forbids that.
func TestNothingIsFused(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for another processor")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip(err)
	}
	build := exec.Command("go", "build", "-gcflags=-S", "deepresidual/models", "deepresidual/models/ops", "deepresidual/models/kernels", "deepresidual/harness/data")
	build.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	listing, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, listing)
	}
	allowed := regexp.MustCompile(`^(portable.*|memory|scale)\.go:`) // the sets of that name say so; the others estimate
	portable := 0
	for _, found := range regexp.MustCompile(`\(([^()]+:\d+)\)\tFN?M(?:ADD|SUB)[SD]\t`).FindAllSubmatch(listing, -1) {
		line := string(found[1])
		if !allowed.MatchString(filepath.Base(line)) {
			t.Errorf("%s: a multiplication is fused with an addition", line)
		} else {
			portable++
		}
	}
	if portable == 0 {
		t.Error("nothing is fused in the portable kernels either: is the listing another?")
	}
}
