package data

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// small is a data set in CIFAR-10's form with few records to a file.
var small = func() Contents {
	set := Synthetic(11, 5*smallRecords, smallRecords)
	return Contents{Batch: smallRecords, Train: set.Fingerprint.Train, Test: set.Fingerprint.Test}
}()

const smallRecords = 4

// smallFiles returns the six files of small, the records of the training set
// spread over them in an order of the given seed.
func smallFiles(seed int64) map[string][]byte {
	set := Synthetic(11, 5*smallRecords, smallRecords)
	files := map[string][]byte{binaryNames[trainBatches]: set.Test.records}
	order := make([]int32, set.Train.N)
	permute(order, newStream(seed, forSplit, 0))
	for i, from := range order {
		name := binaryNames[i/smallRecords]
		at := int(from) * recordSize
		files[name] = append(files[name], set.Train.records[at:at+recordSize]...)
	}
	return files
}

func writeFolder(t testing.TB, dir string, files map[string][]byte) string {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

type member struct {
	name    string
	content []byte
}

// members lists files as the official archive does: in a folder, with others.
func members(files map[string][]byte) []member {
	list := []member{{binaryFolder + "/readme.html", []byte("<html>")}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list = append(list, member{binaryFolder + "/" + name, files[name]})
	}
	return list
}

func tarball(t testing.TB, list []member) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range list {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: m.name, Size: int64(len(m.content)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func compress(t testing.TB, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestReadPlaces(t *testing.T) {
	want := Synthetic(11, 5*smallRecords, smallRecords)
	packed := compress(t, tarball(t, members(smallFiles(3))))
	nested := map[string][]byte{}
	for name, content := range smallFiles(4) {
		nested[binaryFolder+"/"+name] = content
	}
	for _, c := range []struct {
		name  string
		place string
	}{
		{"folder", writeFolder(t, t.TempDir(), smallFiles(1))},
		{"folder, records in another order", writeFolder(t, t.TempDir(), smallFiles(2))},
		{"folder above", writeFolder(t, t.TempDir(), nested)},
		{"folder of the archive", writeFolder(t, t.TempDir(), map[string][]byte{binaryArchive: packed})},
		{"archive of another name", filepath.Join(writeFolder(t, t.TempDir(), map[string][]byte{"c.tgz": packed}), "c.tgz")},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := small.read(t.Context(), c.place)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Train.records, want.Train.records) || !bytes.Equal(got.Test.records, want.Test.records) {
				t.Error("the records are not those that were written")
			}
			if got.Train.N != 5*smallRecords || got.Test.N != smallRecords {
				t.Errorf("%d and %d images", got.Train.N, got.Test.N)
			}
			if got.Fingerprint.Train != small.Train || got.Fingerprint.Test != small.Test || got.Fingerprint.Synthetic {
				t.Errorf("fingerprint %+v", got.Fingerprint)
			}
		})
	}
}

// Whatever is wrong, the message is one line that names the file and says what.
func TestReadFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(files map[string][]byte)
		want   []string
	}{
		{"truncated", func(f map[string][]byte) { f[binaryNames[2]] = f[binaryNames[2]][:5000] },
			[]string{"data_batch_3.bin", "5000 bytes", "12292", "truncated"}},
		{"empty", func(f map[string][]byte) { f[binaryNames[trainBatches]] = nil },
			[]string{"test_batch.bin", "0 bytes", "truncated"}},
		{"too long", func(f map[string][]byte) { f[binaryNames[0]] = append(f[binaryNames[0]], 1) },
			[]string{"data_batch_1.bin", "12293 bytes", "too long"}},
		{"CIFAR-100", func(f map[string][]byte) { f[binaryNames[0]] = make([]byte, 5*3074) },
			[]string{"data_batch_1.bin", "15370 bytes", "CIFAR-100"}},
		{"missing", func(f map[string][]byte) { delete(f, binaryNames[4]) },
			[]string{"data_batch_5.bin"}},
		{"label", func(f map[string][]byte) { f[binaryNames[1]][2*recordSize] = 10 },
			[]string{"data_batch_2.bin", "label of record 2 is 10"}},
		{"corrupt", func(f map[string][]byte) { f[binaryNames[3]][999] ^= 1 },
			[]string{"data_batch_1.bin to data_batch_5.bin", "corrupt", small.Train[:16]}},
		{"corrupt test", func(f map[string][]byte) { f[binaryNames[trainBatches]][999] ^= 1 },
			[]string{"test_batch.bin", "corrupt", small.Test[:16]}},
		{"copied twice", func(f map[string][]byte) { f[binaryNames[3]] = bytes.Clone(f[binaryNames[1]]) },
			[]string{"data_batch_4.bin", "data_batch_2.bin", "again"}},
		{"one record twice", func(f map[string][]byte) { copy(f[binaryNames[0]][3*recordSize:], f[binaryNames[0]][:recordSize]) },
			[]string{"data_batch_1.bin", "record 3 is record 0"}},
		{"foreign", func(f map[string][]byte) {
			set := Synthetic(12, 5*smallRecords, smallRecords)
			for i, name := range binaryNames[:trainBatches] {
				f[name] = set.Train.records[i*smallRecords*recordSize:][:smallRecords*recordSize]
			}
		}, []string{"not CIFAR-10"}},
		{"test in place of training", func(f map[string][]byte) { f[binaryNames[0]] = f[binaryNames[trainBatches]] },
			[]string{"data_batch_1.bin", "not CIFAR-10"}},
	} {
		files := smallFiles(1)
		c.damage(files)
		folder := writeFolder(t, t.TempDir(), files)
		packed := filepath.Join(writeFolder(t, t.TempDir(), map[string][]byte{binaryArchive: compress(t, tarball(t, members(files)))}), binaryArchive)
		for _, place := range []string{folder, packed} {
			t.Run(c.name+" in "+filepath.Base(place), func(t *testing.T) {
				checkMessage(t, func() error { _, err := small.read(t.Context(), place); return err }, append(c.want, place)...)
			})
		}
	}
}

