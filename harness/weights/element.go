package weights

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The types of elements that are converted, by their names in safetensors.
const (
	float16  = "F16"
	bfloat16 = "BF16"
	float32s = "F32"
	float64s = "F64"
)

// elementSize returns the bytes of an element of a type of safetensors, or 0
// for a type that is not known.
func elementSize(kind string) int64 {
	switch kind {
	case "BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2":
		return 1
	case float16, bfloat16, "U16", "I16":
		return 2
	case float32s, "U32", "I32":
		return 4
	case float64s, "U64", "I64", "C64":
		return 8
	}
	return 0
}

// isFloat reports whether a type is one that appendFloats converts.
func isFloat(kind string) bool {
	return kind == float16 || kind == bfloat16 || kind == float32s || kind == float64s
}

// maxDims is more dimensions than any parameter has.
const maxDims = 8

// elements returns the number of elements of a shape, at most maxBytes.
func elements(shape []int) (int64, error) {
	if len(shape) > maxDims {
		return 0, fmt.Errorf("its shape has %d dimensions", len(shape))
	}
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > maxBytes {
			return 0, fmt.Errorf("its shape %.60v is impossible", fmt.Sprint(shape))
		}
		if n *= int64(d); n > maxBytes {
			return 0, fmt.Errorf("its shape %.60v is too large", fmt.Sprint(shape))
		}
	}
	return n, nil
}

// appendFloats appends the little-endian elements in data as float32, float64
// rounded to nearest.
func appendFloats(to []float32, kind string, data []byte) []float32 {
	switch kind {
	case float16:
		for ; len(data) >= 2; data = data[2:] {
			to = append(to, halfToFloat(binary.LittleEndian.Uint16(data)))
		}
	case bfloat16:
		for ; len(data) >= 2; data = data[2:] {
			to = append(to, math.Float32frombits(uint32(binary.LittleEndian.Uint16(data))<<16))
		}
	case float32s:
		for ; len(data) >= 4; data = data[4:] {
			to = append(to, math.Float32frombits(binary.LittleEndian.Uint32(data)))
		}
	case float64s:
		for ; len(data) >= 8; data = data[8:] {
			to = append(to, float32(math.Float64frombits(binary.LittleEndian.Uint64(data))))
		}
	}
	return to
}

// halfToFloat converts an IEEE 754 binary16 number, exactly.
func halfToFloat(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent := uint32(h>>10) & 0x1f
	fraction := uint32(h) & 0x3ff
	switch exponent {
	case 0: // zero or subnormal: fraction x 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f: // infinity or not a number
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
