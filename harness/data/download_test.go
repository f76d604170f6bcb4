package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// packed is what the test servers are asked for: an archive of small, long
// enough to be cut in the middle of a window.
var packed = sync.OnceValue(func() []byte {
	var t testing.T
	files := smallFiles(1)
	list := members(files)
	list = append(list, member{binaryFolder + "/padding", bytes.Repeat([]byte("0123456789abcdef"), 20_000)})
	return tarball(&t, list)
})

// impatient waits as long as a test can afford.
var impatient = Patience{Connect: time.Second, Stall: time.Second, Slow: time.Minute, Pause: time.Millisecond}

// newDownload returns a download of small to a new folder.
func newDownload(t *testing.T) *download {
	t.Helper()
	return &download{
		Contents: small,
		Patience: Patience{10 * time.Second, 10 * time.Second, time.Minute, time.Millisecond},
		dir:      filepath.Join(t.TempDir(), "cache"),
		progress: func(string, int64, int64) {},
		note:     func(string) {},
	}
}

// mirror serves the archive, whose size is known beforehand.
func mirror(t *testing.T, handler http.HandlerFunc) source {
	t.Helper()
	s := own(t, handler)
	s.file, s.size = binaryArchive, int64(len(packed()))
	return s
}

// own serves at an address that the user named.
func own(t *testing.T, handler http.HandlerFunc) source {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return at(t, server.URL+"/"+binaryArchive)
}

func at(t *testing.T, address string) source {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return source{url: u, file: ownArchive}
}

// serve answers as a good server does, ranges included.
func serve(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

// withoutRange is a server that does not know ranges.
func withoutRange(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Range")
		handler(w, r)
	}
}

// chunked serves without saying how much.
func chunked(parts ...[]byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, p := range parts {
			w.(http.Flusher).Flush()
			w.Write(p)
		}
	}
}

// breakOff sends at most n bytes of what the handler would send, then cuts the
// connection.
func breakOff(n int, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		handler(&cutter{w, n, func() { panic(http.ErrAbortHandler) }}, r)
	}
}

// stall sends at most n bytes and then nothing more.
func stall(n int, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		handler(&cutter{w, n, func() { <-r.Context().Done(); panic(http.ErrAbortHandler) }}, r)
	}
}

// first answers the first request by one handler and the others by another.
func first(one, others http.HandlerFunc) http.HandlerFunc {
	var asked atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			one(w, r)
		} else {
			others(w, r)
		}
	}
}

// hang takes the request and never answers.
func hang(_ http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

type cutter struct {
	http.ResponseWriter
	left int
	end  func()
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) > c.left {
		c.ResponseWriter.Write(p[:c.left])
		c.ResponseWriter.(http.Flusher).Flush()
		c.end()
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

// checkDownloaded wants the data set in the cache and nothing half done.
func checkDownloaded(t *testing.T, d *download, set *Set, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if set.Fingerprint.Train != small.Train {
		t.Error("the set is not the one that is served")
	}
	if d.have() == "" || set.Place != d.have() {
		t.Errorf("the set is in %q, the cache has %q", set.Place, d.have())
	}
	if again, err := small.read(t.Context(), d.have()); err != nil || again.Fingerprint != set.Fingerprint {
		t.Errorf("what is in the cache cannot be read: %v", err)
	}
	if parts, _ := filepath.Glob(filepath.Join(d.dir, "*.part")); len(parts) > 0 {
		t.Errorf("parts are left: %v", parts)
	}
}

func TestDownload(t *testing.T) {
	t.Run("of a known size", func(t *testing.T) { testDownload(t, mirror(t, serve(packed())), true) })
	t.Run("of a size that is said", func(t *testing.T) { testDownload(t, own(t, serve(packed())), true) })
	t.Run("of an unknown size", func(t *testing.T) { testDownload(t, own(t, chunked(packed())), false) })
	t.Run("through a redirection", func(t *testing.T) {
		good := own(t, serve(packed()))
		testDownload(t, own(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, good.url.String(), http.StatusFound) }), true)
	})
}

