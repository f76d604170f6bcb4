package weights

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"deepresidual/models"
)

// The safetensors format (https://github.com/huggingface/safetensors, README,
// "Format"): eight bytes with the length of the header, little-endian; the
// header, a JSON object from names to entries and from __metadata__ to
// strings, which may be padded with spaces; then the tensors' bytes, without
// gaps and without anything after them.
const (
	maxHeader   = 100_000_000 // the format's limit, bytes
	metadataKey = "__metadata__"
)

// entry describes one tensor in the header.
type entry struct {
	Type    string  `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"` // into the data, two: an array would take any number
}

// isSafetensors reports whether content begins like a safetensors file.
func isSafetensors(content []byte) bool {
	return len(content) > 8 && content[8] == '{' && binary.LittleEndian.Uint64(content) <= maxHeader
}

// WriteSafetensors writes float32 tensors, in their order, and metadata, which
// may be nil. The same arguments give the same bytes.
func WriteSafetensors(w io.Writer, tensors []models.Tensor, metadata map[string]string) error {
	header, err := safetensorsHeader(tensors, metadata)
	if err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	out := bufio.NewWriterSize(w, 1<<16)
	var scratch [8]byte
	out.Write(binary.LittleEndian.AppendUint64(scratch[:0], uint64(len(header))))
	out.Write(header)
	for _, t := range tensors {
		for _, v := range t.Data {
			out.Write(binary.LittleEndian.AppendUint32(scratch[:0], math.Float32bits(v)))
		}
	}
	if err := out.Flush(); err != nil { // it remembers the first error
		return fmt.Errorf("weights: writing safetensors: %w", err)
	}
	return nil
}

func safetensorsHeader(tensors []models.Tensor, metadata map[string]string) ([]byte, error) {
	header := []byte("{")
	add := func(key string, value any) error {
		k, err := json.Marshal(key)
		if err != nil {
			return err
		}
		v, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if len(header) > 1 {
			header = append(header, ',')
		}
		header = append(append(append(header, k...), ':'), v...)
		return nil
	}
	if len(metadata) > 0 {
		if err := add(metadataKey, metadata); err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{metadataKey: true}
	var at int64
	for _, t := range tensors {
		if seen[t.Name] {
			return nil, fmt.Errorf("a tensor cannot be named %q: the name is taken", t.Name)
		}
		seen[t.Name] = true
		if n, err := elements(t.Shape); err != nil || n != int64(len(t.Data)) {
			return nil, fmt.Errorf("tensor %s has shape %v and %d values", t.Name, t.Shape, len(t.Data))
		}
		end := at + 4*int64(len(t.Data))
		shape := append([]int{}, t.Shape...) // a scalar's is [], not null
		if err := add(t.Name, entry{"F32", shape, []int64{at, end}}); err != nil {
			return nil, err
		}
		at = end
	}
	header = append(header, '}')
	for len(header)%8 != 0 { // so that the data is aligned
		header = append(header, ' ')
	}
	if len(header) > maxHeader {
		return nil, fmt.Errorf("the header of %d tensors has %d bytes, more than the format allows", len(tensors), len(header))
	}
	return header, nil
}

// ReadSafetensors reads all of r: the tensors of floating-point numbers (F32,
// F16, BF16 and F64) in the order of their data, converted to float32, and the
// metadata, nil if there is none. Tensors of other types, such as counters and
// random states, are checked and left out.
func ReadSafetensors(r io.Reader) ([]models.Tensor, map[string]string, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	var scratch [8]byte
	if _, err := io.ReadFull(in, scratch[:]); err != nil {
		return nil, nil, fmt.Errorf("safetensors: the length of the header is cut off: %w", short(err))
	}
	length := binary.LittleEndian.Uint64(scratch[:])
	if length > maxHeader {
		return nil, nil, fmt.Errorf("safetensors: a header of %d bytes is longer than the format's %d", length, maxHeader)
	}
	header, err := io.ReadAll(io.LimitReader(in, int64(length)))
	if err == nil && uint64(len(header)) < length {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: the header is cut off: %w", err)
	}
	entries, metadata, err := parseHeader(header)
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: %w", err)
	}
	var tensors []models.Tensor
	for _, e := range entries {
		if !isFloat(e.Type) {
			if _, err := io.CopyN(io.Discard, in, e.Offsets[1]-e.Offsets[0]); err != nil {
				return nil, nil, fmt.Errorf("safetensors: tensor %s is cut off: %w", e.name, short(err))
			}
			continue
		}
		t, err := readTensor(in, e)
		if err != nil {
			return nil, nil, fmt.Errorf("safetensors: tensor %s is cut off: %w", e.name, short(err))
		}
		tensors = append(tensors, t)
	}
	if _, err := in.ReadByte(); err != io.EOF {
		if err == nil {
			err = errors.New("there are bytes after the last tensor")
		}
		return nil, nil, fmt.Errorf("safetensors: %w", err)
	}
	return tensors, metadata, nil
}

