package results

import "deepresidual/experiments"

// format is that of the records that are written. It is raised when run.toml
// gets a key, or changes in a way that older programs would misread.
const format = 3

// added lists the keys of the protocol that came with a format of records, the
// oldest first. A record of an earlier format has no such key: it was made with
// the value that [protocolBefore] returns for it. That value is also left out of
// a run's identity, so that a new key makes no recorded run another one.
//
// To add a key: raise format, list the key here, and say in protocolBefore what
// was done when there was no key.
var added = []struct {
	format int
	key    string
}{
	{2, "warmup_window"},
	{2, "initialisation"},
	{2, "last_layer"},
	{2, "nesterov"},
	{2, "decay_norm"},
	{2, "norm_momentum"},
	{2, "norm_epsilon"},
	{2, "norm_batch"},
	{2, "padding_side"},
}

// protocolBefore returns a protocol with the values that the keys which a
// format lacks stand for. Other keys are zero.
func protocolBefore(format int) experiments.Protocol {
	var p experiments.Protocol
	if format < 2 {
		p.WarmupWindow = 100
		p.Initialisation = experiments.FanIn
		p.LastLayer = experiments.He
		p.Nesterov = false
		p.DecayNorm = true
		p.NormMomentum = 0.1
		p.NormEpsilon = 1e-5
		p.NormBatch = 0
		p.PaddingSide = experiments.PadBoth
	}
	return p
}

// addedAfter reports whether a key of run.toml, such as "protocol.nesterov",
// came after a format.
func addedAfter(format int, name string) bool {
	if format < 3 && name == "process" {
		return true
	}
	for _, a := range added {
		if a.format > format && name == "protocol."+a.key {
			return true
		}
	}
	return false
}
