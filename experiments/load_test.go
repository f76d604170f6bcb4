package experiments_test

import (
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deepresidual/experiments"
	"deepresidual/models/network"
)

var update = flag.Bool("update", false, "write the golden files in testdata instead of comparing with them")

// read returns a file of the package's folder.
func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A comparison of networks knows what the paper's had: one that stays at chance here
// and not there must not decide it.
func TestPaperOfClaims(t *testing.T) {
	all, err := experiments.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		for _, c := range e.Claims {
			given := e.Paper.Test
			if c.Metric == experiments.TrainingError {
				given = e.Paper.Training
			}
			for _, n := range slices.Concat(c.Of, c.Than) {
				compares := c.Kind == experiments.Higher || c.Kind == experiments.Decreasing || c.Kind == experiments.Widening
				if _, ok := given[n]; compares && !ok && n.String() != "plain-110" { // at chance in the paper, too
					t.Errorf("%s, claim %s: the paper's error of %s is missing", e.Name, c.Name, n)
				}
			}
		}
	}
}

// TestGolden compares every spec that comes with the program, resolved and with
// its runs, with testdata/NAME.json: a default that changes shows there.
func TestGolden(t *testing.T) {
	all, err := experiments.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		t.Run(e.Name, func(t *testing.T) {
			type run struct {
				Network network.Network
				Seed    int64
				Variant string `json:",omitempty"`
			}
			var runs []run
			for _, r := range e.Runs(experiments.Full(), nil) {
				runs = append(runs, run{r.Network, r.Seed, r.Variant})
			}
			got, err := json.MarshalIndent(struct {
				Spec     *experiments.Experiment
				Resolved experiments.Protocol
				Runs     []run
			}{e, e.Protocol.Scaled(experiments.Full()), runs}, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", e.Name+".json")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(read(t, golden), string(got)+"\n"); diff != "" {
				t.Errorf("%s differs (-golden +got); if it should, run with -update:\n%s", golden, diff)
			}
		})
	}
}

// TestQuotedScatter holds that claims of one metric are judged by the same scatter
// between others' seeds: but those about a mean of several runs, which have their own.
func TestQuotedScatter(t *testing.T) {
	all, err := experiments.All()
	if err != nil {
		t.Fatal(err)
	}
	first := make(map[string]experiments.Claim) // by metric
	for _, e := range all {
		for _, c := range e.Claims {
			// One that compares test errors quotes it, or a single run of each would count
			// as if it had none; but where many signs have to agree.
			many := c.Kind == experiments.Higher && len(c.Of) >= 5
			if c.Metric == experiments.TestError && c.Degrees == 0 && c.Kind != experiments.Above && c.Kind != experiments.Below && !many {
				t.Errorf("%s: %s quotes no scatter", e.Name, c.Name)
			}
			if c.Degrees == 0 || c.PaperRuns > 0 {
				continue
			}
			b, ok := first[c.Metric]
			if !ok {
				first[c.Metric] = c
			} else if b.Scatter != c.Scatter || b.Degrees != c.Degrees {
				t.Errorf("%s quotes a scatter of %v with %d degrees of freedom, %s of %v with %d", b.Name, b.Scatter, b.Degrees, c.Name, c.Scatter, c.Degrees)
			}
		}
	}
	if len(first) == 0 {
		t.Error("no claim quotes a scatter")
	}
}

// TestPaperProtocol holds that the specs of the paper's figures and tables train as the
// paper did, which is what lets them share runs.
func TestPaperProtocol(t *testing.T) {
	for _, name := range []string{"fig1", "fig6", "fig7", "table6", "compare", "choices"} {
		e, err := experiments.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(experiments.Paper(), e.Protocol); diff != "" {
			t.Errorf("%s does not follow the paper (-paper +%s):\n%s", name, name, diff)
		}
	}
}

func TestNames(t *testing.T) {
	want := []string{"fig1", "fig6", "fig7", "table6", "compare", "choices", "smoke"}
	if got := experiments.Names(); !slices.Equal(got, want) {
		t.Errorf("Names() = %q, want %q", got, want)
	}
	files, err := filepath.Glob("*.toml")
	if err != nil || len(files) != len(want) {
		t.Errorf("%d files are named, %q exist (%v)", len(want), files, err)
	}
}

