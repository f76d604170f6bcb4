// Package pickle reads Python pickles of files from elsewhere: weights that
// torch.save wrote, batches of CIFAR-10's Python version.
//
// Reading executes nothing: whatever class or function a pickle names is looked
// up by the caller, who gives a harmless stand-in or refuses it. It is a guard
// around gopickle, which trusts its input: sizes are checked against the bytes
// that are there before any of it runs, and a panic becomes an error.
package pickle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	gopickle "github.com/nlpodyssey/gopickle/pickle"
)

// Limits on a pickle, above what a batch of CIFAR-10 needs (31 MB and 0.05
// million operations), and the state dict of a 1202-layer network (1.1 MB and
// 0.4 million), so that a history of the training has room beside it. An
// operation takes up to some 200 bytes of memory.
const (
	MaxBytes      = 64 << 20
	MaxOperations = 1 << 21
	maxDepth      = 100     // open marks
	maxNumber     = 1 << 10 // bytes of a whole number, which is read in the square of the time
	maxName       = 1 << 9  // bytes of a class's, which has another copy wherever it is looked up
)

// Proto is the first byte of every pickle of protocol 2 and later.
const Proto = 0x80

// The operations that scan treats apart from the others.
const (
	mark   = '('
	stop   = '.'
	global = 'c'
	long1  = 0x8a
	long4  = 0x8b
	frame  = 0x95 // announces how many bytes belong together; they follow in line
)

// operation describes what follows an operation's byte: a fixed number of
// bytes, or a count of the given width and as many bytes as it says.
type operation struct {
	known  bool
	fixed  int // bytes
	count  int // bytes of the count, 0 for none
	closes bool
}

// operations lists what pickles are made of, protocols 2 to 5 (CPython,
// Lib/pickletools.py).
var operations = func() (table [256]operation) {
	for _, code := range []byte{mark, stop, 'N', 'R', 'Q', '0', 'a', 'b', '}', ']', 's', ')',
		0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8f, 0x92, 0x93, 0x94, global} {
		table[code] = operation{known: true}
	}
	for _, code := range []byte{'1', 'e', 't', 'u', 0x90, 0x91} {
		table[code] = operation{known: true, closes: true}
	}
	for code, n := range map[byte]int{'K': 1, 'h': 1, 'q': 1, Proto: 1, 'M': 2, 'J': 4, 'j': 4, 'r': 4, 'G': 8, frame: 8} {
		table[code] = operation{known: true, fixed: n}
	}
	for code, n := range map[byte]int{'U': 1, 'C': 1, long1: 1, 0x8c: 1, 'T': 4, 'X': 4, 'B': 4, long4: 4, 0x8d: 8, 0x8e: 8, 0x96: 8} {
		table[code] = operation{known: true, count: n}
	}
	return table
}()

// replaced are operations that gopickle carries out with a Go map, which
// cannot hold every key that a set of Python's can; a list or tuple does for
// what is passed over anyway.
var replaced = map[byte]byte{
	0x8f: ']', // EMPTY_SET: EMPTY_LIST
	0x90: 'e', // ADDITEMS: APPENDS
	0x91: 't', // FROZENSET: TUPLE
}

// renamed are names that gopickle resolves by itself, of a class that takes no
// arguments and hashable keys alone, of a function that copies its argument, by
// which a small pickle could ask for any amount of memory, and of the module of
// Python 2's object, which cannot be made without an argument. Under other names,
// of the same length, they come to the caller like all others.
var renamed = map[string]string{
	"__builtin__":          "#_builtin__",
	"OrderedDict":          "#rderedDict",
	"_array_reconstructor": "#array_reconstructor",
}

// original returns the name that scan has renamed.
func original(name string) string {
	for from, to := range renamed {
		if name == to {
			return from
		}
	}
	return name
}

var errCutOff = errors.New("the pickle is cut off")

