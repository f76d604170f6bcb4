package main

import (
	"context"
	"fmt"

	"deepresidual/harness/data"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/harness/weights"
	"deepresidual/models"
)

// evalMode prints the test error of weights from a file.
type evalMode struct {
	file    string
	network *models.Network
	norm    string
	data    dataset
	machine machine
}

// The values of -norm.
const normPixelMean, normImageNet = "pixel-mean", "imagenet"

func (m *evalMode) declare(o *options) {
	o.text(&m.file, "eval", "FILE", "test error of weights: .th, .pt or .safetensors")
	o.network(&m.network, "net", "NAME", "the network they are of").required = "resnet-20"
	o.choice(&m.norm, "norm", "N", "how the images are normalised: pixel-mean (default), imagenet", normPixelMean, normImageNet)
	m.data.declare(o)
	m.machine.declare(o)
}

func (m *evalMode) do(ctx context.Context, env *environment) error {
	tensors, err := weights.Read(m.file)
	if err != nil {
		return err
	}
	set, err := m.data.load(ctx, env)
	if err != nil {
		return err
	}
	model, err := models.New(m.network, models.Options{EvalBatch: train.EvalBatch, Threads: m.machine.threads, Kernels: m.machine.kernels})
	if err != nil {
		return err
	}
	defer model.Close()
	if err := model.Load(tensors); err != nil {
		return fmt.Errorf("%s does not fit %s: %w", m.file, m.network.Name(), err)
	}
	norm := data.ImageNet()
	if m.norm == normPixelMean {
		all, _, err := set.Split(0, 0)
		if err != nil {
			return err
		}
		norm = data.PerPixelMean(data.Mean(set.Train, all))
	}
	view := train.TestView(set, norm)
	wrong, err := train.Wrong(ctx, model, view)
	if err != nil {
		return err
	}
	synthetic := ""
	if set.Fingerprint.Synthetic {
		synthetic = " synthetic"
	}
	fmt.Fprintf(env.stdout, "%s: test error %.2f %% (%s of %s%s images wrong)\n",
		m.network.Name(), 100*float64(wrong)/float64(view.N), text.Grouped(wrong), text.Grouped(view.N), synthetic)
	return nil
}
