package publish

import (
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deepresidual/experiments"
	"deepresidual/harness/fixture"
	"deepresidual/models"
	"deepresidual/reports"
	"deepresidual/results"
)

var (
	full      = experiments.Full()
	sixteenth = experiments.Scale{Num: 1, Den: 16}
	quarter   = experiments.Scale{Num: 1, Den: 4}
	tiny      = experiments.Scale{Num: 1, Den: 2000}
)

func load(t *testing.T, name string) *experiments.Experiment {
	t.Helper()
	e, err := experiments.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newStore(t *testing.T) *results.Store {
	t.Helper()
	store, err := results.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// leave records runs of an experiment, as many as n, at a scale.
func leave(t *testing.T, store *results.Store, e *experiments.Experiment, c reports.Choice, n int) {
	t.Helper()
	runs := e.Runs(c.Scale, c.Seeds)
	for _, run := range runs[:min(n, len(runs))] {
		data := fixture.CIFAR()
		data.Synthetic = c.Synthetic
		fixture.Leave(t, store, results.Key{Spec: run.RunSpec, Data: data, Arithmetic: models.Arithmetic}, results.Complete, false)
	}
}

// draw draws experiments from a choice of the records and returns what is said.
func draw(t *testing.T, store *results.Store, c reports.Choice, list ...*experiments.Experiment) string {
	t.Helper()
	var said strings.Builder
	p := &Publisher{Store: store, Experiments: list, Asked: c, Output: io.Discard, Progress: &said}
	if _, err := p.Draw(t.Context(), p.AsAsked); err != nil {
		t.Fatal(err)
	}
	return said.String()
}

// snapshot reads all files of a store but its records.
func snapshot(t *testing.T, store *results.Store) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(store.Dir(), func(path string, d os.DirEntry, err error) error {
		name, _ := filepath.Rel(store.Dir(), path)
		// All rows of all runs are of those set aside, too, and under no version control.
		if err != nil || d.IsDir() || strings.HasPrefix(filepath.ToSlash(name), "runs/") || name == reports.AllFile {
			return err
		}
		content, err := os.ReadFile(path)
		files[filepath.ToSlash(name)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The page is the same whether a scale was asked for or not: a claim that the
// whole schedule decides stays decided, and the page has the run that decided it.
func TestPageOfAskedScale(t *testing.T) {
	store := newStore(t)
	table6 := load(t, "table6")
	leave(t, store, table6, reports.Choice{Scale: sixteenth}, 9)
	leave(t, store, table6, reports.Choice{Scale: full}, 1)
	p := &Publisher{Store: store, Experiments: []*experiments.Experiment{table6}, Asked: reports.Choice{Scale: full}, AnyScale: true, Output: io.Discard, Progress: io.Discard}
	if _, err := p.Draw(t.Context(), p.Recorded); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, store)
	records, _ := store.Records()
	for _, r := range records {
		if r.Key.Spec.Scale.IsFull() && !strings.Contains(before[reportFile], `id="run-`+r.Key.Identity()+`"`) {
			t.Errorf("%s is not on the page", r.Key)
		}
	}
	if !strings.Contains(before[reportFile], "on the whole schedule: ") {
		t.Error("no claim is judged by the run of the whole schedule")
	}
	if said := draw(t, store, reports.Choice{Scale: sixteenth}, table6); said != "" {
		t.Errorf("said %q", said)
	}
	after := snapshot(t, store)
	checkKept(t, before, after)
	if len(after) != len(before) {
		t.Errorf("there are %d files, want %d as before", len(after), len(before))
	}
}

// A record that can no longer be read takes nothing away from what shows it.
func TestUnreadableIsKept(t *testing.T) {
	store := newStore(t)
	fig1, table6 := load(t, "fig1"), load(t, "table6")
	leave(t, store, fig1, reports.Choice{Scale: sixteenth}, 9)
	draw(t, store, reports.Choice{Scale: sixteenth}, fig1)
	before := snapshot(t, store)
	records, _ := store.Records()
	lost := records[0].Key
	whole, err := os.ReadFile(filepath.Join(store.Path(lost), results.CurveFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store.Path(lost), results.CurveFile), append(whole, 'x'), 0o666); err != nil {
		t.Fatal(err)
	}
	said := draw(t, store, reports.Choice{Scale: sixteenth}, fig1)
	for _, want := range []string{"figures/fig1.* and its tables are left as they are: they show " + lost.Spec.Network.String(), "report.html is left as it is: it shows " + lost.Spec.Network.String()} {
		if !strings.Contains(strings.Join(strings.Fields(said), " "), want) {
			t.Errorf("%q does not say %q", said, want)
		}
	}
	leave(t, store, table6, reports.Choice{Scale: sixteenth}, 1)
	draw(t, store, reports.Choice{Scale: sixteenth}, table6)
	after := snapshot(t, store)
	checkKept(t, before, after)
	if after["figures/table6.png"] == "" {
		t.Error("table6 is not drawn")
	}
	if err := os.WriteFile(filepath.Join(store.Path(lost), results.CurveFile), whole, 0o666); err != nil {
		t.Fatal(err)
	}
	if said := draw(t, store, reports.Choice{Scale: sixteenth}, fig1); said != "" {
		t.Errorf("with the record restored: said %q", said)
	}
}

// So it is with what cannot be read for another reason, and with a network that has
// another name by now.
func TestUnreadableOtherwise(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"not a file": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, results.RunFile)), os.Mkdir(filepath.Join(dir, results.RunFile), 0o777))
		},
		"renamed": func(dir string) error {
			runs := filepath.Dir(filepath.Dir(dir))
			return errors.Join(os.WriteFile(filepath.Join(dir, results.CurveFile), nil, 0o666), os.Mkdir(filepath.Join(runs, "wide"), 0o777),
				os.Rename(dir, filepath.Join(runs, "wide", filepath.Base(dir))))
		},
	} {
		store := newStore(t)
		fig1 := load(t, "fig1")
		leave(t, store, fig1, reports.Choice{Scale: sixteenth}, 9)
		draw(t, store, reports.Choice{Scale: sixteenth}, fig1)
		before := snapshot(t, store)
		records, _ := store.Records()
		if err := spoil(records[0].Dir); err != nil {
			t.Fatal(err)
		}
		said := strings.Join(strings.Fields(draw(t, store, reports.Choice{Scale: sixteenth}, fig1)), " ")
		if !strings.Contains(said, "figures/fig1.* and its tables are left as they are") || !strings.Contains(said, "report.html is left as it is: it shows") {
			t.Errorf("%s: said %q", name, said)
		}
		p := Publisher{Store: store, Experiments: []*experiments.Experiment{fig1}}
		if _, errs := store.Records(); len(p.concerning(p.Experiments, errs)) != 1 {
			t.Errorf("%s: %v is no concern of fig1", name, errs)
		}
		after := snapshot(t, store)
		for file, content := range before {
			if after[file] != content {
				t.Errorf("%s: %s has changed", name, file)
			}
		}
	}
}

