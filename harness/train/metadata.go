package train

import (
	"strconv"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/models/ops"
	"deepresidual/results"
)

// Keys of the metadata of a run's weights. Those of the protocol and of the data are
// there where it is not the paper's.
const (
	networkKey    = "network"
	seedKey       = "seed"
	paddingKey    = "padding_side"
	epsilonKey    = "norm_epsilon"
	validationKey = "validation"
	dataKey       = "data"
)

// metadata describes the weights of a run in their file. It holds nothing but what
// the run's key says, so that the file of a run that was interrupted is the same.
func metadata(key results.Key, iteration int) map[string]string {
	s := key.Spec
	says := map[string]string{
		networkKey:  s.Network.Canonical(),
		"run":       key.Identity(),
		seedKey:     strconv.FormatInt(s.Seed, 10),
		"scale":     s.Scale.String(),
		"iteration": strconv.Itoa(iteration),
	}
	p, paper := s.Protocol, experiments.Paper()
	if p.PaddingSide != paper.PaddingSide {
		says[paddingKey] = string(p.PaddingSide)
	}
	if p.NormEpsilon != paper.NormEpsilon {
		says[epsilonKey] = strconv.FormatFloat(p.NormEpsilon, 'g', -1, 64)
	}
	if p.Validation != paper.Validation {
		says[validationKey] = strconv.Itoa(p.Validation)
	}
	if key.Data.Synthetic {
		says[dataKey] = data.SyntheticPath
	}
	return says
}

// Trained is what evaluating weights needs to know of their training.
type Trained struct {
	Network     string // canonical; "" if it is not said
	Conventions ops.Conventions
	Validation  int   // training images that were held out,
	Seed        int64 // drawn by this seed: the images' mean is that of the others
	Synthetic   bool  // the images were generated
}

// TrainedBy returns what the metadata of weights say of their training: what they
// do not say, as those of another program, is the paper's.
func TrainedBy(metadata map[string]string) Trained {
	p := experiments.Paper()
	if side := experiments.PaddingSide(metadata[paddingKey]); side == experiments.PadEnd {
		p.PaddingSide = side
	}
	if epsilon, err := strconv.ParseFloat(metadata[epsilonKey], 64); err == nil && epsilon > 0 {
		p.NormEpsilon = epsilon
	}
	t := Trained{Network: metadata[networkKey], Conventions: Conventions(p), Synthetic: metadata[dataKey] == data.SyntheticPath}
	if n, err := strconv.Atoi(metadata[validationKey]); err == nil && n > 0 {
		t.Validation = n
		t.Seed, _ = strconv.ParseInt(metadata[seedKey], 10, 64)
	}
	return t
}
