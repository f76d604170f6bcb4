package weights

import (
	"errors"
	"fmt"
)

// storageType is a storage class of PyTorch.
type storageType struct {
	name string
	kind string // of the elements, as in safetensors; empty if not floating-point
	size int64  // of an element, bytes; 0 if that is not known
}

var storageTypes = func() map[string]*storageType {
	table := make(map[string]*storageType)
	for _, t := range []storageType{
		{"FloatStorage", float32s, 4},
		{"HalfStorage", float16, 2},
		{"BFloat16Storage", bfloat16, 2},
		{"DoubleStorage", float64s, 8},
		{"LongStorage", "", 8},
		{"IntStorage", "", 4},
		{"ShortStorage", "", 2},
		{"CharStorage", "", 1},
		{"ByteStorage", "", 1},
		{"BoolStorage", "", 1},
		{"UntypedStorage", "", 1},
		{"ComplexFloatStorage", "", 8},
		{"ComplexDoubleStorage", "", 16},
		{"QInt8Storage", "", 1},
		{"QUInt8Storage", "", 1},
		{"QInt32Storage", "", 4},
	} {
		table[t.name] = &t
	}
	return table
}()

// storage is the memory that tensors are views of.
type storage struct {
	*storageType
	key   string // of the storage in the file
	count int64  // elements
	data  []byte // nil until it is found
}

func (s *storage) bytes() int64 { return s.count * s.size }

// storages are those of a file by their keys.
type storages map[string]*storage

// load returns what a persistent id stands for: a storage for ("storage",
// class, key, device, elements), in the older format with a sixth element for
// views; the class for ("module", class, ...), with which the older format
// keeps a model's source; for anything else an inert object.
func (all storages) load(id any) (any, error) {
	fields := sequence(id)
	if len(fields) > 1 && fields[0] == "module" {
		return fields[1], nil
	}
	if len(fields) < 5 || fields[0] != "storage" {
		return &object{class: "a persistent object that is not a storage"}, nil
	}
	class, isClass := fields[1].(*storageType)
	key, isKey := fields[2].(string)
	count, isCount := fields[4].(int)
	if !isClass || !isKey || !isCount || count < 0 || count > maxBytes {
		return &object{class: "a storage that is not described as PyTorch does"}, nil
	}
	if len(fields) > 5 && fields[5] != nil {
		return &object{class: "a storage that is a view of another, which only versions before PyTorch 0.4 wrote"}, nil
	}
	if all[key] == nil {
		all[key] = &storage{storageType: class, key: key, count: int64(count)}
	}
	return all[key], nil
}

// tensor is a strided view of a storage.
type tensor struct {
	storage       *storage
	offset        int
	shape, stride []int // elements
}

// floats returns the elements, which are floating-point numbers, in row-major
// order, if they take no more than room bytes.
func (t *tensor) floats(room int64) ([]float32, error) {
	n, err := elements(t.shape)
	if err != nil {
		return nil, err
	}
	if 4*n > room {
		return nil, fmt.Errorf("the tensors take more than %d bytes", int64(maxBytes))
	}
	if len(t.stride) != len(t.shape) {
		return nil, fmt.Errorf("its shape has %d dimensions, its strides %d", len(t.shape), len(t.stride))
	}
	if n == 0 {
		return []float32{}, nil
	}
	beyond := fmt.Errorf("it reaches beyond its storage of %d elements", t.storage.count)
	if t.offset < 0 || t.offset > maxBytes {
		return nil, beyond
	}
	last, contiguous := int64(t.offset), true
	expect := int64(1)
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.stride[i] < 0 || t.stride[i] > maxBytes {
			return nil, fmt.Errorf("its stride %d is impossible", t.stride[i])
		}
		if t.shape[i] != 1 && int64(t.stride[i]) != expect {
			contiguous = false
		}
		expect *= int64(t.shape[i])
		if last += int64(t.shape[i]-1) * int64(t.stride[i]); last > maxBytes {
			break // and stay clear of an overflow
		}
	}
	if last >= t.storage.count {
		return nil, beyond
	}
	if int64(len(t.storage.data)) != t.storage.bytes() {
		return nil, errors.New("its storage is missing")
	}
	element := func(i int64) []byte { return t.storage.data[i*t.storage.size:] }
	if contiguous {
		return appendFloats(make([]float32, 0, n), t.storage.kind, element(int64(t.offset))[:n*t.storage.size]), nil
	}
	data := make([]float32, 0, n)
	index := make([]int, len(t.shape))
	for at := int64(t.offset); ; {
		data = appendFloats(data, t.storage.kind, element(at)[:t.storage.size])
		d := len(index) - 1
		for ; d >= 0; d-- {
			index[d]++
			at += int64(t.stride[d])
			if index[d] < t.shape[d] {
				break
			}
			at -= int64(t.shape[d]) * int64(t.stride[d])
			index[d] = 0
		}
		if d < 0 {
			return data, nil
		}
	}
}
