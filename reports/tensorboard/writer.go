// Package tensorboard writes learning curves as event files that TensorBoard
// reads: scalars and hyperparameters, no graphs, no histograms.
//
// The format is TensorFlow's: records framed as in
// tensorflow/core/lib/io/record_writer.cc, each an Event message of
// tensorflow/core/util/event.proto, of which five fields are used.
package tensorboard

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"time"
)

// A writer writes events to an event file.
type writer struct {
	w io.Writer
}

// A scalar is one point of the curve named Tag.
type scalar struct {
	Tag   string
	Value float64
}

// newWriter begins an event file: its first record names the format.
func newWriter(w io.Writer, at time.Time) (*writer, error) {
	out := &writer{w}
	return out, out.record(appendString(appendTime(nil, at), fieldFileVersion, "brain.Event:2"))
}

// scalars writes one event with the values of some curves at a step. Values
// are stored as float32.
func (w *writer) scalars(step int, at time.Time, values ...scalar) error {
	var summary []byte
	for _, v := range values {
		value := appendString(nil, fieldTag, v.Tag)
		value = appendKey(value, fieldSimpleValue, wireFixed32)
		value = binary.LittleEndian.AppendUint32(value, math.Float32bits(float32(v.Value)))
		summary = appendString(summary, fieldValue, string(value))
	}
	event := appendTime(nil, at)
	event = appendKey(event, fieldStep, wireVarint)
	event = binary.AppendUvarint(event, uint64(step))
	return w.record(appendString(event, fieldSummary, string(summary)))
}

// record writes data with its length and both checksums.
func (w *writer) record(data []byte) error {
	frame := binary.LittleEndian.AppendUint64(make([]byte, 0, len(data)+16), uint64(len(data)))
	frame = binary.LittleEndian.AppendUint32(frame, masked(frame))
	frame = append(frame, data...)
	frame = binary.LittleEndian.AppendUint32(frame, masked(data))
	if _, err := w.w.Write(frame); err != nil {
		return fmt.Errorf("tensorboard: writing an event: %w", err)
	}
	return nil
}

// masked is the CRC-32C of b, rotated and shifted as the format wants it, so
// that a checksum of data that holds checksums stays sound.
func masked(b []byte) uint32 {
	c := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	return (c>>15 | c<<17) + 0xa282ead8
}

// Fields of Event, Summary and Summary.Value, and protocol buffers' wire types.
const (
	fieldWallTime    = 1 // Event, double, seconds
	fieldStep        = 2 // Event, int64
	fieldFileVersion = 3 // Event, string
	fieldSummary     = 5 // Event, Summary
	fieldValue       = 1 // Summary, repeated Value
	fieldTag         = 1 // Value, string
	fieldSimpleValue = 2 // Value, float

	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

func appendKey(b []byte, field, wire int) []byte {
	return binary.AppendUvarint(b, uint64(field<<3|wire))
}

func appendTime(b []byte, at time.Time) []byte {
	return appendDouble(b, fieldWallTime, float64(at.UnixMicro())/1e6)
}

func appendString(b []byte, field int, s string) []byte {
	b = binary.AppendUvarint(appendKey(b, field, wireBytes), uint64(len(s)))
	return append(b, s...)
}
