// Command pytorch compares the harness's speed with PyTorch's on this machine:
//
//	go run ./harness/pytorch
//
// It runs the harness's -bench and the same network in PyTorch in turn, so that
// both meet the same moods of the machine, and prints a Markdown table of the
// median times and of the ratios pair by pair. PyTorch runs in its fastest
// layout, channels_last, and keeps freed memory, without which its steps can
// take three times as long where fresh pages are dear. It needs python3 with PyTorch, as in Debian's package
// python3-torch, and is not part of the harness.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"deepresidual/harness/process"
)

//go:embed peer.py
var peer string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pytorch:", err)
		os.Exit(1)
	}
}

// comparison is what to compare.
type comparison struct {
	python, harness, kernels       string
	threads, batch, steps, repeats int
}

// timing is the medians of one run in milliseconds.
type timing struct{ step, evaluation float64 }

func run(ctx context.Context, args []string) error {
	var c comparison
	flags := flag.NewFlagSet("pytorch", flag.ContinueOnError)
	nets := flags.String("nets", "resnet-20,plain-20,resnet-56,resnet-110", "networks, separated by commas")
	flags.StringVar(&c.python, "python", "/usr/bin/python3", "the Python interpreter that has torch")
	flags.StringVar(&c.kernels, "kernels", "", "the harness's kernels; the default is its best")
	flags.IntVar(&c.threads, "threads", runtime.NumCPU(), "threads of both")
	flags.IntVar(&c.batch, "batch", 128, "images per step")
	flags.IntVar(&c.steps, "steps", 10, "timed steps per run")
	flags.IntVar(&c.repeats, "repeats", 5, "runs of each, in turn")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, c.python, "-c", "import torch; print(torch.__version__)").Output(); err != nil {
		return fmt.Errorf("%s cannot import torch: install it (Debian: apt-get install python3-torch) or name another interpreter with -python", c.python)
	} else {
		fmt.Printf("PyTorch %s, %d threads, batch %d, %d times %d steps in turn, on %s\n\n", strings.TrimSpace(string(out)), c.threads, c.batch, c.repeats, c.steps, process.CPU())
	}
	dir, err := os.MkdirTemp("", "pytorch")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c.harness = filepath.Join(dir, "harness")
	build := exec.CommandContext(ctx, "go", "build", "-o", c.harness, "deepresidual/harness")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the harness: %w: %s", err, out)
	}
	fmt.Println("| network | kernels | step, ms | PyTorch, ms | faster | lowest to highest | evaluation, images/s | PyTorch | faster |")
	fmt.Println("|---|---|---:|---:|---:|---|---:|---:|---:|")
	for net := range strings.SplitSeq(*nets, ",") {
		if err := c.compare(ctx, net); err != nil {
			return err
		}
	}
	return nil
}

// compare prints the row of one network.
func (c *comparison) compare(ctx context.Context, net string) error {
	var ours, theirs timing
	var all [4][]float64
	var ratios, evalRatios []float64
	kernels := ""
	for range c.repeats {
		var err error
		if ours, kernels, err = c.runHarness(ctx, net); err != nil {
			return err
		}
		if theirs, err = c.runPyTorch(ctx, net); err != nil {
			return err
		}
		for i, x := range []float64{ours.step, theirs.step, ours.evaluation, theirs.evaluation} {
			all[i] = append(all[i], x)
		}
		ratios = append(ratios, theirs.step/ours.step)
		evalRatios = append(evalRatios, theirs.evaluation/ours.evaluation)
	}
	rate := func(ms float64) float64 { return float64(c.batch) / ms * 1000 }
	fmt.Printf("| %s | %s | %.1f | %.1f | %.2f | %.2f to %.2f | %.0f | %.0f | %.2f |\n", net, kernels,
		median(all[0]), median(all[1]), median(ratios), slices.Min(ratios), slices.Max(ratios),
		rate(median(all[2])), rate(median(all[3])), median(evalRatios))
	return nil
}

// benchLine and evalLine are what the harness's -bench prints.
var (
	benchLine = regexp.MustCompile(`kernels (\S+): ([\d.]+) ms/step`)
	evalLine  = regexp.MustCompile(`evaluation: ([\d.]+) ms/batch`)
)

func (c *comparison) runHarness(ctx context.Context, net string) (timing, string, error) {
	args := []string{"-bench", net, "-batch", strconv.Itoa(c.batch), "-steps", strconv.Itoa(c.steps), "-threads", strconv.Itoa(c.threads)}
	if c.kernels != "" {
		args = append(args, "-kernels", c.kernels)
	}
	out, err := output(ctx, nil, c.harness, args...)
	if err != nil {
		return timing{}, "", err
	}
	step, eval := benchLine.FindStringSubmatch(out), evalLine.FindStringSubmatch(out)
	if step == nil || eval == nil {
		return timing{}, "", fmt.Errorf("reading the harness's -bench %s: no times in %q", net, out)
	}
	var t timing
	if t.step, err = strconv.ParseFloat(step[2], 64); err != nil {
		return timing{}, "", err
	}
	t.evaluation, err = strconv.ParseFloat(eval[1], 64)
	return t, step[1], err
}

func (c *comparison) runPyTorch(ctx context.Context, net string) (timing, error) {
	out, err := output(ctx, keepMemory, c.python, "-c", peer, net, strconv.Itoa(c.threads), strconv.Itoa(c.batch), strconv.Itoa(c.steps))
	if err != nil {
		return timing{}, err
	}
	var t timing
	if _, err := fmt.Sscan(out, &t.step, &t.evaluation); err != nil {
		return timing{}, fmt.Errorf("reading PyTorch's times of %s: %w in %q", net, err, out)
	}
	return t, nil
}

// keepMemory tells glibc's malloc not to give memory back between steps.
var keepMemory = []string{"MALLOC_MMAP_MAX_=0", "MALLOC_TRIM_THRESHOLD_=100000000000", "MALLOC_TOP_PAD_=500000000"}

func output(ctx context.Context, environment []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), environment...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running %s: %w: %s", filepath.Base(name), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

func median(list []float64) float64 {
	s := slices.Sorted(slices.Values(list))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
