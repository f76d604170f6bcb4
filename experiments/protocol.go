package experiments

import (
	"reflect"
	"slices"

	"deepresidual/models/network"
)

// Protocol is how a network is trained. Every key can be set in the [protocol]
// table of a spec; what a spec leaves out is the paper's value, from [Paper].
//
// The paper leaves some things open, and the code of its CIFAR networks was not
// published. Where a key decides, its default follows fb.resnet.torch, with which the
// authors published their next paper's networks (github.com/KaimingHe/resnet-1k-layers;
// that paper's own runs were made in Caffe), or is our choice; the key's comment says
// which. These have no key, and hold for every run:
//
//   - Epochs are shuffled passes over the training images. A short last batch is
//     completed from the next pass, so that every batch has Batch images.
//   - Images are numbers from 0 to 1 less the mean image (section 4.2), not divided by
//     a deviation.
//   - Augmentation pads with zeros after the mean is subtracted, which is padding
//     with the mean image's values before.
//   - The training error of a row is the mean over the minibatches since the last
//     row, augmented and normalised by batch statistics as they were trained on.
//     The paper draws a training error without defining it.
//   - The test error uses the running statistics and is that of the last
//     iteration, not of the best one.
//   - Layer responses are taken over the test set, with running statistics, and of
//     the first convolution as well as of the blocks'.
//   - The iterations of a warm-up count: milestones and the end of training are counted
//     from its first one.
//   - A velocity is not rescaled when the learning rate drops, nor when it rises tenfold
//     at the end of a warm-up.
type Protocol struct {
	// Batch is the number of images per iteration. The default is 128.
	Batch int `toml:"batch" json:"batch"`
	// Iterations is the length of training. The default is 64,000.
	Iterations int `toml:"iterations" json:"iterations"`
	// LearningRate is the rate before the first milestone. The default is 0.1.
	LearningRate float64 `toml:"learning_rate" json:"learning_rate"`
	// Milestones are the numbers of iterations after which the learning rate is
	// divided by LearningRateDivisor, once each. The default is 32,000 and 48,000. A
	// spec gives them increasing; scaled down to nothing, several can coincide.
	Milestones []int `toml:"milestones" json:"milestones"`
	// LearningRateDivisor is what the learning rate is divided by at each
	// milestone; 1 leaves it as it is. The default is 10.
	LearningRateDivisor float64 `toml:"learning_rate_divisor" json:"learning_rate_divisor"`
	// Momentum is that of stochastic gradient descent. The default is 0.9.
	Momentum float64 `toml:"momentum" json:"momentum"`
	// WeightDecay is the factor of half the squared norm of the parameters that is
	// added to the loss: of all of them or, without DecayNorm, of the weights alone.
	// The default is 0.0001.
	WeightDecay float64 `toml:"weight_decay" json:"weight_decay"`
	// WarmupDepth is the number of layers from which on a network warms up; at 0
	// none does. The default is 110: the paper says it of ResNet-110, and of
	// ResNet-1202 that it is trained as described; how plain-110 began it does not say.
	WarmupDepth int `toml:"warmup_from_depth" json:"warmup_from_depth"`
	// WarmupRate is the learning rate of the warm-up. The default is 0.01.
	WarmupRate float64 `toml:"warmup_learning_rate" json:"warmup_learning_rate"`
	// WarmupError is the training error, in percent, below which the warm-up
	// ends. The default is 80. A scaled schedule does not shorten the warm-up: what
	// it waits for does not come sooner.
	WarmupError float64 `toml:"warmup_training_error" json:"warmup_training_error"`
	// WarmupWindow is the number of minibatches, the last ones, over which the
	// training error of the warm-up is taken. The default, 0, stands for an epoch,
	// 391 minibatches of 128, which makes "about 400 iterations" of the paper's rule:
	// a residual network of 110 layers is below 80 % by then, and not before an epoch
	// is over can its error over one be known. A resolved protocol never has 0.
	WarmupWindow int `toml:"warmup_window" json:"warmup_window"`
	// Pad is the width of the zero border, in pixels, out of which a training
	// image is cropped. The default is 4.
	Pad int `toml:"pad" json:"pad"`
	// Flip mirrors a training image with probability 1/2. The default is true.
	Flip bool `toml:"flip" json:"flip"`
	// Validation is the number of training images that are held out, drawn by the run's
	// seed, and on which a validation error is recorded. The default is 0: all 50,000
	// are trained on. The paper says that a 45k/5k split determined the schedule; 5000
	// is that split.
	Validation int `toml:"validation" json:"validation"`
	// EvalInterval is the number of iterations between two evaluations, each a row of
	// the learning curve: the test error then, the training error since the last.
	// The default, 0, stands for a fortieth of the scaled schedule, at least 25
	// and at most 400; a resolved protocol never has 0.
	EvalInterval int `toml:"eval_interval" json:"eval_interval"`

	// Initialisation is how convolutions are initialised: normal, with a variance
	// by fan-out (the default, as fb.resnet.torch) or by fan-in.
	Initialisation Initialisation `toml:"initialisation" json:"initialisation"`
	// LastLayer is how the last layer's weights are initialised. The default is
	// Uniform, as fb.resnet.torch.
	LastLayer LastLayer `toml:"last_layer" json:"last_layer"`
	// Nesterov takes Nesterov's momentum in the form of Torch's optim.sgd: the step
	// is along gradient + Momentum x velocity. The default is false: the paper says
	// "momentum" only. fb.resnet.torch has true.
	Nesterov bool `toml:"nesterov" json:"nesterov"`
	// DecayNorm extends weight decay to the scales and shifts of batch
	// normalisation and to the last layer's bias. The default is true, as
	// fb.resnet.torch.
	DecayNorm bool `toml:"decay_norm" json:"decay_norm"`
	// NormMomentum is the weight of a batch's statistics in the running statistics
	// of batch normalisation. The default is 0.1, Torch's.
	NormMomentum float64 `toml:"norm_momentum" json:"norm_momentum"`
	// NormEpsilon is added to the variance in batch normalisation. The default is
	// 1e-5, Torch's.
	NormEpsilon float64 `toml:"norm_epsilon" json:"norm_epsilon"`
	// NormBatch is the number of images that batch normalisation takes its
	// statistics of: 64 takes those of each half of a minibatch of 128 by itself, as
	// the paper's two GPUs may have. The default, 0, is the whole minibatch: our choice.
	NormBatch int `toml:"norm_batch" json:"norm_batch"`
	// PaddingSide is where shortcuts of option A add zero channels. The default is
	// PadBoth: our choice, so that the most used public weights fit.
	PaddingSide PaddingSide `toml:"padding_side" json:"padding_side"`
}