// scan walks over the pickle at the start of data, without running it, and
// returns a copy that gopickle can be trusted with, of the same length.
// gopickle allocates whatever size an operation names before it looks for the
// bytes, and running out of memory cannot be recovered from; after scan every
// such size is that of bytes that are there.
func scan(data []byte) ([]byte, error) {
	var out []byte
	emit := func(from, to int) { out = append(out, data[from:to]...) }
	name := func(b []byte) {
		if other, ok := renamed[string(b)]; ok {
			out = append(out, other...)
		} else {
			out = append(out, b...)
		}
	}
	depth := 0
	for at, n := 0, 0; ; n++ {
		if at >= len(data) {
			return nil, errCutOff
		}
		if n == MaxOperations || at > MaxBytes {
			return nil, fmt.Errorf("the pickle is larger than the %d MiB or %d operations that are read", MaxBytes>>20, MaxOperations)
		}
		code := data[at]
		op := operations[code]
		if !op.known {
			return nil, fmt.Errorf("the pickle has operation %#02x at byte %d, which pickles of data do not have", code, at)
		}
		if other, ok := replaced[code]; ok {
			code = other
		}
		out = append(out, code)
		at++
		if left := len(data) - at; left < op.fixed+op.count {
			return nil, errCutOff
		}
		switch {
		case code == stop:
			return out, nil
		case code == mark:
			if depth++; depth > maxDepth {
				return nil, errors.New("the pickle is nested more deeply than those of data are")
			}
		case op.closes && depth > 0:
			depth--
		case code == global:
			for range 2 { // module, then name
				end := bytes.IndexByte(data[at:], '\n')
				if end < 0 {
					return nil, errCutOff
				}
				name(data[at : at+end])
				out = append(out, '\n')
				at += end + 1
			}
		case op.count > 0:
			var count [8]byte
			copy(count[:], data[at:at+op.count])
			length := binary.LittleEndian.Uint64(count[:])
			if code == long1 && length == 0 { // the zero of Python 2, on which gopickle panics
				out[len(out)-1] = 'K'
			}
			emit(at, at+op.count)
			at += op.count
			if length > uint64(len(data)-at) {
				return nil, errCutOff
			}
			if code == long4 && length > maxNumber {
				return nil, fmt.Errorf("the pickle has a number of %d bytes, which pickles of data do not have", length)
			}
			name(data[at : at+int(length)])
			at += int(length)
		default:
			if code == frame && binary.LittleEndian.Uint64(data[at:]) > uint64(len(data)-at-op.fixed) {
				return nil, errCutOff
			}
			emit(at, at+op.fixed)
			at += op.fixed
		}
	}
}

// Load runs the pickle at the start of data, returns its value and what comes
// after it. Classes and functions are looked up by find, persistent objects by
// load; either may be nil if there must not be any. Of Python's own, list and
// dict become types.List and types.Dict without being looked up, and sets
// become types.List and types.Tuple; an OrderedDict is a class like any other.
func Load(data []byte, find func(module, name string) (any, error), load func(id any) (any, error)) (value any, rest []byte, err error) {
	program, err := scan(data)
	if err != nil {
		return nil, nil, err
	}
	// gopickle trusts its input in places, such as empty marks.
	defer func() {
		if r := recover(); r != nil {
			value, rest, err = nil, nil, fmt.Errorf("the pickle is damaged: %.200v", r)
		}
	}()
	machine := gopickle.NewUnpickler(bytes.NewReader(program))
	machine.FindClass = func(module, name string) (any, error) {
		module, name = original(module), original(name)
		if n := len(module) + len(name); n > maxName {
			return nil, fmt.Errorf("it has a class with a name of %d bytes", n)
		}
		if find == nil {
			return nil, fmt.Errorf("class %.200q is out of place", module+"."+name)
		}
		return find(module, name)
	}
	machine.PersistentLoad = load
	value, err = machine.Load()
	if err != nil {
		return nil, nil, fmt.Errorf("the pickle is damaged: %.200s", err)
	}
	return value, data[len(program):], nil
}
