package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"deepresidual/harness/fixture"
	"deepresidual/results"
)

func TestServePortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	code := run(t.Context(), []string{"-serve", port, "-results", t.TempDir()}, io.Discard, &stderr)
	want := "harness: -serve " + port + ": the port is in use; choose another, or 0 for any that is free\n"
	if code != exitFailed || stderr.String() != want {
		t.Errorf("exit code %d, %q; want %d, %q", code, stderr.String(), exitFailed, want)
	}
}

// The page shows rows that arrive while it is served.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	e := fixture.Experiment(t, "e", nil)
	spec := dir + "/mine.toml"
	err := os.WriteFile(spec, []byte("title = \"Mine\"\nexhibit = \"curves\"\nnetworks = [\"plain-8\", \"resnet-20\"]\n"), 0o666)
	if err != nil {
		t.Fatal(err)
	}
	store, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	fixture.Leave(t, store, fixture.Key(e, 0), results.Complete, false)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	code := make(chan int)
	go func() {
		defer writer.Close()
		code <- run(ctx, []string{"-exp", spec, "-serve", "0", "-results", dir}, writer, os.Stderr)
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(line)
	get := func(url string) (int, string) {
		t.Helper()
		r, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	status, page := get(url)
	if status != http.StatusOK || !strings.Contains(page, "Mine") || !strings.Contains(page, "http-equiv=\"refresh\"") {
		t.Errorf("%s: status %d, %d bytes; want the report, with a refresh", line, status, len(page))
	}
	fixture.Leave(t, store, fixture.Key(e, 1), results.Complete, false)
	if _, newer := get(url); newer == page {
		t.Error("the page does not change when another run is recorded")
	}
	if status, _ := get(url + "etc/passwd"); status != http.StatusNotFound {
		t.Errorf("another path: status %d, want %d", status, http.StatusNotFound)
	}
	stop()
	if c := <-code; c != exitDone {
		t.Errorf("exit code %d, want %d", c, exitDone)
	}
}
