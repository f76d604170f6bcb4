package models

import (
	"errors"
	"fmt"
	"runtime"

	"deepresidual/models/kernels"
	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// Arithmetic is the version of the formulas this package computes by: it changes
// when the same seed and data would give other weights for another reason than
// rounding. Kernels that add up in another order, or a processor that fuses
// multiplications with additions, round otherwise; a run recorded before is as
// valid as one after, and the record's provenance names the kernels.
const Arithmetic = 1

// Options says how a [Model] computes. None of it changes the numbers but the
// conventions; the set of kernels may in their last bits, and so may the images of an
// evaluation at a time in those of layer responses.
type Options struct {
	Conventions ops.Conventions // the zero value as a whole stands for the common ones

	Batch       int    // images per training step; 0 for a model that only evaluates
	EvalBatch   int    // images per evaluation at most; the default value is 100
	Threads     int    // the default value is GOMAXPROCS
	MostThreads int    // to which [Model.SetThreads] can go; the default value is Threads
	Kernels     string // "portable", "avx2", "avx512" or "neon"; the default is the best there is
}

// Model is a network with its parameters, ready to train and to evaluate.
// It is used from one goroutine at a time.
type Model struct {
	Network network.Network

	options    Options
	kernels    *kernels.Set
	machine    *ops.Machine
	params     *parameters
	training   *program
	evaluation *evaluation
	stale      bool // the filters' derived forms are older than their weights
	measuring  bool // layer responses

	hyper        Hyper
	prepareBody  func(thread, item int)
	updateBody   func(thread, item int)
	nesterovBody func(thread, item int)
}

// Result is the loss and the errors of a batch.
type Result struct {
	Loss  float64 // mean cross-entropy in nats, without weight decay
	Wrong int     // images whose label does not have the highest score
}

// New builds the network's graph for training, if the options have a batch; that for
// evaluation is built when it is first evaluated. Its parameters are zero until
// [Model.Initialise] or [Model.Load].
func New(net network.Network, o Options) (*Model, error) {
	if o.EvalBatch == 0 {
		o.EvalBatch = 100
	}
	if o.Conventions == (ops.Conventions{}) {
		o.Conventions = ops.CommonConventions()
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	o.MostThreads = max(o.MostThreads, o.Threads)
	if o.Batch < 0 || o.EvalBatch < 1 || o.Threads < 1 {
		return nil, fmt.Errorf("building %s: batch %d must not be negative, evaluation batch %d and threads %d must be positive", net, o.Batch, o.EvalBatch, o.Threads)
	}
	set, err := kernels.Select(o.Kernels)
	if err != nil {
		return nil, err
	}
	if err := net.Check(); err != nil {
		return nil, err
	}
	machine, err := ops.NewMachine(set, o.MostThreads, roomOf(net).WithEvaluation(o.EvalBatch))
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", net, err)
	}
	machine.Use(o.Threads)
	m := &Model{Network: net, options: o, kernels: set, machine: machine, params: newParameters(net)}
	m.prepareBody, m.updateBody, m.nesterovBody = m.preparePart, m.updatePart, m.nesterovPart
	if o.Batch > 0 {
		if m.training, err = buildTraining(net, m.params, machine, o.Batch, o.Conventions); err != nil {
			machine.Close()
			return nil, fmt.Errorf("building %s: %w", net, err)
		}
	}
	return m, nil
}

// A network's channels come in the blocks that the kernels work on.
var _ = [1]struct{}{}[network.ChannelStep-kernels.Lanes]

// roomOf returns the working memory that a network's layers need.
func roomOf(net network.Network) ops.Room {
	var room ops.Room
	for _, l := range net.Convolutions() {
		room = room.With(l.In, l.Out, l.Kernel, l.Stride, l.Size)
	}
	return room
}

// Close ends the model's threads and gives its memory back.
func (m *Model) Close() error {
	var errs []error
	if m.training != nil {
		errs = append(errs, m.training.Close())
	}
	if m.evaluation != nil {
		errs = append(errs, m.evaluation.Close())
	}
	return errors.Join(append(errs, m.machine.Close())...)
}

// Rounding names how the kernels in use round, see [kernels.Set.Rounding].
func (m *Model) Rounding() string { return m.kernels.Rounding() }

// SetThreads lets the model compute with so many threads from now on, at most
// MostThreads of its options. The numbers are the same with any.
func (m *Model) SetThreads(threads int) { m.machine.Use(threads) }

// Step trains on one batch: forward and backward pass and one step of
// stochastic gradient descent. The batch must have the size the model was
// built for. The result is that of the weights before the step.
func (m *Model) Step(b *Batch, h Hyper) (Result, error) {
	if err := m.gradients(b); err != nil {
		return Result{}, err
	}
	m.update(h)
	return result(m.training.loss), nil
}

// gradients computes the gradients of one batch without changing the weights,
// though the running statistics move.
func (m *Model) gradients(b *Batch) error {
	if m.training == nil {
		return fmt.Errorf("training %s: the model was built for evaluation only", m.Network)
	}
	if err := b.check(); err != nil {
		return fmt.Errorf("training %s: %w", m.Network, err)
	}
	m.prepare()
	return m.training.Run(b.N, b.Images, b.Labels)
}

// Evaluate computes loss and errors of up to EvalBatch images with the running
// statistics.
func (m *Model) Evaluate(b *Batch) (Result, error) {
	if err := b.check(); err != nil {
		return Result{}, fmt.Errorf("evaluating %s: %w", m.Network, err)
	}
	if m.evaluation == nil {
		var err error
		if m.evaluation, err = buildEvaluation(m.Network, m.params, m.machine, m.options.EvalBatch, m.options.Conventions); err != nil {
			return Result{}, fmt.Errorf("building %s for evaluation: %w", m.Network, err)
		}
		if m.measuring {
			m.evaluation.MeasureResponses()
		}
	}
	m.prepare()
	if err := m.evaluation.Run(b.N, b.Images, b.Labels); err != nil {
		return Result{}, err
	}
	return result(m.evaluation.loss), nil
}

func result(l *ops.Loss) Result { return Result{l.Mean, l.Wrong} }

// prepare brings the filters' derived forms up to date.
func (m *Model) prepare() {
	if m.stale {
		m.machine.Run(len(m.params.parts), m.prepareBody)
		m.stale = false
	}
}

func (m *Model) preparePart(_, item int) {
	p := m.params.parts[item]
	p.filter.Prepare(m.kernels, p.index)
}

// Tensors copies out the parameters and running statistics.
func (m *Model) Tensors() []Tensor { return export(m.params.views(m.params.values, true)) }

// Momentum copies out the optimiser's state.
func (m *Model) Momentum() []Tensor { return export(m.params.views(m.params.momentum, false)) }

func export(views []view) []Tensor {
	tensors := make([]Tensor, len(views))
	for i, v := range views {
		tensors[i] = v.export()
	}
	return tensors
}

// Load sets parameters and running statistics. If a tensor is missing, of the
// wrong shape or unknown, nothing is changed.
func (m *Model) Load(tensors []Tensor) error {
	if err := loadViews(m.params.views(m.params.values, true), tensors); err != nil {
		return fmt.Errorf("loading weights of %s: %w", m.Network, err)
	}
	m.stale = true
	return nil
}

// LoadMomentum sets the optimiser's state.
func (m *Model) LoadMomentum(tensors []Tensor) error {
	if err := loadViews(m.params.views(m.params.momentum, false), tensors); err != nil {
		return fmt.Errorf("loading momentum of %s: %w", m.Network, err)
	}
	return nil
}
