// Command pytorch compares the harness's speed with PyTorch's on this machine:
//
//	go run ./harness/pytorch
//	go run ./harness/pytorch -python python3,other/bin/python3 -kernels avx512,avx2
//
// It runs the harness's -bench and the same network in each PyTorch in turn, so
// that all meet the same moods of the machine, and prints Markdown: a table of
// the median times and of the ratios pair by pair, and the pairs. PyTorch runs in
// its fastest layout, channels_last, is held to AVX2 where the kernels it is
// compared with are of that set (with all others, the portable ones too, it uses
// what the processor has), and keeps freed memory, without which its steps can take
// three times as long where fresh pages are dear. It needs python3 with
// PyTorch, as in Debian's package python3-torch, and is not part of the harness.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"deepresidual/harness/process"
)

//go:embed peer.py
var peer string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pytorch:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var c comparison
	flags := flag.NewFlagSet("pytorch", flag.ContinueOnError)
	nets := flags.String("nets", "resnet-20,plain-20,resnet-56,resnet-110", "networks, separated by commas")
	pythons := flags.String("python", "/usr/bin/python3", "Python interpreters that have torch, separated by commas")
	kernels := flags.String("kernels", "", "the harness's kernels, separated by commas; the default is its best")
	flags.StringVar(&c.harness, "harness", "", "the harness, built; the default is to build it")
	flags.IntVar(&c.threads, "threads", runtime.GOMAXPROCS(0), "threads of both")
	flags.IntVar(&c.batch, "batch", 128, "images per step")
	flags.IntVar(&c.steps, "steps", 10, "timed steps per run")
	flags.IntVar(&c.repeats, "repeats", 5, "runs of each, in turn")
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		return nil
	case err != nil:
		return fmt.Errorf("%w; -h lists the options", err)
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: lists are separated by commas alone, and options begin with -", flags.Arg(0))
	}
	for option, n := range map[string]int{"-threads": c.threads, "-batch": c.batch, "-steps": c.steps, "-repeats": c.repeats} {
		if n < 1 {
			return fmt.Errorf("%s %d: want at least 1", option, n)
		}
	}
	for python := range strings.SplitSeq(*pythons, ",") {
		p, err := findPeer(ctx, python)
		if err != nil {
			return err
		}
		c.peers = append(c.peers, p)
	}
	if c.harness == "" {
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
	}
	fmt.Printf("%d threads, batch %d, %d times %d steps in turn, on %s\n\n", c.threads, c.batch, c.repeats, c.steps, process.CPU())
	fmt.Println(tableHead)
	var pairs []string
	for net := range strings.SplitSeq(*nets, ",") {
		for set := range strings.SplitSeq(*kernels, ",") {
			rows, err := c.compare(ctx, net, set)
			if err != nil {
				return err
			}
			for _, r := range rows {
				fmt.Println(r.markdown(c.batch))
				pairs = append(pairs, r.pairs())
			}
		}
	}
	fmt.Printf("\nPairs, ms of the harness and of PyTorch:\n\n%s\n", strings.Join(pairs, "\n"))
	return nil
}
