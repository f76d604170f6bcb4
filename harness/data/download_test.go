package data

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// blob is what the test servers are asked for.
var blob = func() []byte {
	content := make([]byte, 300_000)
	s := newStream(1, forSynthetic, 99)
	for i := range content {
		content[i] = byte(s.next())
	}
	return content
}()

// testArchive returns the archive that blob is, at a server.
func testArchive(t *testing.T, handler http.HandlerFunc) archive {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	sum := md5.Sum(blob)
	return archive{
		url:   server.URL + "/" + binaryArchive,
		size:  int64(len(blob)),
		md5:   hex.EncodeToString(sum[:]),
		stall: 10 * time.Second,
		pause: time.Millisecond,
		tries: 2,
	}
}

// serve answers as a good server does, ranges included.
func serve(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

// breakOff sends at most n bytes of what the handler would send, then cuts the
// connection.
func breakOff(n int, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		handler(&cutter{w, n}, r)
	}
}

type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) > c.left {
		c.ResponseWriter.Write(p[:c.left])
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

func target(t *testing.T) string {
	return filepath.Join(t.TempDir(), "cache", binaryArchive)
}

// checkFetched wants blob at path and nothing half done beside it.
func checkFetched(t *testing.T, path string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, blob) {
		t.Error("the file is not what the server has")
	}
	if exists(path + ".part") {
		t.Error("the part is still there")
	}
}

func TestFetch(t *testing.T) {
	a := testArchive(t, serve(blob))
	path := target(t)
	var seen []int64
	err := a.fetch(t.Context(), path, func(done, total int64) {
		if total != a.size {
			t.Errorf("progress is out of %d, want %d", total, a.size)
		}
		seen = append(seen, done)
	})
	if err != nil {
		t.Fatal(err)
	}
	checkFetched(t, path)
	if !slices.IsSorted(seen) || len(seen) == 0 || seen[len(seen)-1] != a.size {
		t.Errorf("progress went %v", seen)
	}
}

// A server that cuts each connection is asked again for the rest only.
func TestFetchResumesWithin(t *testing.T) {
	var ranges []string
	a := testArchive(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		breakOff(70_000, serve(blob))(w, r)
	})
	path := target(t)
	if err := a.fetch(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, path)
	if want := []string{"", "bytes=70000-", "bytes=140000-", "bytes=210000-", "bytes=280000-"}; !slices.Equal(ranges, want) {
		t.Errorf("the requests are for %q, want %q", ranges, want)
	}
}

// So is one in the next process, after the first gave up.
func TestFetchResumesAcross(t *testing.T) {
	var down atomic.Bool
	var asked atomic.Value
	a := testArchive(t, func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			panic(http.ErrAbortHandler)
		}
		asked.Store(r.Header.Get("Range"))
		breakOff(100_000, serve(blob))(w, r)
		down.Store(true)
	})
	path := target(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := a.fetch(ctx, path, func(done, _ int64) {
		if done == 100_000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want a cancellation", err)
	}
	if exists(path) {
		t.Fatal("the file is there before it is complete")
	}
	if err := a.fetch(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, path)
	if got := asked.Load(); got != "bytes=200000-" {
		t.Errorf("the last request is for %q, want bytes=200000-", got)
	}
}

func TestFetchServerIgnoresRange(t *testing.T) {
	requests := 0
	a := testArchive(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		r.Header.Del("Range")
		if requests == 1 {
			breakOff(100_000, serve(blob))(w, r)
		}
		serve(blob)(w, r)
	})
	path := target(t)
	if err := a.fetch(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, path)
}

// What an earlier process left may be of another file, or longer than this one.
func TestFetchOverForeignPart(t *testing.T) {
	for _, n := range []int{1, 1000, len(blob), len(blob) + 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			a := testArchive(t, serve(blob))
			path := target(t)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path+".part", bytes.Repeat([]byte{7}, n), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := a.fetch(t.Context(), path, nil); err != nil {
				t.Fatal(err)
			}
			checkFetched(t, path)
		})
	}
}

func TestFetchFaults(t *testing.T) {
	wrong := bytes.Clone(blob)
	wrong[1234] ^= 1
	chunked := func(content []byte) http.HandlerFunc { // without saying its length
		return func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			w.Write(content)
		}
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    []string
	}{
		{"not found", http.NotFound, []string{"404 Not Found"}},
		{"server error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, []string{"503 Service Unavailable"}},
		{"wrong content", serve(wrong), []string{"not the official archive", "MD5"}},
		{"short", serve(blob[:1000]), []string{"not the official archive", "1000 bytes"}},
		{"long", serve(append(bytes.Clone(blob), 1)), []string{"not the official archive", "300001 bytes"}},
		{"long, of unknown length", chunked(append(bytes.Clone(blob), 1)), []string{"not the official archive", "more than 300000 bytes"}},
		{"endless", func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(blob); err != nil {
					return
				}
			}
		}, []string{"not the official archive", "more than 300000 bytes"}},
		{"short, of unknown length", chunked(blob[:1000]), []string{"broke off after 1000 of 300000"}},
		{"a page", chunked([]byte("<html>log in first</html>")), []string{"broke off after 25 of 300000"}},
		{"nothing", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, []string{"EOF"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := testArchive(t, c.handler)
			path := target(t)
			checkMessage(t, func() error { return a.fetch(t.Context(), path, nil) }, append(c.want, a.url)...)
			if exists(path) {
				t.Error("the file is there though it is not right")
			}
		})
	}
}

// A wrong answer to a request for a range is an error, and does not spoil the
// next attempt.
func TestFetchWrongRange(t *testing.T) {
	for _, span := range []string{"", "bytes 5-299999/300000", "bytes 100000-299999/300001"} {
		t.Run(span, func(t *testing.T) {
			good := false
			a := testArchive(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case good:
					serve(blob)(w, r)
				case r.Header.Get("Range") == "":
					breakOff(100_000, serve(blob))(w, r)
				default:
					w.Header().Set("Content-Range", span)
					w.WriteHeader(http.StatusPartialContent)
					w.Write(blob[:200_000])
				}
			})
			path := target(t)
			checkMessage(t, func() error { return a.fetch(t.Context(), path, nil) }, a.url)
			good = true
			if err := a.fetch(t.Context(), path, nil); err != nil {
				t.Fatal(err)
			}
			checkFetched(t, path)
		})
	}
}

func TestFetchStall(t *testing.T) {
	release := make(chan struct{})
	a := testArchive(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(blob[:0])
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	a.stall = 20 * time.Millisecond
	err := checkMessage(t, func() error { return a.fetch(t.Context(), target(t), nil) }, a.url)
	if !errors.Is(err, errStalled) {
		t.Errorf("error %v, want that nothing was received", err)
	}
}

func TestFetchNoServer(t *testing.T) {
	a := testArchive(t, serve(blob))
	a.url = "http://127.0.0.1:1/" + binaryArchive
	start := time.Now()
	checkMessage(t, func() error { return a.fetch(t.Context(), target(t), nil) }, a.url, "refused")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v to notice", took)
	}
}

// Several processes that need the file download it once.
func TestFetchTakesTurns(t *testing.T) {
	var requests atomic.Int32
	a := testArchive(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		time.Sleep(20 * time.Millisecond)
		serve(blob)(w, r)
	})
	path := target(t)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if err := a.fetch(t.Context(), path, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	checkFetched(t, path)
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestOfficialArchive(t *testing.T) {
	if !strings.HasSuffix(official.url, "/"+binaryArchive) || len(official.md5) != 32 || official.size < 150e6 {
		t.Errorf("the official archive is %+v", official)
	}
}
