package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deepresidual/harness/pickle"
	"deepresidual/models"
)

// The pickles below are written as torch.save writes them, in protocol 2.

const (
	start = "\x80\x02"
	dict  = "}(" // an empty dict and the mark before its entries
	set   = "u"  // the end of the entries
	odict = "ccollections\nOrderedDict\n)R("
)

func str(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func integer(i int) string {
	if i != int(int32(i)) {
		return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(i)))
	}
	return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(int32(i))))
}

func tuple(items ...string) string { return "(" + strings.Join(items, "") + "t" }

func ints(list ...int) string {
	var items []string
	for _, i := range list {
		items = append(items, integer(i))
	}
	return tuple(items...)
}

// pickledTensor is a view of a storage; shape and stride are pickled tuples.
func pickledTensor(class, key string, count, offset int, shape, stride string, legacy bool) string {
	id := []string{str("storage"), "ctorch\n" + class + "\n", str(key), str("cpu"), integer(count)}
	if legacy {
		id = append(id, "N")
	}
	return "ctorch._utils\n_rebuild_tensor_v2\n" +
		tuple(tuple(id...)+"Q", integer(offset), shape, stride, "\x89", "ccollections\nOrderedDict\n)R") + "R"
}

// legacyFile lays out a file of torch.save before version 1.6.
func legacyFile(object string, storages ...string) []byte {
	magic := start + "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
	version := start + "M\xe9\x03."
	system := start + dict + str("little_endian") + "\x88" + set + "."
	keys, data := "](", ""
	for i := 0; i < len(storages); i += 2 {
		keys += str(storages[i])
		data += storages[i+1]
	}
	return []byte(magic + version + system + start + object + "." + start + keys + "e." + data)
}

func counted(count int, values ...float32) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(count))) + raw(values...)
}

func raw(values ...float32) string {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return string(b)
}

