package weights

import (
	"fmt"
	"strings"

	"github.com/nlpodyssey/gopickle/types"
)

// findClass returns what stands for a Python class or function in a pickle.
// Those that tensors are made of do their work; any other makes objects that
// are inert, so that the state dict of a checkpoint can be read whatever else
// is in it.
func findClass(module, name string) (any, error) {
	switch module {
	case "torch", "torch.storage":
		if class, ok := storageTypes[name]; ok {
			return class, nil
		}
		if strings.HasSuffix(name, "Storage") {
			return &storageType{name: name}, nil
		}
	case "torch._utils":
		switch name {
		case "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3":
			return rebuildTensor{}, nil
		case "_rebuild_parameter", "_rebuild_parameter_with_state":
			return rebuildParameter{}, nil
		}
	case "torch._tensor":
		if name == "_rebuild_from_type_v2" {
			return rebuildFromType{}, nil
		}
	case "collections":
		if name == "OrderedDict" {
			return &object{class: "collections.OrderedDict"}, nil
		}
	}
	return &object{class: module + "." + name}, nil
}

// object is a class or an object of which nothing is known but the name, and
// the entries if it is some kind of dict. Whatever Python would do to it leads
// to another one or to nothing.
type object struct {
	class   string
	entries []types.DictEntry
}

// Call implements types.Callable.
func (o *object) Call(args ...any) (any, error) {
	made := &object{class: o.class}
	if len(args) == 1 {
		if pairs, ok := args[0].(*types.List); ok { // Python 2's OrderedDict([[key, value], ...])
			for _, p := range *pairs {
				if pair := sequence(p); len(pair) == 2 {
					made.Set(pair[0], pair[1])
				}
			}
			// No dict shares its list with another: a pickle could ask for any number of
			// copies of a long one.
			*pairs = nil
		}
	}
	return made, nil
}

// PyNew implements types.PyNewable.
func (o *object) PyNew(...any) (any, error) { return &object{class: o.class}, nil }

// PySetState implements types.PyStateSettable.
func (o *object) PySetState(any) error { return nil }

// Set implements types.DictSetter, for kinds of dict.
func (o *object) Set(key, value any) {
	o.entries = append(o.entries, types.DictEntry{Key: key, Value: value})
}

// Append implements types.ListAppender, for kinds of list.
func (o *object) Append(any) {}

// rebuildTensor is torch._utils._rebuild_tensor(storage, offset, size, stride),
// as of PyTorch 0.3, and the later versions with more arguments.
type rebuildTensor struct{}

// Call implements types.Callable.
func (rebuildTensor) Call(args ...any) (any, error) {
	if len(args) < 4 {
		return &object{class: "a tensor that is described by too little"}, nil
	}
	s, isStorage := args[0].(*storage)
	offset, isOffset := args[1].(int)
	shape, isShape := integers(args[2])
	stride, isStride := integers(args[3])
	if !isStorage || !isOffset || !isShape || !isStride {
		return &object{class: "a tensor that is not described as PyTorch does"}, nil
	}
	return &tensor{s, offset, shape, stride}, nil
}

// rebuildParameter is torch._utils._rebuild_parameter(tensor, ...).
type rebuildParameter struct{}

// Call implements types.Callable.
func (rebuildParameter) Call(args ...any) (any, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	return &object{class: "a parameter without a tensor"}, nil
}

// rebuildFromType is torch._tensor._rebuild_from_type_v2(function, type,
// arguments, state), which makes a tensor that has attributes.
type rebuildFromType struct{}

// Call implements types.Callable.
func (rebuildFromType) Call(args ...any) (any, error) {
	if len(args) > 2 {
		switch function := args[0].(type) {
		case rebuildTensor:
			return function.Call(sequence(args[2])...)
		case rebuildParameter:
			return function.Call(sequence(args[2])...)
		}
	}
	return &object{class: "a tensor of another kind"}, nil
}

// sequence returns the elements of a list or tuple.
func sequence(value any) []any {
	switch s := value.(type) {
	case *types.Tuple:
		return *s
	case *types.List:
		return *s
	}
	return nil
}

// integers reads a tuple of whole numbers, as many as a tensor has dimensions.
func integers(value any) ([]int, bool) {
	t, ok := value.(*types.Tuple)
	if !ok || t.Len() > maxDims {
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

// describe names the type of an unpickled value for a message. It does not
// print the value: one that contains itself would be printed for ever.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case *tensor:
		return fmt.Sprintf("a tensor in %.40q", v.storage.name)
	case *object:
		if len(v.entries) > 0 {
			return "a dict"
		}
		return fmt.Sprintf("an object of the Python class %.100q", v.class)
	case *types.Dict:
		return "a dict"
	case *types.List, *types.Tuple:
		return "a list"
	case string:
		return "a string"
	case bool, int, float64:
		return fmt.Sprintf("the value %v", v)
	}
	return fmt.Sprintf("a value of type %T", value)
}

// label is a key of a dict, for a message.
func label(key any) string {
	if name, ok := key.(string); ok {
		return fmt.Sprintf("%.40q", name)
	}
	return describe(key)
}
