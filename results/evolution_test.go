package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deepresidual/experiments"
)

// Records of earlier formats, as they were written then, are read with the
// values that the keys they lack stood for, and keep their identities.
func TestEarlierFormats(t *testing.T) {
	for _, c := range []struct {
		file, identity string
		window         int
	}{
		{"format1/plain-20.toml", "5bdd4ca9f6e9", 100},
		{"format1/resnet-20.toml", "b48d1f3d2731", 100},
		{"format1/resnet-110.toml", "b1c77a714610", 100},
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
			if p.Initialisation != experiments.FanIn || p.LastLayer != experiments.He || p.WarmupWindow != c.window ||
				p.Nesterov || !p.DecayNorm || p.NormMomentum != 0.1 || p.NormEpsilon != 1e-5 || p.NormBatch != 0 || p.PaddingSide != experiments.PadBoth {
				t.Errorf("the keys that the record lacks are read as %+v", p)
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
			if d.Identity != c.identity || !strings.Contains(string(again), `initialisation = "fan-in"`) {
				t.Errorf("written again as\n%s", again)
			}
		})
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
