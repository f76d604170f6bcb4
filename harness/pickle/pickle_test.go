package pickle

import (
	"math/big"
	"strings"
	"testing"
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
