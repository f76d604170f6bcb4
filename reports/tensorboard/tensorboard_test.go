package tensorboard

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/results"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// event is an Event message as a reader sees it.
type event struct {
	At      float64
	Step    uint64
	Version string
	Values  map[string]float32
	HParams map[string]any
}

// read is an independent reader of event files: frames and checksums first,
// then the protocol buffers.
func read(t *testing.T, b []byte) []event {
	t.Helper()
	var events []event
	for len(b) > 0 {
		if len(b) < 16 {
			t.Fatalf("%d bytes are left over", len(b))
		}
		n := binary.LittleEndian.Uint64(b)
		if got, want := binary.LittleEndian.Uint32(b[8:]), crc(b[:8]); got != want {
			t.Fatalf("checksum of the length is %08x, want %08x", got, want)
		}
		data := b[12 : 12+n]
		if got, want := binary.LittleEndian.Uint32(b[12+n:]), crc(data); got != want {
			t.Fatalf("checksum of the data is %08x, want %08x", got, want)
		}
		b = b[16+n:]
		var e event
		for f := range fields(t, data) {
			switch f.number {
			case 1:
				e.At = math.Float64frombits(f.value)
			case 2:
				e.Step = f.value
			case 3:
				e.Version = string(f.bytes)
			case 5:
				e.Values = map[string]float32{}
				for v := range fields(t, f.bytes) {
					var tag string
					var value float32
					for x := range fields(t, v.bytes) {
						switch x.number {
						case 1:
							tag = string(x.bytes)
						case 2:
							value = math.Float32frombits(uint32(x.value))
						case 9:
							e.HParams = session(t, x.bytes)
						}
					}
					if tag == "_hparams_/session_start_info" {
						continue
					}
					e.Values[tag] = value
				}
			}
		}
		events = append(events, e)
	}
	return events
}

// session is the hyperparameters in a SummaryMetadata of the HParams dashboard.
func session(t *testing.T, metadata []byte) map[string]any {
	t.Helper()
	out := map[string]any{}
	for plugin := range fields(t, only(t, metadata, 1)) {
		switch plugin.number {
		case 1:
			if string(plugin.bytes) != "hparams" {
				t.Fatalf("metadata of the plugin %q", plugin.bytes)
			}
		case 2:
			for f := range fields(t, only(t, plugin.bytes, 3)) {
				if f.number != 1 {
					continue
				}
				key := string(only(t, f.bytes, 1))
				for v := range fields(t, only(t, f.bytes, 2)) {
					switch v.number {
					case 2:
						out[key] = math.Float64frombits(v.value)
					case 3:
						out[key] = string(v.bytes)
					case 4:
						out[key] = v.value == 1
					}
				}
			}
		}
	}
	return out
}

// only is the bytes of a field that a message has once.
func only(t *testing.T, message []byte, number int) []byte {
	t.Helper()
	for f := range fields(t, message) {
		if f.number == number {
			return f.bytes
		}
	}
	t.Fatalf("no field %d", number)
	return nil
}

type field struct {
	number int
	value  uint64
	bytes  []byte
}

func fields(t *testing.T, b []byte) func(func(field) bool) {
	return func(yield func(field) bool) {
		for len(b) > 0 {
			key, n := binary.Uvarint(b)
			b = b[n:]
			f := field{number: int(key >> 3)}
			switch key & 7 {
			case 0:
				f.value, n = binary.Uvarint(b)
				b = b[n:]
			case 1:
				f.value, b = binary.LittleEndian.Uint64(b), b[8:]
			case 2:
				length, n := binary.Uvarint(b)
				f.bytes, b = b[n:n+int(length)], b[n+int(length):]
			case 5:
				f.value, b = uint64(binary.LittleEndian.Uint32(b)), b[4:]
			default:
				t.Fatalf("wire type %d", key&7)
			}
			if !yield(f) {
				return
			}
		}
	}
}

// crc is the masked CRC-32C, computed bit by bit.
func crc(b []byte) uint32 {
	c := ^uint32(0)
	for _, x := range b {
		c ^= uint32(x)
		for range 8 {
			if c&1 == 1 {
				c = c>>1 ^ 0x82f63b78
			} else {
				c >>= 1
			}
		}
	}
	c = ^c
	return (c>>15 | c<<17) + 0xa282ead8
}

// The first record of every event file is, its wall time aside, the same 40 bytes
// in whatever TensorFlow writes.
func TestFirstRecord(t *testing.T) {
	var b bytes.Buffer
	if _, err := newWriter(&b, noon); err != nil {
		t.Fatal(err)
	}
	const want = "1800000000000000" + "a37f4b22" + // length 24 and its checksum, in every event file of TensorFlow
		"09" + "000000900a69da41" + // wall time, double
		"1a" + "0d" + "627261696e2e4576656e743a32" // file version "brain.Event:2"
	got := hex.EncodeToString(b.Bytes())
	if !strings.HasPrefix(got, want) || len(got) != len(want)+8 {
		t.Errorf("got  %s\nwant %s and a checksum", got, want)
	}
}

func record(rows int) *results.Record {
	r := &results.Record{Key: results.Key{Spec: experiments.RunSpec{
		Network: network.Standard(network.Plain, 3), Protocol: experiments.Paper(), Scale: experiments.Full(), Seed: 1}}}
	r.Provenance.Started = noon
	for i := 1; i <= rows; i++ {
		r.Rows = append(r.Rows, results.Row{Iteration: 400 * i, TrainError: 50 / float64(i), TestError: 60 / float64(i), TrainLoss: 1.5, LearningRate: 0.1, ValError: math.NaN()})
		r.Times = append(r.Times, results.Time{Iteration: 400 * i, Seconds: 10.5 * float64(i)})
	}
	return r
}

