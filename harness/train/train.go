// Package train trains one network by the paper's protocol (section 4.2): the
// learning-rate schedule (schedule.go), the loop over minibatches ([Job.Train]),
// the rows of the training curve and the checkpoints.
//
// It knows nothing of the command line, of other runs, or of how the network
// computes. What it promises is that a run's numbers depend on nothing but its
// key, and on how the kernels round: a run that was killed at any moment and started
// again on the same ones ends with the same weights and the same curve, to the last
// bit, as one that never stopped.
package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/weights"
	"deepresidual/models"
	"deepresidual/models/kernels"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// Model is the network as the training loop sees it. [models.Model] is the real
// one.
type Model interface {
	Initialise(seed int64, kind models.Initialisation)
	Step(*models.Batch, models.Hyper) (models.Result, error)
	Evaluate(*models.Batch) (models.Result, error)
	MeasureResponses()
	Responses() []models.Response
	Tensors() []models.Tensor
	Load([]models.Tensor) error
	Momentum() []models.Tensor
	LoadMomentum([]models.Tensor) error
	Rounding() string
	SetThreads(int)
}

// WeightsFile is the name of the trained weights in a run's folder.
const WeightsFile = "weights.safetensors"

// The ends of a run other than success.
var (
	// ErrStopped is wrapped by the error of a run whose context ended: the step was
	// finished and a checkpoint written, and the same call goes on from there.
	ErrStopped = errors.New("stopped with a checkpoint")
	// ErrDiverged is wrapped by the error of a run whose loss, in training or in
	// evaluation, whose responses or whose weights were no longer finite. Its record
	// is kept.
	ErrDiverged = errors.New("diverged")
)

// DefaultCheckpointEvery is the usual time between checkpoints.
const DefaultCheckpointEvery = time.Minute

// Observer is told how a run is getting on, from the goroutine that trains: its
// methods must be quick.
type Observer interface {
	Begin(iteration int)                           // the run starts or goes on after so many iterations
	Step(iteration int, rate, loss, wrong float64) // a minibatch was trained on; loss is its mean, wrong its error in percent
	Row(results.Row)                               // the curve has another row
	Warn(error)                                    // something was worked around, such as a damaged checkpoint
}

// Job is one run to train.
type Job struct {
	Data     *data.Set
	Model    Model           // made for this network, for minibatches of the protocol's size and EvalBatch
	Run      *results.Run    // the lease on the run: what is trained, and the right to record it
	Record   *results.Record // with its provenance filled in; Train completes and saves it
	Observer Observer

	// CheckpointEvery is the time between checkpoints, at least. The default is
	// [DefaultCheckpointEvery]; below 0 there is one after every iteration.
	CheckpointEvery time.Duration

	// Threads returns how many threads the run has by now, where that changes: it
	// is asked before each step. The model has those of the record's provenance
	// when the training begins.
	Threads func() int

	// patience is how long a run goes on that cannot be saved; 0 stands for the usual.
	patience time.Duration

	// Besides says that other runs are trained beside this one: the memory of the
	// process is not what it takes. What earlier processes took is recorded.
	Besides bool
}

// Train trains the run to its end, from its newest usable checkpoint if it has one, and
// records it. When ctx ends, the error wraps ErrStopped if a checkpoint and the record
// could be written, else it says what could not. When a number is no longer finite it
// wraps ErrDiverged. Any other error is what prevented the run from going on.
func (j *Job) Train(ctx context.Context) error {
	clock := StartClock()
	defer clock.Stop()
	t, err := j.begin(clock)
	if err != nil {
		return err
	}
	err = t.loop(ctx)
	if err == nil {
		err = t.finish(ctx)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return t.stop()
	case errors.Is(err, ErrDiverged):
		ended := t.end(ctx, results.Diverged, err.Error())
		if ended != nil && ctx.Err() != nil && errors.Is(ended, ctx.Err()) { // which is not how the run ended
			return fmt.Errorf("%w; told to stop before it could be recorded: %v", err, ended)
		}
		return errors.Join(err, ended)
	}
	return err
}

// trainer is a job at work.
type trainer struct {
	*Job
	state
	spec     experiments.RunSpec
	schedule *schedule
	sampler  *data.Sampler
	pipeline *data.Pipeline
	test     View
	heldOut  View // empty without a validation set
	clock    *Clock
	began    time.Time    // by the clock
	before   float64      // seconds of training by earlier processes
	since    results.Time // when this process began, or has had its threads: the pace is counted from there
	saved    saved
	failing  failures
}

// seconds are those of training over all the processes of the run.
func (t *trainer) seconds() float64 { return t.before + t.clock.Now().Sub(t.began).Seconds() }

