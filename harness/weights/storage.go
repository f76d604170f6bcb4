package weights

import (
	"errors"
	"fmt"

	"github.com/nlpodyssey/gopickle/types"
)

// storageType is a storage class of PyTorch.
type storageType struct {
	name string
	kind string // of the elements, as in safetensors; empty if not floating-point
	size int64  // of an element, bytes
}

var storageTypes = map[string]*storageType{
	"FloatStorage":    {"FloatStorage", float32s, 4},
	"HalfStorage":     {"HalfStorage", float16, 2},
	"BFloat16Storage": {"BFloat16Storage", bfloat16, 2},
	"DoubleStorage":   {"DoubleStorage", float64s, 8},
	"LongStorage":     {"LongStorage", "", 8},
	"IntStorage":      {"IntStorage", "", 4},
	"ShortStorage":    {"ShortStorage", "", 2},
	"CharStorage":     {"CharStorage", "", 1},
	"ByteStorage":     {"ByteStorage", "", 1},
	"BoolStorage":     {"BoolStorage", "", 1},
}

// storage is the memory that tensors are views of.
type storage struct {
	*storageType
	count int64  // elements
	data  []byte // nil until it is found
}

func (s *storage) bytes() int64 { return s.count * s.size }

// newStorage reads the persistent id of a storage: ("storage", class, key,
// device, elements), in the older format with a sixth element for views.
func newStorage(id any) (*storage, string, error) {
	tuple, ok := id.(*types.Tuple)
	if !ok || tuple.Len() < 5 || tuple.Get(0) != "storage" {
		return nil, "", errors.New("a persistent object is not a storage")
	}
	class, isClass := tuple.Get(1).(*storageType)
	key, isKey := tuple.Get(2).(string)
	count, isCount := tuple.Get(4).(int)
	if !isClass || !isKey || !isCount || count < 0 || count > maxBytes {
		return nil, "", errors.New("a storage is not described as PyTorch does")
	}
	if tuple.Len() > 5 && tuple.Get(5) != nil {
		return nil, "", errors.New("a storage is a view of another, which only versions before PyTorch 0.4 wrote")
	}
	return &storage{storageType: class, count: int64(count)}, key, nil
}

// tensor is a strided view of a storage.
type tensor struct {
	storage       *storage
	offset        int
	shape, stride []int // elements
}

// floats returns the elements in row-major order, if they take no more than
// room bytes.
func (t *tensor) floats(room int64) ([]float32, error) {
	if t.storage.kind == "" {
		return nil, fmt.Errorf("its elements are those of %s, not floating-point numbers", t.storage.name)
	}
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
	if t.offset < 0 || last >= t.storage.count {
		return nil, fmt.Errorf("it reaches beyond its storage of %d elements", t.storage.count)
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

// findClass returns what stands for a Python class or function in a pickle.
// Those that state dicts are made of do their work; any other yields an object
// that is inert, so that the state dict of a checkpoint can be read whatever
// else is in it.
func findClass(module, name string) (any, error) {
	switch module {
	case "torch":
		if class, ok := storageTypes[name]; ok {
			return class, nil
		}
	case "torch._utils":
		switch name {
		case "_rebuild_tensor", "_rebuild_tensor_v2":
			return rebuildTensor{}, nil
		case "_rebuild_parameter":
			return rebuildParameter{}, nil
		}
	}
	return &foreign{module + "." + name}, nil
}

// rebuildTensor is torch._utils._rebuild_tensor(storage, offset, size, stride),
// as of PyTorch 0.3, and _rebuild_tensor_v2 with more arguments.
type rebuildTensor struct{}

// Call implements types.Callable.
func (rebuildTensor) Call(args ...any) (any, error) {
	if len(args) < 4 {
		return nil, errors.New("a tensor is described by too little")
	}
	s, isStorage := args[0].(*storage)
	offset, isOffset := args[1].(int)
	shape, isShape := integers(args[2])
	stride, isStride := integers(args[3])
	if !isStorage || !isOffset || !isShape || !isStride {
		return nil, errors.New("a tensor is not described as PyTorch does")
	}
	return &tensor{s, offset, shape, stride}, nil
}

func integers(tuple any) ([]int, bool) {
	t, ok := tuple.(*types.Tuple)
	if !ok || t.Len() > 8 { // more dimensions than any parameter has
		return nil, false
	}
	list := make([]int, t.Len())
	for i := range list {
		if list[i], ok = t.Get(i).(int); !ok {
			return nil, false
		}
	}
	return list, true
}

// rebuildParameter is torch._utils._rebuild_parameter(tensor, ...).
type rebuildParameter struct{}

// Call implements types.Callable.
func (rebuildParameter) Call(args ...any) (any, error) {
	if len(args) > 0 {
		if t, ok := args[0].(*tensor); ok {
			return t, nil
		}
	}
	return nil, errors.New("a parameter is not a tensor")
}

// foreign is a class or object of which nothing is known but the name.
type foreign struct{ class string }

// Call implements types.Callable.
func (f *foreign) Call(...any) (any, error) { return f, nil }

// PyNew implements types.PyNewable.
func (f *foreign) PyNew(...any) (any, error) { return f, nil }

// PySetState implements types.PyStateSettable.
func (f *foreign) PySetState(any) error { return nil }

// describe names the type of an unpickled value for a message.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case *tensor:
		return "a tensor"
	case *foreign:
		return fmt.Sprintf("an object of the Python class %.100s", v.class)
	case *types.Dict, *types.OrderedDict:
		return "a dict"
	case *types.List, *types.Tuple:
		return "a list"
	case string:
		return "a string"
	}
	return fmt.Sprintf("a value of type %T", value)
}
