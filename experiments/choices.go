package experiments

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"deepresidual/models/network"
)

// Initialisation says which side of a convolution its weights' variance is
// taken from: the default is FanOut.
type Initialisation string

// The two readings of the paper's "weight initialization in [13]" (He et al.,
// Delving Deep into Rectifiers, 2015), which leaves the choice between its
// equations 10 and 14 free.
const (
	// FanOut takes the variance 2/(k² x output channels) for kernels of k x k, as
	// fb.resnet.torch does, and the authors' later code, which is built on it.
	FanOut Initialisation = "fan-out"
	// FanIn takes the variance 2/(k² x input channels).
	FanIn Initialisation = "fan-in"
)

// LastLayer says how the weights of the fully connected layer are drawn. Its
// bias is 0 with each. In a spec it is one of the two names, in quotes, or the
// standard deviation of a normal distribution, a number.
type LastLayer string

// The named distributions of the last layer's weights.
const (
	// Uniform draws between -1/sqrt(inputs) and 1/sqrt(inputs): Torch's default, which
	// fb.resnet.torch leaves as it is.
	Uniform LastLayer = "uniform"
	// He draws from a normal distribution of variance 2/inputs, as for convolutions.
	He LastLayer = "he"
)

// NormalLastLayer returns a normal distribution of the given standard deviation.
func NormalLastLayer(std float64) LastLayer {
	return LastLayer(strconv.FormatFloat(std, 'g', -1, 64))
}

// Std returns the standard deviation of the weights of a layer with so many
// inputs; uniform says that they are uniformly distributed and not normally.
func (l LastLayer) Std(inputs int) (std float64, uniform bool) {
	switch l {
	case Uniform:
		return math.Sqrt(1 / (3 * float64(inputs))), true
	case He:
		return math.Sqrt(2 / float64(inputs)), false
	}
	std, _ = strconv.ParseFloat(string(l), 64)
	return std, false
}

// UnmarshalTOML reads a name or a number.
func (l *LastLayer) UnmarshalTOML(value any) error {
	switch v := value.(type) {
	case string:
		if LastLayer(v) == Uniform || LastLayer(v) == He {
			*l = LastLayer(v)
			return nil
		}
		return fmt.Errorf("found %q, wanted %q, %q or a standard deviation, a number", v, Uniform, He)
	case int64:
		return l.setStd(float64(v))
	case float64:
		return l.setStd(v)
	}
	return fmt.Errorf("found %s, wanted %q, %q or a standard deviation, a number", describe(value), Uniform, He)
}

func (l *LastLayer) setStd(std float64) error {
	allowed := interval{0, 10, "above"}
	if !allowed.contains(std) {
		return fmt.Errorf("found %s, wanted %q, %q or a standard deviation, %s", number(std), Uniform, He, allowed)
	}
	*l = NormalLastLayer(std)
	return nil
}

// MarshalTOML writes what UnmarshalTOML reads.
func (l LastLayer) MarshalTOML() ([]byte, error) {
	if l == Uniform || l == He {
		return strconv.AppendQuote(nil, string(l)), nil
	}
	std, err := strconv.ParseFloat(string(l), 64)
	if err != nil {
		return nil, fmt.Errorf("last layer %q is neither %q, %q nor a number", string(l), Uniform, He)
	}
	text := strconv.AppendFloat(nil, std, 'f', -1, 64)
	if std == math.Trunc(std) {
		text = append(text, ".0"...)
	}
	return text, nil
}

// PaddingSide says where a shortcut of option A puts the zero channels that it
// adds. It decides nothing that a permutation of channels would not undo, but
// weights of the two do not interchange.
type PaddingSide string

// The two sides.
const (
	PadBoth PaddingSide = "both" // half of them before and half after, as the most used public weights
	PadEnd  PaddingSide = "end"  // all of them after, as fb.resnet.torch
)

// Setting is a key and its value.
type Setting struct {
	Key   string
	Value any
}

// Open lists what the paper leaves open and the protocol decides by a key.
func (p Protocol) Open() []Setting {
	return []Setting{
		{"initialisation", p.Initialisation},
		{"last_layer", p.LastLayer},
		{"nesterov", p.Nesterov},
		{"decay_norm", p.DecayNorm},
		{"norm_momentum", p.NormMomentum},
		{"norm_epsilon", p.NormEpsilon},
		{"norm_batch", p.NormBatch},
		{"padding_side", p.PaddingSide},
		{"warmup_window", p.WarmupWindow},
	}
}

