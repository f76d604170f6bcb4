package data

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deepresidual/results/atomicfile"
)

// nowhere is an environment in which no copy of the data set is found that the
// user has.
func nowhere(t *testing.T) {
	t.Helper()
	for _, name := range []string{EnvironmentVariable, URLVariable, "TORCH_HOME", "KERAS_HOME", "HF_HOME", "HF_HUB_CACHE"} {
		t.Setenv(name, "")
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
}

// The places are tried in the documented order. Each holds something that is
// not CIFAR-10, so the error says which was looked at.
func TestLoadOrder(t *testing.T) {
	named := writeFolder(t, t.TempDir(), map[string][]byte{binaryNames[0]: []byte("a")})
	environment := writeFolder(t, t.TempDir(), map[string][]byte{binaryNames[0]: []byte("b")})
	cache := writeFolder(t, t.TempDir(), map[string][]byte{binaryArchive: []byte("c")})
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = true
		http.NotFound(w, r)
	}))
	defer server.Close()

	o := Options{Path: named, CacheDir: cache, Sources: []string{server.URL}}
	nowhere(t)
	t.Setenv(EnvironmentVariable, environment)
	load := func() error { _, err := Load(t.Context(), o); return err }

	checkMessage(t, load, filepath.Join(named, binaryNames[0]), "truncated")
	o.Path = ""
	checkMessage(t, load, filepath.Join(environment, binaryNames[0]), EnvironmentVariable)
	os.Unsetenv(EnvironmentVariable)
	checkMessage(t, load, filepath.Join(cache, binaryArchive), "remove the file")
	if asked {
		t.Error("a download was tried though there is a file")
	}
	o.CacheDir = filepath.Join(t.TempDir(), "new")
	err := checkMessage(t, load, "CIFAR-10 is not available", strings.TrimPrefix(server.URL, "http://"), "404 Not Found", o.CacheDir,
		"-data", EnvironmentVariable, URLVariable, pythonArchive, SyntheticPath)
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error %v is not ErrUnavailable", err)
	}
	if !asked {
		t.Error("no download was tried")
	}
}

func TestLoadWithoutNetwork(t *testing.T) {
	nowhere(t)
	t.Setenv(URLVariable, "http://127.0.0.1:1/x,http://127.0.0.1:2/y")
	o := Options{CacheDir: t.TempDir()}
	err := checkMessage(t, func() error { _, err := Load(t.Context(), o); return err }, "127.0.0.1:1: ", "127.0.0.1:2: ", "refused")
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error %v is not ErrUnavailable", err)
	}
}

// The host of an address that is named is told, and who named it.
func TestLoadUnreachableAddress(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	const address = "http://ann:secret@127.0.0.1:1/a.tgz?token=secret"
	for _, c := range []struct{ path, environment, by string }{{address, "", "-data"}, {"", address, EnvironmentVariable}} {
		t.Setenv(EnvironmentVariable, c.environment)
		o := Options{Path: c.path, CacheDir: t.TempDir()}
		err := checkMessage(t, func() error { _, err := Load(t.Context(), o); return err },
			"from the address that "+c.by+" names: ", "127.0.0.1:1: ", "refused")
		if !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "none is named") {
			t.Errorf("the error is %v", err)
		}
	}
	o := Options{Path: "http://ann:sec%ret@host/"}
	if err := checkMessage(t, func() error { _, err := Load(t.Context(), o); return err }, "http://...", "no address"); strings.Contains(err.Error(), "ret@") {
		t.Errorf("the error is %v", err)
	}
}

// Where no folder may be made it is as without a home: nothing can be downloaded,
// and what is recorded may be drawn.
func TestLoadForbidden(t *testing.T) {
	nowhere(t)
	parent := t.TempDir()
	if err := os.Chmod(parent, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Mkdir(filepath.Join(parent, "x"), 0o777) == nil {
		if parent = "/sys"; !atomicfile.Forbidden(os.Mkdir("/sys/x", 0o777)) { // where not even root makes a folder
			t.Skip("there is no folder that may not be written")
		}
	}
	o := Options{CacheDir: filepath.Join(parent, "cache"), Sources: []string{"http://127.0.0.1:1/"}}
	err := checkMessage(t, func() error { _, err := Load(t.Context(), o); return err }, o.CacheDir, "cannot be downloaded")
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error %v is not ErrUnavailable", err)
	}
}

// So it is with a folder that is there and may not be written.
func TestDownloadForbidden(t *testing.T) {
	d := newDownload(t)
	d.dir = t.TempDir()
	if err := os.Chmod(d.dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Mkdir(filepath.Join(d.dir, "x"), 0o777) == nil {
		if d.dir = "/sys"; !atomicfile.Forbidden(os.Mkdir("/sys/x", 0o777)) {
			t.Skip("there is no folder that may not be written")
		}
	}
	err := checkMessage(t, func() error { _, err := d.from(t.Context(), nil); return err }, d.dir, "may not write")
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error %v is not ErrUnavailable", err)
	}
}

// A disk that is full, or any fault of this machine, is not a data set that is
// unavailable.
func TestLoadLocalFault(t *testing.T) {
	nowhere(t)
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "download.lock"), 0o777); err != nil {
		t.Fatal(err)
	}
	err := checkMessage(t, func() error {
		_, err := Load(t.Context(), Options{CacheDir: folder, Sources: []string{"http://127.0.0.1:1/"}})
		return err
	}, folder)
	if errors.Is(err, ErrUnavailable) {
		t.Errorf("the error %v is ErrUnavailable", err)
	}
}

