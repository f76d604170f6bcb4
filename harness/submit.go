package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/process"
	"deepresidual/harness/slurm"
	"deepresidual/harness/submit"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/harness/work"
	"deepresidual/models/kernels"
	"deepresidual/results"
)

// submitMode hands the runs that are missing or unfinished to a scheduler, or
// prints what it would hand over.
type submitMode struct {
	records     records
	kernels     string // empty for the best that the nodes' processors have
	check       bool
	checkpoint  time.Duration
	tensorBoard string
	dryRun      bool
	sbatch      []string // files with a [slurm] table and options of sbatch
}

// schedulerSlurm is the only value of -submit.
const schedulerSlurm = "slurm"

// sbatchOption is the option whose values are options themselves, another program's.
const sbatchOption = "sbatch"

func (m *submitMode) declare(o *options) {
	var scheduler string
	o.choice(&scheduler, "submit", schedulerSlurm, "hand what is missing or unfinished to Slurm, a task for each run, and draw figures and tables after; with -dry-run, print the scripts and submit nothing", schedulerSlurm)
	m.records.declare(o, true)
	o.choice(&m.kernels, "kernels", "K", "which kernels the nodes use: portable, avx2, avx512, neon (default: the best that each has)", kernels.Names()...)
	m.kernels = ""
	declareCheckpoint(o, &m.checkpoint)
	declareCheck(o, &m.check)
	declareTensorBoard(o, &m.tensorBoard)
	o.on(&m.dryRun, "dry-run", "print the scripts and submit nothing")
	o.add(sbatchOption, "X", "a TOML file with a [slurm] table (partition, account, time, cpus, memory, at_once, options), or an option of sbatch; may be repeated", func(s string) error {
		m.sbatch = append(m.sbatch, s)
		return nil
	})
}

func (m *submitMode) do(ctx context.Context, env *environment) error {
	site, err := submit.Site(m.sbatch)
	var wrong submit.OptionError
	if errors.As(err, &wrong) {
		return usagef("-sbatch: %v", wrong)
	}
	if err != nil {
		for _, file := range m.sbatch { // the one that is no option
			if !strings.HasPrefix(file, "-") {
				err = wrongPath(err, file, fs.FileMode.IsRegular)
			}
		}
		return err
	}
	list, store, err := m.records.open(env)
	if err != nil {
		return err
	}
	if !m.dryRun {
		if err := slurm.Settle(ctx, store.Dir()); err != nil {
			return err
		}
	}
	plan, recorded, err := m.records.plan(ctx, env, list, store)
	if err != nil {
		return err
	}
	queued, err := slurm.Queued(store.Dir())
	if err != nil {
		return err
	}
	missing := submit.Missing(plan, queued, env.stderr)
	if len(missing) == 0 {
		fmt.Fprintln(env.stdout, "nothing to submit")
		return plan.Failures()
	}
	perThread, err := m.perThread(ctx, recorded)
	if err != nil {
		return err
	}
	s := &slurm.Submission{
		Site: site, Note: process.ThisProgram(ctx).Note(),
		Tasks: submit.Tasks(missing, recorded, site.CPUs, perThread),
	}
	if n := submit.TooMany(missing, site.CPUs); n > 0 {
		env.say("a task trains one run and finds work for %d processors: of %d the others stay idle (-sbatch, cpus)", n, site.CPUs)
	}
	place, err := m.place(ctx, env)
	if err != nil {
		return err
	}
	if s.Train, s.Report, err = m.arguments(place); err != nil {
		return err
	}
	if m.dryRun {
		return s.Print(env.stdout)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the program to submit: %w", err)
	}
	dir, jobs, err := s.Submit(ctx, store.Dir(), program)
	if err != nil {
		return err
	}
	last := len(jobs) - 1
	fmt.Fprintf(env.stdout, "runs submitted: %d, as %s; the report: job %s\n", len(missing), jobNames(jobs[:last]), jobs[last])
	fmt.Fprintf(env.stdout, "scripts and logs: %s\n", text.Name(dir))
	return nil
}

// perThread returns the multiply-adds a second of one thread by the kernels that the
// nodes are to use: of this machine where nothing is recorded, by the best kernels
// that it has if not those.
func (m *submitMode) perThread(ctx context.Context, recorded []*results.Record) (float64, error) {
	if slowest, ok := work.SlowestThread(recorded, m.kernels); ok {
		return slowest, nil
	}
	measured := ""
	if slices.Contains(kernels.Available(), m.kernels) {
		measured = m.kernels
	}
	return work.MeasuredThread(ctx, runtime.GOMAXPROCS(0), measured)
}

// jobNames lists numbers of jobs: "job 4", "jobs 4 5".
func jobNames(jobs []string) string {
	if len(jobs) == 1 {
		return "job " + jobs[0]
	}
	return "jobs " + strings.Join(jobs, " ")
}

// place returns where the tasks find the data set; empty if they are to look
// for it themselves. It is looked for, or downloaded, here: nodes often have no
// network.
func (m *submitMode) place(ctx context.Context, env *environment) (string, error) {
	named := cmp.Or(m.records.data.path, os.Getenv(data.EnvironmentVariable))
	switch {
	case m.records.data.synthetic():
		return data.SyntheticPath, nil
	case m.dryRun && (named == "" || data.IsAddress(named)):
		return text.Public(named), nil
	case m.dryRun:
		return filepath.Abs(named)
	}
	set, err := m.records.data.load(ctx, env)
	if err != nil {
		return "", err
	}
	return set.Place, nil
}

// arguments returns the arguments of the program in a task and in the last job:
// those of this command, with paths that hold in any folder. The data set is at
// the given place, unless that is empty.
func (m *submitMode) arguments(place string) (task, report []string, err error) {
	absolute := func(path string) string {
		full, e := filepath.Abs(path)
		if e != nil && err == nil {
			err = fmt.Errorf("naming %s for other machines: %w", path, e)
		}
		return full
	}
	s := &m.records.selection
	names := make([]string, len(s.names))
	for i, name := range s.names {
		if names[i] = name; experiments.IsPath(name) {
			names[i] = absolute(name)
		}
		if strings.Contains(names[i], ",") {
			return nil, nil, usagef("-exp %s: it is in %s, and a task takes the comma for the end of a name: move it", name, filepath.Dir(names[i]))
		}
	}
	args := []string{"-exp", strings.Join(names, ","), "-results", absolute(m.records.folder)}
	if s.scaleGiven {
		args = append(args, "-scale", s.scale.String())
	}
	if len(s.seeds) > 0 {
		args = append(args, "-seeds", strings.Trim(strings.ReplaceAll(fmt.Sprint(s.seeds), " ", ","), "[]"))
	}
	if m.tensorBoard != "" {
		args = append(args, "-tensorboard", absolute(m.tensorBoard))
	}
	task = append(task, args...)
	if place != "" {
		task = append(task, "-data", place)
	}
	if m.kernels != "" {
		task = append(task, "-kernels", m.kernels)
	}
	if m.checkpoint != train.DefaultCheckpointEvery {
		task = append(task, "-checkpoint", m.checkpoint.String())
	}
	report = append(args, "-report") // which reads no images, but records of either kind
	if place == data.SyntheticPath {
		report = append(report, "-data", place)
	}
	if m.check {
		report = append(report, "-check")
	}
	return task, report, err
}
