package data

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// batches returns the six batches of small as bytes, by the names of their
// files without an extension.
func batches(seed int64) map[string][]byte {
	list := map[string][]byte{}
	for name, records := range smallFiles(seed) {
		list[strings.TrimSuffix(name, ".bin")] = records
	}
	return list
}

// A pickler writes a batch of the Python version as some writer does.
type pickler func(name string, records []byte) []byte

func pickledInt(n int) string {
	switch {
	case n < 1<<8:
		return "K" + string([]byte{byte(n)})
	case n < 1<<16:
		return "M" + string(binary.LittleEndian.AppendUint16(nil, uint16(n)))
	}
	return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(n)))
}

func pickled4(code byte, s string) string {
	return string(binary.LittleEndian.AppendUint32([]byte{code}, uint32(len(s)))) + s
}

// labelsAndPixels takes records apart: labels as the elements of a list.
func labelsAndPixels(records []byte) (labels, pixels string, n int) {
	var l, p strings.Builder
	for ; len(records) > 0; records = records[recordSize:] {
		l.WriteString(pickledInt(int(records[0])))
		p.Write(records[1:recordSize])
		n++
	}
	return l.String(), p.String(), n
}

// python2 pickles as the authors did: cPickle of Python 2, protocol 2.
func python2(name string, records []byte) []byte {
	labels, pixels, n := labelsAndPixels(records)
	short := func(s string) string { return "U" + string([]byte{byte(len(s))}) + s }
	return []byte("\x80\x02}q\x01(" +
		short("batch_label") + "q\x02" + short("training batch 1 of 5") + "q\x03" +
		short("labels") + "q\x04]q\x05(" + labels + "e" +
		short("data") + "q\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85q\x09U\x01b\x87q\x0aRq\x0b(K\x01" +
		pickledInt(n) + pickledInt(pixelBytes) + "\x86q\x0ccnumpy\ndtype\nq\x0dU\x02u1K\x00K\x01\x87Rq\x0e(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89" +
		pickled4('T', pixels) + "tb" +
		short("filenames") + "]q\x0f(" + strings.Repeat(short("camion_s_000148.png"), n) + "e" + "u.")
}

// unicode is a short string of protocol 4.
func unicode(s string) string { return "\x8c" + string([]byte{byte(len(s))}) + s }

// python3 pickles as NumPy 2 does in protocol 4, in a frame and with its memo.
func python3(name string, records []byte) []byte {
	labels, pixels, n := labelsAndPixels(records)
	body := "}\x94(" + unicode("labels") + "\x94]\x94(" + labels + "e" +
		unicode("data") + "\x94" + unicode("numpy._core.multiarray") + "\x94" + unicode("_reconstruct") + "\x94\x93\x94" +
		unicode("numpy") + "\x94" + unicode("ndarray") + "\x94\x93\x94K\x00\x85\x94C\x01b\x94\x87\x94R\x94(K\x01" +
		pickledInt(n) + pickledInt(pixelBytes) + "\x86\x94" + unicode("numpy") + unicode("dtype") + "\x93\x94" + unicode("u1") + "\x89\x88\x87\x94R\x94(K\x03" +
		unicode("|") + "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94b\x89" + pickled4('B', pixels) + "\x94t\x94bu."
	return []byte("\x80\x04\x95" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(body)))) + body)
}

// python5 pickles as NumPy does in protocol 5, the bytes as a buffer in band,
// in the shape (n, 3, 32, 32) and with keys that are bytes.
func python5(name string, records []byte) []byte {
	labels, pixels, n := labelsAndPixels(records)
	return []byte("\x80\x05}(C\x06labels](" + labels + "eC\x04data" + unicode("numpy._core.numeric") + unicode("_frombuffer") + "\x93(\x96" +
		string(binary.LittleEndian.AppendUint64(nil, uint64(len(pixels)))) + pixels +
		unicode("numpy") + unicode("dtype") + "\x93" + unicode("u1") + "\x89\x88\x87R(K\x03" + unicode("|") + "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb(" +
		pickledInt(n) + "K\x03K K t" + unicode("C") + "tRu.")
}