// checkMessage wants an error of one line that has all the given parts.
func checkMessage(t *testing.T, f func() error, parts ...string) error {
	t.Helper()
	err := f()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the message %q lacks %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the message %q is not one line", err)
	}
	return err
}

func TestReadArchiveFaults(t *testing.T) {
	whole := compress(t, tarball(t, members(smallFiles(1))))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 1 // in the checksum
	twice := members(smallFiles(1))
	twice = append(twice, twice[1])
	short := tarball(t, members(smallFiles(1)))
	short = short[:len(short)/2+700]
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"a page", []byte("<html>no such file</html>"), "an HTML page"},
		{"not an archive", []byte("no such file"), "not an archive"},
		{"empty", nil, "it is empty"},
		{"not a tar", compress(t, []byte(strings.Repeat("abc", 1000))), "damaged"},
		{"truncated", whole[:len(whole)*2/3], "unexpected EOF"},
		{"truncated before packing", compress(t, short), "unexpected EOF"},
		{"checksum", flipped, "damaged"},
		{"a file twice", compress(t, tarball(t, twice)), "two files data_batch_1.bin"},
		{"other files", compress(t, tarball(t, []member{{"a", nil}})), "nothing of CIFAR-10"},
		{"one file", compress(t, tarball(t, members(smallFiles(1))[:2])), "holds no data_batch_2.bin, data_batch_3.bin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(writeFolder(t, t.TempDir(), map[string][]byte{"x.tar.gz": c.content}), "x.tar.gz")
			checkMessage(t, func() error { _, err := small.read(t.Context(), file); return err }, file, c.want)
		})
	}
}

