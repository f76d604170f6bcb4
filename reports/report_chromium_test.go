package reports

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// user is a page that opens the report in frames of several widths, does with it
// what readers do by pointer and keyboard, and writes down what came of it.
const user = `<!DOCTYPE html><meta name="color-scheme" content="light dark"><pre id="told">nothing</pre><script>
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const open = (width) => new Promise((done) => {
	const f = document.createElement("iframe");
	f.width = width; f.height = 900; f.src = "report.html";
	f.onload = () => done(f.contentDocument);
	document.body.append(f);
});
const key = (e, key) => e.dispatchEvent(new e.ownerDocument.defaultView.KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
(async () => {
	const told = {};
	const tell = () => { document.getElementById("told").textContent = JSON.stringify(told); };
	try {
		for (const width of location.search ? [] : [1280, 800, 390]) {
			const d = await open(width);
			await wait(300);
			d.querySelectorAll(".u-legend .u-label")[1].textContent = "a-name-of-letters-".repeat(4);
			told["overflow" + width] = d.documentElement.scrollWidth - d.documentElement.clientWidth;
			told["charts" + width] = d.querySelectorAll(".chart canvas").length;
		}
		const d = await open(1000);
		await wait(300);
		told.background = getComputedStyle(d.body).backgroundColor;
		told.charts = d.querySelectorAll(".chart canvas").length;
		if (location.search === "?look") return tell();
		const figure = d.querySelector("#fig1 figure"), chart = figure.querySelector(".chart");
		key(chart, "End");
		told.end = chart.querySelector(".spoken").textContent;
		key(chart, "ArrowLeft");
		told.before = chart.querySelector(".spoken").textContent;
		const deep = [...d.querySelectorAll("#fig6 figure .chart")].at(-1);
		await wait(100);
		const panel = deep.querySelector("canvas").toDataURL();
		key(deep, "Home");
		await wait(100);
		told.home = deep.querySelector(".spoken").textContent;
		told.stays = deep.querySelector("canvas").toDataURL() === panel;
		d.defaultView.addEventListener("error", (e) => { told.error = e.message; });
		d.defaultView.location.hash = "#100%";
		told.markers = [...d.querySelectorAll("#fig6 .chart")[0].querySelectorAll(".u-marker")].slice(1, 3).map((m) => getComputedStyle(m).borderTopStyle).join();
		told.value = chart.querySelectorAll(".u-value")[1].textContent;
		const name = chart.querySelectorAll(".u-series th")[1];
		key(name, "Enter");
		told.hidden = [name.getAttribute("aria-pressed"), name.parentElement.classList.contains("u-off")].join();
		const axis = () => chart.querySelector("canvas").toDataURL();
		await wait(100);
		const whole = axis();
		key(chart, "+");
		await wait(100);
		const zoomed = axis();
		key(chart, "0");
		await wait(100);
		told.zoom = [zoomed !== whole, axis() === whole].join();
		const view = async (...keys) => {
			for (const k of keys) { key(chart, k); await wait(100); }
			return chart.querySelector("canvas").toDataURL();
		};
		const end = await view("+", "End"), home = await view("Home");
		told.shifts = end !== home && end === await view("End");
		key(chart, "0");
		const banded = [...d.querySelectorAll(".chart")].find((c) => c.querySelector(".u-series.band"));
		const shown = () => [...banded.querySelectorAll(".u-series:not(.band)")].slice(1).filter((r) => !r.classList.contains("u-off")).length;
		const edges = () => [...banded.querySelectorAll(".u-series.band")].filter((r) => !r.classList.contains("u-off")).length;
		const many = [shown(), edges()];
		const banner = banded.querySelector(".u-series.band").previousElementSibling.querySelector("th");
		const alone = () => banner.dispatchEvent(new d.defaultView.MouseEvent("click", {ctrlKey: true, bubbles: true, cancelable: true}));
		alone();
		told.alone = [shown(), edges()].join();
		key(banner, "Enter");
		key(banner, "Enter");
		told.back = [shown(), edges()].join();
		banner.dispatchEvent(new d.defaultView.KeyboardEvent("keydown", {key: "Enter", ctrlKey: true, bubbles: true, cancelable: true}));
		told.again = [shown(), edges()].join() === many.join() && shown() > 1;
		told.band = banded.closest("figure").querySelector(".tools").textContent.match(/bands.*?; /)?.[0];
		figure.querySelector(".tools button").click();
		told.printed = [figure.querySelector(".charts").checkVisibility(), figure.querySelector("svg").checkVisibility()].join();
		const head = [...d.querySelectorAll("#fig6 .sortable thead button")].find((b) => b.textContent === "test, final");
		const column = () => [...head.closest("table").tBodies[0].rows].map((r) => r.cells[head.closest("th").cellIndex].textContent);
		head.click();
		const up = column();
		head.click();
		told.sorted = [up, column()].map((c) => c[0] + " to " + c.at(-1)).join(", ");
		told.orders = [
			["1", "1/16", "1/2000", "1/4"], ["2026-03-02 09:00", "2026-03-01 12:30", "2026-03-01 12:00", "2025-12-31 23:59"],
			["9c3aab", "10ab4d", "ab12cd", "1e5f00"], ["resnet-110", "–", "resnet-20", "plain-56"],
			["6.61 ± 0.16", "64,000", "−1.50", "+0.25", "0.27M", "> 60"],
		].map((texts, column) => {
			const rows = [...head.closest("table").tBodies[0].rows].slice(0, texts.length), th = head.closest("tr").cells[column];
			texts.forEach((text, i) => { rows[i].cells[column].textContent = text; });
			th.removeAttribute("aria-sort");
			th.querySelector("button").click();
			return [...head.closest("table").tBodies[0].rows].filter((r) => rows.includes(r)).map((r) => r.cells[column].textContent).join(" | ");
		}).join("; ");
		const run = d.querySelector(".run");
		run.open = true;
		await wait(300);
		told.run = run.querySelectorAll(".chart canvas").length;
		told.file = (await (await fetch(d.querySelector('a[download="fig1.svg"]').href)).text()).slice(0, 5);
	} catch (e) { told.error = String(e); }
	tell();
})();
</script>`

