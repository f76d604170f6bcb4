package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"deepresidual/experiments"
	"deepresidual/models"
	"deepresidual/models/kernels"
)

const usage = `Reproduces the CIFAR-10 experiments of "Deep Residual Learning for Image Recognition".

  harness -exp fig1                 train what is not recorded, then draw Figure 1
  harness -exp all -scale 1/16      everything, on a sixteenth of the schedule
  harness -exp all -report          draw what is recorded; train nothing

What to do, with the experiments of -exp:
  -exp NAMES       experiments, separated by commas: names of -list or .toml files; all
  -list            list the experiments
  -dry-run         say what would be trained and why, its cost, and how long it would take
  -report          draw from what is recorded, finished or not; train nothing
  -status          list every run: recorded, running, queued, interrupted, diverged, missing
  -format F        of -status: table (default), csv, json
  -serve ADDR      serve the report at ADDR (a port or host:port; this machine only, unless
                   a host is named) and renew it as rows arrive; train nothing
  -check           exit with 3 if a claim of the paper was not reproduced
  -retrain         train again what is recorded
  -submit slurm    hand what is missing or unfinished to Slurm, a task for each run, and draw
                   the exhibits after; with -dry-run, print the scripts and submit nothing
  -sbatch X        of -submit: a TOML file with a [slurm] table (partition, account, time, cpus,
                   memory, options), or an option of sbatch; may be repeated

How:
  -scale S         train S of the schedule, such as 1/16 (default 1)
  -seeds N,N       these seeds instead of the experiment's
  -data PATH       folder with CIFAR-10's six .bin files, cifar-10-binary.tar.gz, or synthetic
                   (default: $CIFAR10_DIR, the user's cache, or a download)
  -results DIR     folder of the records and exhibits (default results)
  -threads N       (default: all the processor's)
  -kernels K       portable, avx2, avx512 (default: the best this processor has)
  -checkpoint D    time between checkpoints (default 1m; below 0, one after every iteration)
  -run ID,ID       of the experiments' runs, train only these, as -status names them; draw nothing
  -requeue         as a job of Slurm's: requeue the job when a signal stops the training
  -tensorboard DIR write the curves as TensorBoard event files, too

Other things:
  -eval FILE -net NAME   test error of weights: .th, .pt or .safetensors
  -norm N          of -eval: pixel-mean (default), imagenet
  -bench NET       time training steps of a network
  -batch N         of -bench: images in a minibatch (default 128)
  -steps N         of -bench: steps to time (default 20)

Exit codes: 0 done, 1 a run failed or diverged, 2 wrong options or spec, 3 a claim failed (-check),
75 stopped with a checkpoint (the same command goes on), 130 interrupted.
`

// options is the command line.
type options struct {
	exp         []string // names or files; "all" is expanded by load
	list        bool
	dryRun      bool
	report      bool
	status      bool
	format      string
	serve       string
	check       bool
	retrain     bool
	submit      string   // to "slurm"; empty: train here
	sbatch      []string // files with a [slurm] table and options of sbatch
	run         []string // identities; nil: every run
	requeue     bool
	scale       experiments.Scale
	scaleGiven  bool // -scale was on the command line
	seeds       []int64
	data        string
	results     string
	threads     int
	kernels     string
	checkpoint  time.Duration
	tensorboard string
	eval        string
	net         string
	norm        string
	bench       string
	batch       int
	steps       int
}

// The values of options that are names.
const (
	formatTable, formatCSV, formatJSON = "table", "csv", "json"
	normPixelMean, normImageNet        = "pixel-mean", "imagenet"
	dataSynthetic                      = "synthetic"
	expAll                             = "all"
)