func testDownload(t *testing.T, s source, sized bool) {
	t.Helper()
	d := newDownload(t)
	var seen []int64
	d.progress = func(host string, done, total int64) {
		if host != s.url.Host || sized && total != int64(len(packed())) || !sized && total != 0 {
			t.Errorf("progress: %d of %d from %s", done, total, host)
		}
		seen = append(seen, done)
	}
	set, err := d.from(t.Context(), []source{s})
	checkDownloaded(t, d, set, err)
	if !slices.IsSorted(seen) || len(seen) == 0 || seen[len(seen)-1] != int64(len(packed())) {
		t.Errorf("progress went %v", seen)
	}
}

// Whatever is wrong with the first source, the second one serves, soon.
func TestDownloadFromTheNext(t *testing.T) {
	foreign := compress(t, tarball(t, members(map[string][]byte{"train.bin": nil})))
	wrong := bytes.Clone(packed())
	wrong[3000] ^= 1
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts no connection beyond its backlog, answers none
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	for _, c := range []struct {
		name   string
		source func(t *testing.T) source
		note   string
	}{
		{"hangs", func(t *testing.T) source { return mirror(t, hang) }, "no answer in 1s"},
		{"hangs before it speaks HTTP", func(t *testing.T) source { return at(t, "http://"+silent.Addr().String()) }, "no answer in 1s"},
		{"accepts no connection", func(t *testing.T) source { return at(t, "http://127.0.0.1:1/") }, "refused"},
		{"redirects to a dead port", func(t *testing.T) source {
			return mirror(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://127.0.0.1:1/x", http.StatusFound)
			})
		}, "refused"},
		{"redirects to one that hangs", func(t *testing.T) source {
			other := own(t, hang)
			return mirror(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, other.url.String(), http.StatusFound)
			})
		}, "no answer in 1s"},
		{"redirects for ever", func(t *testing.T) source {
			return mirror(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })
		}, "redirects"},
		{"stalls at once", func(t *testing.T) source { return mirror(t, stall(0, serve(packed()))) }, "it stalled"},
		{"stalls at half", func(t *testing.T) source { return mirror(t, first(stall(150_000, serve(packed())), hang)) }, "no answer"},
		{"stalls and ignores ranges", func(t *testing.T) source { return mirror(t, withoutRange(stall(150_000, serve(packed())))) }, "it stalled"},
		{"breaks off at half and is gone", func(t *testing.T) source {
			return mirror(t, first(breakOff(150_000, serve(packed())), breakOff(0, serve(packed()))))
		}, "EOF"},
		{"sends a page", func(t *testing.T) source { return own(t, serve([]byte("<!DOCTYPE html><title>Sign in</title>"))) }, "HTML page"},
		{"sends a page of unknown length", func(t *testing.T) source { return mirror(t, chunked([]byte("<html>Sign in"))) }, "HTML page"},
		{"sends a pointer", func(t *testing.T) source {
			return own(t, serve([]byte("version https://git-lfs.github.com/spec/v1\n")))
		}, "Git LFS"},
		{"is short", func(t *testing.T) source { return mirror(t, serve(packed()[:1000])) }, "it has 1000 bytes"},
		{"is long", func(t *testing.T) source { return mirror(t, serve(append(bytes.Clone(packed()), 1))) }, "bytes, not"},
		{"is long, of unknown length", func(t *testing.T) source { return mirror(t, chunked(append(bytes.Clone(packed()), 1))) }, "more than"},
		{"says that it is far too long", func(t *testing.T) source {
			return own(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "138000000000") // ImageNet's
				w.Write(packed())
			})
		}, "it has 138000000000 bytes"},
		{"is endless", func(t *testing.T) source {
			return mirror(t, func(w http.ResponseWriter, _ *http.Request) {
				for {
					if _, err := w.Write(packed()); err != nil {
						return
					}
				}
			})
		}, "more than"},
		{"serves damaged images", func(t *testing.T) source { return mirror(t, serve(wrong)) }, "not serve CIFAR-10"},
		{"serves another data set", func(t *testing.T) source { return own(t, serve(foreign)) }, "CIFAR-100"},
		{"serves something else", func(t *testing.T) source { return own(t, serve([]byte("hello"))) }, "not an archive"},
		{"serves nothing", func(t *testing.T) source { return own(t, serve(nil)) }, "empty"},
		{"does not have it", func(t *testing.T) source { return mirror(t, http.NotFound) }, "404 Not Found"},
		{"is down", func(t *testing.T) source {
			return mirror(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
		}, "503 Service Unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDownload(t)
			d.Patience = impatient
			var notes []string
			d.note = func(text string) { notes = append(notes, text) }
			bad, second := c.source(t), mirror(t, serve(packed()))
			begin := time.Now()
			set, err := d.from(t.Context(), []source{bad, second})
			checkDownloaded(t, d, set, err)
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			if len(notes) != 1 || !strings.Contains(notes[0], bad.url.Host) || !strings.Contains(notes[0], c.note) || !strings.Contains(notes[0], second.url.Host) {
				t.Errorf("the user is told %q, want the hosts and %q", notes, c.note)
			}

			// Alone, it ends in an error that says so.
			alone := newDownload(t)
			alone.Patience = impatient
			err = checkMessage(t, func() error { _, err := alone.from(t.Context(), []source{bad}); return err }, bad.url.Host)
			if _, ok := errors.AsType[*unreachable](err); !ok {
				t.Errorf("the error %v is not that of sources", err)
			}
			if alone.have() != "" {
				t.Error("the cache has a file though it is not right")
			}
		})
	}
}

