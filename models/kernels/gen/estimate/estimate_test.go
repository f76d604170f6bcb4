package main

import (
	"debug/elf"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A call of add for 9 values: two rounds of four, and one of a single value.
func TestTrace(t *testing.T) {
	p := &program{
		symbols: map[string]elf.Symbol{"deepresidual/models/kernels.addNEON.abi0": {Value: 0x100}},
		decoded: map[uint64]string{},
	}
	for i, text := range []string{
		"ldr x2, [sp,#16]",
		"subs x2, x2, #0x4",
		"b.lt .+0x10",
		"fmla v0.4s, v1.4s, v2.4s",
		"subs x2, x2, #0x4",
		"b.ge .+0xfffffffffffffff8",
		"adds x2, x2, #0x4",
		"b.eq .+0x10",
		"str s0, [x0]",
		"subs x2, x2, #0x1",
		"b.ne .+0xfffffffffffffff8",
		"ret",
	} {
		p.decoded[0x100+4*uint64(i)] = text
	}
	words, err := parameters([]string{"[]float32", "[]float32"}, []int64{9})
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.run("addNEON", words, 5)
	if err != nil {
		t.Fatal(err)
	}
	if got.instructions != 15 || got.multiplyAdds != 2 || len(got.text) != 5 {
		t.Errorf("%d instructions, %d multiply-adds, %d kept; want 15, 2 and 5", got.instructions, got.multiplyAdds, len(got.text))
	}
	p.decoded[0x104] = "udf #0"
	if _, err := p.run("addNEON", words, 5); err == nil {
		t.Error("an unknown instruction was taken for one without effect on integers")
	}
}

// What a set leaves to the processor takes no time of its own.
func TestReadCalls(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.tsv")
	text := "16-32\tforward\tPrefetch\t0 16\t32\n16-32\tforward\tAdd\t9\t4\n"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	list, err := readCalls(path)
	if err != nil || len(list) != 1 || list[0].kernel != "Add" || list[0].count != 4 || !slices.Equal(list[0].args, []int64{9}) {
		t.Errorf("read %+v, %v", list, err)
	}
}

// The declarations tell how a call's numbers become parameters.
func TestParameters(t *testing.T) {
	signatures, err := readSignatures("../..")
	if err != nil {
		t.Fatal(err)
	}
	words, err := parameters(signatures["directNEON"], []int64{3, 9, 16, 32, 3, 16, 16384})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int64{3, 3, 9, 16, 32, 3, 16, 16384}; !slices.Equal(words[len(words)-len(want):], want) {
		t.Errorf("parameters %v, want the last %v", words, want)
	}
	if _, err := parameters(signatures["directNEON"], make([]int64, 8)); err == nil {
		t.Error("more numbers than parameters were accepted")
	}
}

func TestKnowsProcessors(t *testing.T) {
	for _, c := range []struct {
		version string
		known   bool
	}{
		{"Debian LLVM version 14.0.6\n  Optimized build.", false},
		{"Debian LLVM version 19.1.7", true},
		{"LLVM (http://llvm.org/):\n  LLVM version 17.0.1", true},
		{"llvm-mca", false},
	} {
		if err := knowsProcessors("llvm-mca", c.version); (err == nil) != c.known {
			t.Errorf("%q: %v", c.version, err)
		}
	}
}
