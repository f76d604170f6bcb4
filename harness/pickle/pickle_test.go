package pickle

import (
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nlpodyssey/gopickle/types"
)

// Load returns the value and what follows it.
func TestLoad(t *testing.T) {
	value, rest, err := Load([]byte("\x80\x02K\x07.more"), nil, nil)
	if err != nil || value != 7 || string(rest) != "more" {
		t.Errorf("got %v, %q, %v", value, rest, err)
	}
	value, _, err = Load([]byte("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01."), nil, nil)
	if n, ok := value.(*big.Int); err != nil || !ok || n.BitLen() != 65 {
		t.Errorf("a long is %v, %v", value, err)
	}
}

// The caller decides on every class and function, under its own name, also on
// those that gopickle would provide by itself.
func TestFind(t *testing.T) {
	for _, c := range []struct{ pickle, want string }{
		{"ccollections\nOrderedDict\n.", "collections.OrderedDict"},
		{"\x8c\x0bcollections\x8c\x0bOrderedDict\x93.", "collections.OrderedDict"},
		{"carray\n_array_reconstructor\n.", "array._array_reconstructor"},
		{"cposix\nsystem\n.", "posix.system"},
		{"c__builtin__\nobject\n.", "__builtin__.object"},
		{"c__builtin__\nlist\n.", "__builtin__.list"},
	} {
		value, _, err := Load([]byte(c.pickle), func(module, name string) (any, error) { return module + "." + name, nil }, nil)
		if err != nil || value != c.want {
			t.Errorf("%q gives %v, %v; want %s", c.pickle, value, err, c.want)
		}
		if _, _, err := Load([]byte(c.pickle), nil, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q without classes: error %v", c.pickle, err)
		}
	}
}

// Values on which gopickle panics, though Python writes them.
func TestValues(t *testing.T) {
	for pickle, want := range map[string]any{
		"\x8a\x00.":             0, // Python 2's long zero
		"\x8f(C\x01aK\x01\x90.": &types.List{[]byte("a"), 1},
		"(C\x01a]\x91.":         &types.Tuple{[]byte("a"), &types.List{}},
		"K\x01K\x020.":          1,
		"(K\x01K\x021N.":        nil,
		"\x95\x03\x00\x00\x00\x00\x00\x00\x00K\x07.": 7,
	} {
		if value, _, err := Load([]byte(pickle), nil, nil); err != nil || !cmp.Equal(value, want) {
			t.Errorf("%q gives %#v, %v; want %#v", pickle, value, err, want)
		}
	}
}

// What would take far more time or memory than the pickle has bytes, and what no
// pickle of data has, is refused.
func TestLimits(t *testing.T) {
	long := "\x8b\x00\x10\x00\x00" + strings.Repeat("\x01", 1<<12) // read in the square of its length
	name := "X\x00\x10\x00\x00" + strings.Repeat("a", 1<<12)
	find := func(module, name string) (any, error) { return module + "." + name, nil } // of the caller's, in memory of its own
	for pickle, want := range map[string]string{
		long + ".":                            "a number of 4096 bytes",
		name + "X\x01\x00\x00\x00b\x93.":      "a class with a name of 4097 bytes",
		"X\x01\x00\x00\x00b" + name + "\x93.": "a class with a name of 4097 bytes",
	} {
		if _, _, err := Load([]byte(pickle), find, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// No pickle panics, executes anything or asks for memory that it does not fill.
func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"", "N.", "\x80\x02}(U\x01aK\x01u.", "cposix\nsystem\n(U\x04truetR.", "X\xff\xff\xff\xff.",
		"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.", "\x8a\x00.", "carray\n_array_reconstructor\n.", strings.Repeat("(", 200), "}(Nu.", "ccollections\nOrderedDict\n)R.",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		_, rest, err := Load(content, nil, nil)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("the message %q is not one line", err)
		}
		if err == nil && len(rest) >= len(content) {
			t.Error("nothing was read")
		}
	})
}