// python3as2 pickles as Python 3 does in protocol 2: bytes by _codecs.encode.
func python3as2(name string, records []byte) []byte {
	labels, pixels, n := labelsAndPixels(records)
	var encoded []rune
	for _, b := range []byte(pixels) {
		encoded = append(encoded, rune(b))
	}
	bytesOf := func(s string) string {
		return "c_codecs\nencode\n" + pickled4('X', s) + pickled4('X', "latin1") + "\x86R"
	}
	return []byte("\x80\x02}(" + pickled4('X', "labels") + "](" + labels + "e" +
		pickled4('X', "data") + "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + bytesOf("b") + "\x87R(K\x01" +
		pickledInt(n) + pickledInt(pixelBytes) + "\x86cnumpy\ndtype\n" + pickled4('X', "u1") + "\x89\x88\x87R(K\x03" + pickled4('X', "|") +
		"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89" + bytesOf(string(encoded)) + "tbu.")
}

func pythonFiles(seed int64, write pickler) map[string][]byte {
	files := map[string][]byte{"batches.meta": []byte("\x80\x02}.")}
	for name, records := range batches(seed) {
		files[name] = write(name, records)
	}
	return files
}

// pngFile encodes the pixels of a record.
func pngFile(t testing.TB, record []byte) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, 32, 32))
	for i := range planeSize {
		picture.SetNRGBA(i%32, i/32, color.NRGBA{record[1+i], record[1+planeSize+i], record[1+2*planeSize+i], 255})
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// pngFiles are the PNG form, the classes by name.
func pngFiles(t testing.TB, class func(label byte) string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"labels.txt": []byte("airplane\n")}
	for name, records := range batches(1) {
		dir := "train"
		if name == "test_batch" {
			dir = "test"
		}
		for i := 0; i < len(records); i += recordSize {
			files[fmt.Sprintf("%s/%s/%s-%d.png", dir, class(records[i]), name, i)] = pngFile(t, records[i:i+recordSize])
		}
	}
	return files
}

func byName(label byte) string   { return classes[label] }
func byNumber(label byte) string { return string(rune('0' + label)) }