// TrainingImages is the number of training images of CIFAR-10.
const TrainingImages = 50_000

// Paper returns the protocol of section 4.2. This is the one place where its
// numbers stand; the words in quotes are the section's.
func Paper() Protocol {
	return Protocol{
		Batch:               128,                   // "mini-batch size of 128 on two GPUs"
		LearningRate:        0.1,                   // "start with a learning rate of 0.1"
		LearningRateDivisor: 10,                    // "divide it by 10"
		Milestones:          []int{32_000, 48_000}, // "at 32k and 48k iterations"
		Iterations:          64_000,                // "terminate training at 64k iterations"
		Momentum:            0.9,                   // "weight decay of 0.0001 and momentum of 0.9"
		WeightDecay:         0.0001,
		WarmupDepth:         110,  // "0.1 is slightly too large to start converging", of 110 layers
		WarmupRate:          0.01, // "use 0.01 to warm up the training"
		WarmupError:         80,   // "until the training error is below 80% (about 400 iterations)"
		Pad:                 4,    // "4 pixels are padded on each side"
		Flip:                true, // "from the padded image or its horizontal flip"
		Validation:          0,    // "trained on the training set", "evaluated on the test set"
		EvalInterval:        0,    // not the paper's: how often the network is evaluated

		// What the paper leaves open: see the keys' comments.
		WarmupWindow:   0, // an epoch
		Initialisation: FanOut,
		LastLayer:      Uniform,
		Nesterov:       false,
		DecayNorm:      true,
		NormMomentum:   0.1,
		NormEpsilon:    1e-5,
		NormBatch:      0, // the whole minibatch
		PaddingSide:    PadBoth,
	}
}

// Scaled returns the resolved protocol at a scale: iterations and milestones are
// scaled, to at least 1, and the interval between evaluations and the warm-up's
// window are settled. Nothing else depends on the scale. NormBatch = Batch becomes 0,
// which means the same. A resolved protocol may be scaled again only by 1.
func (p Protocol) Scaled(s Scale) Protocol {
	p.Iterations, p.Milestones = p.scheduleAt(s)
	if p.EvalInterval == 0 {
		p.EvalInterval = min(400, max(25, p.Iterations/40))
	}
	if p.WarmupWindow == 0 {
		images := TrainingImages - p.Validation
		p.WarmupWindow = max(1, (images+p.Batch-1)/p.Batch)
	}
	if p.NormBatch == p.Batch {
		p.NormBatch = 0
	}
	// A schedule shorter than its interval has its one row at the end.
	p.EvalInterval = min(p.EvalInterval, p.Iterations)
	return p
}

// scheduleAt returns the iterations and the milestones at a scale.
func (p Protocol) scheduleAt(s Scale) (iterations int, milestones []int) {
	milestones = slices.Clone(p.Milestones)
	for i, m := range milestones {
		milestones[i] = s.Of(m)
	}
	return s.Of(p.Iterations), milestones
}

