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
)

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

	o := Options{Path: named, CacheDir: cache, URL: server.URL}
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
	err := checkMessage(t, load, "CIFAR-10 is not available", server.URL, "404 Not Found", o.CacheDir,
		"-data", EnvironmentVariable, binaryArchive, SyntheticPath)
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error %v is not ErrUnavailable", err)
	}
	if !asked {
		t.Error("no download was tried")
	}
}

func TestLoadWithoutNetwork(t *testing.T) {
	t.Setenv(EnvironmentVariable, "")
	o := Options{CacheDir: t.TempDir(), URL: "http://127.0.0.1:1/x"}
	err := checkMessage(t, func() error { _, err := Load(t.Context(), o); return err }, "http://127.0.0.1:1/x")
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error %v is not ErrUnavailable", err)
	}
	if n := strings.Count(err.Error(), o.URL); n != 1 {
		t.Errorf("the message %q names the address %d times", err, n)
	}
}

func TestLoadWithoutHome(t *testing.T) {
	for _, name := range []string{EnvironmentVariable, "HOME", "XDG_CACHE_HOME", "LocalAppData", "home"} {
		t.Setenv(name, "")
	}
	_, err := Load(t.Context(), Options{})
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error %v is not ErrUnavailable", err)
	}
}

// A download that the user stops is not a data set that is unavailable.
func TestLoadCancelled(t *testing.T) {
	t.Setenv(EnvironmentVariable, "")
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	_, err := Load(ctx, Options{CacheDir: t.TempDir(), URL: server.URL})
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v, want a cancellation", err)
	}
}