// Of a page that is not there nothing is said.
func TestSetAsideWithoutPage(t *testing.T) {
	store := newStore(t)
	smoke, synthetic := load(t, "smoke"), reports.Choice{Scale: full, Synthetic: true}
	leave(t, store, smoke, synthetic, 9)
	if said := draw(t, store, synthetic, smoke); !strings.HasSuffix(strings.TrimSpace(said), "/report-smoke-synthetic.html") {
		t.Errorf("%q does not end with the page that was written", said)
	}
}

// Nothing smaller replaces what the published names show, nor touches the page.
func TestSmallerIsSetAside(t *testing.T) {
	fig1, smoke := load(t, "fig1"), load(t, "smoke")
	own := *fig1
	own.Name, own.File, own.Embedded = "mine", filepath.Join(t.TempDir(), "mine.toml"), false
	if err := os.WriteFile(own.File, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		e      *experiments.Experiment
		choice reports.Choice
		added  []string // some of the new files
		said   string
	}{
		{"a smaller scale", fig1, reports.Choice{Scale: tiny},
			[]string{"figures/fig1-scale-1-2000.png", "tables/fig1-scale-1-2000-errors.csv", "report-scale-1-2000.html"},
			"fig1: scale 1/2000 is drawn as DIR/figures/fig1-scale-1-2000.png, on the page DIR/report-scale-1-2000.html; figures/fig1.* and report.html keep showing scale 1/16"},
		{"synthetic data", fig1, reports.Choice{Scale: full, Synthetic: true},
			[]string{"figures/fig1-synthetic.png", "tables/fig1-synthetic-claims.tex", "report-synthetic.html"},
			"fig1: synthetic data is drawn as DIR/figures/fig1-synthetic.png, on the page DIR/report-synthetic.html; figures/fig1.* and report.html keep showing scale 1/16"},
		{"other seeds", fig1, reports.Choice{Scale: sixteenth, Seeds: []int64{7, 8}},
			[]string{"figures/fig1-seeds-7-8.png", "report-seeds-7-8.html"}, "scale 1/16 with seeds of -seeds is drawn as"},
		{"a larger scale that has only begun", fig1, reports.Choice{Scale: quarter},
			[]string{"figures/fig1-scale-1-4.png", "report-scale-1-4.html"}, "keep showing scale 1/16"},
		{"the try-out", smoke, reports.Choice{Scale: full, Synthetic: true},
			[]string{"figures/smoke-synthetic.png", "report-smoke-synthetic.html"}, "report.html is left as it is"},
		{"a spec of one's own", &own, reports.Choice{Scale: full},
			[]string{"figures/mine.png", "figures/mine.spec", "report-mine.html"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := newStore(t)
			leave(t, store, fig1, reports.Choice{Scale: sixteenth}, 9)
			if said := draw(t, store, reports.Choice{Scale: sixteenth}, fig1); said != "" {
				t.Errorf("what has the published names is said to be set aside: %s", said)
			}
			before := snapshot(t, store)
			n := 9
			if c.choice.Scale == quarter {
				n = 1
			}
			leave(t, store, c.e, c.choice, n)
			said := draw(t, store, c.choice, c.e)
			after := snapshot(t, store)
			for _, name := range c.added {
				if after[name] == "" {
					t.Errorf("%s is not drawn; there are %v", name, slices.Sorted(maps.Keys(after)))
				}
			}
			for name, content := range before {
				if after[name] != content {
					t.Errorf("%s has changed", name)
				}
			}
			if want := strings.ReplaceAll(c.said, "DIR", store.Dir()); !strings.Contains(said, want) || (want == "") != (said == "") {
				t.Errorf("said %q, want %q", said, want)
			}
			for name, content := range after {
				if name == reportFile && (strings.Contains(content, "Smoke") || strings.Contains(content, "ynthetic data")) {
					t.Errorf("the published page shows more than the paper's drawings")
				}
			}
		})
	}
}