// browser returns a function that runs chromium and returns what it prints.
func browser(t *testing.T) func(args ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser and takes some seconds")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("install chromium to test the page in a browser")
	}
	return func(args ...string) string {
		t.Helper()
		out, err := exec.Command(path, append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
			"--window-size=1400,1000", "--virtual-time-budget=20000", "--user-data-dir=" + t.TempDir()}, args...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
}

// told is what a page has written down, of which the browser prints the elements.
func told(t *testing.T, page string) map[string]any {
	t.Helper()
	m := regexp.MustCompile(`<pre id="told">([^<]*)</pre>`).FindStringSubmatch(page)
	told := map[string]any{}
	if m == nil || json.Unmarshal([]byte(html.UnescapeString(m[1])), &told) != nil {
		t.Fatalf("the browser says %q", m)
	}
	return told
}

// TestReportInChromium reads the page as its readers do: wide and narrow, by
// keyboard, in the dark and on paper.
func TestReportInChromium(t *testing.T) {
	chromium := browser(t)
	report := rendered(t, page(t))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/":
			fmt.Fprint(w, user)
		case "/report.html":
			fmt.Fprint(w, report)
		}
	}))
	defer server.Close()
	see := func(page string, args ...string) map[string]any {
		t.Helper()
		return told(t, chromium(append(args, "--dump-dom", server.URL+page)...))
	}

	seen := see("/", "--blink-settings=preferredColorScheme=1")
	for name, want := range map[string]any{
		"error": nil, "overflow1280": 0.0, "overflow800": 0.0, "overflow390": 0.0, "charts1280": 15.0, "charts390": 15.0,
		"background": "rgb(255, 255, 255)", "hidden": "false,true", "markers": "dashed,solid", "zoom": "true,true", "shifts": true, "alone": "1,2", "back": "1,2", "again": true,
		"band": "bands and brackets: ± 1 standard deviation; ", "printed": "false,true",
		"sorted": "6.65 to 65.23, 65.23 to 6.65",
		"orders": "1/2000 | 1/16 | 1/4 | 1; 2025-12-31 23:59 | 2026-03-01 12:00 | 2026-03-01 12:30 | 2026-03-02 09:00; 1e5f00 | 9c3aab | 10ab4d | ab12cd; " +
			"plain-56 | resnet-20 | resnet-110 | –; −1.50 | +0.25 | 0.27M | 6.61 ± 0.16 | > 60 | 64,000", "run": 3.0, "file": "<?xml",
	} {
		if seen[name] != want {
			t.Errorf("%s: %v, want %v", name, seen[name], want)
		}
	}
	if home := fmt.Sprint(seen["home"]); !strings.HasPrefix(home, "iteration 40,000: ") || seen["stays"] != true {
		t.Errorf("at the beginning of a panel of the end of the training: %q, and the panel stays: %v", home, seen["stays"])
	}
	end, before := fmt.Sprint(seen["end"]), fmt.Sprint(seen["before"])
	if !strings.HasPrefix(end, "iteration 4,000: plain-20 training ") || !strings.HasPrefix(before, "iteration 3,900: ") || !strings.Contains(before, fmt.Sprint(seen["value"])) {
		t.Errorf("by keyboard: %q, then %q; the legend has %q", end, before, seen["value"])
	}
	if dark := see("/?look", "--blink-settings=preferredColorScheme=0"); dark["background"] != "rgb(21, 23, 26)" || dark["charts"] != 15.0 || dark["error"] != nil {
		t.Errorf("in the dark the page is %v", dark)
	}

	paper := filepath.Join(t.TempDir(), "page.pdf")
	chromium("--print-to-pdf="+paper, server.URL+"/report.html")
	b, err := os.ReadFile(paper)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`/Type ?/Page\b`).FindAll(b, -1)); n < 5 {
		t.Errorf("on paper the page has %d pages", n)
	}
}