// begin prepares the run: from its newest checkpoint, or from the start.
func (j *Job) begin(clock *Clock) (*trainer, error) {
	spec := j.Run.Key().Spec
	t := &trainer{
		Job:      j,
		spec:     spec,
		schedule: newSchedule(spec.Network, spec.Protocol),
		saved:    saved{iteration: -1, at: time.Now()},
		clock:    clock,
	}
	if t.CheckpointEvery == 0 {
		t.CheckpointEvery = DefaultCheckpointEvery
	}
	if err := t.prepareData(); err != nil {
		return nil, err
	}
	c, err := newestCheckpoint(j.Run, j.Observer.Warn)
	if err != nil {
		return nil, err
	}
	if c == nil {
		j.Model.Initialise(spec.Seed, Initialisation(spec.Network, spec.Protocol))
	} else {
		if err := errors.Join(j.Model.Load(c.tensors), j.Model.LoadMomentum(c.momentum)); err != nil {
			return nil, fmt.Errorf("going on from the checkpoint of iteration %d in %s: %w; remove it to go on from the one before, if there is one", c.state.Iteration, j.Run.Dir(), err)
		}
		t.state = c.state
		t.schedule.state = c.state.WarmUp
		t.Resumed++
		t.saved.iteration, t.saved.rows = t.Iteration, len(t.Rows)
	}
	t.addProcess()
	t.addKernels(j.Model.Rounding())
	t.began, t.before = t.clock.Now(), t.Seconds
	t.since = results.Time{Iteration: t.Iteration, Seconds: t.Seconds}
	j.Observer.Begin(t.Iteration)
	return t, t.save(results.Running, "")
}

// addKernels adds the kernels of this process to those that the run has used, and
// warns where they round otherwise than the last ones: then it does not end as if it
// had never stopped.
func (t *trainer) addKernels(now string) {
	if n := len(t.Kernels); n > 0 {
		last := t.Kernels[n-1]
		if last == now {
			return
		}
		if !kernels.RoundAlike(last, now) {
			t.Observer.Warn(fmt.Errorf("its kernels round otherwise (%s) than those up to iteration %d (%s): the run is as valid, but its weights are not to the last bit those of one that kept either",
				now, t.Iteration, last))
		}
	}
	t.Kernels = append(t.Kernels, now)
}

// addProcess adds this process to those that have trained the run. One before it
// that left no checkpoint has no part in the run.
func (t *trainer) addProcess() {
	now := t.Record.Provenance
	if record, _ := t.Run.Record(); len(t.Processes) == 0 && t.Iteration > 0 && record != nil && record.Provenance.Resumed == 0 {
		// The checkpoint is an older program's, which did not say who wrote it.
		t.Processes = append(t.Processes, record.Provenance.Process(0, strings.Join(record.Provenance.Kernels, ", ")))
	}
	t.Processes = slices.DeleteFunc(t.Processes, func(p results.Process) bool { return p.Iteration >= t.Iteration })
	t.Processes = append(t.Processes, now.Process(t.Iteration, t.Model.Rounding()))
	if first := t.Processes[0]; first.Iteration == 0 {
		t.Record.Provenance.Started = first.Started
	}
}

// shareThreads lets the model compute with the threads that the run has by now,
// and says in the record from which iteration on.
func (t *trainer) shareThreads() {
	if t.Threads == nil {
		return
	}
	n, last := t.Threads(), t.Processes[len(t.Processes)-1]
	if n == last.Threads {
		return
	}
	t.Model.SetThreads(n)
	t.since = results.Time{Iteration: t.Iteration, Seconds: t.seconds()}
	if last.Iteration == t.Iteration {
		t.Processes = t.Processes[:len(t.Processes)-1]
	}
	last.Iteration, last.Threads = t.Iteration, n
	t.Processes = append(t.Processes, last)
	t.Record.Provenance.Threads = n
}

// prepareData sets up the minibatches and the images to evaluate on, as the
// protocol says.
func (t *trainer) prepareData() error {
	p := t.spec.Protocol
	training, validation, err := t.Data.Split(p.Validation, t.spec.Seed)
	if err != nil {
		return err
	}
	norm := data.PerPixelMean(data.Mean(t.Data.Train, training))
	t.sampler = data.NewSampler(training, p.Batch, t.spec.Seed)
	t.pipeline = data.NewPipeline(t.Data.Train, t.sampler, norm, Augmentation(p), t.spec.Seed)
	t.test = TestView(t.Data, norm)
	t.heldOut = validationView(t.Data, validation, norm)
	return nil
}