// A server that cuts each connection is asked again for the rest only.
func TestDownloadResumes(t *testing.T) {
	for name, serving := range map[string]func(*testing.T, http.HandlerFunc) source{"mirror": mirror, "own": own} {
		t.Run(name, func(t *testing.T) {
			var ranges []string
			s := serving(t, func(w http.ResponseWriter, r *http.Request) {
				ranges = append(ranges, r.Header.Get("Range"))
				breakOff(100_000, serve(packed()))(w, r)
			})
			d := newDownload(t)
			set, err := d.from(t.Context(), []source{s})
			checkDownloaded(t, d, set, err)
			if want := []string{"", "bytes=100000-", "bytes=200000-", "bytes=300000-", "bytes=400000-"}; !slices.Equal(ranges, want) {
				t.Errorf("the requests are for %q, want %q", ranges, want)
			}
		})
	}
}

// What one mirror has sent need not be sent by the next one of the same file.
func TestDownloadResumesElsewhere(t *testing.T) {
	var asked string
	half := mirror(t, first(stall(200_000, serve(packed())), hang))
	second := mirror(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Range")
		serve(packed())(w, r)
	})
	d := newDownload(t)
	d.Patience = impatient
	d.Pause = time.Hour // no second round is needed
	set, err := d.from(t.Context(), []source{half, second})
	checkDownloaded(t, d, set, err)
	if asked != "bytes=200000-" {
		t.Errorf("the second source is asked for %q, want the second half", asked)
	}
}

// A mirror that sends little is left for the next one; the last one, or an address of
// the user's, may take its time.
func TestDownloadFromSlowMirror(t *testing.T) {
	slow := func(w http.ResponseWriter, r *http.Request) { serve(packed())(&trickle{w}, r) }
	inPieces := func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(40 * time.Millisecond)
		breakOff(1<<10, serve(packed()))(w, r)
	}
	for _, c := range []struct {
		name    string
		sources []source
		left    bool
	}{
		{"another is left", []source{mirror(t, slow), mirror(t, serve(packed()))}, true},
		{"in pieces", []source{mirror(t, inPieces), mirror(t, serve(packed()))}, true},
		{"none is left", []source{mirror(t, slow)}, false},
		{"an address of the user's", []source{own(t, slow), mirror(t, serve(packed()))}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDownload(t)
			d.Slow = 200 * time.Millisecond
			writeFolder(t, d.dir, map[string][]byte{
				binaryArchive + ".part":               packed()[:len(packed())-20_000],
				filepath.Base(d.partOf(c.sources[0])): packed()[:len(packed())-20_000],
			})
			var notes []string
			d.note = func(text string) { notes = append(notes, text) }
			set, err := d.from(t.Context(), c.sources)
			checkDownloaded(t, d, set, err)
			if left := strings.Contains(strings.Join(notes, " "), c.sources[0].url.Host+": "); left != c.left {
				t.Errorf("the user is told %q", notes)
			}
		})
	}
}

// trickle sends 25 KiB in a second.
type trickle struct{ http.ResponseWriter }

func (w *trickle) Write(p []byte) (int, error) {
	for piece := range slices.Chunk(p, 1<<10) {
		w.ResponseWriter.Write(piece)
		w.ResponseWriter.(http.Flusher).Flush()
		time.Sleep(40 * time.Millisecond)
	}
	return len(p), nil
}

