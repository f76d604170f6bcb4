package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/process"
	"deepresidual/harness/publish"
	"deepresidual/harness/slurm"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/harness/work"
	"deepresidual/results"
)

// trainMode trains what the experiments lack and draws them.
type trainMode struct {
	records     records
	machine     machine
	jobs        jobs
	retrain     bool
	check       bool
	checkpoint  time.Duration
	run         []string // identities; nil: every run
	requeue     bool
	tensorBoard string
}

func (m *trainMode) declare(o *options) {
	m.records.declare(o, true)
	m.declareTraining(o)
}

// declareTraining declares the options that say how, rather than what, is
// trained.
func (m *trainMode) declareTraining(o *options) {
	m.machine.declare(o)
	m.jobs.declare(o)
	declareCheckpoint(o, &m.checkpoint)
	o.on(&m.retrain, "retrain", "train again what is recorded; the old record stays until the new one is finished")
	declareCheck(o, &m.check)
	declareTensorBoard(o, &m.tensorBoard)
	o.names(&m.run, "run", "ID,ID", "of the experiments' runs, train only those of these identities (see -status; a beginning is enough); draw nothing")
	o.on(&m.requeue, "requeue", "as a job of Slurm's: requeue the job when a signal stops the training")
}

func (m *trainMode) do(ctx context.Context, env *environment) error {
	if err := m.contradiction(); err != nil {
		return err
	}
	err := m.reproduce(ctx, env)
	// A run that could not write its last checkpoint has an older one.
	if m.requeue && (stopped(err) || ctx.Err() != nil && errors.Is(err, work.ErrUnfinished)) {
		err = errors.Join(err, requeueJob(ctx, env))
	}
	return err
}

// contradiction reports an option that can have no effect.
func (m *trainMode) contradiction() error {
	switch {
	case m.requeue && !slurm.InJob():
		return usageError{slurm.ErrNoJob.Error()} // now, and not when a signal comes
	case m.check && len(m.run) > 0:
		return usagef("-run draws nothing that -check could judge: leave -check out, and give it with -report when all runs are recorded")
	}
	return m.jobs.check(m.machine.threads)
}

func (m *trainMode) reproduce(ctx context.Context, env *environment) error {
	program := process.ThisProgram(ctx) // before there is time to change its files
	list, store, err := m.records.open(env)
	if err != nil {
		return err
	}
	if err := checkWritable("-tensorboard", m.tensorBoard); err != nil {
		return err
	}
	if err := m.records.data.check(ctx, env); err != nil {
		return err
	}
	plan, err := m.plan(ctx, env, list, store)
	if err != nil {
		return err
	}
	todo := plan.Work()
	for _, r := range plan {
		env.say("%s: %s", r.Key, r.Reason)
	}
	if err := plan.Clean(ctx, store); err != nil {
		env.say("warning: %s", text.OneLine(err))
	}
	publisher := m.records.publisher(env, list, store, m.tensorBoard)
	if len(todo) == 0 {
		return errors.Join(plan.Failures(), m.draw(ctx, publisher))
	}
	jobs, err := m.jobs.choose(env, todo, m.machine.threads, process.FreeMiB())
	if err != nil {
		return err
	}
	if err := checkWritable("-results", store.Dir()); err != nil {
		return errors.Join(err, plan.Failures(), m.draw(ctx, publisher))
	}
	set, err := m.records.data.load(ctx, env)
	if errors.Is(err, data.ErrUnavailable) && len(m.run) == 0 {
		return errors.Join(plan.Failures(), m.drawUntrained(ctx, env, publisher, err))
	}
	if err != nil && ctx.Err() != nil && todo.Begun() {
		err = fmt.Errorf("%w while the data set was read; the same command goes on from the checkpoints", work.ErrStopped)
	}
	if err != nil {
		return err
	}
	if m.retrain {
		if err := plan.AskForRetraining(store); err != nil {
			return err
		}
	}
	if jobs > 1 {
		env.say("%s", atOnce(jobs, m.machine.threads))
	}
	w := &work.Worker{
		Store: store, Data: set, Program: program, Jobs: jobs, Threads: m.machine.threads, Kernels: m.machine.kernels,
		CheckpointEvery: m.checkpoint, Retrain: m.retrain, LeaveHeld: m.requeue, Output: env.stderr, Row: publisher.Export,
	}
	err = w.Train(ctx, todo)
	if errors.Is(err, train.ErrStopped) || errors.Is(err, work.ErrStopped) {
		return fmt.Errorf("%w; the same command goes on from there", err)
	}
	if stopped(err) || errors.Is(err, work.ErrGone) {
		return err
	}
	// What could be trained is drawn even when something failed.
	ctx = context.WithoutCancel(ctx) // what was trained to its end is drawn though a signal came
	if err == nil {
		err = plan.Failures()
	}
	return errors.Join(err, m.draw(ctx, publisher))
}

// plan returns what is to be done about the runs that are asked for.
func (m *trainMode) plan(ctx context.Context, env *environment, list []*experiments.Experiment, store *results.Store) (work.Plan, error) {
	plan, _, err := m.records.plan(ctx, env, list, store)
	if err != nil {
		return nil, err
	}
	if len(m.run) > 0 {
		if plan, err = plan.Only(m.run); err != nil {
			s := &m.records.selection
			return nil, usagef("-run %v in %s at scale %s; -status lists them, and a changed experiment file changes them", err, s, s.scale)
		}
	}
	if m.retrain {
		return plan.Retrain(store)
	}
	return plan, nil
}

// draw draws the experiments, if not only some of their runs were asked for.
func (m *trainMode) draw(ctx context.Context, p *publish.Publisher) error {
	if len(m.run) > 0 {
		return nil
	}
	drawn, err := p.Draw(ctx, p.AsAsked)
	return checked(m.check, drawn, err)
}

// drawUntrained is for a machine that has neither data nor network: it draws
// from the largest scale that is recorded and says what the full run needs.
// Drawing nothing at all is an error, with unavailable for the reason, and so is
// drawing anything else than the scale or the seeds that were asked for, or where
// training was asked for.
func (m *trainMode) drawUntrained(ctx context.Context, env *environment, p *publish.Publisher, unavailable error) error {
	drawn, err := p.Draw(ctx, p.Largest)
	if err == nil && drawn.Drawings == 0 {
		return fmt.Errorf("nothing of %s is recorded in %s, and %w", m.records.asked(), m.records.folder, unavailable)
	}
	if s := &m.records.selection; err == nil && (s.scaleGiven || s.seeds != nil) {
		return fmt.Errorf("what was asked for is not drawn: not all of %s is recorded at scale %s with these seeds, and %w", s, s.scale, unavailable)
	}
	err = checked(m.check, drawn, err)
	if m.retrain || m.records.data.path != "" {
		return errors.Join(err, fmt.Errorf("nothing was trained: %w", unavailable))
	}
	env.say("to train: %s", text.OneLine(unavailable))
	return err
}

// requeueWithin leaves Slurm's controller time to answer, of the two minutes that
// a task has between the signal and its end (see package slurm).
const requeueWithin = 100 * time.Second

// requeueJob puts the Slurm job that was told to stop back into the queue
// (-requeue). Where it goes on is told by the run's checkpoint.
func requeueJob(ctx context.Context, env *environment) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requeueWithin)
	defer cancel()
	env.say("stopped by a signal: requeueing the job unless it was cancelled")
	again, err := slurm.Requeue(ctx)
	if err == nil && !again {
		env.say("the job was cancelled or preempted: it is left as it is")
	}
	return err
}