// Names of drawings of many seeds are as short as names of files must be, each its
// own, and nobody's experiment can have them.
func TestSeedSuffix(t *testing.T) {
	ascending := func(from, n, step int64) (seeds []int64) {
		for i := range n {
			seeds = append(seeds, from+i*step)
		}
		return seeds
	}
	taken := make(map[string]bool)
	for _, c := range []struct {
		seeds []int64
		want  string // at its beginning
	}{
		{[]int64{7}, "-seeds-7"},
		{[]int64{8, 7}, "-seeds-8-7"},
		{ascending(1, 5, 1), "-seeds-1-2-3-4-5"},
		{ascending(1, 80, 1), "-seeds-1-to-80"},
		{append([]int64{3, 9, 10}, ascending(20, 50, 1)...), "-seeds-3-9-10-20-to-69"},
		{ascending(1, 6, 2), "-seeds-1-3-5-7-9-11"},
		{ascending(1, 10000, 2), "-seeds-"},
		{ascending(1, 10001, 2), "-seeds-"},
	} {
		got := seedSuffix(c.seeds)
		if !strings.HasPrefix(got, c.want) || len(c.want) > len("-seeds-") && got != c.want {
			t.Errorf("%d seeds from %d: %q, want %q", len(c.seeds), c.seeds[0], got, c.want)
		}
		if len(got) > 100 || setAside.FindString("mine"+got) != got || taken[got] {
			t.Errorf("%q is too long, another's, or a name for an experiment", got)
		}
		taken[got] = true
	}
}