// parquetFile writes records as Hugging Face's datasets do: snappy, several
// groups of rows, columns that may be null. column names that of the images.
func parquetFile(t testing.TB, records []byte, column string) []byte {
	t.Helper()
	schema := parquet.NewSchema("schema", parquet.Group{
		column: parquet.Optional(parquet.Group{
			"bytes": parquet.Optional(parquet.Leaf(parquet.ByteArrayType)),
			"path":  parquet.Optional(parquet.String()),
		}),
		"label": parquet.Optional(parquet.Encoded(parquet.Leaf(parquet.Int64Type), &parquet.RLEDictionary)),
	})
	var out bytes.Buffer
	w := parquet.NewWriter(&out, schema, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(3))
	for i := 0; i < len(records); i += recordSize {
		err := w.Write(map[string]any{
			column:  map[string]any{"bytes": pngFile(t, records[i:i+recordSize]), "path": "a.png"},
			"label": int64(records[i]),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func parquetFiles(t testing.TB, train, test string) map[string][]byte {
	t.Helper()
	files := smallFiles(2)
	var all []byte
	for _, name := range binaryNames[:trainBatches] {
		all = append(all, files[name]...)
	}
	return map[string][]byte{train: parquetFile(t, all, "img"), test: parquetFile(t, files["test_batch.bin"], "img")}
}

// under puts files into a folder.
func under(dir string, files map[string][]byte) map[string][]byte {
	moved := map[string][]byte{}
	for name, content := range files {
		moved[dir+"/"+name] = content
	}
	return moved
}

func zipped(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func tarred(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var list []member
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list = append(list, member{name, files[name]})
	}
	return tarball(t, list)
}

// Every form ends in the same records.
func TestForms(t *testing.T) {
	want := Synthetic(11, 5*smallRecords, smallRecords)
	check := func(t *testing.T, place string) {
		t.Helper()
		got, err := small.read(t.Context(), place)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Train.records, want.Train.records) || !bytes.Equal(got.Test.records, want.Test.records) {
			t.Error("the records are not those that were written")
		}
		if got.Fingerprint.Train != small.Train || got.Fingerprint.Test != small.Test || got.Fingerprint.Synthetic {
			t.Errorf("fingerprint %+v", got.Fingerprint)
		}
		if !filepath.IsAbs(got.Place) || !strings.HasPrefix(got.Place, place) {
			t.Errorf("it says that it was read from %s, not from %s", got.Place, place)
		}
	}
	for _, f := range []struct {
		name   string
		folder string // as it is unpacked
		files  map[string][]byte
	}{
		{"binary", binaryFolder, smallFiles(1)},
		{"Python 2", pythonFolder, pythonFiles(1, python2)},
		{"Python 3, protocol 4", pythonFolder, pythonFiles(2, python3)},
		{"Python 3, protocol 5", pythonFolder, pythonFiles(3, python5)},
		{"Python 3, protocol 2", pythonFolder, pythonFiles(4, python3as2)},
		{"PNG", "cifar10", pngFiles(t, byName)},
		{"PNG by number", "cifar10", pngFiles(t, byNumber)},
		{"parquet", "plain_text", parquetFiles(t, "train-00000-of-00001.parquet", "test-00000-of-00001.parquet")},
		{"parquet, converted", "plain_text", parquetFiles(t, "train/0000.parquet", "test/0000.parquet")},
		{"parquet, named", "data", parquetFiles(t, "cifar10-train.parquet", "cifar10-test.parquet")},
	} {
		t.Run(f.name, func(t *testing.T) {
			packed := under(f.folder, f.files)
			dir := writeFolder(t, t.TempDir(), packed)
			writeFolder(t, dir, map[string][]byte{
				"a.tar":    tarred(t, packed),
				"a.tar.gz": compress(t, tarred(t, packed)),
				"a.zip":    zipped(t, packed),
				"flat.zip": zipped(t, f.files),
			})
			for _, name := range []string{f.folder, "a.tar", "a.tar.gz", "a.zip", "flat.zip"} {
				t.Run(name, func(t *testing.T) { check(t, filepath.Join(dir, name)) })
			}
			if slices.Contains(inner, f.folder) {
				t.Run("the folder above", func(t *testing.T) { check(t, dir) })
			}
		})
	}
	t.Run("an archive in a folder", func(t *testing.T) {
		dir := writeFolder(t, t.TempDir(), map[string][]byte{
			pythonArchive:         compress(t, tarred(t, under(pythonFolder, pythonFiles(1, python2)))),
			"cifar-100-python.md": []byte("of another set"),
		})
		check(t, dir)
	})
	t.Run("two forms beside each other", func(t *testing.T) {
		check(t, writeFolder(t, writeFolder(t, t.TempDir(), pythonFiles(1, python2)), smallFiles(2)))
	})
	t.Run("what macOS keeps of each file", func(t *testing.T) {
		companion := []byte("\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X")
		for _, files := range []map[string][]byte{pngFiles(t, byName), parquetFiles(t, "cifar10-train.parquet", "cifar10-test.parquet"), pythonFiles(1, python2)} {
			for name := range maps.Clone(files) {
				dir, base := path.Split(name)
				files[dir+"._"+base] = companion
			}
			check(t, writeFolder(t, t.TempDir(), files))
		}
	})
	t.Run("links", func(t *testing.T) { // as in Hugging Face's cache
		if runtime.GOOS == "windows" {
			t.Skip("links are for administrators there")
		}
		dir, blobs := t.TempDir(), writeFolder(t, t.TempDir(), smallFiles(1))
		for _, name := range binaryNames {
			if err := os.Symlink(filepath.Join(blobs, name), filepath.Join(dir, name)); err != nil {
				t.Skip(err)
			}
		}
		check(t, dir)
	})
}

// What is not CIFAR-10 is named for what it is, in one line with its file.
func TestForeign(t *testing.T) {
	pointer := []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 30730000\n")
	page := []byte("\n<!DOCTYPE html>\n<html><title>Sign in</title></html>")
	with := func(files map[string][]byte, name string, content []byte) map[string][]byte {
		files = maps.Clone(files)
		files[name] = content
		return files
	}
	hundred := bytes.ReplaceAll(python2("train", smallFiles(1)["data_batch_1.bin"]), []byte("U\x06labels"), []byte("U\x0bfine_labels"))
	labelled := func(second string) map[string][]byte {
		labels, _, n := labelsAndPixels(smallFiles(1)["data_batch_1.bin"])
		batch := strings.Replace(string(python2("", smallFiles(1)["data_batch_1.bin"])), labels, labels[:2]+second+labels[4:2*n], 1)
		return with(pythonFiles(1, python2), "data_batch_1", []byte(batch))
	}
	table := parquetFiles(t, "train-0.parquet", "test-0.parquet")
	of := func(records []byte, column string) []byte { return parquetFile(t, records, column) }
	for _, c := range []struct {
		name  string
		files map[string][]byte
		want  []string
	}{
		{"a pointer to a table", with(table, "test-0.parquet", pointer), []string{"test-0.parquet", "Git LFS pointer"}},
		{"a picture too few", with(table, "test-0.parquet", of(smallFiles(1)["test_batch.bin"][:recordSize], "img")), []string{"1 of 4 test images"}},
		{"a table of other columns", with(table, "train-0.parquet", of(smallFiles(1)["test_batch.bin"], "photo")), []string{"train-0.parquet", `"img"`}},
		{"a damaged table", with(table, "train-0.parquet", []byte("PAR1abcdefghijklmnopPAR1")), []string{"train-0.parquet", "damaged"}},
		{"CIFAR-100, binary", map[string][]byte{"train.bin": make([]byte, 3074), "test.bin": make([]byte, 3074)}, []string{"CIFAR-100"}},
		{"CIFAR-100, Python", under("cifar-100-python", map[string][]byte{"train": hundred, "test": hundred, "meta": nil}), []string{"CIFAR-100"}},
		{"CIFAR-100 under another name", with(pythonFiles(1, python2), "data_batch_1", hundred), []string{"data_batch_1", "CIFAR-100"}},
		{"Matlab", map[string][]byte{"data_batch_1.mat": []byte("MATLAB 5.0 MAT-file"), "batches.meta.mat": nil}, []string{"Matlab version"}},
		{"pointers", with(smallFiles(1), "data_batch_1.bin", pointer), []string{"data_batch_1.bin", "Git LFS pointer", "git lfs pull"}},
		{"a pointer to a batch", with(pythonFiles(1, python2), "test_batch", pointer), []string{"test_batch", "Git LFS pointer"}},
		{"a page", with(smallFiles(1), "data_batch_2.bin", page), []string{"data_batch_2.bin", "HTML page"}},
		{"a wrong class", with(pngFiles(t, byName), "train/apple/1.png", nil), []string{"1.png", `"apple"`}},
		{"a large picture", with(pngFiles(t, byName), "train/cat/0.png", bigPNG(t)), []string{"0.png", "64x64"}},
		{"a JPEG", with(pngFiles(t, byName), "train/cat/0.png", []byte("\xff\xd8\xff\xe0abc")), []string{"0.png", "JPEG"}},
		{"a damaged picture", with(pngFiles(t, byName), "train/cat/0.png", []byte("\x89PNG\r\n\x1a\nabc")), []string{"0.png", "damaged"}},
		{"a picture too many", with(pngFiles(t, byName), "train/cat/0.png", pngFile(t, make([]byte, recordSize))), []string{"more than 20 training images"}},
		{"a pickle of something else", with(pythonFiles(1, python2), "data_batch_1", []byte("\x80\x02N.")), []string{"data_batch_1", "not a dict"}},
		{"a program", with(pythonFiles(1, python2), "data_batch_1", []byte("\x80\x02cposix\nsystem\nU\x04true\x85R.")), []string{"data_batch_1", "posix.system is out of place"}},
		{"floats", with(pythonFiles(1, python2), "data_batch_1", bytes.ReplaceAll(python2("", smallFiles(1)["data_batch_1.bin"]), []byte("U\x02u1"), []byte("U\x02f4"))), []string{"data_batch_1", `"f4"`}},
		{"a label too large", with(pythonFiles(1, python2), "data_batch_1", bytes.Replace(python2("", smallFiles(1)["data_batch_1.bin"]), []byte("]q\x05(K"), []byte("]q\x05(M\x0a"), 1)), []string{"data_batch_1", "label"}},
		{"a label that is a list of itself", labelled("]q\x09h\x09a"), []string{"data_batch_1", "label of image 1 is none of 0 to 9"}},
		{"a label of 2^60 elements", labelled("]q\x090" + strings.Repeat("]h\x09ah\x09aq\x090", 60) + "h\x09"), []string{"data_batch_1", "label of image 1 is none of 0 to 9"}},
		{"a cut pickle", with(pythonFiles(1, python2), "data_batch_1", python2("", smallFiles(1)["data_batch_1.bin"])[:9000]), []string{"data_batch_1", "cut off"}},
	} {
		packed := t.TempDir()
		writeFolder(t, packed, map[string][]byte{"a.tar.gz": compress(t, tarred(t, under("x", c.files))), "a.zip": zipped(t, c.files)})
		folder := writeFolder(t, t.TempDir(), c.files)
		if strings.HasSuffix(c.name, "CIFAR-100, Python") {
			folder = filepath.Join(folder, "cifar-100-python")
		}
		for _, place := range []string{folder, filepath.Join(packed, "a.tar.gz"), filepath.Join(packed, "a.zip")} {
			t.Run(c.name+" in "+filepath.Base(place), func(t *testing.T) {
				checkMessage(t, func() error { _, err := small.read(t.Context(), place); return err }, append(c.want, place)...)
			})
		}
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"a.zip":            {pointer, "Git LFS pointer"},
		"a.tar.gz":         {page, "HTML page"},
		"b.mat":            {[]byte("MATLAB 5.0 MAT-file, Platform: GLNX86"), "Matlab version"},
		"a.tar.xz":         {[]byte("\xfd7zXZ\x00abc"), "compressed with xz"},
		"error.xml":        {[]byte("<?xml version='1.0'?><Error>"), "XML"},
		"data_batch_1.bin": {make([]byte, 1000), "name its folder"},
		"train-0.parquet":  {[]byte("PAR1abc"), "name its folder"},
		"notes":            {[]byte("hello"), "not an archive"},
	} {
		t.Run(name, func(t *testing.T) {
			place := filepath.Join(writeFolder(t, t.TempDir(), map[string][]byte{name: c.content}), name)
			checkMessage(t, func() error { _, err := small.read(t.Context(), place); return err }, place, c.want)
		})
	}
}

// A small pickle that says a large thing over and over takes no more memory than it
// has bytes.
func TestPythonTakesNoCopies(t *testing.T) {
	const large, times = 1 << 20, 200
	text := pickled4('X', strings.Repeat("\u00e9", large/2)) + "q\x01"
	raw := pickled4('B', strings.Repeat("a", large)) + "q\x01"
	dtype := "cnumpy\ndtype\n"
	for name, batch := range map[string]string{
		"bytes as text": text + "0](" + strings.Repeat("c_codecs\nencode\nh\x01X\x00\x00\x00\x00\x86R", times) + "e",
		"arrays":        raw + "0](" + strings.Repeat("cnumpy.core.multiarray\n_reconstruct\n)R(K\x01)"+dtype+"U\x02u1\x85R\x89h\x01tb", times) + "e",
		"types":         raw + "0](" + strings.Repeat(dtype+"h\x01\x85R", times) + "e",
		"keys":          raw + "0}(" + strings.Repeat("h\x01N", times) + "u",
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeFolder(t, t.TempDir(), map[string][]byte{pythonNames[0]: []byte("\x80\x02" + batch + ".")})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := small.read(t.Context(), dir)
			runtime.ReadMemStats(&after)
			if err == nil || strings.Contains(err.Error(), "damaged") {
				t.Errorf("error %v, want that it is no batch", err)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 20*large {
				t.Errorf("it took %d MiB", took>>20)
			}
		})
	}
}

func bigPNG(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewNRGBA(image.Rect(0, 0, 64, 64))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What is neither folder nor regular file is not waited for.
func TestReadNoFile(t *testing.T) {
	checkMessage(t, func() error { _, err := small.read(t.Context(), os.DevNull); return err }, os.DevNull, "neither a folder nor a file")
}

// fuzzForm reads content in the place of a form's first file: whatever it is,
// it is refused in one line or has the right fingerprint.
func fuzzForm(f *testing.F, files map[string][]byte, name string) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, other := range slices.Sorted(maps.Keys(files)) {
		if other != name {
			content := files[other]
			w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: other, Size: int64(len(content)), Mode: 0o644})
			w.Write(content)
		}
	}
	w.Flush()
	rest := archive.Bytes()
	whole := files[name]
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		file := filepath.Join(t.TempDir(), "x.tar")
		out, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		w := tar.NewWriter(out)
		w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o644, Format: tar.FormatUSTAR})
		w.Write(content)
		w.Flush()
		if _, err := io.Copy(out, bytes.NewReader(rest)); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(make([]byte, 1024)); err != nil {
			t.Fatal(err)
		}
		set, err := small.read(t.Context(), file)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the message %q is not one line", err)
			}
			return
		}
		if set.Train.fingerprint() != small.Train || set.Test.fingerprint() != small.Test {
			t.Error("accepted other records")
		}
	})
}

