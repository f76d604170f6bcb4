package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"deepresidual/harness/fixture"
	"deepresidual/results"
)

// TestServeInChromium looks at the page as its users do: a browser that shows it
// loads it again by itself, and so comes by runs that were recorded meanwhile.
func TestServeInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser and takes some seconds")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("install chromium to test the page in a browser")
	}
	chromium := func(args ...string) *exec.Cmd {
		return exec.Command(browser, append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
			"--user-data-dir=" + t.TempDir()}, args...)...)
	}

	dir := t.TempDir()
	spec := dir + "/mine.toml"
	if err := os.WriteFile(spec, []byte("title = \"Mine\"\nexhibit = \"curves\"\nnetworks = [\"plain-8\", \"resnet-20\"]\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	store, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := fixture.Experiment(t, "e", nil)
	fixture.Leave(t, store, fixture.Key(e, 0), results.Complete, false)

	reader, writer := io.Pipe()
	go run(t.Context(), []string{"-exp", spec, "-report", "-serve", "0", "-results", dir}, writer, os.Stderr)
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	server, err := url.Parse(regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(line))
	if err != nil {
		t.Fatal(err)
	}

	// Between browser and server, loads are told.
	loads := make(chan struct{}, 100)
	proxy := httputil.NewSingleHostReverseProxy(server)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxy.ServeHTTP(w, r)
		if r.URL.Path == "/" {
			loads <- struct{}{}
		}
	}))
	defer between.Close()
	next := func(what string) {
		t.Helper()
		select {
		case <-loads:
		case <-time.After(time.Minute):
			t.Fatalf("the browser never %s", what)
		}
	}

	// With a debugging port it stays on the page until it is killed.
	window := chromium("--remote-debugging-port=0", between.URL)
	var once sync.Once
	closeWindow := func() { once.Do(func() { window.Process.Kill(); window.Wait() }) }
	if err := window.Start(); err != nil {
		t.Fatal(err)
	}
	defer closeWindow()
	next("loads the page")
	fixture.Leave(t, store, fixture.Key(e, 1), results.Complete, false)
	next("loads the page again by itself")
	closeWindow()

	out, err := chromium("--dump-dom", between.URL).Output()
	if err != nil {
		t.Fatal(err)
	}
	page := string(out)
	for _, want := range []string{"Mine", "<svg", "plain-8", "resnet-20"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page in the browser has no %q", want)
		}
	}
	if n := strings.Count(page, ">complete<"); n < 2 {
		t.Errorf("the page in the browser has %d complete runs, want 2:\n%s", n, page)
	}
}
