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

// readerPage opens the page, opens and hides and sorts and scrolls, tells how that
// looks, and tells it again when the page has renewed itself.
const readerPage = `<!DOCTYPE html><iframe id="f" src="/" width="1000" height="700"></iframe><script>
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const tell = (what) => fetch("/told", {method: "POST", body: what});
document.getElementById("f").onload = async (e) => {
	const d = e.target.contentDocument, w = e.target.contentWindow;
	await wait(500);
	const version = d.body.dataset.version, run = () => [...d.querySelectorAll(".run")].find((r) => r.textContent.includes("plain-8")), head = () => d.querySelector("#mine .sortable thead th");
	d.querySelector("#mine .chart .u-series:nth-child(2) th").click();
	head().querySelector("button").click();
	head().querySelector("button").click();
	run().open = true;
	await wait(500);
	run().scrollIntoView();
	// Scroll positions are whole pixels and boxes are not: the section may come to
	// rest a pixel away.
	const top = () => run().getBoundingClientRect().top, first = top();
	const state = () => JSON.stringify({
		open: run().open, hidden: d.querySelector("#mine .chart .u-series:nth-child(2)").classList.contains("u-off"),
		sorted: head().getAttribute("aria-sort"), charts: run().querySelectorAll("canvas").length,
		moved: Math.abs(top() - first) > 2, scrolled: w.scrollY > 100,
	});
	await tell(state());
	while (d.body.dataset.version === version) await wait(100);
	await wait(500);
	await tell(state());
};
</script>`

// TestServeInChromium looks at the page as its users do: in a browser that shows
// it, it comes by runs that were recorded meanwhile, and stays as it was left.
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
	if err := os.WriteFile(spec, []byte("title = \"Mine\"\ndraw = \"curves\"\nnetworks = [\"plain-8\", \"resnet-20\"]\n"), 0o666); err != nil {
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

	// Between browser and server stands a reader of the page.
	told := make(chan string, 10)
	proxy := httputil.NewSingleHostReverseProxy(server)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/reader":
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, readerPage)
		case "/told":
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			told <- string(b)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	defer between.Close()
	next := func() string {
		t.Helper()
		select {
		case s := <-told:
			return s
		case <-time.After(time.Minute):
			t.Fatal("the browser does not get there")
			return ""
		}
	}

	// With a debugging port it stays on the page until it is killed.
	window := chromium("--remote-debugging-port=0", "--window-size=1200,800", between.URL+"/reader")
	var once sync.Once
	closeWindow := func() { once.Do(func() { window.Process.Kill(); window.Wait() }) }
	if err := window.Start(); err != nil {
		t.Fatal(err)
	}
	defer closeWindow()
	before := next()
	fixture.Leave(t, store, fixture.Key(e, 1), results.Complete, false)
	after := next()
	if before != after || !strings.Contains(before, `"open":true,"hidden":true,"sorted":"descending"`) || !strings.Contains(before, `"moved":false,"scrolled":true`) {
		t.Errorf("before and after another run was recorded:\n%s\n%s\nwant the same, with the section open, the curve hidden, the table sorted", before, after)
	}
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