// short names the end of the file for what it is when more was expected.
func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

type namedEntry struct {
	name string
	entry
}

// parseHeader returns the entries in the order of their data, after checking
// that they tile it.
func parseHeader(header []byte) ([]namedEntry, map[string]string, error) {
	dec := json.NewDecoder(bytes.NewReader(header))
	dec.DisallowUnknownFields()
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, nil, errors.New("the header is not a JSON object")
	}
	var entries []namedEntry
	var metadata map[string]string
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("the header is not valid JSON: %w", err)
		}
		name := key.(string) // the decoder accepts nothing else as a key
		if len(name) > maxName {
			return nil, nil, fmt.Errorf("the header has a name of %d bytes, %.40q and so on", len(name), name)
		}
		if seen[name] {
			return nil, nil, fmt.Errorf("the header has two entries %q", name)
		}
		seen[name] = true
		if name == metadataKey {
			if err := dec.Decode(&metadata); err != nil {
				return nil, nil, fmt.Errorf("the metadata is not a map from strings to strings: %w", err)
			}
			continue
		}
		e := namedEntry{name: name}
		if err := dec.Decode(&e.entry); err != nil {
			return nil, nil, fmt.Errorf("the header's entry %q: %w", name, err)
		}
		if err := e.check(); err != nil {
			return nil, nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		entries = append(entries, e)
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, fmt.Errorf("the header is not valid JSON: %w", err)
	}
	if rest := bytes.Trim(header[dec.InputOffset():], " "); len(rest) > 0 {
		return nil, nil, fmt.Errorf("the header goes on after its object, with %.20q", rest)
	}

	slices.SortStableFunc(entries, func(a, b namedEntry) int {
		return slices.Compare(a.Offsets, b.Offsets)
	})
	var at int64
	for _, e := range entries {
		if e.Offsets[0] != at {
			return nil, nil, fmt.Errorf("tensor %s starts at byte %d of the data, the one before it ends at %d", e.name, e.Offsets[0], at)
		}
		at = e.Offsets[1]
	}
	return entries, metadata, nil
}

// check compares type, shape and offsets with each other.
func (e namedEntry) check() error {
	size := elementSize(e.Type)
	if size == 0 {
		return fmt.Errorf("its type %.40q is not one of the format's", e.Type)
	}
	n, err := elements(e.Shape)
	if err != nil {
		return err
	}
	if len(e.Offsets) != 2 {
		return fmt.Errorf("its data_offsets are %d numbers, wanted 2", len(e.Offsets))
	}
	if e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] || e.Offsets[1] > maxBytes || e.Offsets[1]-e.Offsets[0] != n*size {
		return fmt.Errorf("shape %v of %s takes %d bytes, its data is at bytes %d to %d", e.Shape, e.Type, n*size, e.Offsets[0], e.Offsets[1])
	}
	return nil
}

// readTensor reads the data of a checked entry. Memory grows with what is
// there, not with what the header says is there.
func readTensor(r io.Reader, e namedEntry) (models.Tensor, error) {
	const step = 1 << 20 // elements
	size := elementSize(e.Type)
	left := (e.Offsets[1] - e.Offsets[0]) / size
	t := models.Tensor{Name: e.name, Shape: append([]int{}, e.Shape...), Data: make([]float32, 0, min(left, step))}
	buffer := make([]byte, min(left, 1<<13)*size)
	for left > 0 {
		n := min(left, int64(len(buffer))/size)
		if _, err := io.ReadFull(r, buffer[:n*size]); err != nil {
			return models.Tensor{}, err
		}
		t.Data = appendFloats(t.Data, e.Type, buffer[:n*size])
		left -= n
	}
	return t, nil
}