// A part goes on in the next process, after the first was stopped.
func TestDownloadResumesAcross(t *testing.T) {
	var asked string
	s := mirror(t, first(stall(100_000, serve(packed())), func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Range")
		serve(packed())(w, r)
	}))
	d := newDownload(t)
	ctx, cancel := context.WithCancel(t.Context())
	d.progress = func(_ string, done, _ int64) {
		if done >= 100_000 {
			cancel()
		}
	}
	if _, err := d.from(ctx, []source{s}); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want a cancellation", err)
	}
	if d.have() != "" {
		t.Fatal("the file is there before it is complete")
	}
	again := *d
	again.progress = func(string, int64, int64) {}
	set, err := again.from(t.Context(), []source{s})
	checkDownloaded(t, &again, set, err)
	if asked != "bytes=100000-" {
		t.Errorf("the second process asks for %q, want what is missing", asked)
	}
}

// A source that all are waiting for comes back after a pause.
func TestDownloadNextRound(t *testing.T) {
	var asked atomic.Int32
	s := mirror(t, func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			breakOff(100_000, serve(packed()))(w, r)
		case 2, 3:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			serve(packed())(w, r)
		}
	})
	d := newDownload(t)
	set, err := d.from(t.Context(), []source{s})
	checkDownloaded(t, d, set, err)
}

// What an earlier process left may be of another file, or longer than this one.
func TestDownloadOverForeignPart(t *testing.T) {
	for _, n := range []int{1, 1000, len(packed()), len(packed()) + 5} {
		for name, serving := range map[string]func(*testing.T, http.HandlerFunc) source{"mirror": mirror, "own": own} {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				d := newDownload(t)
				s := serving(t, serve(packed()))
				writeFolder(t, d.dir, map[string][]byte{filepath.Base(d.partOf(s)): bytes.Repeat([]byte{7}, n)})
				set, err := d.from(t.Context(), []source{s})
				checkDownloaded(t, d, set, err)
			})
		}
	}
}

// A download that begins again has the time of a new one.
func TestDownloadBeginsAgain(t *testing.T) {
	good := serve(packed())
	s := own(t, first(good, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(800 * time.Millisecond)
		good(w, r)
	}))
	d := newDownload(t)
	d.Stall = 500 * time.Millisecond
	writeFolder(t, d.dir, map[string][]byte{filepath.Base(d.partOf(s)): make([]byte, len(packed())+5)})
	set, err := d.from(t.Context(), []source{s})
	checkDownloaded(t, d, set, err)
}

// A server at an address of the user's that refuses ranges though it is asked for
// none is asked once, not for ever.
func TestDownloadRefusedFromTheStart(t *testing.T) {
	for _, span := range []string{"bytes */5", ""} {
		var asked atomic.Int32
		s := own(t, func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) > 10 {
				w.WriteHeader(http.StatusNotFound) // for the test to end
				return
			}
			w.Header().Set("Content-Range", span)
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		})
		_, err := newDownload(t).from(t.Context(), []source{s})
		if n := asked.Load(); n != 1 || err == nil || !strings.Contains(err.Error(), "it has no more than 0 bytes") {
			t.Errorf("Content-Range %q: asked %d times, %v", span, n, err)
		}
	}
}

// A wrong answer to a request for a range is an error, and does not spoil the
// next attempt.
func TestDownloadWrongRange(t *testing.T) {
	n := len(packed())
	for _, span := range []string{"", fmt.Sprintf("bytes 5-%d/%d", n-1, n), fmt.Sprintf("bytes 100000-%d/%d", n-1, n+1)} {
		t.Run(span, func(t *testing.T) {
			good := false
			s := mirror(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case good:
					serve(packed())(w, r)
				case r.Header.Get("Range") == "":
					breakOff(100_000, serve(packed()))(w, r)
				default:
					w.Header().Set("Content-Range", span)
					w.WriteHeader(http.StatusPartialContent)
					w.Write(packed()[:200_000])
				}
			})
			d := newDownload(t)
			checkMessage(t, func() error { _, err := d.from(t.Context(), []source{s}); return err }, s.url.Host)
			good = true
			set, err := d.from(t.Context(), []source{s})
			checkDownloaded(t, d, set, err)
		})
	}
}

