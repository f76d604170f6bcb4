package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"deepresidual/models"
	"deepresidual/results"
)

// The first format of checkpoints, which is read so that a run that an older
// program began goes on:
//
//	magic     24 bytes, format1Magic
//	version   uint32, little endian as all that follows: 1
//	length    uint32, of the header
//	header    JSON: format1Header
//	data      float32, the header's tensors one after the other
//	checksum  32 bytes, SHA-256 of all that comes before
const format1Magic = "deepresidual checkpoint\n"

type format1Header struct {
	Identity string
	State    struct {
		state
		Rows []struct {
			results.Row
			ValError *float64 // hides the row's; nil without a validation set
		}
		Times []results.Time
	}
	Tensors  []format1Tensor // parameters and running statistics
	Momentum []format1Tensor // after the tensors
}

type format1Tensor struct {
	Name  string
	Shape []int
}

func decodeFormat1(b []byte) (c *checkpoint, identity string, err error) {
	const fixed = len(format1Magic) + 8
	if len(b) < fixed+sha256.Size {
		return nil, "", fmt.Errorf("it is truncated to %d bytes", len(b))
	}
	body, checksum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], checksum) {
		return nil, "", errors.New("its checksum is wrong: it is truncated or damaged")
	}
	if v := binary.LittleEndian.Uint32(body[len(format1Magic):]); v != 1 {
		return nil, "", fmt.Errorf("its version is %d, not 1", v)
	}
	length := binary.LittleEndian.Uint32(body[len(format1Magic)+4:])
	body = body[fixed:]
	if uint64(length) > uint64(len(body)) {
		return nil, "", errors.New("its header is longer than the file")
	}
	var h format1Header
	if err := json.Unmarshal(body[:length], &h); err != nil {
		return nil, "", fmt.Errorf("its header: %w", err)
	}
	c = &checkpoint{state: h.State.state}
	c.state.Times = h.State.Times
	for _, r := range h.State.Rows {
		row := r.Row
		row.ValError = math.NaN()
		if r.ValError != nil {
			row.ValError = *r.ValError
		}
		c.state.Rows = append(c.state.Rows, row)
	}
	data := body[length:]
	if c.tensors, data, err = format1Tensors(h.Tensors, data); err != nil {
		return nil, "", err
	}
	if c.momentum, data, err = format1Tensors(h.Momentum, data); err != nil {
		return nil, "", err
	}
	if len(data) != 0 {
		return nil, "", fmt.Errorf("%d bytes follow its last tensor", len(data))
	}
	return c, h.Identity, nil
}

// format1Tensors takes the tensors that headers describe off the front of data.
func format1Tensors(headers []format1Tensor, data []byte) (tensors []models.Tensor, rest []byte, err error) {
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
