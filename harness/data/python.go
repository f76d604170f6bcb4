package data

import (
	"errors"
	"fmt"

	"github.com/nlpodyssey/gopickle/types"

	"deepresidual/harness/pickle"
	"deepresidual/models"
)

// pythonForm is the "Python version" of CIFAR-10, which torchvision and Keras
// download: six pickles of a dict with the "labels", a list, and the "data", a
// NumPy array (N, 3072) of bytes, in the order of [Images].
type pythonForm struct{}

var pythonNames = batchNames("")

func (pythonForm) names() []string { return pythonNames }

func (pythonForm) match(file string) (part, string, bool) { return matchBatch(file, pythonNames) }

func (pythonForm) read(c *content, p part, g *gathering) error {
	pickled, err := c.all(pickle.MaxBytes)
	if err != nil {
		return err
	}
	value, _, err := pickle.Load(pickled, findNumPy, nil)
	if err != nil {
		return err
	}
	batch, ok := value.(*types.Dict)
	if !ok {
		return errors.New("the pickle is not a dict: it is not a batch of CIFAR-10's Python version")
	}
	var labels *types.List
	var images *array
	for _, entry := range *batch {
		switch key, _ := stringOf(entry.Key, maxWord); key {
		case "labels":
			labels, _ = entry.Value.(*types.List)
		case "data":
			images, _ = entry.Value.(*array)
		case "fine_labels", "coarse_labels":
			return errCIFAR100
		}
	}
	if labels == nil || images == nil {
		return errors.New(`the pickle has no "labels" and "data": it is not a batch of CIFAR-10's Python version`)
	}
	n := labels.Len()
	if n != g.Batch {
		return fmt.Errorf("it has %d labels, not %d", n, g.Batch)
	}
	pixels, err := images.bytes(n)
	if err != nil {
		return fmt.Errorf("its images: %w", err)
	}
	into, err := g.room(p, n)
	if err != nil {
		return err
	}
	for i := range n {
		label, ok := labels.Get(i).(int)
		if !ok || label < 0 || label >= models.Classes {
			// It is not printed: a list that holds itself would be printed for ever.
			return fmt.Errorf("the label of image %d is none of 0 to %d", i, models.Classes-1)
		}
		record := into[i*recordSize : (i+1)*recordSize]
		record[0] = byte(label)
		copy(record[1:], pixels[i*pixelBytes:(i+1)*pixelBytes])
	}
	return nil
}

// array is an array of NumPy's.
type array struct {
	shape   []int
	element string // "u1" for bytes
	fortran bool   // the first index is the fastest
	data    any    // the bytes, as the pickle has them
}

// bytes returns those of n images, (n, 3072) or (n, 3, 32, 32).
func (a *array) bytes(n int) (string, error) {
	size := 1
	for _, d := range a.shape {
		if d < 0 || d > n*pixelBytes {
			size = -1
			break
		}
		size *= d
	}
	wanted := len(a.shape) == 2 || len(a.shape) == 4 && a.shape[1] == models.Channels
	switch {
	case !wanted || a.shape[0] != n || size != n*pixelBytes:
		return "", fmt.Errorf("an array of %v where (%d, %d) is wanted", a.shape, n, pixelBytes)
	case a.element != "u1" && a.element != "uint8" && a.element != "|u1" && a.element != "B":
		return "", fmt.Errorf("elements of type %.20q where bytes (u1) are wanted", a.element)
	case a.fortran:
		return "", errors.New("they are in Fortran's order")
	}
	data, ok := stringOf(a.data, pickle.MaxBytes)
	if !ok {
		return "", errors.New("an array has no bytes")
	}
	if len(data) != size {
		return "", fmt.Errorf("%d bytes of %d are there", len(data), size)
	}
	return data, nil
}

// PySetState implements the second half of ndarray's __reduce__: version,
// shape, type, order, bytes.
func (a *array) PySetState(state any) error {
	s, ok := state.(*types.Tuple)
	if !ok || s.Len() != 5 {
		return errors.New("an array has a state of another kind")
	}
	a.fortran, _ = s.Get(3).(bool)
	return a.fill(s.Get(4), s.Get(2), s.Get(1))
}

func (a *array) fill(data, element, shape any) error {
	t, ok := element.(*elementType)
	if !ok {
		return errors.New("an array has no type")
	}
	dimensions, ok := shape.(*types.Tuple)
	if !ok || dimensions.Len() > 8 {
		return errors.New("an array has no shape")
	}
	a.element, a.shape, a.data = t.name, nil, data
	for i := range dimensions.Len() {
		d, ok := dimensions.Get(i).(int)
		if !ok {
			return errors.New("an array has no shape")
		}
		a.shape = append(a.shape, d)
	}
	return nil
}

// elementType is a dtype. Its state says its byte order, of which bytes have
// none.
type elementType struct{ name string }

func (*elementType) PySetState(any) error { return nil }

// function is a stand-in for a function or class of Python's.
type function func(args ...any) (any, error)

func (f function) Call(args ...any) (any, error) { return f(args...) }

// findNumPy gives the stand-ins for what a pickled array of bytes is made with:
// by NumPy 1 and 2, in protocols 2 to 5. Anything else is refused.
func findNumPy(module, name string) (any, error) {
	switch module + "." + name {
	case "numpy.ndarray":
		return function(func(...any) (any, error) { return nil, errors.New("an array is made without its bytes") }), nil
	case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
		return function(func(...any) (any, error) { return new(array), nil }), nil
	case "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer":
		return function(func(args ...any) (any, error) {
			if len(args) != 4 {
				return nil, errors.New("an array is made in another way")
			}
			order, _ := stringOf(args[3], maxWord)
			a := &array{fortran: order == "F"}
			return a, a.fill(args[0], args[1], args[2])
		}), nil
	case "numpy.dtype":
		return function(func(args ...any) (any, error) {
			if len(args) == 0 {
				return nil, errors.New("a type has no name")
			}
			name, _ := stringOf(args[0], maxWord)
			return &elementType{name}, nil
		}), nil
	case "_codecs.encode": // how Python 3 writes bytes in protocol 2
		return function(func(args ...any) (any, error) {
			if len(args) == 0 {
				return nil, errors.New("there is nothing to encode")
			}
			text, _ := args[0].(string)
			return latin1(text), nil
		}), nil
	}
	return nil, fmt.Errorf("class %.100s.%.100s is out of place in a batch of CIFAR-10", module, name)
}

// latin1 is bytes as the text of these characters. The text is not encoded before
// there is use for it: a pickle can ask for that any number of times.
type latin1 string

// maxWord is above the bytes of any word that a batch is described by.
const maxWord = 64

// stringOf returns a string or bytes of Python's, if they are no more than a limit.
func stringOf(value any, limit int) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, len(v) <= limit
	case []byte:
		if len(v) <= limit {
			return string(v), true
		}
	case *types.ByteArray:
		if v.Len() <= limit {
			return string(*v), true
		}
	case latin1:
		if len(v) > 2*limit { // a character is one byte or two
			return "", false
		}
		b := make([]byte, 0, len(v))
		for _, r := range v {
			if r > 0xff {
				return "", false
			}
			b = append(b, byte(r))
		}
		return string(b), len(b) <= limit
	}
	return "", false
}