// The verdicts are the last thing on the screen, the files before them in one line.
func TestVerdictsComeLast(t *testing.T) {
	store, fig1 := newStore(t), load(t, "fig1")
	leave(t, store, fig1, reports.Choice{Scale: sixteenth}, 9)
	leave(t, store, fig1, reports.Choice{Scale: tiny}, 9)
	var screen strings.Builder
	p := &Publisher{Store: store, Experiments: []*experiments.Experiment{fig1}, Asked: reports.Choice{Scale: tiny}, Output: &screen, Progress: &screen}
	if _, err := p.Draw(t.Context(), p.AsAsked); err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, part := range []string{"test, final", "\nfiles: ", "are for scale 1/16\n", "what was compared"} {
		i := strings.Index(screen.String()[at:], part)
		if i < 0 {
			t.Fatalf("%q does not come after what is before it:\n%s", part, screen.String())
		}
		at += i
	}
}

// What could not be written is not said to be drawn.
func TestUnwrittenIsNotSaidToBeDrawn(t *testing.T) {
	smoke, store := load(t, "smoke"), newStore(t)
	choice := reports.Choice{Scale: full, Synthetic: true}
	leave(t, store, smoke, choice, 9)
	const page = "report-smoke-synthetic.html"
	err := errors.Join(os.WriteFile(filepath.Join(store.Dir(), "figures"), nil, 0o666), os.Mkdir(filepath.Join(store.Dir(), page), 0o777))
	if err != nil {
		t.Fatal(err)
	}
	var printed, said strings.Builder
	p := &Publisher{Store: store, Experiments: []*experiments.Experiment{smoke}, Asked: choice, Output: &printed, Progress: &said}
	if _, err := p.Draw(t.Context(), p.AsAsked); err == nil || !strings.Contains(err.Error(), page) || strings.Contains(said.String(), "is drawn as") {
		t.Errorf("error %v, said %q; want an error and nothing of a drawing", err, said.String())
	}
	if !strings.Contains(printed.String(), "files: ") || strings.Contains(printed.String(), page) {
		t.Errorf("the page is said to be written:\n%s", &printed)
	}
}

// What is larger takes the published names, and what was set aside under its
// own scale is gone then.
func TestLargerReplaces(t *testing.T) {
	own := *load(t, "fig1")
	own.Name, own.File, own.Embedded = "mine", filepath.Join(t.TempDir(), "mine.toml"), false
	if err := os.WriteFile(own.File, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		e                    *experiments.Experiment
		page, aside, waiting string
	}{
		{load(t, "fig1"), "report.html", "report-scale-1-4.html", "figures/fig1.* and report.html keep showing scale 1/16"},
		{&own, "report-mine.html", "report-mine-scale-1-4.html", "figures/mine.* and report-mine.html keep showing scale 1/16"},
	} {
		t.Run(c.e.Name, func(t *testing.T) {
			store := newStore(t)
			figure := "figures/" + c.e.Name
			leave(t, store, c.e, reports.Choice{Scale: sixteenth}, 9)
			draw(t, store, reports.Choice{Scale: sixteenth}, c.e)
			old := snapshot(t, store)

			leave(t, store, c.e, reports.Choice{Scale: quarter}, 1)
			if said := draw(t, store, reports.Choice{Scale: quarter}, c.e); !strings.Contains(said, c.waiting) {
				t.Errorf("said %q, want %q", said, c.waiting)
			}
			if files := snapshot(t, store); files[figure+"-scale-1-4.svg"] == "" || files[c.aside] == "" {
				t.Fatalf("what has only begun is not set aside: %v", slices.Sorted(maps.Keys(files)))
			}
			leave(t, store, c.e, reports.Choice{Scale: quarter}, 9)
			draw(t, store, reports.Choice{Scale: quarter}, c.e)
			files := snapshot(t, store)
			if files[figure+".svg"] == old[figure+".svg"] || !strings.Contains(files[figure+".svg"], "1/4") || files[c.page] == old[c.page] {
				t.Errorf("%s.svg or %s does not show the larger scale", figure, c.page)
			}
			if strings.Contains(files[c.page], "what the paper claims") != c.e.Published() {
				t.Errorf("%s says the wrong thing of whose claims it shows", c.page)
			}
			for name := range files {
				if strings.Contains(name, "scale-1-4") {
					t.Errorf("%s is left of what was set aside", name)
				}
			}
			if again := draw(t, store, reports.Choice{Scale: sixteenth}, c.e); !strings.Contains(again, "keep showing scale 1/4") {
				t.Errorf("said %q of the smaller scale", again)
			}
		})
	}
}

