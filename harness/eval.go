package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"deepresidual/harness/data"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/harness/weights"
	"deepresidual/models"
	"deepresidual/models/network"
)

// evalMode prints the test error of weights from a file.
type evalMode struct {
	file    string
	network *network.Network // nil if the file is to say it
	norm    normalisation
	data    dataset
	machine machine
}

func (m *evalMode) declare(o *options) {
	o.text(&m.file, "eval", "FILE", "test error of weights: .th, .pt or .safetensors")
	o.network(&m.network, "net", "NAME", "the network they are of, if the file does not say it")
	m.norm = normalisations[0]
	o.add("norm", "NORM", "how the images are normalised: pixel-mean (default), imagenet, cifar, or means/deviations of the channels, "+normExample, func(s string) (err error) {
		m.norm, err = parseNorm(s)
		return err
	})
	m.data.declare(o)
	m.machine.declare(o)
}

func (m *evalMode) do(ctx context.Context, env *environment) error {
	file, err := interruptible(ctx, func() (*weights.File, error) { return weights.Read(m.file) })
	if err != nil {
		return wrongPath(err, m.file, fs.FileMode.IsRegular)
	}
	networks, err := networksOf(m.file, file, m.network)
	if err != nil {
		return err
	}
	if len(file.Others) > 0 {
		env.say("%s: taking %s; as many tensors are in %s", m.file, file.Entry, strings.Join(file.Others, ", "))
	}
	trained := train.TrainedBy(file.Metadata)
	e := evaluation{trained: trained, options: models.Options{
		Conventions: trained.Conventions, EvalBatch: train.EvalBatch, Threads: m.machine.threads, Kernels: m.machine.kernels,
	}}
	defer e.close()
	for _, net := range networks {
		if err := e.add(net, file.Tensors); err != nil {
			return fmt.Errorf("%s does not fit %s: %w; it holds %s", text.Name(m.file), net, err, contents(file))
		}
	}
	if e.set, err = m.data.load(ctx, env); err != nil {
		return err
	}
	found, err := e.evaluate(ctx, m.norm)
	if err != nil {
		return err
	}
	synthetic := ""
	if e.set.Fingerprint.Synthetic {
		synthetic = " synthetic"
	}
	best := found[0]
	if _, err := fmt.Fprintf(env.stdout, "%s: test error %.2f %% (%s of %s%s images wrong)\n",
		best.network, best.percent(), text.Grouped(best.wrong), text.Grouped(best.images), synthetic); err != nil {
		return err
	}
	if trained.Synthetic && !e.set.Fingerprint.Synthetic {
		env.say("%s was trained on generated images, and has learnt nothing of these; its own are -data synthetic", m.file)
	}
	for _, other := range found[1:] {
		env.say("%s does not say whether it is of %s or %s; as the latter it has %.2f %%", m.file, best.network, other.network, other.percent())
	}
	better, err := otherNorm(m.norm, best, func(n normalisation) ([]outcome, error) { return e.evaluate(ctx, n) })
	if better != nil {
		env.say("it is likely that -norm %s is meant: with it, %s has %.2f %%", better.norm, better.network, better.percent())
	}
	return err
}

// evaluation evaluates weights on the test images.
type evaluation struct {
	set     *data.Set
	trained train.Trained
	options models.Options
	models  []*models.Model // a network each
}

// outcome is how many test images a network has assigned to a wrong class.
type outcome struct {
	network, norm string
	wrong, images int
}

func (o outcome) percent() float64 { return 100 * float64(o.wrong) / float64(o.images) }

// add prepares a network that the weights may be of.
func (e *evaluation) add(net network.Network, tensors []models.Tensor) error {
	m, err := models.New(net, e.options)
	if err != nil {
		return err
	}
	e.models = append(e.models, m)
	return m.Load(tensors)
}

func (e *evaluation) close() {
	for _, m := range e.models {
		m.Close()
	}
}

// evaluate returns what each network makes of the images, the best first: of those
// whose scores are numbers, of which there must be one.
func (e *evaluation) evaluate(ctx context.Context, norm normalisation) ([]outcome, error) {
	n, err := norm.of(e.set, e.trained)
	if err != nil {
		return nil, err
	}
	view := train.TestView(e.set, n)
	var found []outcome
	var overflow error
	for _, m := range e.models {
		wrong, err := train.CountErrors(ctx, m, view)
		if errors.Is(err, train.ErrOverflow) {
			overflow = err
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, outcome{m.Network.String(), norm.name, wrong, view.N})
	}
	if len(found) == 0 {
		return nil, overflow
	}
	slices.SortStableFunc(found, func(a, b outcome) int { return a.wrong - b.wrong })
	return found, nil
}