// Several processes that need the file download it once.
func TestDownloadTakesTurns(t *testing.T) {
	var requests atomic.Int32
	s := mirror(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		time.Sleep(20 * time.Millisecond)
		serve(packed())(w, r)
	})
	d := newDownload(t)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			one := *d
			if _, err := one.from(t.Context(), []source{s}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// Where there are no locks, what another process has finished meanwhile is taken,
// and left as it is: it is the very file that this one was writing.
func TestDownloadFinishedByAnother(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nobody renames there what this process has open")
	}
	d := newDownload(t)
	part := filepath.Join(d.dir, binaryArchive+".part")
	s := mirror(t, func(w http.ResponseWriter, r *http.Request) {
		if err := errors.Join(os.WriteFile(part, packed(), 0o666), os.Rename(part, filepath.Join(d.dir, binaryArchive))); err != nil {
			t.Error(err)
		}
		serve(packed())(w, r)
	})
	set, err := d.from(t.Context(), []source{s})
	checkDownloaded(t, d, set, err)
}

// What one mirror has sent is not thrown away for another that ignores what was
// asked for and has something else, or little.
func TestDownloadKeepsWhatItHas(t *testing.T) {
	for name, bad := range map[string]http.HandlerFunc{
		"a page":          chunked([]byte("<html>Sign in")),
		"a short content": withoutRange(breakOff(10_000, serve(packed()))),
	} {
		t.Run(name, func(t *testing.T) {
			d := newDownload(t)
			d.Patience = impatient
			half := mirror(t, first(stall(200_000, serve(packed())), hang))
			if _, err := d.from(t.Context(), []source{half, mirror(t, bad)}); err == nil {
				t.Fatal("no error")
			}
			if info, err := os.Stat(d.partOf(half)); err != nil || info.Size() != 200_000 {
				t.Errorf("what is left is %v, %v; want the half that was sent", info, err)
			}
		})
	}
	page := serve([]byte("<html>Sign in")) // as a hotel's network sends
	for name, c := range map[string]struct {
		bad  http.HandlerFunc
		want string
	}{
		"a page":                          {withoutRange(page), "HTML page"},
		"a page, less than was asked for": {page, "HTML page"},
		"a page of another kind":          {withoutRange(serve([]byte("<script>top.location = 'login'</script>"))), "not an archive"},
		"a page in pieces":                {withoutRange(chunked([]byte("\n"), []byte("<!-- -->Sign in"))), "not an archive"},
		"a beginning":                     {withoutRange(breakOff(100, serve(packed()))), "broke off after 100 of"},
		"nothing":                         {withoutRange(serve(nil)), "what it sends is empty"},
	} {
		t.Run(name+" at one's own address", func(t *testing.T) {
			d := newDownload(t)
			d.Patience = impatient
			s := own(t, first(stall(200_000, serve(packed())), c.bad))
			if _, err := d.from(t.Context(), []source{s}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v", err)
			}
			if info, err := os.Stat(d.partOf(s)); err != nil || info.Size() != 200_000 {
				t.Errorf("what is left is %v, %v; want the half that was sent", info, err)
			}
		})
	}
}

// An address is the same with a new signature or password: the part goes on. If what
// the query names is another file after all, it is downloaded from the start.
func TestDownloadResumesUnderNewSignature(t *testing.T) {
	var ranges []string
	s := own(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		switch r.URL.RawQuery {
		case "signature=old":
			breakOff(200_000, serve(packed()))(w, r)
		case "file=other":
			breakOff(200_000, serve([]byte("\x1f\x8b"+strings.Repeat("other", 100_000))))(w, r)
		default:
			serve(packed())(w, r)
		}
	})
	with := func(query string) source {
		u := *s.url
		u.User, u.RawQuery = url.UserPassword("ann", query), query
		return source{url: &u, file: s.file}
	}
	for query, want := range map[string][]string{
		"signature=old": {"", "bytes=200000-"},
		"file=other":    {"", "bytes=200000-", ""},
	} {
		d := newDownload(t)
		ranges = nil
		ctx, cancel := context.WithCancel(t.Context())
		d.progress = func(_ string, done, _ int64) {
			if done >= 200_000 {
				cancel()
			}
		}
		if _, err := d.from(ctx, []source{with(query)}); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want a cancellation", err)
		}
		d.progress = func(string, int64, int64) {}
		set, err := d.from(t.Context(), []source{with("signature=new")})
		checkDownloaded(t, d, set, err)
		if !slices.Equal(ranges, want) {
			t.Errorf("%s: the requests are for %q, want %q", query, ranges, want)
		}
	}
}