// So it is for an experiment that is drawn after another, of another scale.
func TestLargerReplacesAfterAnother(t *testing.T) {
	if testing.Short() {
		t.Skip("draws some pages")
	}
	store := newStore(t)
	first, second := load(t, "fig1"), load(t, "choices")
	leave(t, store, first, reports.Choice{Scale: full}, 9)
	leave(t, store, second, reports.Choice{Scale: sixteenth}, 99)
	leave(t, store, second, reports.Choice{Scale: quarter}, 1)
	draw(t, store, reports.Choice{Scale: quarter}, second)
	const aside, figure = "report-scale-1-4.html", "choices-scale-1-4"
	if !strings.Contains(snapshot(t, store)[aside], figure) {
		t.Fatal("what has only begun is not set aside")
	}
	leave(t, store, second, reports.Choice{Scale: quarter}, 99)
	p := &Publisher{Store: store, Experiments: []*experiments.Experiment{first, second}, Asked: reports.Choice{Scale: full}, AnyScale: true, Output: io.Discard, Progress: io.Discard}
	if _, err := p.Draw(t.Context(), p.Recorded); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(snapshot(t, store)[aside], figure) {
		t.Errorf("%s shows %s, which is not set aside any more", aside, figure)
	}
}

// What is set aside names no file that is not there as one that shows something.
func TestSetAsideFirst(t *testing.T) {
	store := newStore(t)
	fig1 := load(t, "fig1")
	leave(t, store, fig1, reports.Choice{Scale: sixteenth}, 9)
	leave(t, store, fig1, reports.Choice{Scale: tiny}, 9)
	if said := draw(t, store, reports.Choice{Scale: tiny}, fig1); !strings.Contains(said, "figures/fig1.* and report.html are for scale 1/16") {
		t.Errorf("said %q", said)
	}
}

// What was drawn of runs at a larger scale stays when the spec has changed since,
// until the changed one is recorded at that scale, too.
func TestChangedSpecIsSetAside(t *testing.T) {
	store := newStore(t)
	fig1, changed := load(t, "fig1"), load(t, "fig1")
	fig1.Protocol.LearningRate /= 2
	leave(t, store, fig1, reports.Choice{Scale: sixteenth}, 9)
	draw(t, store, reports.Choice{Scale: sixteenth}, fig1)
	before := snapshot(t, store)
	leave(t, store, changed, reports.Choice{Scale: tiny}, 9)
	said := draw(t, store, reports.Choice{Scale: tiny}, changed)
	after := snapshot(t, store)
	checkKept(t, before, after)
	if !strings.Contains(said, "keep showing scale 1/16") || after["figures/fig1-scale-1-2000.png"] == "" {
		t.Errorf("said %q", said)
	}
	// Nor does the page lose it to another drawing.
	table6 := load(t, "table6")
	leave(t, store, table6, reports.Choice{Scale: sixteenth}, 1)
	if said := draw(t, store, reports.Choice{Scale: sixteenth}, table6); !strings.Contains(said, "report.html is left as it is: what it shows of fig1 was drawn of larger scales") {
		t.Errorf("said %q of the page", said)
	}
	if after := snapshot(t, store); after[reportFile] != before[reportFile] || after["figures/table6.png"] == "" {
		t.Error("the page has changed, or table6 is not drawn")
	}
	leave(t, store, changed, reports.Choice{Scale: sixteenth}, 9)
	if said := draw(t, store, reports.Choice{Scale: sixteenth}, changed); said != "" || snapshot(t, store)["tables/fig1-runs.csv"] == before["tables/fig1-runs.csv"] {
		t.Errorf("the changed spec does not replace the old one at its scale: said %q", said)
	}
}

