// Command estimate says how long a training step of resnet-20 (batch 128) takes
// on arm64 processors that are not at hand, from the instructions of the
// kernels: it follows each kernel's loops for each of the step's calls, lets
// llvm-mca simulate the stream on a model of the processor, and adds up the
// cycles, part by part.
//
//	KERNEL_CALLS=/tmp/calls.tsv go test -run TestKernelCalls ./models/ops
//	go -C models/kernels/gen run ./estimate -calls /tmp/calls.tsv
//
// It is an estimate, of the kernels alone: the models know no cache misses, no
// mispredicted branches, and nothing of what threads do to one another. With
// LLVM 19, in milliseconds (the share of the peak is that of the products):
//
//	                   M1, 4 cores of 3.2 GHz      Graviton 2, 8 cores of 2.5 GHz
//	                   forward  backward  peak     forward  backward  peak
//	stem                   0.4       0.4   94 %        0.4       0.4   94 %
//	block 16 x3            5.7      11.5   89 %        5.8      11.8   87 %
//	downsample 16-32       1.8       3.6   95 %        1.8       3.6   95 %
//	block 32 x2            2.9       6.0   92 %        2.9       6.0   90 %
//	downsample 32-64       1.6       3.4   97 %        1.6       3.3   97 %
//	block 64 x2            2.4       5.2   97 %        2.4       5.1   96 %
//	weights                0.1                         0.1
//	all                   15.0      30.1   93 %       14.9      30.3   92 %
//	images/s                    2839                        2829
//
// Of the time, 72 % is in products (Multiply 37, MultiplyGrad 20, Direct 10,
// DirectGrad 5), 23 % in the transforms of tiles, the rest moves memory. The
// peak is the model's: for the M1, llvm-mca takes a processor of three vector
// units, where it has four.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// processor is one that the time is estimated for.
type processor struct {
	name  string
	model string  // of llvm-mca
	fma   float64 // vector multiply-adds a cycle of the model
	cores int
	ghz   float64
}

// The model of Apple's processors is that of an older one of three vector
// units, where the M1 has four.
var processors = []processor{
	{"Apple M1", "apple-m1", 3, 4, 3.2},
	{"Graviton 2", "neoverse-n1", 2, 8, 2.5},
}

// call is a line of the file of calls.
type call struct {
	part, pass, kernel string
	args               []int64
	count              int
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("estimate: ")
	calls := flag.String("calls", "", "file of calls that TestKernelCalls wrote")
	mca := flag.String("mca", "llvm-mca", fmt.Sprintf("llvm-mca, of version %d or later", oldestLLVM))
	sample := flag.Int("sample", 20_000, "instructions of a call that are simulated, at most")
	flag.Parse()
	if err := run(*calls, *mca, *sample); err != nil {
		log.Fatal(err)
	}
}

func run(path, mca string, sample int) error {
	if err := checkVersion(mca); err != nil {
		return err
	}
	list, err := readCalls(path)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "estimate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	linked := filepath.Join(dir, "kernels.test")
	build := exec.Command("go", "test", "-c", "-o", linked, ".")
	build.Dir, build.Env = "..", append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go test -c: %w\n%s", err, text)
	}
	p, err := openProgram(linked)
	if err != nil {
		return err
	}
	signatures, err := readSignatures("..")
	if err != nil {
		return err
	}
	kernels := map[string]*estimated{} // by kernel and arguments
	for _, c := range list {
		if kernels[c.key()] != nil {
			continue
		}
		e := &estimated{cycles: make([]float64, len(processors))}
		kernels[c.key()] = e
		name := strings.ToLower(c.kernel[:1]) + c.kernel[1:] + "NEON"
		words, err := parameters(signatures[name], c.args)
		if err != nil {
			return fmt.Errorf("%s: %w", c.kernel, err)
		}
		if e.trace, err = p.run(name, words, sample); err != nil {
			return err
		}
	}
	if err := simulate(mca, kernels); err != nil {
		return err
	}
	for i, cpu := range processors {
		print(cpu, i, list, kernels)
	}
	return nil
}

