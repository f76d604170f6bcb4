package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deepresidual/models"
)

func someTensors() []models.Tensor {
	return []models.Tensor{
		{Name: "conv1.weight", Shape: []int{2, 1, 1, 3}, Data: []float32{1, -2, 3.5, float32(math.Inf(1)), 0x1p-149, 0}},
		{Name: "linear.bias", Shape: []int{2}, Data: []float32{7, 8}},
		{Name: "scalar", Shape: []int{}, Data: []float32{9}},
		{Name: "empty", Shape: []int{0, 4}, Data: []float32{}},
	}
}

func TestSafetensorsRoundTrip(t *testing.T) {
	metadata := map[string]string{"network": "resnet-20", "identity": "a\"b"}
	var out bytes.Buffer
	if err := WriteSafetensors(&out, someTensors(), metadata); err != nil {
		t.Fatal(err)
	}
	tensors, got, err := ReadSafetensors(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(someTensors(), tensors); diff != "" {
		t.Errorf("the tensors changed (-written +read):\n%s", diff)
	}
	if diff := cmp.Diff(metadata, got); diff != "" {
		t.Errorf("the metadata changed (-written +read):\n%s", diff)
	}
	header := binary.LittleEndian.Uint64(out.Bytes())
	if header%8 != 0 {
		t.Errorf("the header of %d bytes leaves the data unaligned", header)
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	out.Reset()
	if err := WriteSafetensors(&out, []models.Tensor{threeFloats("linear.bias")}, metadata); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	want := &File{Tensors: []models.Tensor{threeFloats("linear.bias")}, Metadata: metadata}
	if file, err := Read(path); err != nil || !cmp.Equal(want, file) {
		t.Errorf("Read gives %v, error %v; want %v", file, err, want)
	}
}

// The layout is that of the format's description, byte for byte.
func TestSafetensorsBytes(t *testing.T) {
	var out bytes.Buffer
	err := WriteSafetensors(&out, []models.Tensor{{Name: "a", Shape: []int{1, 2}, Data: []float32{1, 2}}}, map[string]string{"k": "v"})
	if err != nil {
		t.Fatal(err)
	}
	want := "\x58\x00\x00\x00\x00\x00\x00\x00" +
		`{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}` + "       " +
		"\x00\x00\x80\x3f\x00\x00\x00\x40"
	if out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
}

func TestWriteSafetensorsFaults(t *testing.T) {
	for _, c := range []struct {
		name    string
		tensors []models.Tensor
		want    string
	}{
		{"too few values", []models.Tensor{{Name: "a", Shape: []int{3}, Data: make([]float32, 2)}}, "tensor a has shape [3] and 2 values"},
		{"negative", []models.Tensor{{Name: "a", Shape: []int{-1}}}, "shape [-1]"},
		{"twice", []models.Tensor{{Name: "a", Shape: []int{0}}, {Name: "a", Shape: []int{0}}}, `"a"`},
		{"reserved", []models.Tensor{{Name: "__metadata__", Shape: []int{0}}}, "__metadata__"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := WriteSafetensors(io.Discard, c.tensors, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	full := errors.New("disk full")
	if err := WriteSafetensors(failing{full}, someTensors(), nil); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// build lays out a safetensors file by hand.
func build(header, data string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+data...)
}

func TestSafetensorsTypes(t *testing.T) {
	file := build(`{"d":{"dtype":"F64","shape":[1],"data_offsets":[4,12]},`+
		`"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},`+
		`"b":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]},`+
		`"n.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[12,20]},`+
		`"random_state":{"dtype":"U8","shape":[3],"data_offsets":[20,23]}}`,
		"\x00\xc2"+"\x40\xc0"+"\x00\x00\x00\x00\x00\x00\xf8\x3f"+"12345678"+"123")
	tensors, metadata, err := ReadSafetensors(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := []models.Tensor{
		{Name: "h", Shape: []int{1}, Data: []float32{-3}},
		{Name: "b", Shape: []int{1}, Data: []float32{-3}},
		{Name: "d", Shape: []int{1}, Data: []float32{1.5}},
	}
	if diff := cmp.Diff(want, tensors); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if metadata != nil {
		t.Errorf("metadata %v", metadata)
	}
}

// All 65536 half-precision numbers, against their definition.
func TestHalfToFloat(t *testing.T) {
	for h := range 1 << 16 {
		exponent, fraction := h>>10&0x1f, float64(h&0x3ff)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if h>>15 == 1 {
			want = math.Copysign(want, -1)
		}
		got := float64(halfToFloat(uint16(h)))
		if math.IsNaN(want) && math.IsNaN(got) {
			continue
		}
		if got != want || math.Signbit(got) != math.Signbit(want) {
			t.Fatalf("%#04x is %v, want %v", h, got, want)
		}
	}
}

func TestReadSafetensorsFaults(t *testing.T) {
	const ok = `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "cut off"},
		{"length cut off", []byte("\x01\x00"), "cut off"},
		{"huge header", []byte("\xff\xff\xff\xff\xff\xff\xff\x7f{}"), "longer than"},
		{"header cut off", build(ok, "")[:20], "header is cut off"},
		{"not an object", build(`[1]`, ""), "not a JSON object"},
		{"not JSON", build(`{a`, ""), "not valid JSON"},
		{"an entry without a value", build(`{"a"`, ""), `entry "a"`},
		{"after the object", build(ok+`x`, "1234"), `goes on after`},
		{"data cut off", build(ok, "123"), "tensor a is cut off"},
		{"data too long", build(ok, "12345"), "after the last tensor"},
		{"entry twice", build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, "12345678"), "two entries"},
		{"unknown type", build(`{"a":{"dtype":"I9","shape":[4],"data_offsets":[0,4]}}`, "1234"), `"I9"`},
		{"unknown field", build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, "1234"), `"x"`},
		{"shape and size", build(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, "1234"), "takes 8 bytes"},
		{"many dimensions", build(`{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}`, "1234"), "9 dimensions"},
		{"negative shape", build(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, "1234"), "impossible"},
		{"overflowing shape", build(`{"a":{"dtype":"F32","shape":[1000000000,1000000000,1000000000],"data_offsets":[0,4]}}`, "1234"), "too large"},
		{"backwards", build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, "1234"), "bytes 4 to 0"},
		{"negative offset", build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, "1234"), "bytes -4 to 0"},
		{"one offset", build(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0]}}`, ""), "data_offsets are 1 numbers"},
		{"three offsets", build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, "1234"), "data_offsets are 3 numbers"},
		{"no offsets", build(`{"a":{"dtype":"F32","shape":[0]}}`, ""), "data_offsets are 0 numbers"},
		{"gap", build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, "12345678"), "starts at byte 4"},
		{"overlap", build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, "123456"), "starts at byte 2"},
		{"overflowing counter", build(`{"num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,9223372036854775807]}}`, "1234"), "takes 8 bytes"},
		{"counter cut off", build(`{"num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`, "1234"), "num_batches_tracked is cut off"},
		{"more than there is", build(`{"a":{"dtype":"F32","shape":[200000000],"data_offsets":[0,800000000]}}`, "1234"), "cut off"},
		{"endless name", build(`{"`+strings.Repeat("a.", 1<<20)+`":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "1234"), "a name of 2097152 bytes"},
		{"metadata", build(`{"__metadata__":{"a":1}}`, ""), "metadata"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := ReadSafetensors(bytes.NewReader(c.file))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// What can be read can be written and read again, to the same tensors.
func FuzzReadSafetensors(f *testing.F) {
	var out bytes.Buffer
	if err := WriteSafetensors(&out, someTensors(), map[string]string{"k": "v"}); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Add(build(`{}`, ""))
	f.Add(build(`{"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"n.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[2,10]}}`, "1212345678"))
	f.Fuzz(func(t *testing.T, file []byte) {
		tensors, metadata, err := ReadSafetensors(bytes.NewReader(file))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := WriteSafetensors(&again, tensors, metadata); err != nil {
			t.Fatal(err)
		}
		second, _, err := ReadSafetensors(&again)
		if err != nil {
			t.Fatal(err)
		}
		if len(second) != len(tensors) {
			t.Fatalf("%d tensors became %d", len(tensors), len(second))
		}
		for i, a := range tensors {
			b := second[i]
			if a.Name != b.Name || !cmp.Equal(a.Shape, b.Shape) || len(a.Data) != len(b.Data) {
				t.Fatalf("%s %v became %s %v", a.Name, a.Shape, b.Name, b.Shape)
			}
			for j := range a.Data {
				if math.Float32bits(a.Data[j]) != math.Float32bits(b.Data[j]) {
					t.Fatalf("value %d of %s changed", j, a.Name)
				}
			}
		}
	})
}
