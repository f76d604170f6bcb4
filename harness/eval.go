package main

import (
	"context"
	"fmt"

	"deepresidual/harness/data"
	"deepresidual/harness/train"
	"deepresidual/harness/weights"
	"deepresidual/models"
)

// evaluate prints the test error of weights from a file.
func (a *app) evaluate(ctx context.Context) error {
	net, err := parseNetwork("-net", a.net)
	if err != nil {
		return err
	}
	tensors, err := weights.Read(a.eval)
	if err != nil {
		return err
	}
	set, err := a.loadData(ctx)
	if err != nil {
		return err
	}
	m, err := models.New(net, models.Options{EvalBatch: train.EvalBatch, Threads: a.threads, Kernels: a.kernels})
	if err != nil {
		return err
	}
	defer m.Close()
	if err := m.Load(tensors); err != nil {
		return fmt.Errorf("%s does not fit %s: %w", a.eval, net.Name(), err)
	}
	norm := data.ImageNet()
	if a.norm == normPixelMean {
		all, _, err := set.Split(0, 0)
		if err != nil {
			return err
		}
		norm = data.PerPixelMean(data.Mean(set.Train, all))
	}
	view := train.TestView(set, norm)
	wrong, err := train.Wrong(ctx, m, view)
	if err != nil {
		return err
	}
	synthetic := ""
	if set.Fingerprint.Synthetic {
		synthetic = " synthetic"
	}
	fmt.Fprintf(a.stdout, "%s: test error %.2f %% (%s of %s%s images wrong)\n",
		net.Name(), 100*float64(wrong)/float64(view.N), grouped(wrong), grouped(view.N), synthetic)
	return nil
}