func FuzzPython(f *testing.F) { fuzzForm(f, pythonFiles(1, python2), "data_batch_1") }
func FuzzParquet(f *testing.F) {
	fuzzForm(f, parquetFiles(f, "train-0.parquet", "test-0.parquet"), "test-0.parquet")
}

func FuzzPNG(f *testing.F) {
	files := pngFiles(f, byName)
	names := slices.Sorted(maps.Keys(files))
	fuzzForm(f, files, names[len(names)-1])
}

func FuzzReadZip(f *testing.F) {
	whole := zipped(f, smallFiles(1))
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Fuzz(func(t *testing.T, content []byte) {
		file := filepath.Join(t.TempDir(), "x.zip")
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := small.read(t.Context(), file)
		if err == nil && (set.Train.fingerprint() != small.Train || set.Test.fingerprint() != small.Test) {
			t.Error("accepted other records")
		}
		if err != nil && (strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), file)) {
			t.Errorf("the message %q is not one line that names the file", err)
		}
	})
}

// CIFAR-10 itself, as the Python version in an archive, is CIFAR-10.
func TestCIFAR10Python(t *testing.T) {
	if testing.Short() {
		t.Skip("it packs the whole data set")
	}
	set := realSet(t)
	files := map[string][]byte{pythonFolder + "/test_batch": python2("", set.Test.records)}
	for i := range trainBatches {
		n := len(set.Train.records) / trainBatches
		files[pythonFolder+"/"+pythonNames[i]] = python2("", set.Train.records[i*n:(i+1)*n])
	}
	place := filepath.Join(writeFolder(t, t.TempDir(), map[string][]byte{"c.tar": tarred(t, files)}), "c.tar")
	got, err := CIFAR10().read(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	if got.Fingerprint != set.Fingerprint || !bytes.Equal(got.Train.records, set.Train.records) {
		t.Error("the records are not those that were written")
	}
}
