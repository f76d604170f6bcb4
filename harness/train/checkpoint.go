package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"deepresidual/harness/weights"
	"deepresidual/models"
	"deepresidual/results"
)

// A checkpoint is one safetensors file that holds everything a run needs to go
// on exactly as if it had never stopped. Its tensors are those of the network,
// and the velocities of the parameters under their names behind "momentum.". Its
// metadata are
//
//	format    "deepresidual checkpoint 2"
//	identity  of the run: see results.Key
//	spec      JSON, for who reads the file by hand; the identity decides
//	state     JSON: state
//	curve     CSV, as in curve.csv: the rows so far
//	timing    CSV, as in timing.csv
//	sha256    of the whole file with zeros in the place of these 64 digits
//
// and what those of the run's weights say, so that the network can be evaluated.
const (
	checkpointFormat = "deepresidual checkpoint "
	checkpointLatest = "2"
	checksumKey      = "sha256"
)

var noChecksum = strings.Repeat("0", 2*sha256.Size)

// checkpoint is a checkpoint file in memory.
type checkpoint struct {
	state    state
	tensors  []models.Tensor
	momentum []models.Tensor
}

// state is what a run knows besides its network.
type state struct {
	Iteration int            // minibatches trained on
	Rows      []results.Row  `json:"-"` // of the curve so far
	Times     []results.Time `json:"-"`
	Since     accumulator    // since the last row
	Rate      float64        // of the last minibatch
	WarmUp    warmUp
	Seconds   float64  // of training so far
	Kernels   []string // every kernel set the run has used, in order
	Resumed   int      // times the run was continued
	Processes []results.Process
	PeakMiB   float64 // peak resident memory so far; 0 if it is not known
}

// accumulator sums what the minibatches since the last row answered.
type accumulator struct {
	Batches int
	Loss    float64
	Wrong   int
}

// laterError says that a checkpoint is whole and of a later version of the
// program. Training from the start in its place would throw work away.
type laterError struct{ format string }

func (e *laterError) Error() string {
	return fmt.Sprintf("it has format %q, of a later version of the program than this one, which reads up to %s", e.format, checkpointLatest)
}

// encodeCheckpoint writes a checkpoint of the run with the given key. It writes
// it twice, the first time for the checksum alone, rather than keep a second
// network in memory.
func encodeCheckpoint(w io.Writer, key results.Key, c checkpoint) error {
	spec, err := json.Marshal(key.Spec)
	if err != nil {
		return err
	}
	state, err := json.Marshal(c.state)
	if err != nil {
		return err
	}
	says := metadata(key, c.state.Iteration) // for -eval, as those of weights
	maps.Copy(says, map[string]string{
		"format":    checkpointFormat + checkpointLatest,
		"identity":  key.Identity(),
		"spec":      string(spec),
		"state":     string(state),
		"curve":     string(results.EncodeCurve(c.state.Rows)),
		"timing":    string(results.EncodeTiming(c.state.Times)),
		checksumKey: noChecksum,
	})
	tensors := append([]models.Tensor{}, c.tensors...)
	for _, t := range c.momentum {
		t.Name = weights.Momentum + t.Name
		tensors = append(tensors, t)
	}
	sum := sha256.New()
	if err := weights.WriteSafetensors(sum, tensors, says); err != nil {
		return err
	}
	says[checksumKey] = hex.EncodeToString(sum.Sum(nil))
	return weights.WriteSafetensors(w, tensors, says)
}

// decodeCheckpoint reads a checkpoint file of the run with the given key.
func decodeCheckpoint(b []byte, key results.Key) (*checkpoint, error) {
	var c *checkpoint
	var identity string
	var err error
	if bytes.HasPrefix(b, []byte(format1Magic)) {
		c, identity, err = decodeFormat1(b)
	} else {
		c, identity, err = decodeSafetensors(b)
	}
	if err != nil {
		return nil, err
	}
	if identity != key.Identity() {
		return nil, fmt.Errorf("it belongs to run %s, this is %s", identity, key.Identity())
	}
	return c, nil
}

func decodeSafetensors(b []byte) (c *checkpoint, identity string, err error) {
	tensors, metadata, err := weights.ReadSafetensors(bytes.NewReader(b))
	if err != nil {
		return nil, "", err
	}
	format, ok := strings.CutPrefix(metadata["format"], checkpointFormat)
	if !ok {
		return nil, "", errors.New("it is not a checkpoint of this program")
	}
	sum, summed := metadata[checksumKey]
	fits := checksumFits(b, sum)
	if format != checkpointLatest && (fits || !summed) { // else what is damaged may be the format
		return nil, "", &laterError{format}
	}
	if !fits {
		return nil, "", errors.New("its checksum is wrong: it is damaged")
	}
	c = &checkpoint{}
	if err := json.Unmarshal([]byte(metadata["state"]), &c.state); err != nil {
		return nil, "", fmt.Errorf("its state: %w", err)
	}
	if c.state.Rows, err = results.DecodeCurve([]byte(metadata["curve"])); err != nil {
		return nil, "", fmt.Errorf("its curve: %w", err)
	}
	if c.state.Times, err = results.DecodeTiming([]byte(metadata["timing"])); err != nil {
		return nil, "", fmt.Errorf("its timing: %w", err)
	}
	for _, t := range tensors {
		if name, ok := strings.CutPrefix(t.Name, weights.Momentum); ok {
			t.Name = name
			c.momentum = append(c.momentum, t)
		} else {
			c.tensors = append(c.tensors, t)
		}
	}
	return c, metadata["identity"], nil
}

// checksumFits reports whether a file has the checksum that its metadata says.
// The metadata are at its start, and no other value in them can look like this
// one, since there a quote is preceded by a backslash.
func checksumFits(b []byte, want string) bool {
	before, after, found := bytes.Cut(b, []byte(`"`+checksumKey+`":"`+want+`"`))
	if !found || len(want) != len(noChecksum) {
		return false
	}
	sum := sha256.New()
	sum.Write(before)
	io.WriteString(sum, `"`+checksumKey+`":"`+noChecksum+`"`)
	sum.Write(after)
	return hex.EncodeToString(sum.Sum(nil)) == want
}