// zipFile lays out a file of torch.save from version 1.6 on.
func zipFile(t testing.TB, method uint16, object string, records ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add := func(name, content string) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	add("archive/data.pkl", start+object+".")
	for i := 0; i < len(records); i += 2 {
		add("archive/"+records[i], records[i+1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// float is the entry of a contiguous tensor of three floats.
func float(name, key string, legacy bool) string {
	return str(name) + pickledTensor("FloatStorage", key, 3, 0, ints(3), ints(1), legacy)
}

func threeFloats(name string) models.Tensor {
	return models.Tensor{Name: name, Shape: []int{3}, Data: []float32{1, 2, 3}}
}

func TestStateDicts(t *testing.T) {
	counter := str("bn1.num_batches_tracked") + pickledTensor("LongStorage", "1", 1, 0, ints(), ints(), false)
	for _, c := range []struct {
		name string
		file []byte
		want []models.Tensor
	}{
		{"legacy", legacyFile(dict+float("bn1.weight", "7", true)+set, "7", counted(3, 1, 2, 3)),
			[]models.Tensor{threeFloats("bn1.weight")}},
		{"legacy in a checkpoint, parallel, ordered",
			legacyFile(dict+str("epoch")+integer(9)+str("state_dict")+odict+float("module.bn1.weight", "7", true)+set+set, "7", counted(3, 1, 2, 3)),
			[]models.Tensor{threeFloats("bn1.weight")}},
		{"zip", zipFile(t, zip.Store, odict+float("bn1.weight", "0", false)+set, "data/0", raw(1, 2, 3), "byteorder", "little", "version", "3\n"),
			[]models.Tensor{threeFloats("bn1.weight")}},
		{"order of the file", zipFile(t, zip.Store, odict+float("z", "0", false)+float("a", "0", false)+set, "data/0", raw(1, 2, 3)),
			[]models.Tensor{threeFloats("z"), threeFloats("a")}},
		{"counters and fc", zipFile(t, zip.Store, odict+counter+float("fc.bias", "0", false)+set, "data/0", raw(1, 2, 3), "data/1", "12345678"),
			[]models.Tensor{threeFloats("linear.bias")}},
		{"a foreign object beside it", zipFile(t, zip.Store, dict+str("args")+"cargparse\nNamespace\n)\x81}b"+str("model")+odict+float("a", "0", false)+set+set, "data/0", raw(1, 2, 3)),
			[]models.Tensor{threeFloats("a")}},
		{"a parameter", zipFile(t, zip.Store, dict+str("a")+"ctorch._utils\n_rebuild_parameter\n"+
			tuple(pickledTensor("FloatStorage", "0", 3, 0, ints(3), ints(1), false), "\x88", "N")+"R"+set, "data/0", raw(1, 2, 3)),
			[]models.Tensor{threeFloats("a")}},
		{"a transposed view with an offset", zipFile(t, zip.Store, dict+str("a")+pickledTensor("FloatStorage", "0", 7, 1, ints(2, 3), ints(1, 2), false)+set, "data/0", raw(0, 1, 2, 3, 4, 5, 6)),
			[]models.Tensor{{Name: "a", Shape: []int{2, 3}, Data: []float32{1, 3, 5, 2, 4, 6}}}},
		{"half, brain and double", zipFile(t, zip.Store, dict+
			str("h")+pickledTensor("HalfStorage", "h", 1, 0, ints(1), ints(1), false)+
			str("b")+pickledTensor("BFloat16Storage", "b", 1, 0, ints(1), ints(1), false)+
			str("d")+pickledTensor("DoubleStorage", "d", 1, 0, ints(1), ints(1), false)+set,
			"data/h", "\x00\xc2", "data/b", "\x40\xc0", "data/d", "\x00\x00\x00\x00\x00\x00\xf8\x3f"),
			[]models.Tensor{{Name: "h", Shape: []int{1}, Data: []float32{-3}}, {Name: "b", Shape: []int{1}, Data: []float32{-3}}, {Name: "d", Shape: []int{1}, Data: []float32{1.5}}}},
		{"no elements", zipFile(t, zip.Store, dict+str("a")+pickledTensor("FloatStorage", "0", 0, 0, ints(0, 2), ints(2, 1), false)+set, "data/0", ""),
			[]models.Tensor{{Name: "a", Shape: []int{0, 2}, Data: []float32{}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := decode(c.file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Tensors); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestStateDictFaults(t *testing.T) {
	legacy := legacyFile(dict+float("a", "7", true)+set, "7", counted(3, 1, 2, 3))
	view := func(count, offset int, shape, stride string) []byte {
		return zipFile(t, zip.Store, dict+str("a")+pickledTensor("FloatStorage", "0", count, offset, shape, stride, false)+set, "data/0", raw(make([]float32, count)...))
	}
	of := func(object string) []byte { return zipFile(t, zip.Store, object, "data/0", raw(1, 2, 3)) }
	big := string(binary.LittleEndian.AppendUint64(nil, 1<<40))
	damaged := zipFile(t, zip.Store, dict+float("a", "0", false)+set, "data/0", raw(1, 2, 3))
	damaged[bytes.Index(damaged, []byte(raw(1, 2, 3)))] ^= 1
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "it is empty"},
		{"text", []byte("conv1.weight 1 2 3"), "neither"},
		{"another pickle", []byte(start + "K\x05."), "not a file of torch.save"},
		{"another number", []byte(start + "\x8a\x01\x05."), "not a file of torch.save"},
		{"a pickle of arrays", []byte(start + dict + str("conv1.weight") + "cnumpy.core.multiarray\n_reconstruct\n)R" + set + "."), "not a file of torch.save"},
		{"a pickle of an OrderedDict", []byte(start + odict + set + "."), "not a file of torch.save"},
		{"a zip without a pickle", func() []byte {
			var out bytes.Buffer
			w := zip.NewWriter(&out)
			w.Create("x")
			w.Close()
			return out.Bytes()
		}(), "without data.pkl"},
		{"compressed", zipFile(t, zip.Deflate, dict+float("a", "0", false)+set, "data/0", raw(1, 2, 3)), "compressed"},
		{"zip cut off", zipFile(t, zip.Store, dict+set)[:40], "zip"},
		{"script", zipFile(t, zip.Store, dict+set, "constants.pkl", ""), "TorchScript"},
		{"big-endian", zipFile(t, zip.Store, dict+set, "byteorder", "big"), "big-endian"},
		{"damaged", damaged, "checksum"},
		{"storage missing", zipFile(t, zip.Store, dict+float("a", "5", false)+set, "data/0", raw(1, 2, 3)), `storage "5" is missing`},
		{"storage too short", zipFile(t, zip.Store, dict+float("a", "0", false)+set, "data/0", raw(1, 2)), "has 8 bytes, its tensor says 12"},
		{"legacy cut off", legacy[:len(legacy)-1], "cut off"},
		{"legacy cut off in the count", legacy[:len(legacy)-13], "cut off"},
		{"legacy with another count", legacyFile(dict+float("a", "7", true)+set, "7", counted(2, 1, 2)), "holds 2 elements, its tensor says 3"},
		{"legacy with more", append(bytes.Clone(legacy), 0), "1 bytes follow"},
		{"legacy without its storage", legacyFile(dict + float("a", "7", true) + set), "storage is missing"},
		{"legacy with another storage", legacyFile(dict+float("a", "7", true)+set, "8", counted(0)), "belongs to no tensor"},
		{"a model", of("cmodels.resnet\nResNet\n)\x81}b"), `whole model or another object, "models.resnet.ResNet"`},
		{"a list", of("]"), "a list, not a state dict"},
		{"no state dict", of(dict + str("loss") + integer(3) + set), `none of its entries is a state dict: "loss" is the value 3`},
		{"only counters", of(dict + str("x.num_batches_tracked") + pickledTensor("LongStorage", "0", 1, 0, ints(), ints(), false) + set), `"x.num_batches_tracked" is a tensor in "LongStorage"`},
		{"integers", zipFile(t, zip.Store, dict+str("a")+pickledTensor("IntStorage", "0", 3, 0, ints(3), ints(1), false)+set, "data/0", raw(1, 2, 3)), `"a" is a tensor in "IntStorage"`},
		{"one name twice", of(dict + float("fc.bias", "0", false) + float("linear.bias", "0", false) + set), `"linear.bias" twice`},
		{"beyond its storage", view(3, 1, ints(3), ints(1)), "beyond its storage"},
		{"before its storage", view(3, -1, ints(3), ints(1)), "beyond its storage"},
		{"negative stride", view(3, 2, ints(3), ints(-1)), "stride"},
		{"negative shape", view(3, 0, ints(-3), ints(1)), "impossible"},
		{"huge by a stride of zero", view(3, 0, ints(1<<20, 1<<20), ints(0, 0)), "too large"},
		{"overflowing offset", view(3, math.MaxInt, ints(3), ints(1)), "beyond its storage"},
		{"negative offset", view(3, -1, ints(3), ints(1)), "beyond its storage"},
		{"overflowing strides", view(3, 0, ints(2, 2, 2), ints(1<<30, 1<<30, 1<<30)), "beyond its storage"},
		{"more dimensions of shape than of stride", view(3, 0, ints(3, 1), ints(1)), "dimensions"},
		{"huge bytes", of("\x8e" + big + "abc"), "cut off"},
		{"huge frame", of("\x95" + big + "N"), "cut off"},
		{"huge string", of("X\xff\xff\xff\xff"), "cut off"},
		{"huge number", of("\x8b\xff\xff\xff\x7f"), "cut off"},
		{"number of no bytes", of("\x8a\x00"), "the value 0"},
		{"nothing on the stack", of("0"), "damaged"},
		{"an operation of text pickles", of("I1\n"), "operation 0x49"},
		{"mark missing", of("u"), "damaged"},
		{"odd entries", of("}(Nu"), "damaged"},
		{"keys that are no names", of(odict + "C\x01a" + "N" + set), "a value of type []uint8 is None"},
		{"execution", of("cposix\nsystem\n(" + str("true") + "tR"), "posix.system"},
		{"extension", of("\x82\x01"), "operation 0x82"},
		{"a function that copies", of("carray\n_array_reconstructor\n"), "array_reconstructor"},
		{"a function that copies, by the stack", of(str("array") + str("_array_reconstructor") + "\x93"), "array_reconstructor"},
		{"deep", of(strings.Repeat("(", 1000)), "nested"},
		{"many operations", of(strings.Repeat("N", pickle.MaxOperations)), "larger"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := decode(c.file)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("the message %q is not one line", err)
			}
		})
	}
}

// Whatever lies beside the weights is passed over: tensors of any type,
// containers and objects of any class, even what is damaged or foreign.
func TestBeside(t *testing.T) {
	object := func(class string) string { return "c" + class + "\n)\x81" }
	for name, beside := range map[string]string{
		"best accuracy as a tensor":     str("best") + pickledTensor("FloatStorage", "1", 1, 0, ints(), ints(), false),
		"random state":                  str("rng") + pickledTensor("ByteStorage", "2", 9, 0, ints(9), ints(1), false),
		"complex numbers":               str("fft") + pickledTensor("ComplexFloatStorage", "2", 9, 0, ints(9), ints(1), false),
		"a storage of a later PyTorch":  str("odd") + pickledTensor("Float4Storage", "2", 9, 0, ints(9), ints(1), false),
		"a tensor whose data is gone":   str("lost") + pickledTensor("FloatStorage", "99", 1, 0, ints(), ints(), false),
		"a tensor of no description":    str("odd") + "ctorch._utils\n_rebuild_tensor_v2\n)R",
		"a parameter of nothing":        str("odd") + "ctorch._utils\n_rebuild_parameter\n)R",
		"another persistent object":     str("odd") + tuple(str("elsewhere")) + "Q",
		"an object of no class":         str("sentinel") + object("__builtin__\nobject"),
		"a kind of dict":                str("hyper_parameters") + object("lightning\nAttributes") + "(" + str("lr") + integer(1) + set,
		"a kind of dict, one entry":     str("hyper_parameters") + object("lightning\nAttributes") + str("lr") + integer(1) + "s",
		"a defaultdict":                 str("meters") + "ccollections\ndefaultdict\n" + tuple("c__builtin__\nlist\n") + "R(" + str("loss") + "](" + integer(1) + "e" + set,
		"a deque":                       str("last") + "ccollections\ndeque\n" + tuple(")", integer(9)) + "R(" + integer(1) + integer(2) + "e",
		"a deque of one":                str("last") + "ccollections\ndeque\n)R" + integer(1) + "a",
		"a kind of list with state":     str("last") + object("fastai\nL") + "(" + integer(1) + "e}b",
		"a set of what Go cannot hash":  str("set") + "\x8f(C\x01a](K\x01e\x90",
		"a frozen set":                  str("set") + "(C\x01aK\x01\x91",
		"an OrderedDict of such keys":   str("dict") + odict + "C\x01a" + "N" + set,
		"an array":                      str("array") + "carray\n_array_reconstructor\n" + tuple("carray\narray\n", str("i"), integer(8), "C\x04abcd") + "R",
		"a call with unusual arguments": str("dict") + "ccollections\nOrderedDict\n" + tuple(integer(1), integer(2)) + "R",
		"an object with a state":        str("args") + object("argparse\nNamespace") + "}(" + str("lr") + integer(1) + set + "b",
		"a new object with keywords":    str("args") + "cpathlib\nPath\n)}\x92",
		"Python 2's long zero":          str("epoch") + "\x8a\x00",
		"keys that are no names":        integer(1) + integer(2),
		"a list that holds itself":      "]q\x01h\x01a" + "N",
		"what was dropped again":        "K\x010" + str("epoch") + "(K\x011N",
	} {
		t.Run(name, func(t *testing.T) {
			for _, where := range []struct{ name, object string }{
				{"after", dict + str("state_dict") + odict + float("bn1.weight", "0", false) + float("bn1.bias", "0", false) + set + beside + set},
				{"before", dict + beside + str("state_dict") + odict + float("bn1.weight", "0", false) + float("bn1.bias", "0", false) + set + set},
				{"among", dict + float("bn1.weight", "0", false) + beside + float("bn1.bias", "0", false) + set},
			} {
				if where.name == "among" && strings.Contains(beside, "\nFloatStorage\n") {
					continue // it would be one of the weights
				}
				got, err := decode(zipFile(t, zip.Store, where.object, "data/0", raw(1, 2, 3), "data/1", raw(90), "data/2", "012345678"))
				if err != nil {
					t.Fatalf("%s: %v", where.name, err)
				}
				want := []models.Tensor{threeFloats("bn1.weight"), threeFloats("bn1.bias")}
				if diff := cmp.Diff(want, got.Tensors); diff != "" {
					t.Errorf("%s: (-want +got):\n%s", where.name, diff)
				}
			}
		})
	}
}

// The state dict is found by what it holds, whatever it is called.
func TestEntries(t *testing.T) {
	state := odict + float("bn1.weight", "0", false) + float("bn1.bias", "0", false) + set
	moments := dict + str("state") + dict + integer(0) + dict + float("momentum_buffer", "0", false) + set + set + set
	for _, c := range []struct {
		name, object, entry, others string
	}{
		{"alone", state, "", ""},
		{"a kind of OrderedDict", "c__main__\nOrdered\n)R(" + float("bn1.weight", "0", false) + float("bn1.bias", "0", false) + set, "", ""},
		{"Python 2's OrderedDict", "ccollections\nOrderedDict\n](" +
			"](" + float("bn1.weight", "0", false) + "e" + "](" + float("bn1.bias", "0", false) + "e" + "e\x85R", "", ""},
		{"averaged alone", dict + str("state_dict_ema") + state + set, "state_dict_ema", ""},
		{"params", dict + str("params") + state + set, "params", ""},
		{"model_state beside the optimiser", dict + str("optimizer") + moments + str("model_state") + state + set, "model_state", ""},
		{"a name of nobody's", dict + str("jens") + state + set, "jens", ""},
		{"deeper", dict + str("state") + dict + str("network") + state + set + set, "state.network", ""},
		{"the weights before their average", dict + str("ema") + state + str("net") + state + set, "net", "ema"},
		{"and after", dict + str("net") + state + str("ema") + state + set, "net", "ema"},
		{"one dict under two names", dict + str("net") + state + "q\x05" + str("again") + "h\x05" + set, "net", ""},
		{"a dict that holds itself", "}q\x07(" + str("me") + "h\x07" + str("net") + state + set, "net", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := decode(zipFile(t, zip.Store, c.object, "data/0", raw(1, 2, 3)))
			if err != nil {
				t.Fatal(err)
			}
			want := []models.Tensor{threeFloats("bn1.weight"), threeFloats("bn1.bias")}
			if diff := cmp.Diff(want, got.Tensors); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.Entry != c.entry || strings.Join(got.Others, " ") != c.others {
				t.Errorf("the weights are from %q beside %q, want %q beside %q", got.Entry, got.Others, c.entry, c.others)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ names, want string }{
		{"conv1.weight layer1.0.bn1.weight fc.bias", "conv1.weight layer1.0.bn1.weight linear.bias"},
		{"conv1.weight layer4.0.shortcut.0.weight", "conv1.weight layer4.0.downsample.0.weight"},
		{"module.conv1.weight module.fc.bias", "conv1.weight linear.bias"},
		{"module.module.conv1.weight module.module.linear.bias", "conv1.weight linear.bias"},
		{"_orig_mod.conv1.weight _orig_mod.linear.bias", "conv1.weight linear.bias"},
		{"_orig_mod.module.conv1.weight _orig_mod.module.linear.bias", "conv1.weight linear.bias"},
		{"conv1.weight layer1._orig_mod.0.bn1.weight", "conv1.weight layer1.0.bn1.weight"},
		{"model.conv1.weight model.linear.bias", "conv1.weight linear.bias"},
		{"net.conv1.weight net.linear.bias net.bn1.num_batches_tracked", "conv1.weight linear.bias"},
		{"model.conv1.weight model.linear.bias criterion.weight", "conv1.weight linear.bias"},
		{"m.net.conv1.weight m.net.linear.bias m.criterion.weight criterion.weight", "conv1.weight linear.bias"},
		{"conv1.weight linear.bias momentum.conv1.weight momentum.linear.bias", "conv1.weight linear.bias"},
		{"student.conv1.weight teacher.conv1.weight", "student.conv1.weight teacher.conv1.weight"},
		{"features.0.weight classifier.weight features.1.weight", "features.0.weight classifier.weight features.1.weight"},
		{"module.features.0.weight module.classifier.weight module.features.1.weight", "module.features.0.weight module.classifier.weight module.features.1.weight"},
		{"weight", "weight"},
	} {
		var tensors []models.Tensor
		for name := range strings.FieldsSeq(c.names) {
			tensors = append(tensors, models.Tensor{Name: name})
		}
		kept, beside, err := rename(tensors)
		if err != nil {
			t.Errorf("%s: %v", c.names, err)
		}
		var got []string
		for _, t := range kept {
			got = append(got, t.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s became %s, want %s", c.names, strings.Join(got, " "), c.want)
		}
		if want := strings.Count(c.names, "criterion."); beside != want {
			t.Errorf("%s: %d tensors are beside the others, want %d", c.names, beside, want)
		}
	}
}

func TestNumbersThatAreNone(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		name  string
		value float32
		want  string
	}{
		{"linear.bias", nan, `"linear.bias" holds NaN`},
		{"linear.bias", inf, `"linear.bias" holds infinity`},
		{"bn1.running_var", -1, `"bn1.running_var" holds the negative variance -1`},
		{"bn1.running_var", 0, ""},
		{"bn1.running_mean", -1, ""},
	} {
		var out bytes.Buffer
		if err := WriteSafetensors(&out, []models.Tensor{{Name: c.name, Shape: []int{2}, Data: []float32{1, c.value}}}, nil); err != nil {
			t.Fatal(err)
		}
		_, err := decode(out.Bytes())
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %v: error %v, want %q", c.name, c.value, err, c.want)
		}
	}
}

// What is no file of weights is named for what it is.
func TestOtherFiles(t *testing.T) {
	whole := zipFile(t, zip.Store, dict+float("a", "0", false)+set, "data/0", raw(1, 2, 3))
	// A model as torch.save keeps it in the older format: the class comes with its source.
	model := tuple(str("module"), "cmodels.resnet\nResNet\n", str("/home/a/resnet.py"), str("class ResNet: ...")) + "Q)\x81}(" + str("training") + "\x88" + set + "b"
	for _, c := range []struct{ name, content, want string }{
		{"a model, legacy", string(legacyFile(model)), `whole model or another object, "models.resnet.ResNet"`},
		{"gzip", "\x1f\x8b\x08\x00", "gunzip"},
		{"a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS pointer"},
		{"a web page", "\n<!DOCTYPE html>\n<html>", "HTML page"},
		{"a web page that begins with a mark", "\xef\xbb\xbf<html>", "HTML page"},
		{"a web page without a beginning", "<head><title>Sign in", "HTML page"},
		{"a store's error", "<?xml version='1.0'?><Error><Code>AccessDenied", "XML message"},
		{"tar", "model/" + strings.Repeat("\x00", 251) + "ustar\x0000", "tar archive: unpack it"},
		{"Keras", "\x89HDF\r\n\x1a\n", "HDF5"},
		{"a zip that is cut off", string(whole[:len(whole)-30]), "cut off after"},
		{"a zip that is cut off in its middle", string(whole[:len(whole)/2]), "cut off after"},
		{"a zip of a file", string(func() []byte {
			var out bytes.Buffer
			w := zip.NewWriter(&out)
			w.Create("model.pth")
			w.Close()
			return out.Bytes()
		}()), "unpack it first"},
	} {
		if _, err := decode([]byte(c.content)); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder: error %v", err)
	}
	if _, err := Read(os.DevNull); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a device: error %v", err)
	}
}

// A value that holds itself, or holds others many times over, must not be
// printed: that would never end.
func TestMessagesPrintNoValues(t *testing.T) {
	itself := "]q\x01h\x01a"
	many := "]q\x00"
	for i := range 60 { // 2^60 elements, were they printed
		many += "]q" + string(rune(i+1)) + "h" + string(rune(i)) + "ah" + string(rune(i)) + "a"
	}
	for name, file := range map[string][]byte{
		"a key":             zipFile(t, zip.Store, "}"+itself+"Ns"),
		"a key many times":  zipFile(t, zip.Store, "}"+many+"Ns"),
		"the whole":         zipFile(t, zip.Store, itself),
		"the magic number":  []byte(start + itself + "."),
		"the version":       []byte(start + "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + start + itself + "."),
		"an argument":       zipFile(t, zip.Store, "c__builtin__\nobject\n"+itself+"\x85\x81"),
		"arguments of dict": zipFile(t, zip.Store, "cbuiltins\ndict\n"+itself+"h\x01\x86R"),
	} {
		if _, err := decode(file); err == nil || len(err.Error()) > 500 {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// A small pickle that says a large thing over and over takes no more memory than its
// operations do.
func TestPickleTakesNoCopies(t *testing.T) {
	const times = 500
	pairs := "](" + strings.Repeat("](K\x01K\x02e", 10_000) + "eq\x01" // [[1, 2], [1, 2], ...]
	key := str(strings.Repeat("_orig_mod.", 10_000)) + "q\x01"         // 100 kB
	tensor := pickledTensor("FloatStorage", "0", 3, 0, ints(3), ints(1), false)
	rest := float("bn1.weight", "0", false) + float("bn1.bias", "0", false) + set
	for name, object := range map[string]string{
		"a list that many dicts are made of": dict + str("x") + pairs + str("y") + "](" +
			strings.Repeat("ccollections\nOrderedDict\nh\x01\x85R", times) + "e" + rest,
		"a name of many tensors": dict + str("x") + key + str("y") + "]" + tensor + "q\x02a" + strings.Repeat("h\x01h\x02", times) + rest,
		"a key of many keys":     dict + str("x") + key + strings.Repeat("h\x01}(h\x01Nh\x01Nu", times) + rest,
	} {
		t.Run(name, func(t *testing.T) {
			file := zipFile(t, zip.Store, object, "data/0", raw(1, 2, 3))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := decode(file)
			runtime.ReadMemStats(&after)
			if err != nil || len(got.Tensors) != 2 {
				t.Errorf("error %.200v", err)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 20<<20 {
				t.Errorf("it took %d MiB", took>>20)
			}
		})
	}
}

// Many tensors that are views of one storage must not take more memory than a
// file of weights may.
func TestViewsShareTheLimit(t *testing.T) {
	s := &storage{storageTypes["FloatStorage"], "0", 100, make([]byte, 400)}
	view := &tensor{s, 0, []int{100}, []int{1}}
	if _, err := view.floats(400); err != nil {
		t.Error(err)
	}
	if _, err := view.floats(399); err == nil {
		t.Error("more bytes are taken than there is room for")
	}
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.pt")
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names the file", err)
	}
	for content, ok := range map[string]bool{
		string(zipFile(t, zip.Store, dict+float("a", "0", false)+set, "data/0", raw(1, 2, 3))): true,
		"nonsense": false,
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		file, err := Read(path)
		if ok && (err != nil || len(file.Tensors) != 1) {
			t.Errorf("%v, error %v", file, err)
		}
		if !ok && (err == nil || !strings.Contains(err.Error(), path)) {
			t.Errorf("error %v, want one that names the file", err)
		}
	}
}

// Nothing makes the reader panic, run out of memory or return a tensor whose
// shape and data disagree.
func FuzzStateDict(f *testing.F) {
	f.Add([]byte(start+dict+float("a", "0", false)+set+"."), true)
	f.Add([]byte(start+odict+float("module.a", "0", false)+set+"."), true)
	f.Add([]byte(start+dict+str("a")+pickledTensor("FloatStorage", "0", 3, math.MaxInt, ints(3), ints(1), false)+set+"."), true)
	f.Add(legacyFile(dict+float("a", "7", true)+set, "7", counted(3, 1, 2, 3)), false)
	f.Add([]byte("\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00}\x94(Nu."), true)
	f.Fuzz(func(t *testing.T, content []byte, packed bool) {
		file := content
		if packed { // the mutations reach the pickle, not the checksums around it
			var out bytes.Buffer
			w := zip.NewWriter(&out)
			for _, r := range []struct{ name, content string }{{"a/data.pkl", string(content)}, {"a/data/0", raw(1, 2, 3)}} {
				h, err := w.CreateRaw(&zip.FileHeader{Name: r.name, CRC32: crc32.ChecksumIEEE([]byte(r.content)),
					CompressedSize64: uint64(len(r.content)), UncompressedSize64: uint64(len(r.content))})
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprint(h, r.content)
			}
			w.Close()
			file = out.Bytes()
		}
		got, err := decode(file)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the message %q is not one line", err)
			}
			return
		}
		for _, tensor := range got.Tensors {
			if tensor.Len() != len(tensor.Data) {
				t.Errorf("tensor %q of shape %v has %d values", tensor.Name, tensor.Shape, len(tensor.Data))
			}
		}
	})
}
