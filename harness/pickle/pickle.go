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
// 0.4 million).
const (
	MaxBytes      = 40 << 20
	MaxOperations = 1 << 20
	maxDepth      = 100 // open marks
)

// Proto is the first byte of every pickle of protocol 2 and later.
const Proto = 0x80

// The operations that scan treats apart from the others.
const (
	mark   = '('
	stop   = '.'
	global = 'c'
)

// operation describes what follows an operation's byte: a fixed number of
// bytes, or a count of the given width and as many bytes as it says.
type operation struct {
	known  bool
	fixed  int // bytes
	count  int // bytes of the count, 0 for none
	closes bool
}

// operations lists what such pickles are made of, protocols 2 to 5
// (CPython, Lib/pickletools.py).
var operations = func() (table [256]operation) {
	for _, code := range []byte{mark, stop, 'N', 'R', 'Q', 'a', 'b', '}', ']', 's', ')',
		0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8f, 0x93, 0x94, global} {
		table[code] = operation{known: true}
	}
	for _, code := range []byte{'e', 't', 'u', 0x90, 0x91} {
		table[code] = operation{known: true, closes: true}
	}
	for code, n := range map[byte]int{'K': 1, 'h': 1, 'q': 1, Proto: 1, 'M': 2, 'J': 4, 'j': 4, 'r': 4, 'G': 8} {
		table[code] = operation{known: true, fixed: n}
	}
	for code, n := range map[byte]int{'U': 1, 'C': 1, 0x8a: 1, 0x8c: 1, 'T': 4, 'X': 4, 'B': 4, 0x8b: 4, 0x8d: 8, 0x8e: 8, 0x96: 8} {
		table[code] = operation{known: true, count: n}
	}
	table[frame] = operation{known: true, fixed: 8}
	return table
}()

// frame announces that a number of bytes belong together; they follow in line.
const frame = 0x95

// forbidden names the one function that gopickle provides by itself and that
// copies its argument, by which a small pickle could ask for any amount of
// memory.
const forbidden = "_array_reconstructor"

// scan walks over the pickle at the start of data, without running it, and
// returns its length. gopickle allocates whatever size an operation names
// before it looks for the bytes, and running out of memory cannot be
// recovered from; after scan every such size is that of bytes that are there.
func scan(data []byte) (int, error) {
	depth := 0
	at := 0
	for n := 0; ; n++ {
		if at >= len(data) {
			return 0, errors.New("the pickle is cut off")
		}
		if n == MaxOperations || at > MaxBytes {
			return 0, errors.New("the pickle is larger than any that is read here")
		}
		code := data[at]
		op := operations[code]
		if !op.known {
			return 0, fmt.Errorf("the pickle has operation %#02x at byte %d, which is not one of plain data", code, at)
		}
		at++
		length := uint64(op.fixed)
		switch {
		case code == stop:
			return at, nil
		case code == mark:
			if depth++; depth > maxDepth {
				return 0, errors.New("the pickle is nested more deeply than any that is read here")
			}
		case op.closes && depth > 0:
			depth--
		case code == global:
			for range 2 { // module, then name
				end := bytes.IndexByte(data[at:], '\n')
				if end < 0 {
					return 0, errors.New("the pickle is cut off")
				}
				if string(data[at:at+end]) == forbidden {
					return 0, fmt.Errorf("the pickle uses %s, which is not plain data", forbidden)
				}
				at += end + 1
			}
		case op.count > 0:
			if len(data)-at < op.count {
				return 0, errors.New("the pickle is cut off")
			}
			var count [8]byte
			copy(count[:], data[at:at+op.count])
			length = binary.LittleEndian.Uint64(count[:])
			at += op.count
		}
		need := length
		if code == frame && len(data)-at >= 8 {
			need += binary.LittleEndian.Uint64(data[at:])
		}
		if left := uint64(len(data) - at); length > left || need > left || need < length {
			return 0, errors.New("the pickle is cut off")
		}
		if op.count > 0 && string(data[at:at+int(length)]) == forbidden {
			return 0, fmt.Errorf("the pickle uses %s, which is not plain data", forbidden)
		}
		at += int(length)
	}
}

// Load runs the pickle at the start of data, returns its value and what
// comes after it. Classes are looked up by find, persistent objects by load;
// either may be nil if there must not be any.
func Load(data []byte, find func(module, name string) (any, error), load func(id any) (any, error)) (value any, rest []byte, err error) {
	n, err := scan(data)
	if err != nil {
		return nil, nil, err
	}
	// gopickle trusts its input in places: empty marks, numbers of no bytes.
	defer func() {
		if r := recover(); r != nil {
			value, rest, err = nil, nil, fmt.Errorf("the pickle is damaged: %.200v", r)
		}
	}()
	if find == nil {
		find = func(module, name string) (any, error) {
			return nil, fmt.Errorf("class %.100s.%.100s is out of place", module, name)
		}
	}
	machine := gopickle.NewUnpickler(bytes.NewReader(data[:n]))
	machine.FindClass = find
	machine.PersistentLoad = load
	value, err = machine.Load()
	if err != nil {
		return nil, nil, fmt.Errorf("the pickle is damaged: %.200s", err)
	}
	return value, data[n:], nil
}