// loop trains and adds rows until the last row is there.
func (t *trainer) loop(ctx context.Context) error {
	p := t.spec.Protocol
	in := startInput(t.pipeline.Fill, p.Batch, t.Iteration, p.Iterations)
	defer in.stop()
	for {
		if t.rowDue() {
			if err := t.addRow(ctx); err != nil {
				return err
			}
		}
		if t.Iteration == p.Iterations {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.step(in); err != nil {
			return err
		}
		if t.checkpointDue() {
			if err := t.keepCheckpoint(); err != nil {
				return err
			}
		}
	}
}

// step trains on the next minibatch.
func (t *trainer) step(in *input) error {
	t.shareThreads()
	p := t.spec.Protocol
	rate := t.schedule.Rate(t.Iteration)
	b := in.next()
	r, err := t.Model.Step(b, Hyper(p, rate))
	in.giveBack(b)
	if err != nil {
		return fmt.Errorf("iteration %d: %w", t.Iteration+1, err)
	}
	t.Iteration++
	if !finite(r.Loss) {
		return fmt.Errorf("%w: the training loss is %v at iteration %d, learning rate %g", ErrDiverged, r.Loss, t.Iteration, rate)
	}
	t.Rate = rate
	t.Since.Batches++
	t.Since.Loss += r.Loss
	t.Since.Wrong += r.Wrong
	t.schedule.Observe(t.Iteration, r.Wrong)
	if trained := t.seconds() - t.since.Seconds; trained > 0 {
		t.Run.Progress(t.Iteration, float64((t.Iteration-t.since.Iteration)*p.Batch)/trained)
	}
	t.Observer.Step(t.Iteration, rate, r.Loss, percent(r.Wrong, p.Batch))
	return nil
}

// rowDue reports whether the curve has a row at this iteration that is not
// there yet. A run that is stopped while it computes a row finds it due again.
func (t *trainer) rowDue() bool {
	p := t.spec.Protocol
	if t.Iteration == 0 || t.Iteration%p.EvalInterval != 0 && t.Iteration != p.Iterations {
		return false
	}
	return len(t.Rows) == 0 || t.Rows[len(t.Rows)-1].Iteration != t.Iteration
}

// addRow measures the errors, adds the row to the curve and records it.
func (t *trainer) addRow(ctx context.Context) error {
	test, err := t.errorOn(ctx, t.test, "test")
	if err != nil {
		return err
	}
	validation, err := t.errorOn(ctx, t.heldOut, "validation")
	if err != nil {
		return err
	}
	p := t.spec.Protocol
	r := results.Row{
		Iteration:    t.Iteration,
		Epoch:        t.sampler.Epoch(t.Iteration),
		LearningRate: t.Rate,
		TrainLoss:    t.Since.Loss / float64(t.Since.Batches),
		TrainError:   percent(t.Since.Wrong, t.Since.Batches*p.Batch),
		TestError:    test,
		ValError:     validation,
	}
	t.Rows = append(t.Rows, r)
	t.Times = append(t.Times, results.Time{Iteration: t.Iteration, Seconds: t.seconds()})
	t.Since = accumulator{}
	if err := t.endure(&t.failing.row, t.save(results.Running, "")); err != nil {
		return err
	}
	t.Observer.Row(r)
	return nil
}

// errorOn returns the error on a view of the images called so in percent, NaN if
// the view is empty. The loss of a step is that before its update: what the last
// one before a row has done shows here.
func (t *trainer) errorOn(ctx context.Context, v View, images string) (float64, error) {
	if v.N == 0 {
		return math.NaN(), nil
	}
	r, err := evaluate(ctx, t.Model, v)
	if err == nil && !finite(r.Loss) {
		err = t.diverged("the loss of the "+images+" images", r.Loss)
	}
	return percent(r.Wrong, v.N), err
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// diverged is the error of a run of which a number is not finite. Nor are then, as
// a rule, the weights: the error says so, since finite ones can compute it too.
func (t *trainer) diverged(what string, is float64) error {
	values := "the weights are finite"
	if err := weights.CheckFinite(t.Model.Tensors()); err != nil {
		values = err.Error()
	}
	return fmt.Errorf("%w: %s is %v after iteration %d, learning rate %g; %s", ErrDiverged, what, is, t.Iteration, t.Rate, values)
}

// finish measures the layer responses, writes the weights and completes the
// record, which is saved last: a run is complete when its record says so.
func (t *trainer) finish(ctx context.Context) error {
	responses, err := t.measureResponses(ctx)
	if err != nil {
		return err
	}
	tensors := t.Model.Tensors()
	if err := weights.CheckFinite(tensors); err != nil {
		return fmt.Errorf("%w: after iteration %d %w", ErrDiverged, t.Iteration, err)
	}
	err = t.insist(ctx, func() error {
		return t.Run.WriteFile(WeightsFile, func(w io.Writer) error {
			return weights.WriteSafetensors(w, tensors, metadata(t.Run.Key(), t.Iteration))
		})
	})
	if err != nil {
		return err
	}
	t.Record.Responses = responses
	return t.end(ctx, results.Complete, "")
}

// end records how the run ended, and tidies up.
func (t *trainer) end(ctx context.Context, status results.Status, reason string) error {
	t.Record.Provenance.Ended = time.Now()
	if err := t.insist(ctx, func() error { return t.save(status, reason) }); err != nil {
		return err
	}
	err := Tidy(t.Run, status)
	if errors.As(err, new(*lease.LostError)) {
		return err
	}
	if err != nil { // it is recorded all the same
		t.Observer.Warn(fmt.Errorf("an old file stays: %w", err))
	}
	return nil
}
