package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// comparison is what to compare.
type comparison struct {
	harness                        string // its path
	peers                          []pytorch
	threads, batch, steps, repeats int
}

// pytorch is an installed PyTorch.
type pytorch struct{ python, version string }

// timing is the medians of one run in milliseconds.
type timing struct{ step, evaluation float64 }

// row is the comparison of a network with one PyTorch: the runs of both, pair
// by pair.
type row struct {
	network, kernels, version string
	ours, theirs              []timing
}

const tableHead = `| network | kernels | step, ms | PyTorch | its step, ms | faster | lowest to highest | evaluation, images/s | PyTorch | faster | lowest to highest |
|---|---|---:|---|---:|---:|---|---:|---:|---:|---|`

// findPeer returns the PyTorch of a Python interpreter.
func findPeer(ctx context.Context, python string) (pytorch, error) {
	out, err := output(ctx, nil, python, "-c", "import torch; print(torch.__version__)")
	if ctx.Err() != nil {
		return pytorch{}, context.Cause(ctx)
	}
	if err != nil {
		said := err.Error()
		said = said[strings.LastIndex(said, "\n")+1:] // of a traceback, what went wrong
		return pytorch{}, fmt.Errorf("looking for PyTorch with %s: %s; install it (Debian: apt-get install python3-torch) or name another interpreter with -python", python, said)
	}
	version, _, _ := strings.Cut(strings.TrimSpace(out), "+") // what follows names the packager
	return pytorch{python, version}, nil
}

// compare times a network with one set of kernels ("" for the best) against each
// PyTorch.
func (c *comparison) compare(ctx context.Context, net, set string) ([]row, error) {
	rows := make([]row, len(c.peers))
	for range c.repeats {
		for i, p := range c.peers {
			ours, kernels, err := c.runHarness(ctx, net, set)
			if err != nil {
				return nil, err
			}
			theirs, err := c.runPyTorch(ctx, p, net, kernels)
			if err != nil {
				return nil, err
			}
			r := &rows[i]
			r.network, r.kernels, r.version = net, kernels, p.version
			r.ours, r.theirs = append(r.ours, ours), append(r.theirs, theirs)
		}
	}
	return rows, nil
}

// markdown returns the row of the table, for batches of so many images.
func (r row) markdown(batch int) string {
	step, evaluation := func(t timing) float64 { return t.step }, func(t timing) float64 { return t.evaluation }
	rate := func(runs []timing) float64 { return float64(batch) / median(each(runs, evaluation)) * 1000 }
	return fmt.Sprintf("| %s | %s | %.1f | %s | %.1f | %s | %.0f | %.0f | %s |", r.network, r.kernels,
		median(each(r.ours, step)), r.version, median(each(r.theirs, step)), r.ratios(step),
		rate(r.ours), rate(r.theirs), r.ratios(evaluation))
}

// ratios returns how many times as fast we are: the median over the pairs and
// its range, as two cells.
func (r row) ratios(of func(timing) float64) string {
	var list []float64
	for i := range r.ours {
		list = append(list, of(r.theirs[i])/of(r.ours[i]))
	}
	return fmt.Sprintf("%.2f | %.2f to %.2f", median(list), slices.Min(list), slices.Max(list))
}

// pairs lists the times of every pair of runs.
func (r row) pairs() string {
	var steps, evaluations []string
	for i, o := range r.ours {
		steps = append(steps, fmt.Sprintf("%.1f/%.1f", o.step, r.theirs[i].step))
		evaluations = append(evaluations, fmt.Sprintf("%.1f/%.1f", o.evaluation, r.theirs[i].evaluation))
	}
	return fmt.Sprintf("- %s, %s, PyTorch %s: step %s; evaluation of a batch %s", r.network, r.kernels, r.version,
		strings.Join(steps, " "), strings.Join(evaluations, " "))
}

// benchLine and evalLine are what the harness's -bench prints.
var (
	benchLine = regexp.MustCompile(`kernels (\S+): ([\d.]+) ms/step`)
	evalLine  = regexp.MustCompile(`evaluation: ([\d.]+) ms/batch`)
)

func (c *comparison) runHarness(ctx context.Context, net, set string) (timing, string, error) {
	args := []string{"-bench", net, "-batch", strconv.Itoa(c.batch), "-steps", strconv.Itoa(c.steps), "-threads", strconv.Itoa(c.threads)}
	if set != "" {
		args = append(args, "-kernels", set)
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

// runPyTorch times the network in PyTorch, with no wider instructions than AVX2
// where that is the kernels' set.
func (c *comparison) runPyTorch(ctx context.Context, p pytorch, net, kernels string) (timing, error) {
	environment := keepMemory
	if kernels == "avx2" {
		environment = slices.Concat(keepMemory, []string{"ONEDNN_MAX_CPU_ISA=AVX2", "ATEN_CPU_CAPABILITY=avx2"})
	}
	out, err := output(ctx, environment, p.python, "-c", peer, net, strconv.Itoa(c.threads), strconv.Itoa(c.batch), strconv.Itoa(c.steps))
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
		if said := strings.TrimSpace(stderr.String()); said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return "", fmt.Errorf("running %s: %w", filepath.Base(name), err)
	}
	return string(out), nil
}

func each(runs []timing, of func(timing) float64) []float64 {
	var list []float64
	for _, t := range runs {
		list = append(list, of(t))
	}
	return list
}

func median(list []float64) float64 {
	s := slices.Sorted(slices.Values(list))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