func TestReadNothing(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	checkMessage(t, func() error { _, err := small.read(t.Context(), missing); return err }, missing)
	empty := t.TempDir()
	checkMessage(t, func() error { _, err := small.read(t.Context(), empty); return err }, empty, binaryNames[0])
}

// What cannot be read is in the way only of what it is a part of.
func TestReadBesideUnreadable(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links are for administrators there")
	}
	files := smallFiles(1)
	missing := maps.Clone(files)
	delete(missing, binaryNames[2])
	pictures := pngFiles(t, byName)
	maps.DeleteFunc(pictures, func(name string, _ []byte) bool { return strings.HasPrefix(name, "test/") })
	for _, c := range []struct {
		name  string
		files map[string][]byte
		link  string // which leads to itself
		want  string // of the error, if there is one
	}{
		{"beside the files", files, "imagenet", ""},
		{"above the folder", under(binaryFolder, files), "imagenet", ""},
		{"in the place of a batch", missing, binaryNames[2], binaryNames[2]},
		{"in the place of the folder", nil, binaryFolder, binaryFolder},
		{"in the place of the test images", pictures, "test", "0 of 4 test images"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := writeFolder(t, t.TempDir(), c.files)
			link := filepath.Join(dir, c.link)
			if err := os.Symlink(c.link, link); err != nil {
				t.Skip(err)
			}
			_, why := os.Stat(link)
			switch _, err := small.read(t.Context(), dir); {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "":
				checkMessage(t, func() error { return err }, dir, c.want, errors.Unwrap(why).Error())
			}
		})
	}
}

// So it is with a folder of images that cannot be listed.
func TestReadBesideUnlisted(t *testing.T) {
	pictures := pngFiles(t, byName)
	for _, c := range []struct {
		name  string
		files map[string][]byte
		want  string
	}{
		{"beside the files", smallFiles(1), ""},
		{"above the folder", under(binaryFolder, smallFiles(1)), ""},
		{"of the images themselves", pictures, "test: permission denied"},
		{"with nothing else", nil, "test: permission denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := writeFolder(t, t.TempDir(), c.files)
			unlisted := filepath.Join(dir, "test")
			if err := errors.Join(os.MkdirAll(unlisted, 0o777), os.Chmod(unlisted, 0)); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(unlisted, 0o777) })
			var listed, err error
			asNobody(t, dir, func() {
				_, listed = os.ReadDir(unlisted)
				_, err = small.read(t.Context(), dir)
			})
			if listed == nil {
				t.Skip("every folder can be listed")
			}
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "":
				checkMessage(t, func() error { return err }, dir, c.want)
			}
		})
	}
}

func TestReadCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	cancel(reason)
	dir := writeFolder(t, t.TempDir(), smallFiles(1))
	writeFolder(t, dir, map[string][]byte{binaryArchive: compress(t, tarball(t, members(smallFiles(1))))})
	for _, place := range []string{dir, filepath.Join(dir, binaryArchive)} {
		if _, err := small.read(ctx, place); !errors.Is(err, reason) {
			t.Errorf("reading %s: error %v, want the reason for the cancellation", place, err)
		}
	}
}

// An archive of any content is read whole or refused, and what is accepted has
// the right fingerprint.
func FuzzReadArchive(f *testing.F) {
	whole := tarball(f, members(smallFiles(1)))
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(tarball(f, []member{{binaryNames[trainBatches], nil}}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		file := filepath.Join(t.TempDir(), "x.tar.gz")
		if err := os.WriteFile(file, compress(t, content), 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := small.read(t.Context(), file)
		if err != nil {
			if !strings.Contains(err.Error(), file) {
				t.Errorf("the message %q does not name the file", err)
			}
			return
		}
		if got := fmt.Sprint(set.Train.fingerprint(), set.Test.fingerprint()); got != fmt.Sprint(small.Train, small.Test) {
			t.Errorf("accepted records with fingerprints %s", got)
		}
	})
}
