package results

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"deepresidual/experiments"
)

// format is that of the records that are written. It is raised when run.toml
// gets a key, or changes in a way that older programs would misread.
const format = 4

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

// renamed lists the keys of the protocol that a format of records calls otherwise
// than those before it. A run's identity has the old names, so that another name
// makes no recorded run another one.
//
// To rename a key: raise format, and list it here.
var renamed = []struct {
	format     int
	from, to   string
	reciprocal bool // the old key is a factor, the new one a divisor
}{
	{4, "row_interval", "eval_interval", false},
	{4, "decay", "learning_rate_divisor", true},
}

// withNewNames returns the text of a run.toml of a format with the protocol's keys
// called as they are now, on their lines. It is about text as this package writes
// it, one key on a line; in another the old names are no keys.
func withNewNames(text []byte, format int) ([]byte, error) {
	table := ""
	lines := bytes.Split(text, []byte("\n"))
	for i, line := range lines {
		line = bytes.TrimSuffix(line, []byte("\r")) // of a checkout on Windows
		if bytes.HasPrefix(line, []byte("[")) {
			table = string(line)
		}
		key, value, ok := strings.Cut(string(line), " = ")
		if !ok || table != "[protocol]" {
			continue
		}
		for _, r := range renamed {
			switch {
			case format >= r.format:
			case key == r.to:
				return nil, fmt.Errorf("line %d: protocol.%s: no such key", i+1, key)
			case key == r.from && r.reciprocal:
				factor, err := strconv.ParseFloat(value, 64)
				if err != nil {
					return nil, fmt.Errorf("line %d: protocol.%s: found %s, wanted a number", i+1, key, value)
				}
				lines[i] = []byte(r.to + " = " + strconv.FormatFloat(1/factor, 'e', -1, 64))
			case key == r.from:
				lines[i] = []byte(r.to + " = " + value)
			}
		}
	}
	return bytes.Join(lines, []byte("\n")), nil
}

// withOldNames gives the keys of a protocol the names that they had at first.
func withOldNames(protocol map[string]any) {
	for _, r := range renamed {
		value := protocol[r.to]
		if divisor, ok := value.(float64); ok && r.reciprocal {
			// In decimal, 1/(1/x) is the x of up to 15 digits that was read.
			value, _ = strconv.ParseFloat(strconv.FormatFloat(1/divisor, 'g', 15, 64), 64)
		}
		delete(protocol, r.to)
		protocol[r.from] = value
	}
}