// When the data set is there, nothing is left of what was begun elsewhere, be it of
// an address that is not named any more; what is not a download's is left alone.
func TestDownloadSweeps(t *testing.T) {
	d := newDownload(t)
	writeFolder(t, d.dir, map[string][]byte{
		filepath.Base(d.partOf(at(t, "http://a/x.tgz"))): {1}, pythonArchive + ".part": {1}, "notes.part": {1},
	})
	set, err := d.from(t.Context(), []source{own(t, serve(packed()))})
	if left, _ := filepath.Glob(filepath.Join(d.dir, "*.part")); len(left) != 1 || filepath.Base(left[0]) != "notes.part" {
		t.Errorf("what is left is %v", left)
	}
	os.Remove(filepath.Join(d.dir, "notes.part"))
	checkDownloaded(t, d, set, err)
}

// A cache that cannot be made is like one that may not be written to: a service has
// /dev/null for a home.
func TestDownloadWithoutFolder(t *testing.T) {
	d := newDownload(t)
	writeFolder(t, filepath.Dir(d.dir), map[string][]byte{"cache": nil})
	d.dir = filepath.Join(d.dir, "deepresidual")
	err := checkMessage(t, func() error { _, err := d.from(t.Context(), []source{mirror(t, serve(packed()))}); return err }, d.dir)
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error %v is not ErrUnavailable", err)
	}
}

// A fault of this machine is not one of the sources: the data set is not
// unavailable, and the next source would not help.
func TestDownloadLocalFault(t *testing.T) {
	asked := 0
	s := mirror(t, func(w http.ResponseWriter, r *http.Request) { asked++; serve(packed())(w, r) })
	for name, prepare := range map[string]func(t *testing.T, d *download){
		"a folder in the place of the part": func(t *testing.T, d *download) {
			if err := os.MkdirAll(d.partOf(s), 0o777); err != nil {
				t.Fatal(err)
			}
		},
		"a full disk": func(t *testing.T, d *download) {
			if _, err := os.Stat("/dev/full"); err != nil || runtime.GOOS == "windows" {
				t.Skip("no disk that is always full: ", err)
			}
			if err := errors.Join(os.MkdirAll(d.dir, 0o777), os.Symlink("/dev/full", d.partOf(s))); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDownload(t)
			prepare(t, d)
			err := checkMessage(t, func() error { _, err := d.from(t.Context(), []source{s, s}); return err }, d.dir)
			if _, ok := errors.AsType[*unreachable](err); ok || errors.Is(err, ErrUnavailable) {
				t.Errorf("the error %v is one of the sources", err)
			}
			if name == "a full disk" && (!errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free some space")) {
				t.Errorf("the error %v does not say what to do", err)
			}
		})
	}
	if asked > 1 {
		t.Errorf("%d requests, want one for the full disk", asked)
	}
}

func TestMirrors(t *testing.T) {
	t.Setenv(URLVariable, "")
	list, err := sources(nil)
	if err != nil || len(list) < 4 {
		t.Fatalf("%d mirrors, %v", len(list), err)
	}
	hosts := map[string]bool{}
	for _, s := range list {
		if hosts[s.url.Host] || s.url.Scheme != "https" || filepath.Base(s.url.Path) != s.file || s.size < 150e6 || !slices.Contains(cached, s.file) {
			t.Errorf("%v", s)
		}
		hosts[s.url.Host] = true
	}
	if last := list[len(list)-1].url.Host; last != "www.cs.toronto.edu" {
		t.Errorf("the last source is %s, not the authors' own", last)
	}

	t.Setenv(URLVariable, "http://a/x.tar.gz, https://b:81/y\n HTTP://c")
	list, err = sources(nil)
	got := map[string]string{}
	for _, s := range list {
		got[s.url.Host] = s.file
	}
	if want := map[string]string{"a": ownArchive, "b:81": ownArchive, "c": ownArchive}; err != nil || !maps.Equal(got, want) {
		t.Errorf("sources %v, %v, want %v", got, err, want)
	}
	for _, wrong := range []string{"ftp://a/x", "/a/file", "http://", "http://a b,http://%zz"} {
		t.Setenv(URLVariable, wrong)
		checkMessage(t, func() error { _, err := sources(nil); return err }, URLVariable)
	}
}
