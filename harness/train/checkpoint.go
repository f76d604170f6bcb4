package train

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"deepresidual/experiments"
	"deepresidual/models"
	"deepresidual/results"
)

// A checkpoint is one file that holds everything a run needs to go on exactly
// as if it had never stopped:
//
//	magic     24 bytes, checkpointMagic
//	version   uint32, little endian as all that follows
//	length    uint32, of the header
//	header    JSON: checkpointHeader
//	data      float32, the header's tensors one after the other
//	checksum  32 bytes, SHA-256 of all that comes before
//
// The name tells the iteration, checkpoint-00012345, and the last two are kept:
// should the newer one turn out damaged, the run goes on from the older.
const (
	checkpointMagic   = "deepresidual checkpoint\n"
	checkpointVersion = 1
	checkpointsKept   = 2
)

// checkpointHeader is the part of a checkpoint that is not numbers of the
// network.
type checkpointHeader struct {
	Identity string              // of the run: see results.Key
	Spec     experiments.RunSpec // for who reads the file by hand; Identity decides
	State    state
	Tensors  []tensorHeader // parameters and running statistics, in the model's order
	Momentum []tensorHeader // after the tensors
}

type tensorHeader struct {
	Name  string
	Shape []int
}

// state is what a run knows besides its network.
type state struct {
	Iteration int         // minibatches trained on
	Rows      []row       // of the curve so far
	Since     accumulator // since the last row
	Rate      float64     // of the last minibatch
	WarmUp    warmUp
	Times     []results.Time
	Seconds   float64  // of training so far
	Kernels   []string // every kernel set the run has used, in order
	Resumed   int      // times the run was continued
}

// accumulator sums what the minibatches since the last row answered.
type accumulator struct {
	Batches int
	Loss    float64
	Wrong   int
}

// row is a results.Row in JSON, which has no NaN.
type row results.Row

type jsonRow struct {
	results.Row
	ValError *float64 // hides the row's; nil without a validation set
}

func (r row) MarshalJSON() ([]byte, error) {
	j := jsonRow{Row: results.Row(r)}
	if !math.IsNaN(r.ValError) {
		j.ValError = &r.ValError
	}
	return json.Marshal(j)
}

func (r *row) UnmarshalJSON(b []byte) error {
	var j jsonRow
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*r = row(j.Row)
	r.ValError = math.NaN()
	if j.ValError != nil {
		r.ValError = *j.ValError
	}
	return nil
}

// checkpoint is a checkpoint file in memory.
type checkpoint struct {
	state    state
	tensors  []models.Tensor
	momentum []models.Tensor
}

// checkpoints lists the checkpoint files of a run's folder, newest first.
func checkpoints(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if iterationOf(e.Name()) >= 0 {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	slices.SortFunc(paths, func(a, b string) int { return iterationOf(b) - iterationOf(a) })
	return paths, nil
}

// iterationOf returns the iteration in a checkpoint's name, or -1 if the name
// is not one of a checkpoint.
func iterationOf(path string) int {
	digits, ok := strings.CutPrefix(filepath.Base(path), results.CheckpointPrefix)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return -1
	}
	return n
}

// Latest returns the iteration of the newest checkpoint in a run's folder, for
// saying where an interrupted run would go on; false if there is none.
func Latest(dir string) (iteration int, ok bool) {
	paths, err := checkpoints(dir)
	if err != nil || len(paths) == 0 {
		return 0, false
	}
	return iterationOf(paths[0]), true
}

// writeCheckpoint writes c into the run's folder and removes all but the last
// two.
func writeCheckpoint(run *results.Run, c checkpoint) error {
	name := fmt.Sprintf("%s%08d", results.CheckpointPrefix, c.state.Iteration)
	err := run.WriteFile(name, func(w io.Writer) error { return encodeCheckpoint(w, run.Key(), c) })
	if err != nil {
		return err
	}
	return pruneCheckpoints(run, checkpointsKept)
}

// pruneCheckpoints removes all checkpoints of a run but the newest keep.
func pruneCheckpoints(run *results.Run, keep int) error {
	paths, err := checkpoints(run.Dir())
	if err != nil {
		return err
	}
	for _, path := range paths[min(keep, len(paths)):] {
		if err := run.Remove(filepath.Base(path)); err != nil {
			return err
		}
	}
	return nil
}

