package publish

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/fixture"
	"deepresidual/results"
)

// A finished run that is trained again ends like the one before it.
func TestVersionOfARunTrainedAgain(t *testing.T) {
	version := func(started time.Time) string {
		return versionOf([]*results.Record{{Status: results.Complete, Provenance: results.Provenance{Started: started}}}, nil)
	}
	first := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if version(first) == version(first.Add(time.Hour)) || version(first) != version(first) {
		t.Error("the version of the page does not tell a run from the one that replaces it")
	}
}

// A drawing that fails is named on the page and does not take the others with it; one
// that panics shows its trace where that is asked for.
func TestServeTheRest(t *testing.T) {
	t.Setenv("GOTRACEBACK", "")
	store := newStore(t)
	own := func(p *experiments.Protocol) { p.WeightDecay = 0.0002 } // no run of the paper's
	good, bad := fixture.Experiment(t, "good", own), fixture.Experiment(t, "bad", own)
	bad.Draw = "none"
	for i := range good.Networks {
		fixture.Leave(t, store, fixture.Key(good, i), results.Complete, false)
	}
	get := func(list ...*experiments.Experiment) (int, string) {
		server := newReportServer(&Live{Publisher: &Publisher{Store: store, Experiments: list, AnyScale: true, Output: io.Discard, Progress: io.Discard}})
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
		return answer.Code, answer.Body.String()
	}
	if code, page := get(bad, good); code != http.StatusOK || !strings.Contains(page, "drawing bad: ") || !strings.Contains(page, `id="good"`) {
		t.Errorf("%d, a page of %d bytes; want the good drawing, and what is wrong with the bad one", code, len(page))
	}
	if code, page := get(bad); code != http.StatusInternalServerError || !strings.Contains(page, "drawing bad: ") {
		t.Errorf("%d, %.200q; want an error", code, page)
	}

	var said strings.Builder
	errorLog := log.New(panics{&said}, "", 0)
	errorLog.Print("http: TLS handshake error")
	errorLog.Print("http: panic serving 127.0.0.1: a library's\ngoroutine 7")
	if said.String() != "http: panic serving 127.0.0.1: a library's\ngoroutine 7\n" {
		t.Errorf("said %q", said.String())
	}
}

// Where this machine alone is served, names of sites are not answered to; elsewhere any.
func TestAskedLocally(t *testing.T) {
	for _, c := range []struct {
		listen, host string
		status       int
	}{
		{"127.0.0.1:0", "localhost:8080", http.StatusOK},
		{"127.0.0.1:0", "LOCALHOST.:8080", http.StatusOK},
		{"127.0.0.1:0", "127.0.0.1", http.StatusOK},
		{"127.0.0.1:0", "[::1]:8080", http.StatusOK},
		{"127.0.0.1:0", "site.example:8080", http.StatusForbidden},
		{"0.0.0.0:0", "node7.example:8080", http.StatusOK},
	} {
		listener, err := net.Listen("tcp", c.listen)
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
		answer := httptest.NewRecorder()
		request := httptest.NewRequest("GET", "/", nil)
		request.Host = c.host
		askedLocally(listener, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(answer, request)
		if answer.Code != c.status {
			t.Errorf("at %s asked for %s: status %d, want %d", c.listen, c.host, answer.Code, c.status)
		}
	}
}

func TestListenAddress(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"8080", "127.0.0.1:8080"},
		{":8080", "127.0.0.1:8080"},
		{"localhost:0", "localhost:0"},
		{"0.0.0.0:80", "0.0.0.0:80"},
		{"[::1]:80", "[::1]:80"},
	} {
		if got, err := ListenAddress(c.in); got != c.want || err != nil {
			t.Errorf("ListenAddress(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", "localhost", "1:2:3", "99999"} {
		if got, err := ListenAddress(in); err == nil {
			t.Errorf("ListenAddress(%q) = %q, want an error", in, got)
		}
	}
}
