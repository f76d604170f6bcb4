package train

import (
	"math"
	"os"
	"slices"
	"testing"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/models"
	"deepresidual/models/kernels"
	"deepresidual/models/network"
)

// longEnvironment is the variable that makes [TestKernelSetsLearnAlike] take
// the paper's minibatches.
const longEnvironment = "HARNESS_LONG"

// The sets of kernels differ in rounding, and training amplifies what differs:
// after some dozens of steps two sets no longer have the same weights. They
// must still learn alike: over 200 steps of resnet-20 on CIFAR-10 their
// smoothed loss curves must lie closer together than those of two seeds.
//
// It needs the data set in CIFAR10_DIR. Its minibatches have 8 images, with
// which it takes about 40 seconds on two cores, nearly all of it in the portable
// set; with HARNESS_LONG=1 they have 128, which takes ten (-timeout 30m).
func TestKernelSetsLearnAlike(t *testing.T) {
	sets := kernels.Available()
	switch {
	case testing.Short():
		t.Skip("trains for the better part of a minute")
	case os.Getenv(data.EnvironmentVariable) == "":
		t.Skip(data.EnvironmentVariable + " is not set")
	case len(sets) == 1:
		t.Skip("this processor has the portable kernels alone")
	}
	batch := 8
	if os.Getenv(longEnvironment) != "" {
		batch = 128
	}
	set, err := data.Load(t.Context(), data.Options{})
	if err != nil {
		t.Fatal(err)
	}

	fastest := sets[len(sets)-1]
	want := lossCurve(t, set, fastest, 1, batch)
	noise := distance(want, lossCurve(t, set, fastest, 2, batch))
	t.Logf("batch %d, %s: loss %.3f after %d steps; seeds 1 and 2 are %.4f apart",
		batch, fastest, want[len(want)-1], curveSteps, noise)
	if last := want[len(want)-1]; !(last < math.Log(models.Classes)-0.1) {
		t.Errorf("%s does not learn: a loss of %.3f is that of guessing", fastest, last)
	}
	for _, name := range slices.Backward(sets[:len(sets)-1]) { // the slowest last
		curve := lossCurve(t, set, name, 1, batch)
		d := distance(want, curve)
		t.Logf("batch %d, %s: loss %.3f; %s and %s are %.4f apart", batch, name, curve[len(curve)-1], name, fastest, d)
		if !(d <= noise) {
			t.Errorf("%s and %s are %.4f apart, more than two seeds are, %.4f", name, fastest, d, noise)
		}
	}
}

const (
	curveSteps = 200
	smoothed   = 25 // steps that a value of the curve is the mean of
)

// lossCurve trains resnet-20 by the paper's protocol and returns its smoothed
// training loss.
func lossCurve(t *testing.T, set *data.Set, kernels string, seed int64, batch int) []float64 {
	t.Helper()
	net := network.Standard(network.Residual, 3)
	m, err := models.New(net, models.Options{Batch: batch, Kernels: kernels})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	m.Initialise(seed, Initialisation(net, experiments.Paper()))
	indices, _, err := set.Split(0, seed)
	if err != nil {
		t.Fatal(err)
	}
	pipeline := data.NewPipeline(set.Train, data.NewSampler(indices, batch, seed),
		data.PerPixelMean(data.Mean(set.Train, indices)), data.Augmentation{Pad: 4, Flip: true}, seed)

	rate := 0.1 * float32(batch) / 128 // the paper's is too high for smaller minibatches than its own
	b := models.NewBatch(batch)
	var curve, window []float64
	for i := range curveSteps {
		pipeline.Fill(b, i)
		r, err := m.Step(b, Hyper(experiments.Paper(), float64(rate)))
		if err != nil {
			t.Fatal(err)
		}
		window = append(window, r.Loss)
		if len(window) < smoothed {
			continue
		}
		sum := 0.0
		for _, x := range window {
			sum += x
		}
		curve = append(curve, sum/smoothed)
		window = window[1:]
	}
	return curve
}

// distance is the root of the mean square of what separates two curves.
func distance(a, b []float64) float64 {
	sum := 0.0
	for i, x := range a {
		sum += (x - b[i]) * (x - b[i])
	}
	return math.Sqrt(sum / float64(len(a)))
}
