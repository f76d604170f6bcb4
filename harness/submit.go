package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/slurm"
	"deepresidual/results"
)

// submitSlurm is the only value of -submit.
const submitSlurm = "slurm"

// submit hands the runs that are missing or unfinished to Slurm (-submit), or
// prints what it would hand it (with -dry-run).
func (a *app) submitRuns(ctx context.Context) error {
	list, err := a.load()
	if err != nil {
		return err
	}
	site, err := a.site()
	if err != nil {
		return err
	}
	store, err := a.open()
	if err != nil {
		return err
	}
	if !a.dryRun {
		if err := slurm.Settle(ctx, store.Dir()); err != nil {
			return err
		}
	}
	p, err := a.plan(ctx, list, store)
	if err != nil {
		return err
	}
	queued, err := slurm.Queued(store.Dir())
	if err != nil {
		return err
	}
	work := p.work()[:0]
	for _, r := range p.work() {
		switch where, ok := queued[r.key.Identity()]; {
		case ok:
			a.say("%s: queued already, in %s", r.key, where)
		case r.state.Status == results.Running:
			a.say("%s: %s", r.key, r.reason)
		default:
			work = append(work, r)
		}
	}
	if len(work) == 0 {
		fmt.Fprintln(a.stdout, "nothing to submit")
		return p.failures()
	}
	s := &slurm.Submission{Site: site}
	if s.Tasks, err = a.tasks(work, a.records(store), site.CPUs); err != nil {
		return err
	}
	if s.Train, s.Report, err = a.taskArguments(); err != nil {
		return err
	}
	if a.dryRun {
		return s.Print(a.stdout)
	}
	// Here it may be downloaded; the nodes often have no network.
	if _, err := a.loadData(ctx); err != nil {
		return err
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
	fmt.Fprintf(a.stdout, "runs submitted: %d, as %s; the report: job %s\n", len(work), jobNames(jobs[:last]), jobs[last])
	fmt.Fprintf(a.stdout, "scripts and logs: %s\n", dir)
	return nil
}

// jobNames lists numbers of jobs: "job 4", "jobs 4 5".
func jobNames(jobs []string) string {
	if len(jobs) == 1 {
		return "job " + jobs[0]
	}
	return "jobs " + strings.Join(jobs, " ")
}

// site returns what the -sbatch options say of the cluster.
func (a *app) site() (slurm.Site, error) {
	site := slurm.Site{CPUs: slurm.DefaultCPUs}
	var file string
	var options []string
	for _, s := range a.sbatch {
		switch {
		case !strings.HasPrefix(s, "-") && file == "":
			file = s
		case !strings.HasPrefix(s, "-"):
			return site, usagef("-sbatch %s and %s: one file at a time", file, s)
		default:
			if err := slurm.CheckOption(s); err != nil {
				return site, usagef("-sbatch: %v", err)
			}
			options = append(options, s)
		}
	}
	if file != "" {
		var err error
		if site, err = slurm.ReadSite(file); err != nil {
			return site, err
		}
	}
	site.Options = append(site.Options, options...)
	return site, nil
}

// tasks estimates what the runs need on so many processors.
func (a *app) tasks(work plan, records []*results.Record, cpus int) ([]slurm.Task, error) {
	perThread, ok := slowestThread(records)
	if !ok {
		s, err := a.measuredSpeed()
		if err != nil {
			return nil, err
		}
		perThread = s.perSecond / float64(a.threads)
	}
	s := speed{perSecond: perThread * float64(cpus)}
	var tasks []slurm.Task
	for _, r := range work {
		memory, err := memoryMiB(r.key.Spec)
		if err != nil {
			return nil, err
		}
		for _, old := range records {
			if old.Key.Spec.Network == r.key.Spec.Network && old.Key.Spec.Protocol.Batch == r.key.Spec.Protocol.Batch {
				memory = max(memory, int(old.PeakMiB))
			}
		}
		tasks = append(tasks, slurm.Task{
			Identity: r.key.Identity(),
			Network:  r.key.Spec.Network.String(),
			Seed:     r.key.Spec.Seed,
			Time:     s.time(r.cost),
			Memory:   memory,
		})
	}
	return tasks, nil
}

// slowestThread returns the fewest multiply-adds a second that a thread did in
// any complete run, since the nodes of a cluster are seldom alike.
func slowestThread(records []*results.Record) (perSecond float64, ok bool) {
	for _, r := range records {
		p := r.Provenance
		if r.Status != results.Complete || p.TrainSeconds <= 0 || p.Threads < 1 || r.Key.Data.Synthetic {
			continue
		}
		c, err := cost(r.Key.Spec, 0)
		if err != nil {
			continue // of a network that this program cannot train
		}
		if s := float64(c) / p.TrainSeconds / float64(p.Threads); !ok || s < perSecond {
			perSecond, ok = s, true
		}
	}
	return perSecond, ok
}

// memoryMiB estimates the memory that training needs: the outputs of the
// convolutions, which the backward pass reads, and what it makes of them (1.7
// times as much in all, measured for 20 and 110 layers); the parameters with
// gradient, momentum and a checkpoint in the making; the data set and the rest.
func memoryMiB(spec experiments.RunSpec) (int, error) {
	net, err := describe(spec.Network)
	if err != nil {
		return 0, err
	}
	outputs := 0
	for _, l := range net.Layers() {
		outputs += l.Size * l.Size * l.Out
	}
	const size, rest = 4, 400 << 20
	bytes := 1.7*float64(size*outputs*spec.Protocol.Batch) + 5*size*float64(net.Parameters()) + rest
	return int(bytes / (1 << 20)), nil
}

// taskArguments returns the arguments of the program in a task and in the last
// job: those of this command, with paths that hold in any folder.
func (a *app) taskArguments() (task, report []string, err error) {
	absolute := func(path string) string {
		full, e := filepath.Abs(path)
		if e != nil && err == nil {
			err = fmt.Errorf("naming %s for other machines: %w", path, e)
		}
		return full
	}
	names := make([]string, len(a.exp))
	for i, name := range a.exp {
		if names[i] = name; strings.HasSuffix(name, ".toml") {
			names[i] = absolute(name)
		}
	}
	args := []string{"-exp", strings.Join(names, ","), "-results", absolute(a.results)}
	if a.scaleGiven {
		args = append(args, "-scale", a.scale.String())
	}
	if len(a.seeds) > 0 {
		args = append(args, "-seeds", strings.Trim(strings.ReplaceAll(fmt.Sprint(a.seeds), " ", ","), "[]"))
	}
	switch folder := os.Getenv("CIFAR10_DIR"); {
	case a.data == data.SyntheticPath:
		args = append(args, "-data", a.data)
	case a.data != "":
		args = append(args, "-data", absolute(a.data))
	case folder != "":
		args = append(args, "-data", absolute(folder))
	}
	if a.tensorboard != "" {
		args = append(args, "-tensorboard", absolute(a.tensorboard))
	}
	task = append(task, args...)
	if a.kernels != "" {
		task = append(task, "-kernels", a.kernels)
	}
	if a.checkpoint != time.Minute {
		task = append(task, "-checkpoint", a.checkpoint.String())
	}
	report = append(args, "-report")
	if a.check {
		report = append(report, "-check")
	}
	return task, report, err
}

// requeueJob puts the Slurm job that was told to stop back into the queue
// (-requeue). Where it goes on is told by the run's checkpoint.
func (a *app) requeueJob(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	a.say("stopped by a signal: requeueing the job unless it was cancelled")
	again, err := slurm.Requeue(ctx)
	if err == nil && !again {
		a.say("the job was cancelled or preempted: it is left as it is")
	}
	return err
}
