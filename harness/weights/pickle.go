package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/nlpodyssey/gopickle/pickle"
)

// Limits on a pickle, far above what the state dict of a 1202-layer network
// needs (1.1 MB and 0.4 million operations).
const (
	maxPickle     = 16 << 20 // bytes
	maxOperations = 1 << 20
	maxDepth      = 100 // open marks
)

// The operations that scan treats apart from the others.
const (
	pickleProto  = 0x80
	pickleMark   = '('
	pickleStop   = '.'
	pickleGlobal = 'c'
)

// operation describes what follows an operation's byte: a fixed number of
// bytes, or a count of the given width and as many bytes as it says.
type operation struct {
	known  bool
	fixed  int // bytes
	count  int // bytes of the count, 0 for none
	closes bool
}

// operations lists what pickles of state dicts are made of, protocols 2 to 5
// (CPython, Lib/pickletools.py).
var operations = func() (table [256]operation) {
	for _, code := range []byte{pickleMark, pickleStop, 'N', 'R', 'Q', 'a', 'b', '}', ']', 's', ')',
		0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8f, 0x93, 0x94, pickleGlobal} {
		table[code] = operation{known: true}
	}
	for _, code := range []byte{'e', 't', 'u', 0x90, 0x91} {
		table[code] = operation{known: true, closes: true}
	}
	for code, n := range map[byte]int{'K': 1, 'h': 1, 'q': 1, pickleProto: 1, 'M': 2, 'J': 4, 'j': 4, 'r': 4, 'G': 8} {
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
		if n == maxOperations || at > maxPickle {
			return 0, errors.New("the pickle is larger than that of any state dict")
		}
		code := data[at]
		op := operations[code]
		if !op.known {
			return 0, fmt.Errorf("the pickle has operation %#02x at byte %d, which a state dict does not have", code, at)
		}
		at++
		length := uint64(op.fixed)
		switch {
		case code == pickleStop:
			return at, nil
		case code == pickleMark:
			if depth++; depth > maxDepth {
				return 0, errors.New("the pickle is nested more deeply than that of any state dict")
			}
		case op.closes && depth > 0:
			depth--
		case code == pickleGlobal:
			for range 2 { // module, then name
				end := bytes.IndexByte(data[at:], '\n')
				if end < 0 {
					return 0, errors.New("the pickle is cut off")
				}
				if string(data[at:at+end]) == forbidden {
					return 0, fmt.Errorf("the pickle uses %s, which a state dict does not", forbidden)
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
			return 0, fmt.Errorf("the pickle uses %s, which a state dict does not", forbidden)
		}
		at += int(length)
	}
}

// unpickle runs the pickle at the start of data, returns its value and what
// comes after it. Classes are looked up by find, persistent objects by load;
// either may be nil if there must not be any.
func unpickle(data []byte, find func(module, name string) (any, error), load func(id any) (any, error)) (value any, rest []byte, err error) {
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
	machine := pickle.NewUnpickler(bytes.NewReader(data[:n]))
	machine.FindClass = find
	machine.PersistentLoad = load
	value, err = machine.Load()
	if err != nil {
		return nil, nil, fmt.Errorf("the pickle is damaged: %.200s", err)
	}
	return value, data[n:], nil
}
