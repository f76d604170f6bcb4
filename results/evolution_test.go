package results

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deepresidual/experiments"
)

// Records of earlier formats, as they were written then, are read with the
// values that the keys they lack stood for and the keys that were renamed, and keep
// their identities.
func TestEarlierFormats(t *testing.T) {
	for _, c := range []struct {
		file, identity string
		initialisation experiments.Initialisation
		last           experiments.LastLayer
		window         int
	}{
		{"format1/plain-20.toml", "5bdd4ca9f6e9", experiments.FanIn, experiments.He, 100},
		{"format1/resnet-20.toml", "b48d1f3d2731", experiments.FanIn, experiments.He, 100},
		{"format1/resnet-110.toml", "b1c77a714610", experiments.FanIn, experiments.He, 100},
		{"format2/resnet-56.toml", "312aa80b64cc", experiments.FanOut, experiments.Uniform, 391},
		{"format3/plain-20.toml", "6eb6e330b080", experiments.FanOut, experiments.Uniform, 391},
	} {
		t.Run(c.file, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(c.file)))
			if err != nil {
				t.Fatal(err)
			}
			d, err := decodeDocument(b)
			if err != nil {
				t.Fatal(err)
			}
			r := d.record()
			if got := r.Key.Identity(); got != c.identity {
				t.Errorf("identity %s, want %s", got, c.identity)
			}
			p := r.Key.Spec.Protocol
			if p.Initialisation != c.initialisation || p.LastLayer != c.last || p.WarmupWindow != c.window ||
				p.Nesterov || !p.DecayNorm || p.NormMomentum != 0.1 || p.NormEpsilon != 1e-5 || p.NormBatch != 0 || p.PaddingSide != experiments.PadBoth {
				t.Errorf("the keys that the record lacks are read as %+v", p)
			}
			if p.EvalInterval != 100 || p.LearningRateDivisor != 10 {
				t.Errorf("the keys that were renamed are read as %+v", p)
			}
			if _, err := decodeDocument(bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))); err != nil {
				t.Errorf("with the line ends of Windows: %v", err)
			}
			// Written again it is of the current format, and the same run.
			again, err := encodeDocument(documentOf(r))
			if err != nil {
				t.Fatal(err)
			}
			d, err = decodeDocument(again)
			if err != nil {
				t.Fatal(err)
			}
			if d.Identity != c.identity || !strings.Contains(string(again), "learning_rate_divisor = 10.0\n") || strings.Contains(string(again), "row_interval") {
				t.Errorf("written again as\n%s", again)
			}
		})
	}
}

// A factor of an earlier format is a divisor now, whatever it was: the identities
// are those that the program of that format gave.
func TestEarlierFactors(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "format3", "plain-20.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for factor, identity := range map[string]string{
		"0.3":               "2a2a208b1150",
		"0.7":               "b2dd065ea89d",
		"0.2":               "9cfe0e802fa1",
		"1.0":               "92c2482c54ec",
		"0.123456789012345": "53daec5dc768",
	} {
		text := strings.NewReplacer("decay = 0.1\n", "decay = "+factor+"\n", "6eb6e330b080", identity).Replace(string(b))
		if _, err := decodeDocument([]byte(text)); err != nil {
			t.Errorf("a factor of %s: %v", factor, err)
		}
	}
	for _, c := range []struct{ old, new, want string }{
		{"decay = 0.1\n", "decay = \"x\"\n", `line 18: protocol.decay: found "x", wanted a number`},
		{"decay = 0.1\n", "learning_rate_divisor = 10.0\n", "line 18: protocol.learning_rate_divisor: no such key"},
		{"decay = 0.1\n", "", "line 13: protocol.learning_rate_divisor: missing"},
		{"format = 3", "format = 2", "process: no such key"},
	} {
		_, err := decodeDocument([]byte(strings.Replace(string(b), c.old, c.new, 1)))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q for %q: error %v, want %s", c.new, c.old, err, c.want)
		}
	}
}

// Every key that was added has a value that it stands for, one that the
// protocol can have, and is a key of the protocol.
func TestAddedKeys(t *testing.T) {
	before := experiments.Paper()
	old := protocolBefore(1)
	fields := tomlFields(old)
	for _, a := range added {
		if _, ok := fields[a.key]; !ok {
			t.Errorf("%q is no key of the protocol", a.key)
		}
		if a.format < 2 || a.format > format {
			t.Errorf("%q was added in format %d of %d", a.key, a.format, format)
		}
	}
	before.WarmupWindow, before.Initialisation, before.LastLayer = old.WarmupWindow, old.Initialisation, old.LastLayer
	before.Nesterov, before.DecayNorm, before.NormMomentum, before.NormEpsilon = old.Nesterov, old.DecayNorm, old.NormMomentum, old.NormEpsilon
	before.NormBatch, before.PaddingSide = old.NormBatch, old.PaddingSide
	if err := before.Check(); err != nil {
		t.Errorf("the values of format 1: %v", err)
	}
}