// The first source hangs, the second one serves the Python version; after that
// the cache has it.
func TestLoadFromAddress(t *testing.T) {
	content := compress(t, tarred(t, under(pythonFolder, pythonFiles(1, python2))))
	requests := 0
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { requests++; serve(content)(w, r) }))
	defer good.Close()
	bad := httptest.NewServer(http.HandlerFunc(hang))
	defer bad.Close()
	nowhere(t)
	t.Setenv(URLVariable, bad.URL+" "+good.URL)
	o := Options{CacheDir: t.TempDir(), Contents: &small, Patience: impatient}
	for _, o.Path = range []string{"", "", good.URL + "/cifar.tar.gz"} {
		set, err := Load(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if set.Fingerprint.Train != small.Train || !strings.HasPrefix(set.Place, o.CacheDir) {
			t.Errorf("the set is %+v from %s", set.Fingerprint, set.Place)
		}
	}
	if requests != 1 {
		t.Errorf("%d requests, want 1", requests)
	}
	o.CacheDir, o.Path = t.TempDir(), good.URL
	if _, err := Load(t.Context(), o); err != nil || requests != 2 {
		t.Errorf("an address that is named: %v, %d requests", err, requests)
	}
	t.Setenv(EnvironmentVariable, good.URL)
	o.CacheDir, o.Path = t.TempDir(), ""
	if _, err := Load(t.Context(), o); err != nil || requests != 3 {
		t.Errorf("an address in %s: %v, %d requests", EnvironmentVariable, err, requests)
	}
	o.Contents, o.CacheDir = nil, t.TempDir() // the real thing is not served there
	if _, err := Load(t.Context(), o); !errors.Is(err, ErrUnavailable) {
		t.Errorf("what is not CIFAR-10 is taken: %v", err)
	}
}

// What torchvision, Keras and Hugging Face have downloaded is found without being named; what
// is broken there is left alone.
func TestLoadElsewhere(t *testing.T) {
	archive := compress(t, tarred(t, under(pythonFolder, pythonFiles(1, python2))))
	table := parquetFiles(t, "train-00000-of-00001.parquet", "test-00000-of-00001.parquet")
	for _, c := range []struct {
		name, place string
		files       map[string][]byte
		environment string
	}{
		{"torchvision, in the project", "work/data/cifar-10-batches-py", pythonFiles(1, python2), ""},
		{"torchvision, packed", "work/data", map[string][]byte{pythonArchive: archive}, ""},
		{"torch", "home/.cache/torch/cifar-10-batches-py", pythonFiles(1, python2), ""},
		{"TORCH_HOME", "torch/cifar-10-batches-py", pythonFiles(1, python2), "TORCH_HOME"},
		{"Keras", "home/.keras/datasets/cifar-10-batches-py", pythonFiles(1, python2), ""},
		{"Keras 3", "home/.keras/datasets/cifar-10-batches-py-target/cifar-10-batches-py", pythonFiles(1, python2), ""},
		{"Keras, packed", "home/.keras/datasets", map[string][]byte{"cifar-10-batches-py.tar.gz": archive}, ""},
		{"KERAS_HOME", "keras/datasets/cifar-10-batches-py", pythonFiles(1, python2), "KERAS_HOME"},
		{"Hugging Face", "home/.cache/huggingface/hub/datasets--uoft-cs--cifar10/snapshots/0b2714987fa478483af9968de7c934580d0bb9a2/plain_text", table, ""},
		{"HF_HOME", "hf/hub/datasets--cifar10/snapshots/x/plain_text", table, "HF_HOME"},
		{"HF_HOME with a pattern's characters", "[ml]/hub/datasets--cifar10/snapshots/x/plain_text", table, "HF_HOME"},
		{"HF_HUB_CACHE", "hub/datasets--cifar10/snapshots/x/plain_text", table, "HF_HUB_CACHE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			nowhere(t)
			if c.environment != "" {
				t.Setenv(c.environment, filepath.Join(dir, strings.SplitN(c.place, "/", 2)[0]))
			}
			t.Setenv("HOME", filepath.Join(dir, "home"))
			t.Setenv("USERPROFILE", filepath.Join(dir, "home"))
			work := writeFolder(t, filepath.Join(dir, "work"), map[string][]byte{pythonFolder + "/data_batch_1": nil})
			t.Chdir(work)
			var notes []string
			o := Options{
				CacheDir: filepath.Join(dir, "cache"), Contents: &small, Sources: []string{"http://127.0.0.1:1/"},
				Note: func(text string) { notes = append(notes, text) },
			}
			if _, err := Load(t.Context(), o); !errors.Is(err, ErrUnavailable) {
				t.Fatalf("error %v, want that there is none", err)
			}
			notes = nil
			writeFolder(t, filepath.Join(dir, filepath.FromSlash(c.place)), c.files)
			set, err := Load(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if set.Fingerprint.Train != small.Train || !filepath.IsAbs(set.Place) {
				t.Errorf("the set is %+v from %s", set.Fingerprint, set.Place)
			}
			if len(notes) != 2 || !strings.Contains(notes[0], "left alone") || !strings.Contains(notes[1], "found in") {
				t.Errorf("the user is told %q", notes)
			}
		})
	}
}

func TestLoadWithoutHome(t *testing.T) {
	nowhere(t)
	for _, name := range []string{"HOME", "USERPROFILE", "XDG_CACHE_HOME", "LocalAppData", "home"} {
		t.Setenv(name, "")
	}
	_, err := Load(t.Context(), Options{})
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error %v is not ErrUnavailable", err)
	}
}

// A download that the user stops is not a data set that is unavailable.
func TestLoadCancelled(t *testing.T) {
	nowhere(t)
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	_, err := Load(ctx, Options{CacheDir: t.TempDir(), Sources: []string{server.URL}})
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v, want a cancellation", err)
	}
}