// Departures lists the keys in which the training of a network at a scale departs from
// what the paper says (From), without those for what it leaves open: the ones of
// [Protocol.Open], whether the networks of its figures held images out, whether a plain
// one warms up, and how often a network is evaluated. Nor is it a departure to train
// for less, if the learning rate falls at the same parts of the schedule.
func (p Protocol) Departures(n network.Network, s Scale) []Difference {
	own := []string{"eval_interval", "validation"}
	if n.Kind == network.Plain {
		own = append(own, "warmup_from_depth")
	}
	for _, s := range p.Open() {
		own = append(own, s.Key)
	}
	p.Iterations, p.Milestones = p.scheduleAt(s)
	paper := Paper()
	if p.Iterations < paper.Iterations {
		paper.Iterations, paper.Milestones = paper.scheduleAt(Scale{p.Iterations, paper.Iterations})
		if near(p.Milestones, paper.Milestones) {
			p.Milestones = paper.Milestones
		}
	}
	return slices.DeleteFunc(paper.DifferencesFor(n, p), func(d Difference) bool { return slices.Contains(own, d.Key) })
}

// near reports whether milestones are the same but for how they are rounded.
func near(a, b []int) bool {
	return slices.EqualFunc(a, b, func(a, b int) bool { return a-b <= 1 && b-a <= 1 })
}

// checkChoices reports a value of the keys for what the paper leaves open that
// no training can have.
func (p Protocol) checkChoices(table string) *SpecError {
	if err := checkOneOf(join(table, "initialisation"), p.Initialisation, FanOut, FanIn); err != nil {
		return err
	}
	if err := checkOneOf(join(table, "padding_side"), p.PaddingSide, PadBoth, PadEnd); err != nil {
		return err
	}
	for _, v := range []struct {
		key     string
		value   float64
		allowed interval
	}{
		{"norm_momentum", p.NormMomentum, interval{0, 1, "above"}},
		{"norm_epsilon", p.NormEpsilon, interval{0, 1, "above"}},
		{"norm_batch", float64(p.NormBatch), interval{0, float64(p.Batch), ""}},
		{"warmup_window", float64(p.WarmupWindow), interval{0, 1_000_000, ""}},
	} {
		if err := checkRange(join(table, v.key), v.value, v.allowed); err != nil {
			return err
		}
	}
	return p.checkNormBatch(join(table, "norm_batch"))
}

// normParts is the largest number of parts of a minibatch that can have
// statistics of their own, and normImages what their images are a multiple of:
// layers on small maps work on several images at once. They are what parts and
// checkParts of package ops (models/ops/norm.go) allow, which a spec is checked
// against without building its networks.
const normParts, normImages = 16, 8

// checkNormBatch reports a part of a minibatch that the minibatch is not made of.
func (p Protocol) checkNormBatch(key string) *SpecError {
	if p.NormBatch == 0 || p.NormBatch == p.Batch {
		return nil
	}
	parts := p.Batch / p.NormBatch
	if p.Batch%p.NormBatch != 0 || min(p.Batch, normParts)%parts != 0 || p.NormBatch%normImages != 0 {
		return problemf(key, "%d is not a half, quarter, eighth or sixteenth of the batch of %d that is a multiple of %d, nor the whole of it", p.NormBatch, p.Batch, normImages)
	}
	return nil
}

// checkNormBatches reports a part of a minibatch that a network cannot be
// normalised by: layers on maps of 4x4 work on four times as many images at once.
func (e *Experiment) checkNormBatches() *SpecError {
	const images = 4 * normImages
	for i, v := range e.variants() {
		key := "protocol.norm_batch"
		if len(e.Variants) > 0 {
			key = element("variant", i) + "." + key
		}
		p := v.Protocol
		for _, n := range e.Networks {
			if n.Stages[network.MaxStages-1].Blocks > 0 && p.NormBatch > 0 && p.NormBatch < p.Batch && p.NormBatch%images != 0 {
				return problemf(key, "found %d, wanted a multiple of %d for %s, which has maps of 4x4", p.NormBatch, images, n)
			}
		}
	}
	return nil
}

// checkOneOf reports a name that is not among those allowed.
func checkOneOf[S ~string](key string, found S, allowed ...S) *SpecError {
	for _, a := range allowed {
		if found == a {
			return nil
		}
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	return problemf(key, "found %q%s", string(found), suggest(string(found), names))
}
