// The page without this script is whole: pictures, tables, files. What it adds:
// charts that tell values, zoom and hide curves; tables that sort; and, in a page
// that a server renews, news.
(() => {
  "use strict";

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const faded = (name) => `color-mix(in srgb, ${colour(name)} 25%, transparent)`;
  const make = (tag, attributes, ...children) => {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(attributes || {})) e.setAttribute(k, v);
    e.append(...children);
    return e;
  };
  const short = (v) => v == null ? "–" : Math.abs(v) >= 1000 ? Math.round(v).toLocaleString("en") : String(+v.toPrecision(4));

  // Charts, by the figure and the panel they belong to.
  const charts = new Map();

  // frame makes the frame of a chart, build what is in it: all frames of a figure
  // come first, so that each chart has its final size from the start.
  const frame = (holder, c) => {
    const help = "Point to read values, drag to zoom, double click to zoom out; keys: arrows, + and −, 0.";
    const root = make("div", {class: "chart", tabindex: "0", role: "application", "aria-roledescription": "chart", title: help,
      "aria-label": `Chart: ${[c.title, c.y.label].filter(Boolean).join(", ")}. Arrow keys read values, plus and minus zoom, 0 zooms out.`});
    if (c.title) root.append(make("h3", {}, c.title));
    holder.append(root);
    return root;
  };
  const build = (root, key, c, kept) => {
    const spoken = make("div", {class: "spoken", "aria-live": "polite"});
    const data = [c.at], series = [{label: c.x.label, value: (u, v) => short(v)}], bands = [], names = [];
    const partners = new Map(); // of a curve: the edges of its band
    for (const s of c.series) {
      const at = data.length;
      data.push(s.y);
      series.push({
        label: s.name, width: s.width, dash: s.dash, stroke: () => colour(s.colour), spanGaps: !c.gaps, points: {show: c.at.length < 12, size: 6, fill: () => colour(s.colour)},
        value: (u, v, k, i) => i == null || v == null ? "" : short(v) + (s.low && s.low[i] != null ? ` (${short(s.low[i])}–${short(s.high[i])})` : ""),
      });
      names.push(at);
      if (s.low) {
        data.push(s.low, s.high);
        series.push({label: s.name + " low", class: "band", points: {show: false}}, {label: s.name + " high", class: "band", points: {show: false}});
        bands.push({series: [at + 2, at + 1], fill: () => faded(s.colour)});
        partners.set(at, [at + 1, at + 2]);
      }
    }
    const all = {x: [c.x.min, c.x.max], y: [c.y.min, c.y.max]};
    // uPlot asks for a scale's range whenever it sets one, also when a curve is
    // hidden: what is in view is kept here.
    const view = {...all};
    const zoom = (x, y) => {
      [view.x, view.y] = [x, y];
      u.batch(() => {
        u.setScale("x", {min: x[0], max: x[1]});
        u.setScale("y", {min: y[0], max: y[1]});
      });
    };
    // fit shows a part of x, as high as the curves are there.
    const fit = (low, high) => {
      low = Math.max(all.x[0], low);
      high = Math.min(all.x[1], high);
      let bottom = Infinity, top = -Infinity;
      for (const k of names) if (u.series[k].show) data[k].forEach((v, i) => {
        if (v != null && c.at[i] >= low && c.at[i] <= high) { bottom = Math.min(bottom, v); top = Math.max(top, v); }
      });
      if (high <= low || low <= all.x[0] && high >= all.x[1]) return zoom(all.x, all.y);
      if (top < bottom) return zoom([low, high], view.y); // there is nothing
      const room = (top - bottom) * 0.08 || Math.abs(top) * 0.05 || 1;
      zoom([low, high], c.y.log ? [bottom / 1.1, top * 1.1] : [Math.max(bottom - room, Math.min(0, bottom)), top + room]);
    };
    const axis = (label, size) => ({label, size, labelSize: 18, labelGap: 0, font: "12px system-ui, sans-serif", labelFont: "13px system-ui, sans-serif",
      stroke: () => colour("ink"), grid: {stroke: () => colour("line"), width: 1}, ticks: {stroke: () => colour("line"), width: 1},
      values: (u, at) => at.map((v) => v == null ? "" : short(v))});
    // Of a logarithmic axis 1, 2 and 5 times the powers of ten have labels.
    const decades = (u, k, min, max) => {
      const at = [];
      if (!(min > 0)) return at;
      for (let e = Math.floor(Math.log10(min)); e <= Math.log10(max); e++) for (const d of [1, 2, 5]) at.push(+(d * 10 ** e).toPrecision(1));
      const inside = at.filter((v) => v >= min && v <= max);
      return inside.length > 7 ? inside.filter((v) => Number.isInteger(Math.log10(v))) : inside;
    };
    const size = () => ({width: Math.max(200, root.clientWidth), height: Math.round(Math.min(340, Math.max(200, root.clientWidth * 0.62)))});
    const u = new uPlot({
      ...size(), series, bands, legend: {live: true, markers: {dash: (u, k) => series[k].dash ? "dashed" : "solid"}},
      scales: {x: {time: false, range: () => view.x}, y: {distr: c.y.log ? 3 : 1, range: () => view.y}},
      axes: [axis(c.x.label, 34), {...axis(c.y.label, 56), ...(c.y.log && {splits: decades, filter: (u, at) => at})}],
      cursor: {drag: {x: true, y: false, setScale: false}, bind: {dblclick: () => () => { zoom(all.x, all.y); }}},
      hooks: {setSelect: [(u) => {
        const {left, width} = u.select;
        u.setSelect({left: 0, width: 0, top: 0, height: 0}, false);
        if (width >= 8) fit(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
      }], setSeries: [(u, k, o) => {
        if (k != null && o && "show" in o) for (const p of partners.get(k) || []) u.setSeries(p, {show: o.show}, false);
        pressed();
      }]},
    }, data, root);
    root.append(spoken);

    // The legend by keyboard.
    const rows = [...root.querySelectorAll(".u-legend .u-series")];
    const pressed = () => names.forEach((k) => rows[k]?.querySelector("th").setAttribute("aria-pressed", String(!!(u && u.series[k].show))));
    rows.forEach((r, k) => {
      if (k === 0 || r.classList.contains("band")) return;
      const th = r.querySelector("th");
      th.setAttribute("role", "button");
      th.setAttribute("tabindex", "0");
      th.title = "show or hide; with Ctrl, this one alone or all";
      // alone shows one curve, or all again. uPlot would count the edges of bands, and
      // hide the curve's own.
      const alone = () => {
        const others = names.some((n) => n !== k && u.series[n].show);
        for (const n of names) u.setSeries(n, {show: !others || n === k});
      };
      r.addEventListener("click", (e) => {
        if (!e.ctrlKey && !e.metaKey) return;
        e.stopPropagation();
        alone();
      }, true);
      th.addEventListener("keydown", (e) => {
        if (e.key !== "Enter" && e.key !== " ") return;
        e.preventDefault();
        e.stopPropagation();
        if (e.ctrlKey || e.metaKey) alone();
        else u.setSeries(k, {show: !u.series[k].show});
      });
    });
    pressed();

    // Values and zoom by keyboard.
    let at = null;
    const first = c.at.findIndex((x) => x >= all.x[0]), last = c.at.findLastIndex((x) => x <= all.x[1]);
    const read = (i) => {
      at = Math.max(first, Math.min(last, i));
      const x = c.at[at], {min, max} = u.scales.x;
      if (x < min || x > max) { // as much as before is in view, and nothing beyond the panel
        const width = max - min, low = Math.max(all.x[0], Math.min(x - width / 2, all.x[1] - width));
        zoom([low, low + width], view.y);
      }
      u.setCursor({left: u.valToPos(x, "x"), top: u.over.clientHeight / 2});
      spoken.textContent = `${c.x.label} ${short(x)}: ` + names.filter((k) => u.series[k].show && data[k][at] != null)
        .map((k) => `${series[k].label} ${series[k].value(u, data[k][at], k, at)}`).join(", ");
    };
    const scale = (by) => {
      const {min, max} = u.scales.x, middle = at == null ? (min + max) / 2 : c.at[at], half = (max - min) * by / 2;
      fit(middle - half, middle + half);
    };
    root.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      const far = e.shiftKey ? 10 : 1, from = at ?? (u.cursor.idx ?? 0);
      const does = {
        ArrowRight: () => read(at == null ? from : from + far), ArrowLeft: () => read(at == null ? from : from - far),
        Home: () => read(first), End: () => read(last),
        "+": () => scale(0.5), "=": () => scale(0.5), "-": () => scale(2), "0": () => zoom(all.x, all.y), Escape: () => zoom(all.x, all.y),
      }[e.key];
      if (does) { e.preventDefault(); does(); }
    });

    // uPlot gives the markers of the legend their colours once.
    const recolour = () => {
      u.redraw();
      names.forEach((k) => rows[k]?.querySelector(".u-marker")?.style.setProperty("border-color", series[k].stroke()));
    };
    const chart = {recolour, state: () => ({
      at: at == null ? null : c.at[at], log: c.y.log,
      hidden: names.filter((k) => !u.series[k].show).map((k) => series[k].label),
      zoomed: u.scales.x.min !== all.x[0] || u.scales.x.max !== all.x[1] || u.scales.y.min !== all.y[0] || u.scales.y.max !== all.y[1]
        ? [[u.scales.x.min, u.scales.x.max], [u.scales.y.min, u.scales.y.max]] : null,
    })};
    if (kept) {
      for (const k of names) if (kept.hidden.includes(series[k].label)) u.setSeries(k, {show: false});
      if (kept.zoomed && kept.log === c.y.log) zoom(...kept.zoomed); // 0 is on no logarithmic axis
      if (kept.at != null && c.at.includes(kept.at)) at = c.at.indexOf(kept.at);
    }
    const watch = new ResizeObserver(() => {
      const s = size();
      if (root.clientWidth && (s.width !== u.width || s.height !== u.height)) u.setSize(s);
    });
    watch.observe(root);
    chart.destroy = () => { watch.disconnect(); u.destroy(); };
    charts.set(key, chart);
  };

  // figures makes charts of the figures that are open to view.
  const figures = (kept) => {
    const source = document.getElementById("page.charts");
    if (!source) return;
    const panels = JSON.parse(source.textContent);
    for (const figure of document.querySelectorAll("figure[data-charts]")) {
      const id = figure.dataset.charts, printed = figure.querySelector(".printed");
      const drawn = (panels[id] || []).filter((c) => c.at && c.at.length > 0);
      if (!drawn.length) continue;
      let holder = null;
      const open = () => {
        if (holder) return;
        holder = make("div", {class: "charts"});
        const swap = make("button", {type: "button"}, "as printed");
        const band = drawn.find((c) => c.series.some((s) => s.low?.some((v) => v != null)))?.band;
        const tools = make("div", {class: "tools"}, swap, make("span", {class: "muted"}, (band ? `bands and brackets: ${band}; ` : "") + "drag: zoom, double click: out; keys: arrows, + −, 0; curves: click their names"));
        const show = (interactive) => {
          holder.classList.toggle("hidden", !interactive);
          printed.classList.toggle("hidden", interactive);
          swap.textContent = interactive ? "as printed" : "interactive";
          figure.dataset.shows = interactive ? "charts" : "printed";
        };
        swap.addEventListener("click", () => show(figure.dataset.shows === "printed"));
        printed.before(holder);
        printed.after(tools);
        show(true);
        // What a picture says to those who cannot see it.
        holder.append(make("p", {class: "spoken"}, printed.querySelector("svg").getAttribute("aria-label")));
        const roots = drawn.map((c) => frame(holder, c));
        drawn.forEach((c, i) => {
          // Another panel may come before, and two may be called the same.
          const name = (c) => [id, c.title, c.x.label, c.y.label].join("/");
          const key = name(c) + "/" + drawn.slice(0, i).filter((o) => name(o) === name(c)).length;
          build(roots[i], key, c, kept && kept.charts[key]);
        });
        if (kept && kept.printed.includes(id)) show(false);
      };
      const fold = figure.closest("details");
      if (!fold || fold.open) open();
      else fold.addEventListener("toggle", () => { if (fold.open) open(); });
    }
  };

  // tables makes the headings of tables sort them.
  // A cell is a number if all of it is one: −1.50, 64,000, 1/16, 0.27M, > 60, 6.61 ± 0.16.
  const key = (cell) => {
    const s = cell.textContent.trim().replace(/,(?=\d{3})/g, "").replace("−", "-");
    const n = s.match(/^[<>≤≥]? ?([+-]?\d+(?:\.\d+)?)(?:\/(\d+))?[M%]?(?: ± [\d.]+)?$/);
    return s === "–" || s === "" ? null : n ? n[1] / (n[2] || 1) : s;
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b
    : typeof a === "number" ? -1 : typeof b === "number" ? 1 : a.localeCompare(b, "en", {numeric: true});
  const sortable = () => [...document.querySelectorAll("table.sortable, .sortable table")];
  const tables = () => {
    for (const table of sortable()) {
      const heads = [...table.querySelectorAll("thead th")], body = table.tBodies[0];
      heads.forEach((th, column) => {
        if (th.querySelector("button")) return;
        const b = make("button", {type: "button", title: "sort"}, ...th.childNodes);
        th.append(b);
        b.addEventListener("click", () => {
          const up = th.getAttribute("aria-sort") !== "ascending";
          heads.forEach((h) => h.removeAttribute("aria-sort"));
          th.setAttribute("aria-sort", up ? "ascending" : "descending");
          const rows = [...body.rows].map((r) => [key(r.cells[column]), r]);
          rows.sort(([a], [b]) => a === null ? (b === null ? 0 : 1) : b === null ? -1 : up ? compare(a, b) : compare(b, a));
          for (const [, r] of rows) { r.classList.remove("rule"); body.append(r); }
        });
      });
    }
  };

  // A link to something folded opens it.
  const unfold = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const fold = target && target.closest("details");
    if (fold) fold.open = true;
  };

  const start = (kept) => { figures(kept); tables(); };
  start(null);
  unfold();
  addEventListener("hashchange", unfold);
  // A link that is followed twice changes nothing that tells so.
  addEventListener("click", (e) => { if (e.target.closest('a[href^="#"]')) setTimeout(unfold); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((c) => c.recolour()));
  // Links on paper lead nowhere, but what is folded would not be there at all.
  let unfolded = [];
  addEventListener("beforeprint", () => { unfolded = [...document.querySelectorAll("details:not([open])")]; unfolded.forEach((d) => { d.open = true; }); });
  addEventListener("afterprint", () => unfolded.forEach((d) => { d.open = false; }));

  // News, in a page that a server renews. What is open, hidden, zoomed and in
  // view stays so.
  if (!document.body.dataset.version) return;
  // What is said in words is spoken to those who cannot see it: once, not with each
  // time of day.
  const live = document.getElementById("page.live"), answers = live.textContent;
  const say = (text) => { if (live.textContent !== text) live.textContent = text; };
  const left = (s) => s >= 5400 ? (s / 3600).toFixed(1) + " h" : s >= 90 ? Math.round(s / 60) + " min" : Math.round(s) + " s";
  const progress = (runs) => {
    const list = make("ul", {class: "progress"});
    for (const r of runs) {
      if (r.status === "complete" || r.status === "diverged" || r.status === "not recorded") continue;
      const parts = [r.status];
      if (r.where) parts.push("on " + r.where);
      parts.push(`${r.iteration.toLocaleString("en")} of ${r.iterations.toLocaleString("en")} iterations`);
      if (r.images_per_second) parts.push(Math.round(r.images_per_second) + " images/s");
      if (r.seconds_left) parts.push(left(r.seconds_left) + " left");
      if (r.test_error != null) parts.push("test error " + r.test_error.toFixed(2) + " %");
      if (r.note) parts.push(r.note);
      const name = `${r.network}${r.scale === "1" ? "" : " scale " + r.scale} seed ${r.seed} (${r.identity})`;
      const bar = make("progress", {value: r.iteration, max: r.iterations, "aria-label": name});
      const link = document.getElementById("run-" + r.identity) ? make("a", {href: "#run-" + r.identity}, name) : name;
      list.append(make("li", {}, link, " ", make("span", {class: "numbers"}, bar, " " + parts.join(", "))));
    }
    if (!list.children.length) list.append(make("li", {class: "muted"}, "none"));
    const holder = document.getElementById("page.status");
    const link = holder?.contains(document.activeElement) && document.activeElement.getAttribute("href");
    holder?.replaceChildren(list);
    if (link) holder.querySelector(`a[href="${link}"]`)?.focus({preventScroll: true});
  };
  const focusable = (part) => [...part.querySelectorAll("a[href], button, summary, [tabindex]")];
  // A server that has said nothing for so long, in ms, says nothing more.
  const patience = 60000;
  const renew = async (runs) => {
    const answer = await fetch("./", {signal: AbortSignal.timeout(patience)});
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // What is at the upper edge stays there, whatever grows above it.
    const anchor = [...document.querySelectorAll("main [id]")].filter((e) => e.getClientRects().length && e.getBoundingClientRect().bottom > 0)
      .sort((a, b) => Math.abs(a.getBoundingClientRect().top) - Math.abs(b.getBoundingClientRect().top))[0];
    const id = scrollY > 0 && anchor && anchor.id, top = anchor && anchor.getBoundingClientRect().top;
    document.body.style.minHeight = document.documentElement.scrollHeight + "px"; // or the browser scrolls up meanwhile
    const kept = {charts: {}, printed: [...document.querySelectorAll('figure[data-shows="printed"]')].map((f) => f.dataset.charts)};
    // The focus is known by the part of the page that it is in, and by what is said there:
    // other controls may come before.
    const said = (e) => e.tagName + (e.getAttribute("aria-label") ?? e.textContent);
    const active = document.activeElement, focused = active?.closest("main [id]"), words = focused && said(active);
    const place = focused && focusable(focused).filter((e) => said(e) === words).indexOf(active);
    const index = focused && focusable(focused).indexOf(active); // where what is said has changed
    charts.forEach((c, k) => {
      kept.charts[k] = c.state();
      c.destroy();
    });
    charts.clear();
    const open = [...document.querySelectorAll("details[open][id]")].map((d) => d.id);
    // A table is known by its section and its place in it: another section may come before.
    const tableOf = (t) => { const s = t.closest("section"); return s.id + "/" + sortable().filter((o) => s.contains(o)).indexOf(t); };
    const headed = (t, words) => [...t.querySelectorAll("thead th")].filter((h) => h.textContent === words);
    const sorted = new Map();
    for (const t of sortable()) {
      const by = t.querySelector("thead th[aria-sort]"); // known by its words, of which there may be several
      if (by) sorted.set(tableOf(t), [by.textContent, headed(t, by.textContent).indexOf(by), by.getAttribute("aria-sort") === "descending" ? 2 : 1]);
    }
    document.querySelector("main").replaceWith(page.querySelector("main"));
    for (const part of ["h1", ".lead"]) document.querySelector(part).replaceWith(page.querySelector(part));
    document.title = page.title;
    document.body.dataset.version = page.body.dataset.version;
    for (const id of open) { const d = document.getElementById(id); if (d) d.open = true; }
    start(kept);
    for (const t of sortable()) {
      const [heading, which, clicks] = sorted.get(tableOf(t)) || ["", 0, 0];
      const button = headed(t, heading)[which]?.querySelector("button");
      for (let k = 0; k < clicks; k++) button?.click(); // a column may have gone
    }
    progress(runs);
    const part = focused && document.getElementById(focused.id);
    if (part) (focusable(part).filter((e) => said(e) === words)[place] ?? focusable(part)[index])?.focus({preventScroll: true});
    await new Promise((done) => setTimeout(done)); // uPlot takes its size in a task of its own
    const again = id && document.getElementById(id);
    if (again) scrollBy({top: again.getBoundingClientRect().top - top, behavior: "instant"});
    document.body.style.minHeight = "";
  };
  const seen = () => new Promise((done) => {
    if (!document.hidden) return done();
    document.addEventListener("visibilitychange", done, {once: true});
  });
  const ask = async () => {
    await seen(); // nobody reads a page that is hidden
    try {
      const answer = await fetch("status.json", {cache: "no-store", signal: AbortSignal.timeout(patience)});
      if (!answer.ok) throw new Error(answer.statusText);
      const news = await answer.json();
      progress(news.runs);
      if (news.version !== document.body.dataset.version) await renew(news.runs);
      say(answers);
      document.getElementById("page.time").textContent = "As of " + new Date().toLocaleTimeString() + ".";
    } catch (e) {
      say("The server does not answer: this is how things stood when it last did.");
    }
    setTimeout(ask, 2000);
  };
  ask();
})();
