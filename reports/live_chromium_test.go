package reports

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

// watcher is a page that opens a live report, has its server renew it and stop to
// answer, and writes down what a reader without eyes or without a mouse notices.
const watcher = `<!DOCTYPE html><pre id="told">nothing</pre><iframe id="f" width="1000" height="900" src="live/"></iframe><script>
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
document.getElementById("f").onload = async (e) => {
	const told = {}, d = e.target.contentDocument;
	try {
		await wait(500);
		const spoken = [], status = d.querySelector('[role="status"]');
		new MutationObserver(() => spoken.push(status.textContent)).observe(status, {childList: true, characterData: true, subtree: true});
		const places = {sort: () => [...d.querySelectorAll("#fig6 .sortable thead button")].find((b) => b.textContent === "test, final"), curve: () => d.querySelectorAll("#fig1 .u-series th")[2], run: () => d.querySelector(".run summary")};
		places.sort().click();
		const differences = () => [...d.querySelectorAll("#compare thead th")].filter((h) => h.textContent === "difference");
		differences()[1].querySelector("button").click();
		for (const [name, place] of Object.entries(places)) {
			const version = d.body.dataset.version, old = place();
			old.focus();
			await fetch("renew");
			while (d.body.dataset.version === version) await wait(100);
			await wait(300);
			told[name] = [place() !== old, d.activeElement === place()].join();
		}
		told.sorted = [...d.querySelectorAll("#fig6 .sortable th[aria-sort]")].map((h) => h.textContent).join();
		told.second = differences().map((h) => h.getAttribute("aria-sort")).join();
		told.news = spoken.join();
		for (const what of ["stop", "start"]) {
			await fetch(what);
			await wait(5000);
		}
		told.spoken = spoken.join(" ");
	} catch (e) { told.error = String(e); }
	document.getElementById("told").textContent = JSON.stringify(told);
};
</script>`

// A page that a server renews leaves the keyboard where it is and tables sorted, also
// where there is a column more and runs are further on, and speaks only when the server no longer answers, or
// answers again.
func TestLiveReportInChromium(t *testing.T) {
	chromium := browser(t)
	r := page(t)
	r.Live, r.Version = true, "0"
	report := rendered(t, r)
	wider := regexp.MustCompile(`(<tr[^>]*>)(<th scope="col")`).ReplaceAllString(report, `$1<th scope="col">new</th>$2`)
	wider = regexp.MustCompile(`(<tr[^>]*>)(<td)`).ReplaceAllString(wider, `$1<td>–</td>$2`)
	wider = regexp.MustCompile(`(<summary>[^<]*<span class="muted">)[^<]*`).ReplaceAllString(wider, "${1}further on") // of a run
	var version atomic.Int64
	var stopped atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/":
			fmt.Fprint(w, watcher)
		case "/live/":
			page := report
			if version.Load() > 0 {
				page = strings.ReplaceAll(wider, "further on", fmt.Sprintf("%d rows further on", version.Load()))
			}
			fmt.Fprint(w, strings.Replace(page, `data-version="0"`, fmt.Sprintf(`data-version="%d"`, version.Load()), 1))
		case "/live/status.json":
			if stopped.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			fmt.Fprintf(w, `{"version": "%d", "runs": []}`, version.Load())
		case "/renew":
			version.Add(1)
		case "/stop", "/start":
			stopped.Store(r.URL.Path == "/stop")
		}
	}))
	defer server.Close()
	got := told(t, chromium("--dump-dom", server.URL))
	const silent = "The server does not answer: this is how things stood when it last did."
	for name, want := range map[string]string{
		"sort": "true,true", "sorted": "test, final", "second": ",ascending", "curve": "true,true", "run": "true,true", "news": "",
		"spoken": silent + " Live: asks for news every few seconds.",
	} {
		if got[name] != want || got["error"] != nil {
			t.Errorf("%s: %v, error %v; want %q", name, got[name], got["error"], want)
		}
	}
}
