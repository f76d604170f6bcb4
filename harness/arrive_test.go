package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"deepresidual/harness/data"
)

const arriveSpec = `
title = "One run"
draw = "curves"
networks = ["plain-8"]

[protocol]
batch = 16
iterations = 4
milestones = [2]
eval_interval = 2
`

// archiveOf packs six batches of records as the authors' archive does.
func archiveOf(t *testing.T, batches [6][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	w := tar.NewWriter(zipped)
	for i, records := range batches {
		name := fmt.Sprintf("cifar-10-batches-bin/data_batch_%d.bin", i+1)
		if i == 5 {
			name = "cifar-10-batches-bin/test_batch.bin"
		}
		err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(records)), Mode: 0o644})
		if err == nil {
			_, err = w.Write(records)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// generated returns an archive of a generated data set in CIFAR-10's form, and
// what it holds.
func generated(t *testing.T) ([]byte, data.Contents) {
	t.Helper()
	const batch = 20
	set := data.Synthetic(3, 5*batch, batch)
	records := func(images data.Images, first, n int) (b []byte) {
		for i := first; i < first+n; i++ {
			b = append(append(b, images.Label(i)), images.Pixels(i)...)
		}
		return b
	}
	var batches [6][]byte
	for i := range 5 {
		batches[i] = records(set.Train, i*batch, batch)
	}
	batches[5] = records(set.Test, 0, batch)
	sum := func(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }
	return archiveOf(t, batches), data.Contents{Batch: batch, Train: sum(slices.Concat(batches[:5]...)), Test: sum(batches[5])}
}

// sources starts two servers: one that takes every request and never answers,
// and one that has the archive. It returns their addresses, as CIFAR10_URL takes
// them, and counts what the second is asked for.
func sources(t *testing.T, archive []byte) (addresses string, requests *atomic.Int32) {
	t.Helper()
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(hanging.Close)
	requests = new(atomic.Int32)
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(archive))
	}))
	t.Cleanup(good.Close)
	return hanging.URL + "/cifar-10-python.tar.gz, " + good.URL + "/cifar-10-binary.tar.gz", requests
}

// withoutData is a new user's environment: no data set anywhere, nor a word of
// where it may be.
func withoutData(t *testing.T, addresses string) {
	t.Helper()
	home := t.TempDir()
	for name, value := range map[string]string{
		data.EnvironmentVariable: "", data.URLVariable: addresses, "HOME": home, "USERPROFILE": home,
		"XDG_CACHE_HOME": filepath.Join(home, "cache"), "LocalAppData": home, "TORCH_HOME": "", "KERAS_HOME": "",
		"HF_HOME": "", "HF_HUB_CACHE": "",
		"HTTP_PROXY": "", "http_proxy": "",
	} {
		t.Setenv(name, value)
	}
	t.Chdir(t.TempDir())
}

// A new user's first command succeeds though the first source hangs: the second
// one serves, and the next command downloads nothing.
func TestDataArrives(t *testing.T) {
	archive, contents := generated(t)
	addresses, requests := sources(t, archive)
	withoutData(t, addresses)
	if err := os.WriteFile("one.toml", []byte(arriveSpec), 0o666); err != nil {
		t.Fatal(err)
	}
	play := func(want data.Contents, args ...string) (int, string) {
		var stderr strings.Builder
		env := &environment{stdout: io.Discard, stderr: &stderr, data: data.Options{
			Contents: &want, Patience: data.Patience{Connect: time.Second, Stall: time.Second, Pause: time.Millisecond},
		}}
		return env.run(t.Context(), append([]string{"-exp", "one.toml"}, args...)), stderr.String()
	}

	// What is served is not CIFAR-10: to the program as it is, there is none.
	if code, stderr := play(data.CIFAR10(), "-results", "real"); code != exitFailed || !strings.Contains(stderr, "does not serve CIFAR-10") {
		t.Errorf("exit code %d for generated data, want %d:\n%s", code, exitFailed, stderr)
	}
	requests.Store(0)
	code, stderr := play(contents)
	if code != exitDone {
		t.Fatalf("exit code %d:\n%s", code, stderr)
	}
	first, second, _ := strings.Cut(addresses, ", ")
	host := func(address string) string { return strings.Split(address, "/")[2] }
	for _, want := range []string{host(first) + ": no answer in 1s; trying " + host(second), "downloading CIFAR-10 from " + host(second)} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the user is not told %q:\n%s", want, stderr)
		}
	}
	if figures, _ := filepath.Glob("results/figures/one.*"); len(figures) == 0 {
		t.Error("nothing is drawn")
	}
	if code, stderr := play(contents, "-retrain"); code != exitDone || requests.Load() != 1 {
		t.Errorf("the next command: exit code %d, %d requests in all, want 1:\n%s", code, requests.Load(), stderr)
	}
}

// The same with CIFAR-10 itself, the program as it is built, and Figure 1.
func TestCIFAR10Arrives(t *testing.T) {
	folder := os.Getenv(data.EnvironmentVariable)
	if folder == "" || testing.Short() {
		t.Skip(data.EnvironmentVariable + " is not set to a folder of .bin files, or short tests are wanted")
	}
	var batches [6][]byte
	for i := range batches {
		name := fmt.Sprintf("data_batch_%d.bin", i+1)
		if i == 5 {
			name = "test_batch.bin"
		}
		var err error
		if batches[i], err = os.ReadFile(filepath.Join(folder, name)); err != nil {
			t.Skip(err)
		}
	}
	addresses, requests := sources(t, archiveOf(t, batches))
	withoutData(t, addresses)
	output, err := exec.CommandContext(t.Context(), "harness", "-exp", "fig1", "-scale", "1/2000").CombinedOutput()
	t.Logf("%s", output)
	if err != nil {
		t.Fatal(err)
	}
	if requests.Load() == 0 {
		t.Error("nothing was asked for")
	}
	for _, name := range []string{"results/figures/fig1.png", "results/report.html"} {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}

// Where the download fails on this machine, nothing else is drawn in its place
// and the exit code says so.
func TestDataHasNoRoom(t *testing.T) {
	withoutData(t, "http://127.0.0.1:1/")
	if err := os.MkdirAll(filepath.Join("cache", "download.lock"), 0o777); err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	env := &environment{stdout: io.Discard, stderr: &stderr, data: data.Options{CacheDir: "cache"}}
	if code := env.run(t.Context(), []string{"-exp", "fig1"}); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	last := stderr.String()[strings.LastIndex(strings.TrimSpace(stderr.String()), "\n")+1:]
	if !strings.HasPrefix(last, "harness: data: downloading CIFAR-10 to cache: ") || strings.Contains(last, "nothing of fig1") {
		t.Errorf("the last line is %q", last)
	}
}