func TestExport(t *testing.T) {
	dir := t.TempDir()
	r := record(2)
	r.Rows[1].ValError = 33
	path, err := Export(dir, r)
	if err != nil {
		t.Fatal(err)
	}
	if rel, _ := filepath.Rel(dir, path); rel != filepath.Join("plain-20", "seed1-"+r.Key.Identity(), "events.out.tfevents.1772366400.deepresidual") {
		t.Errorf("written to %s", rel)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	start := float64(noon.Unix())
	got := read(t, b)
	for name, value := range map[string]any{"network": "plain-20", "depth": 20.0, "seed": 1.0, "scale": 1.0, "synthetic_data": false, "batch": 128.0,
		"learning_rate": 0.1, "milestones": "32000 48000", "flip": true, "initialisation": "fan-out"} {
		if got[1].HParams[name] != value {
			t.Errorf("hyperparameter %s is %v, want %v", name, got[1].HParams[name], value)
		}
	}
	got[1].HParams = nil
	want := []event{
		{At: start, Version: "brain.Event:2"},
		{At: start, Values: map[string]float32{}},
		{At: start + 10.5, Step: 400, Values: map[string]float32{"error/training": 50, "error/test": 60, "loss/training": 1.5, "learning rate": 0.1,
			"speed/images per second": 400 * 128 / 10.5}},
		{At: start + 21, Step: 800, Values: map[string]float32{"error/training": 25, "error/test": 30, "error/validation": 33, "loss/training": 1.5, "learning rate": 0.1,
			"speed/images per second": 400 * 128 / 10.5}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A TensorBoard that follows the file keeps it open: rows that come are
// appended to it, and a file that is up to date is left alone.
func TestExportAppends(t *testing.T) {
	dir := t.TempDir()
	path, err := Export(dir, record(3))
	if err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	for _, rows := range []int{3, 5} {
		if _, err := Export(dir, record(rows)); err != nil {
			t.Fatal(err)
		}
	}
	after, _ := os.Stat(path)
	if !os.SameFile(before, after) {
		t.Error("the file was replaced")
	}
	appended, _ := os.ReadFile(path)
	fresh, err := Export(t.TempDir(), record(5))
	if err != nil {
		t.Fatal(err)
	}
	if whole, _ := os.ReadFile(fresh); !bytes.Equal(appended, whole) {
		t.Error("an appended file differs from one written at once")
	}
}

// Two commands that export a run, and have both seen the same beginning, leave what
// one leaves.
func TestTwoAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	if err := os.WriteFile(path, []byte("beginning, "), 0o666); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := appendTo(path, int64(len("beginning, ")), []byte("a row")); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "beginning, a row" {
		t.Errorf("the file says %q, %v", b, err)
	}
}

// Rows that say something else than those before are written anew.
func TestExportReplacesAnotherCurve(t *testing.T) {
	dir := t.TempDir()
	if _, err := Export(dir, record(3)); err != nil {
		t.Fatal(err)
	}
	other := record(2)
	other.Rows[0].TestError = 12
	path, err := Export(dir, other)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	events := read(t, b)
	if len(events) != 4 || events[2].Values["error/test"] != 12 {
		t.Errorf("the file holds %v", events)
	}
}

// TensorBoard draws all event files of a folder as one curve: that of a run that
// was trained before must not stay, nor may a file that is not ours go.
func TestARetrainedRunIsAlone(t *testing.T) {
	dir := t.TempDir()
	old, err := Export(dir, record(3))
	if err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(filepath.Dir(old), "events.out.tfevents.1.other")
	if err := os.WriteFile(foreign, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	again := record(1)
	again.Provenance.Started = noon.Add(time.Hour)
	path, err := Export(dir, again)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{filepath.Base(foreign), filepath.Base(path)}; path == old || !slices.Equal(names, want) {
		t.Errorf("the folder holds %v, want %v", names, want)
	}
}

// A complete run has the responses of its layers, appended to its curve.
func TestResponses(t *testing.T) {
	dir := t.TempDir()
	r := record(1)
	r.Responses = []results.Response{{Layer: 1, Std: 1.5}, {Layer: 2, Std: math.NaN()}, {Layer: 3, Std: 0.25}}
	if _, err := Export(dir, r); err != nil {
		t.Fatal(err)
	}
	r.Status, r.Provenance.Ended = results.Complete, noon.Add(time.Hour)
	path, err := Export(dir, r)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	ended := float64(noon.Add(time.Hour).Unix())
	want := []event{
		{At: ended, Step: 1, Values: map[string]float32{"responses/std by layer": 1.5}},
		{At: ended, Step: 3, Values: map[string]float32{"responses/std by layer": 0.25}},
	}
	if diff := cmp.Diff(want, read(t, b)[3:]); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsAreReported(t *testing.T) {
	if _, err := newWriter(broken{}, noon); !errors.Is(err, errBroken) {
		t.Errorf("error %v, want the writer's", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plain-20"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Export(dir, record(1)); err == nil || !strings.Contains(err.Error(), "plain-20") {
		t.Errorf("error %v, want one that names the path", err)
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