// usageError is a command line that cannot be followed.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// parseOptions reads the command line. Its error is flag.ErrHelp or a
// usageError.
func parseOptions(args []string) (options, error) {
	o := options{scale: experiments.Scale{Num: 1, Den: 1}}
	f := flag.NewFlagSet("harness", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.Func("exp", "", func(s string) error { return splitNames(s, &o.exp) })
	f.BoolVar(&o.list, "list", false, "")
	f.BoolVar(&o.dryRun, "dry-run", false, "")
	f.BoolVar(&o.report, "report", false, "")
	f.BoolVar(&o.status, "status", false, "")
	f.StringVar(&o.format, "format", formatTable, "")
	f.StringVar(&o.serve, "serve", "", "")
	f.BoolVar(&o.check, "check", false, "")
	f.BoolVar(&o.retrain, "retrain", false, "")
	f.StringVar(&o.submit, "submit", "", "")
	f.Func("sbatch", "", func(s string) error { o.sbatch = append(o.sbatch, s); return nil })
	f.Func("run", "", func(s string) error { return splitNames(s, &o.run) })
	f.BoolVar(&o.requeue, "requeue", false, "")
	f.Func("scale", "", func(s string) error { o.scaleGiven = true; return o.scale.UnmarshalText([]byte(s)) })
	f.Func("seeds", "", func(s string) error { return parseSeeds(s, &o.seeds) })
	f.StringVar(&o.data, "data", "", "")
	f.StringVar(&o.results, "results", "results", "")
	f.IntVar(&o.threads, "threads", runtime.GOMAXPROCS(0), "")
	f.StringVar(&o.kernels, "kernels", "", "")
	f.DurationVar(&o.checkpoint, "checkpoint", time.Minute, "")
	f.StringVar(&o.tensorboard, "tensorboard", "", "")
	f.StringVar(&o.eval, "eval", "", "")
	f.StringVar(&o.net, "net", "", "")
	f.StringVar(&o.norm, "norm", normPixelMean, "")
	f.StringVar(&o.bench, "bench", "", "")
	f.IntVar(&o.batch, "batch", 128, "")
	f.IntVar(&o.steps, "steps", 20, "")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, usagef("%v; -help lists the options", err)
	}
	if f.NArg() > 0 {
		return o, usagef("unexpected argument %q: options begin with -", f.Arg(0))
	}
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	return o, o.validate(given)
}

// validate checks the options against each other; given holds the names of
// those on the command line.
func (o *options) validate(given map[string]bool) error {
	var modes []string
	for _, name := range []string{"list", "eval", "bench", "status", "serve", "submit", "dry-run", "report"} {
		if given[name] && !(name == "dry-run" && given["submit"]) {
			modes = append(modes, "-"+name)
		}
	}
	switch {
	case len(modes) > 1:
		return usagef("%s: one at a time", strings.Join(modes, " and "))
	case len(modes) == 0 && len(o.exp) == 0:
		return usagef("nothing to do: name an experiment, such as -exp fig1; -help lists the options")
	case len(modes) == 1 && (modes[0] == "-dry-run" || modes[0] == "-submit") && len(o.exp) == 0:
		return usagef("%s needs -exp", modes[0])
	}
	if len(o.exp) == 0 {
		o.exp = []string{expAll}
	}
	for name, mode := range map[string]string{"net": "eval", "norm": "eval", "batch": "bench", "steps": "bench", "format": "status", "sbatch": "submit"} {
		if given[name] && !given[mode] {
			return usagef("-%s belongs to -%s", name, mode)
		}
	}
	if given["eval"] && o.net == "" {
		return usagef("-eval needs -net, such as -net resnet-20")
	}
	for _, name := range []string{"run", "requeue"} {
		if given[name] && len(modes) == 1 {
			return usagef("-%s does not go with %s", name, modes[0])
		}
	}
	if given["submit"] && o.submit != submitSlurm {
		return usagef("-submit %q: choose %s", o.submit, submitSlurm)
	}
	if o.retrain && len(modes) == 1 && (!o.dryRun || o.submit != "") {
		return usagef("-retrain does not go with %s", modes[0])
	}
	for _, c := range []struct {
		name, value string
		allowed     []string
	}{
		{"format", o.format, []string{formatTable, formatCSV, formatJSON}},
		{"norm", o.norm, []string{normPixelMean, normImageNet}},
	} {
		if !slices.Contains(c.allowed, c.value) {
			return usagef("-%s %q: choose %s", c.name, c.value, strings.Join(c.allowed, " or "))
		}
	}
	if _, err := kernels.Select(o.kernels); err != nil {
		return usagef("-kernels: %v", err)
	}
	for _, c := range []struct {
		name  string
		value int
	}{{"threads", o.threads}, {"batch", o.batch}, {"steps", o.steps}} {
		if c.value < 1 {
			return usagef("-%s %d: at least 1", c.name, c.value)
		}
	}
	return nil
}

// splitNames appends the names in a list separated by commas.
func splitNames(list string, to *[]string) error {
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			return errors.New("an empty name in the list")
		}
		if !slices.Contains(*to, name) {
			*to = append(*to, name)
		}
	}
	return nil
}

// parseSeeds appends the seeds in a list separated by commas.
func parseSeeds(list string, to *[]int64) error {
	for s := range strings.SplitSeq(list, ",") {
		seed, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", s)
		}
		if !slices.Contains(*to, seed) {
			*to = append(*to, seed)
		}
	}
	return nil
}

// parseNetwork reads the network an option names, and describes it.
func parseNetwork(option, name string) (*models.Network, error) {
	n, err := experiments.ParseNetwork(name)
	if err != nil {
		return nil, usagef("%s: %v", option, err)
	}
	net, err := describe(n)
	if err != nil {
		return nil, usagef("%s: %v", option, err)
	}
	return net, nil
}

// describe returns the network a spec names.
func describe(n experiments.Network) (*models.Network, error) {
	return models.Describe(n.Kind == experiments.Residual, n.Depth)
}