func TestLoadPath(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.toml")
	if err := os.WriteFile(file, []byte(good), 0o666); err != nil {
		t.Fatal(err)
	}
	e, err := experiments.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if e.Name != "mine" || e.File != filepath.ToSlash(file) {
		t.Errorf("Name, File = %q, %q, want mine and %q", e.Name, e.File, file)
	}
}

func TestLoadErrors(t *testing.T) {
	const there = "(there are fig1, fig6, fig7, table6, compare, choices, smoke; your own is named by its path, as in ./mine.toml)"
	for _, c := range []struct{ name, want string }{
		{"fig2", `no experiment is called "fig2"; did you mean "fig1"? ` + there},
		{"tabel6", `no experiment is called "tabel6"; did you mean "table6"? ` + there},
		{"", `no experiment is called "" ` + there},
		{"imagenet", `no experiment is called "imagenet" ` + there},
	} {
		if _, err := experiments.Load(c.name); err == nil || err.Error() != c.want {
			t.Errorf("Load(%q)\n got %v\nwant %s", c.name, err, c.want)
		}
	}
	_, err := experiments.Load("nowhere/mine.toml")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nowhere/mine.toml") {
		t.Errorf("a missing file is %v", err)
	}
}

// What is no spec by its kind or size is refused, and not waited for or read to
// the end of memory.
func TestLoadOddFiles(t *testing.T) {
	long := filepath.Join(t.TempDir(), "long.toml")
	if err := os.WriteFile(long, []byte(strings.Repeat("#\n", 1<<19+1)), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{os.DevNull, "it is not a regular file"}, {t.TempDir(), "it is a folder; name the file in it"}, {long, "longer than the 1048576 bytes"},
	} {
		if c.path == "NUL" {
			continue // no path, but a name on Windows
		}
		_, err := experiments.Load(c.path)
		if err == nil || !strings.Contains(err.Error(), c.path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.path, err, c.want)
		}
	}
}

// TestRuns holds the order of runs and where their seeds come from.
func TestRuns(t *testing.T) {
	e, err := experiments.Parse("good.toml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	eighth := experiments.Scale{Num: 1, Den: 8}
	for _, c := range []struct {
		name  string
		seeds []int64
		want  string
	}{
		{"of the spec", nil, "plain-20/3 plain-20/4 resnet-20/3 resnet-20/4 resnet-110/1 resnet-110/2"},
		{"of the user", []int64{7}, "plain-20/7 resnet-20/7 resnet-110/7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			runs := e.Runs(eighth, c.seeds)
			for _, r := range runs {
				got = append(got, r.Network.String()+"/"+string(rune('0'+r.Seed)))
				if r.Scale != eighth || r.Protocol.Iterations != 125 || r.Protocol.EvalInterval != 25 {
					t.Errorf("%s is not resolved at 1/8: %+v", r.Network, r)
				}
			}
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("runs\n got %s\nwant %s", got, c.want)
			}
			runs[0].Protocol.Milestones[0] = 1
			if runs[1].Protocol.Milestones[0] == 1 || e.Protocol.Milestones[0] == 1 {
				t.Error("runs share their milestones")
			}
		})
	}
}

// TestSharedRuns holds that one run serves several figures.
func TestSharedRuns(t *testing.T) {
	all, err := experiments.All()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]string)
	for _, e := range all {
		for _, r := range e.Runs(experiments.Full(), nil) {
			key, err := json.Marshal(r.RunSpec)
			if err != nil {
				t.Fatal(err)
			}
			if r.Network == (network.Standard(network.Plain, 3)) {
				found[string(key)] = append(found[string(key)], e.Name)
			}
		}
	}
	var got []string
	for _, names := range found {
		got = append(got, strings.Join(names, " "))
	}
	slices.Sort(got)
	if want := []string{"fig1 fig6 fig7 compare", "smoke"}; !slices.Equal(got, want) {
		t.Errorf("plain-20 is shared by %q, want %q", got, want)
	}
}
