// Command gen writes the assembly kernels of package kernels: for AVX2 and
// AVX-512 with avo, and for arm64 with package neon. Run it by go generate in
// the folder above.
//
// Every kernel is described once for x86-64, in terms of blocks of 16 channels,
// and emitted for both instruction sets; see [asm]. Of the products AVX-512 has two
// versions, see [source]. The results agree to the bit because all perform the same
// operations on a lane in the same order.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/buildtags"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"

	"deepresidual/models/kernels/gen/neon"
)

// groups are the sets of kernels that share a file, by file name.
var groups = []struct {
	name string
	emit func(*asm)
}{
	{"direct", direct},
	{"elementwise", elementwise},
	{"peak", peak},
	{"winograd", winograd},
}

func main() {
	log.SetFlags(0)
	dir := flag.String("dir", ".", "folder of package kernels")
	flag.Parse()
	if err := generateAll(*dir); err != nil {
		log.Fatalf("gen: %v", err)
	}
}

// generateAll writes the kernels of all processors.
func generateAll(dir string) error {
	for _, g := range groups {
		if err := generate(dir, g.name, g.emit); err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
	}
	for name, text := range neon.Files() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// generate writes one group: NAME_ISA_amd64.s for each instruction set and
// NAME_amd64.go with the declarations of all.
func generate(dir, name string, emit func(*asm)) error {
	cfg := printer.Config{Argv: []string{"go", "generate", "./models/kernels"}, Pkg: "kernels"}
	constraints, err := buildtags.ParseConstraint("amd64,!purego")
	if err != nil {
		return err
	}
	stubs := ir.NewFile()
	stubs.Constraints = buildtags.Constraints{constraints}
	for _, set := range []isa{avx2, avx512} {
		a := newAsm(set)
		emit(a)
		file, err := a.Result()
		if err != nil {
			return err
		}
		file.Constraints = stubs.Constraints
		if err := pass.Compile.Execute(file); err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
		text, err := printer.NewGoAsm(cfg).Print(file)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, fmt.Sprintf("%s_%s_amd64.s", name, set.name))
		if err := os.WriteFile(path, text, 0o666); err != nil {
			return err
		}
		for _, f := range file.Functions() {
			stubs.AddSection(f)
		}
	}
	text, err := printer.NewStubs(cfg).Print(stubs)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+"_amd64.go"), text, 0o666)
}