// Discard removes the checkpoints of a run, so that it is trained from the
// start.
func Discard(run *results.Run) error { return pruneCheckpoints(run, 0) }

// newestCheckpoint returns the newest usable checkpoint in a run's folder, nil
// if there is none, and an error for each newer one that could not be used.
func newestCheckpoint(dir string, key results.Key) (*checkpoint, []error) {
	paths, err := checkpoints(dir)
	if err != nil {
		return nil, []error{err}
	}
	var unusable []error
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err == nil {
			var c *checkpoint
			if c, err = decodeCheckpoint(b, key); err == nil {
				return c, unusable
			}
		}
		unusable = append(unusable, fmt.Errorf("checkpoint %s cannot be used: %w", path, err))
	}
	return nil, unusable
}

func encodeCheckpoint(w io.Writer, key results.Key, c checkpoint) error {
	header, err := json.Marshal(checkpointHeader{
		Identity: key.Identity(),
		Spec:     key.Spec,
		State:    c.state,
		Tensors:  headersOf(c.tensors),
		Momentum: headersOf(c.momentum),
	})
	if err != nil {
		return err
	}
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<20)
	out.WriteString(checkpointMagic)
	b := binary.LittleEndian.AppendUint32(nil, checkpointVersion)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(header)))
	out.Write(b)
	out.Write(header)
	for _, t := range slices.Concat(c.tensors, c.momentum) {
		for _, v := range t.Data {
			binary.LittleEndian.PutUint32(b, math.Float32bits(v))
			out.Write(b[:4])
		}
	}
	if err := out.Flush(); err != nil { // bufio.Writer keeps its first error
		return err
	}
	_, err = w.Write(sum.Sum(nil))
	return err
}

func headersOf(tensors []models.Tensor) []tensorHeader {
	headers := make([]tensorHeader, len(tensors))
	for i, t := range tensors {
		headers[i] = tensorHeader{t.Name, t.Shape}
	}
	return headers
}

// decodeCheckpoint reads a checkpoint file of the run with the given key. The
// checksum is compared first, so what follows it only has to tell a file of
// another run or another version from a good one.
func decodeCheckpoint(b []byte, key results.Key) (*checkpoint, error) {
	const fixed = len(checkpointMagic) + 8
	if len(b) < fixed+sha256.Size {
		return nil, fmt.Errorf("it is truncated to %d bytes", len(b))
	}
	if !bytes.HasPrefix(b, []byte(checkpointMagic)) {
		return nil, errors.New("it is not a checkpoint of this program")
	}
	body, checksum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], checksum) {
		return nil, errors.New("its checksum is wrong: it is truncated or damaged")
	}
	version := binary.LittleEndian.Uint32(body[len(checkpointMagic):])
	if version != checkpointVersion {
		return nil, fmt.Errorf("it has format %d, this program reads format %d", version, checkpointVersion)
	}
	length := binary.LittleEndian.Uint32(body[len(checkpointMagic)+4:])
	body = body[fixed:]
	if uint64(length) > uint64(len(body)) {
		return nil, errors.New("its header is longer than the file")
	}
	var h checkpointHeader
	if err := json.Unmarshal(body[:length], &h); err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	if h.Identity != key.Identity() {
		return nil, fmt.Errorf("it belongs to run %s, this is %s", h.Identity, key.Identity())
	}
	c := &checkpoint{state: h.State}
	data := body[length:]
	var err error
	if c.tensors, data, err = decodeTensors(h.Tensors, data); err != nil {
		return nil, err
	}
	if c.momentum, data, err = decodeTensors(h.Momentum, data); err != nil {
		return nil, err
	}
	if len(data) != 0 {
		return nil, fmt.Errorf("%d bytes follow its last tensor", len(data))
	}
	return c, nil
}

// decodeTensors takes the tensors that headers describe off the front of data.
func decodeTensors(headers []tensorHeader, data []byte) (tensors []models.Tensor, rest []byte, err error) {
	for _, h := range headers {
		t := models.Tensor{Name: h.Name, Shape: h.Shape}
		n := t.Len()
		if n < 0 || n > len(data)/4 {
			return nil, nil, fmt.Errorf("it ends before tensor %s %v does", h.Name, h.Shape)
		}
		t.Data = make([]float32, n)
		for i := range t.Data {
			t.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		tensors, data = append(tensors, t), data[4*n:]
	}
	return tensors, data, nil
}