func (c *call) key() string { return fmt.Sprint(c.kernel, c.args) }

func readCalls(path string) ([]call, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []call
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		f := strings.Split(line, "\t")
		if len(f) != 5 {
			return nil, fmt.Errorf("%s:%d: %d fields, want 5", path, i+1, len(f))
		}
		c := call{part: f[0], pass: f[1], kernel: f[2]}
		if c.kernel == "Prefetch" { // left to the processor on arm64
			continue
		}
		for _, a := range strings.Fields(f[3]) {
			n, err := strconv.ParseInt(a, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
			}
			c.args = append(c.args, n)
		}
		if c.count, err = strconv.Atoi(f[4]); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
		list = append(list, c)
	}
	return list, nil
}

// readSignatures reads the types of the kernels' parameters from their
// declarations.
func readSignatures(dir string) (map[string][]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_arm64.go"))
	if err != nil {
		return nil, err
	}
	signatures := map[string][]string{}
	declaration := regexp.MustCompile(`(?m)^func (\w+NEON)\((.*)\)$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, m := range declaration.FindAllStringSubmatch(string(text), -1) {
			types, unnamed := []string{}, 0
			for _, field := range strings.Split(m[2], ",") {
				unnamed++
				if f := strings.Fields(field); len(f) == 2 {
					types = append(types, slices.Repeat([]string{f[1]}, unnamed)...)
					unnamed = 0
				}
			}
			signatures[m[1]] = types
		}
	}
	return signatures, nil
}

// parameters are a call's words: slices of made-up addresses, and the numbers
// where the calls have them.
func parameters(types []string, args []int64) ([]int64, error) {
	var words []int64
	onlySlices := !slices.Contains(types, "int")
	next := func() int64 {
		if len(args) == 0 {
			return 0
		}
		n := args[0]
		args = args[1:]
		return n
	}
	for i, t := range types {
		length := int64(0)
		switch t {
		case "int":
			words = append(words, next())
			continue
		case "float32": // two to a word, at the end
			continue
		case "[]int":
			length = next()
		case "[]float32":
			if onlySlices && i == 0 {
				length = next()
			}
		}
		words = append(words, int64(i+1)<<32, length, length)
	}
	if types == nil || len(args) > 0 {
		return nil, fmt.Errorf("parameters of types %v, %v are left", types, args)
	}
	return words, nil
}

// estimated is a call's trace and its cycles by processor.
type estimated struct {
	*trace
	cycles []float64
}

// simulate fills in the cycles.
func simulate(mca string, kernels map[string]*estimated) error {
	type job struct {
		e   *estimated
		cpu int
	}
	var jobs []job
	for _, e := range kernels {
		for i := range processors {
			jobs = append(jobs, job{e, i})
		}
	}
	var wait sync.WaitGroup
	errs, turn := make([]error, len(jobs)), make(chan bool, runtime.NumCPU())
	for i, j := range jobs {
		wait.Add(1)
		turn <- true
		go func() {
			defer wait.Done()
			cycles, err := cyclesOf(mca, processors[j.cpu].model, j.e.text)
			j.e.cycles[j.cpu], errs[i] = cycles*float64(j.e.instructions)/float64(len(j.e.text)), err
			<-turn
		}()
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// oldestLLVM is the first version with a model of neoverse-n1. Older ones take that of
// a processor that does half of its multiply-adds in a cycle, and do not say so.
const oldestLLVM = 17

// checkVersion refuses versions of llvm-mca that lack a processor's model.
func checkVersion(mca string) error {
	out, err := exec.Command(mca, "--version").Output()
	if err != nil {
		return fmt.Errorf("%s --version: %w", mca, err)
	}
	return knowsProcessors(mca, string(out))
}

func knowsProcessors(mca, version string) error {
	m := regexp.MustCompile(`LLVM version (\d+)`).FindStringSubmatch(version)
	if m == nil {
		return fmt.Errorf("%s: no version of LLVM in %q", mca, version)
	}
	if n, err := strconv.Atoi(m[1]); err != nil || n < oldestLLVM {
		return fmt.Errorf("%s is of LLVM %s, which has no model of neoverse-n1: name one of version %d or later with -mca", mca, m[1], oldestLLVM)
	}
	return nil
}

// cyclesOf runs llvm-mca.
func cyclesOf(mca, model string, stream []string) (float64, error) {
	var text bytes.Buffer
	for _, line := range stream {
		op, rest, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(op, "b"), op == "cbz": // to nowhere
			line = op + " " + rest[:strings.LastIndex(rest, ".")] + "."
		case op == "adrp":
			line = "adrp x0, ."
		}
		fmt.Fprintln(&text, line)
	}
	command := exec.Command(mca, "-mtriple=aarch64", "-mcpu="+model, "-iterations=1", "-instruction-info=false", "-resource-pressure=false")
	command.Stdin = &text
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		return 0, fmt.Errorf("%s -mcpu=%s: %w: %s", mca, model, err, strings.TrimSpace(problems.String()))
	}
	m := regexp.MustCompile(`Total Cycles: +(\d+)`).FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("%s -mcpu=%s: no total of cycles in %q", mca, model, out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// print writes the tables of a processor: the parts of the network, as the
// benchmark of layers has them, then the kernels.
func print(cpu processor, index int, list []call, kernels map[string]*estimated) {
	type row struct{ forward, backward, products, multiplyAdds float64 }
	rows, total := map[string]*row{}, &row{}
	var order []string
	byKernel := map[string]*row{}
	for _, c := range list {
		e := kernels[c.key()]
		cycles := e.cycles[index] * float64(c.count)
		if rows[c.part] == nil {
			rows[c.part] = &row{}
			order = append(order, c.part)
		}
		if byKernel[c.kernel] == nil {
			byKernel[c.kernel] = &row{}
		}
		byKernel[c.kernel].forward += cycles
		byKernel[c.kernel].multiplyAdds += float64(e.multiplyAdds * c.count)
		for _, r := range []*row{rows[c.part], total} {
			if c.pass == "forward" {
				r.forward += cycles
			} else {
				r.backward += cycles
			}
			if slices.Contains([]string{"Multiply", "MultiplyGrad", "Direct", "DirectGrad"}, c.kernel) {
				r.products += cycles
				r.multiplyAdds += float64(e.multiplyAdds * c.count)
			}
		}
	}
	fmt.Printf("%s, %d cores of %.1f GHz (llvm-mca -mcpu=%s)\n", cpu.name, cpu.cores, cpu.ghz, cpu.model)
	ms := func(cycles float64) float64 { return cycles / cpu.ghz / 1e6 / float64(cpu.cores) }
	line := func(name string, r *row) {
		fmt.Printf("  %-18s %6.1f ms forward %6.1f ms backward", name, ms(r.forward), ms(r.backward))
		if r.products > 0 {
			fmt.Printf("  %3.0f %% in products, at %3.0f %% of the peak",
				100*r.products/(r.forward+r.backward), 100*r.multiplyAdds/r.products/cpu.fma)
		}
		fmt.Println()
	}
	for _, name := range order {
		line(name, rows[name])
	}
	line("all", total)
	step := ms(total.forward + total.backward)
	fmt.Printf("  %.0f images/s\n", 128/step*1e3)
	names := make([]string, 0, len(byKernel))
	for name := range byKernel {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return int(byKernel[b].forward - byKernel[a].forward) })
	for _, name := range names {
		r := byKernel[name]
		fmt.Printf("    %-23s %5.1f ms %5.1f %%, multiply-adds at %3.0f %% of the peak\n", name, ms(r.forward),
			100*r.forward/(total.forward+total.backward), 100*r.multiplyAdds/r.forward/cpu.fma)
	}
}
