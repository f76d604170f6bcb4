package results

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func goldenDocument(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "run.toml"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The golden file is what people read in their results folder.
func TestDocumentGolden(t *testing.T) {
	r := testRecord(testKey(t, "plain-20", 1), 12)
	r.Rows[11].ValError = 12.5
	b, err := encodeDocument(documentOf(r))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", "run.toml"), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := goldenDocument(t); !bytes.Equal(b, want) {
		t.Errorf("got\n%s\nwant\n%s", b, want)
	}
}

func TestDocumentRoundTrip(t *testing.T) {
	for name, change := range map[string]func(*Record){
		"as it is":   func(*Record) {},
		"diverged":   func(r *Record) { r.Status, r.Reason = Diverged, "the loss is \"NaN\"\nat iteration 17" },
		"no rows":    func(r *Record) { r.Status, r.Rows, r.Times, r.Responses = Running, nil, nil, nil },
		"validation": func(r *Record) { r.Rows[0].ValError = 33; r.Key.Spec.Protocol.Validation = 5000 },
		"odd numbers": func(r *Record) {
			r.PeakMiB = 1e300
			r.Key.Spec.Protocol.WeightDecay = 1e-20
			r.Key.Spec.Seed = -1 << 63
		},
		"synthetic": func(r *Record) { r.Key.Data.Synthetic = true },
	} {
		r := testRecord(testKey(t, "resnet-110", 7), 3)
		change(r)
		b, err := encodeDocument(documentOf(r))
		if err != nil {
			t.Fatal(name, err)
		}
		d, err := decodeDocument(b)
		if err != nil {
			t.Errorf("%s: %v in\n%s", name, err, b)
			continue
		}
		got := d.record()
		got.Rows, got.Times, got.Responses = r.Rows, r.Times, r.Responses
		if !reflect.DeepEqual(documentOf(got), d) || !reflect.DeepEqual(got, r) {
			t.Errorf("%s: got %+v, want %+v", name, got, r)
		}
	}
}

func TestDocumentRefuses(t *testing.T) {
	good := string(goldenDocument(t))
	for _, c := range []struct{ name, old, new, want string }{
		{"a later format", "format = 4", "format = 5\nsomething_new = 1", "it has format 5, of a later version of the program than this one, which reads up to 4"},
		{"no format", "format = 4", "format = 0", "line 18: protocol.learning_rate_divisor: no such key"},
		{"keys of a later format", "format = 4", "format = 1", "line 18: protocol.learning_rate_divisor: no such key"},
		{"a key of this format missing", "nesterov = false\n", "", "line 13: protocol.nesterov: missing"},
		{"a key of the second process missing", "iteration = 700\n", "", "line 92: process[2].iteration: missing"},
		{"a key by its name in an earlier format", "eval_interval", "row_interval", "line 28: protocol.row_interval: no such key; did you mean \"eval_interval\"?"},
		{"processes out of order", "iteration = 700\nhost", "iteration = 0\nhost", "process.iteration is 0, want more than 0"},
		{"key of a process", "[[process]]\n", "[[process]]\ncolour = 1\n", "line 82: process[1].colour: no such key"},
		{"unknown key", "[data]", "[data]\ncolour = 1", "line 39: data.colour: no such key"},
		{"key in another case", "seed =", "Seed =", "line 8: Seed: no such key; did you mean \"seed\"?"},
		{"key missing", "momentum = 0.9\n", "", "line 13: protocol.momentum: missing"},
		{"table missing", "[digests]\n", "[other]\n", "line 60: other: no such key"},
		{"wrong type", "seed = 1", `seed = "one"`, "line "},
		{"unknown status", `status = "complete"`, `status = "done"`, `status is "done", want`},
		{"status of no record", `status = "complete"`, `status = "not recorded"`, `status is "not recorded", want`},
		{"network unknown", `"plain-20"`, `"plain-21"`, "line 7: network: network \"plain-21\": depth 21 is not 6n+2"},
		{"spec changed by hand", "learning_rate = 0.1", "learning_rate = 0.2", "identity is"},
		{"seed changed by hand", "seed = 1", "seed = 2", "identity is"},
		{"not TOML", "format = 4", "format 4", "line 3: "},
		{"cut off", "[provenance]", "[proven", "line "},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Errorf("%s: nothing changed", c.name)
			continue
		}
		if c.name == "cut off" {
			text = text[:strings.Index(text, c.new)+len(c.new)]
		}
		_, err := decodeDocument([]byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add(goldenDocument(f))
	f.Add([]byte("format = 1\n"))
	f.Add([]byte("a.\"b\nc\" = 1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := decodeDocument(b)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
			return
		}
		once, err := encodeDocument(d)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeDocument(once); err != nil {
			t.Errorf("%q was read, but not what is written for it: %v", b, err)
		}
	})
}