// Difference is a key that two protocols give different values.
type Difference struct {
	Key      string
	From, To any
}

// Differences lists the keys to which another protocol gives another value, in
// the order of the fields.
func (p Protocol) Differences(other Protocol) []Difference {
	var list []Difference
	a, b := reflect.ValueOf(p), reflect.ValueOf(other)
	for i := range a.NumField() {
		from, to := a.Field(i).Interface(), b.Field(i).Interface()
		if !reflect.DeepEqual(from, to) {
			list = append(list, Difference{a.Type().Field(i).Tag.Get("toml"), from, to})
		}
	}
	return list
}

// WarmsUp reports whether a network begins with the warm-up.
func (p Protocol) WarmsUp(n network.Network) bool {
	return p.WarmupDepth > 0 && n.Depth() >= p.WarmupDepth
}

// Unused lists the keys that have no part in the training of a network, and in the
// identity of a run: those of the warm-up if it does not warm up, and the side of a
// shortcut's padding if its shortcuts do not pad.
func (p Protocol) Unused(n network.Network) []string {
	var unused []string
	if !p.WarmsUp(n) {
		unused = append(unused, "warmup_learning_rate", "warmup_training_error", "warmup_window")
	}
	if n.Shortcut != network.Identity {
		unused = append(unused, "padding_side")
	}
	return unused
}

// DifferencesFor lists those of [Protocol.Differences] that have a part in the training
// of a network; without any the two protocols train it alike. Where only one of them
// warms up, warmup_from_depth is listed, and the other keys of the warm-up are not.
func (p Protocol) DifferencesFor(n network.Network, other Protocol) []Difference {
	unused := append(p.Unused(n), other.Unused(n)...)
	if p.WarmsUp(n) == other.WarmsUp(n) {
		unused = append(unused, "warmup_from_depth") // decides nothing else
	}
	grows := func(b network.Block) bool { return b.Conv1.Out > b.Conv1.In }
	if !slices.ContainsFunc(n.Blocks(), grows) {
		unused = append(unused, "padding_side") // of shortcuts that might pad, and have nothing to
	}
	return slices.DeleteFunc(p.Differences(other), func(d Difference) bool { return slices.Contains(unused, d.Key) })
}

// Check reports the first value that no training can have, as a [*SpecError]
// that names the key. It is about protocols as specs give them, not yet scaled.
func (p Protocol) Check() error {
	if err := p.check(""); err != nil {
		return err
	}
	return nil // and not a nil *SpecError, which would not be a nil error
}

// check does the work of Check for a protocol in a table of a spec.
func (p Protocol) check(table string) *SpecError {
	for _, v := range []struct {
		key     string
		value   float64
		allowed interval
	}{
		{"batch", float64(p.Batch), interval{1, 8192, ""}},
		{"iterations", float64(p.Iterations), interval{2, 10_000_000, ""}},
		{"learning_rate", p.LearningRate, interval{0, 100, "above"}},
		{"learning_rate_divisor", p.LearningRateDivisor, interval{1, 1_000_000, ""}},
		{"momentum", p.Momentum, interval{0, 1, "below"}},
		{"weight_decay", p.WeightDecay, interval{0, 1, "below"}},
		{"warmup_from_depth", float64(p.WarmupDepth), interval{0, network.MaxDepth, ""}},
		{"warmup_learning_rate", p.WarmupRate, interval{0, 100, "above"}},
		{"warmup_training_error", p.WarmupError, interval{0, 100, "above"}},
		{"pad", float64(p.Pad), interval{0, 4, ""}},
		{"validation", float64(p.Validation), interval{0, 40_000, ""}}, // of 50,000 training images
		{"eval_interval", float64(p.EvalInterval), interval{0, float64(p.Iterations), ""}},
	} {
		if err := checkRange(join(table, v.key), v.value, v.allowed); err != nil {
			return err
		}
	}
	if err := p.checkMilestones(join(table, "milestones")); err != nil {
		return err
	}
	return p.checkChoices(table)
}

func (p Protocol) checkMilestones(key string) *SpecError {
	if len(p.Milestones) == 0 {
		return problemf(key, "an empty list; for a learning rate that never drops give one milestone and set learning_rate_divisor to 1")
	}
	last := 0
	for _, m := range p.Milestones {
		switch {
		case m < 1:
			return problemf(key, "found %d, wanted 1 or more", m)
		case m >= p.Iterations:
			return problemf(key, "%d is past the end of training, which has %d iterations", m, p.Iterations)
		case m <= last:
			return problemf(key, "%d does not come after %d; wanted increasing numbers of iterations", m, last)
		}
		last = m
	}
	return nil
}