// Where nobody can tell what figures show, they are left alone.
func TestUnreadableTableIsKept(t *testing.T) {
	store := newStore(t)
	fig1, changed := load(t, "fig1"), load(t, "fig1")
	fig1.Protocol.LearningRate /= 2
	leave(t, store, fig1, reports.Choice{Scale: sixteenth}, 9)
	draw(t, store, reports.Choice{Scale: sixteenth}, fig1)
	runs := filepath.Join(store.Dir(), "tables", "fig1-runs.csv")
	if err := errors.Join(os.Remove(runs), os.Mkdir(runs, 0o777)); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, store)
	leave(t, store, changed, reports.Choice{Scale: tiny}, 9)
	p := &Publisher{Store: store, Experiments: []*experiments.Experiment{changed}, Asked: reports.Choice{Scale: tiny}, Output: io.Discard, Progress: io.Discard}
	if _, err := p.Draw(t.Context(), p.AsAsked); err == nil || !strings.Contains(err.Error(), "drawing fig1: finding out which runs figures/fig1.* show: ") || !strings.Contains(err.Error(), runs) {
		t.Errorf("error %v", err)
	}
	leave(t, store, load(t, "table6"), reports.Choice{Scale: sixteenth}, 1)
	p.Experiments, p.Asked.Scale = []*experiments.Experiment{load(t, "table6")}, sixteenth
	if _, err := p.Draw(t.Context(), p.AsAsked); err == nil || !strings.Contains(err.Error(), runs) {
		t.Errorf("of another drawing: error %v", err)
	}
	after := snapshot(t, store)
	checkKept(t, before, after)
	if after["figures/table6.png"] == "" {
		t.Error("table6 is not drawn")
	}
}

// Version control leaves out runs that no drawing shows under its own name.
func TestIgnoredRuns(t *testing.T) {
	store := newStore(t)
	fig1 := load(t, "fig1")
	leave(t, store, fig1, reports.Choice{Scale: sixteenth}, 9)
	leave(t, store, fig1, reports.Choice{Scale: tiny}, 9)
	leave(t, store, fig1, reports.Choice{Scale: full, Synthetic: true}, 9)
	draw(t, store, reports.Choice{Scale: tiny}, fig1)
	draw(t, store, reports.Choice{Scale: full, Synthetic: true}, fig1)
	draw(t, store, reports.Choice{Scale: sixteenth}, fig1)
	ignored := func(r *results.Record) bool {
		content, err := os.ReadFile(filepath.Join(store.Path(r.Key), ".gitignore"))
		return err == nil && strings.HasSuffix(string(content), "\n*\n")
	}
	records, _ := store.Records()
	for _, r := range records {
		kept := r.Key.Spec.Scale == sixteenth
		if ignored(r) == kept {
			t.Errorf("%v at scale %s: ignored is %v", r.Key, r.Key.Spec.Scale, !kept)
		}
	}
	// Without the larger ones, the smaller ones are kept.
	for _, r := range records {
		if r.Key.Spec.Scale == sixteenth {
			if err := os.RemoveAll(store.Path(r.Key)); err != nil {
				t.Fatal(err)
			}
		}
	}
	draw(t, store, reports.Choice{Scale: tiny}, fig1)
	records, _ = store.Records()
	for _, r := range records {
		if ignored(r) == (!r.Key.Data.Synthetic) {
			t.Errorf("%v at scale %s, without larger ones: ignored is %v", r.Key, r.Key.Spec.Scale, ignored(r))
		}
	}
}

// A run that a verdict under an experiment's own name quotes is kept, though no
// picture shows it, and whatever was drawn last.
func TestQuotedRunsAreKept(t *testing.T) {
	if testing.Short() {
		t.Skip("draws three large figures, which takes a minute with the race detector")
	}
	store := newStore(t)
	fig6 := load(t, "fig6")
	leave(t, store, fig6, reports.Choice{Scale: full}, len(fig6.Networks)-2) // without ResNet-110 and 1202
	for _, scale := range []experiments.Scale{sixteenth, tiny} {
		leave(t, store, fig6, reports.Choice{Scale: scale}, len(fig6.Networks))
	}
	records, _ := store.Records()
	for _, scale := range []experiments.Scale{tiny, full, sixteenth} {
		draw(t, store, reports.Choice{Scale: scale}, fig6)
		for _, r := range records {
			_, err := os.Stat(filepath.Join(store.Path(r.Key), ".gitignore"))
			if ignored := err == nil; ignored != (r.Key.Spec.Scale == tiny) {
				t.Errorf("drawn at scale %s: %v: ignored is %v", scale, r.Key, ignored)
			}
		}
	}
}

// checkKept wants every file that was there, as it was.
func checkKept(t *testing.T, before, after map[string]string) {
	t.Helper()
	for name, content := range before {
		if after[name] != content {
			t.Errorf("%s has changed", name)
		}
	}
}
