package experiments_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"deepresidual/experiments"
	"deepresidual/models/network"
)

// good is a spec that each case of TestParseErrors spoils in one place.
const good = `title = "T"
draw = "figure6"
networks = ["plain-20", "resnet-20", "resnet-110"]
hidden = ["plain-20"]
seeds = [3, 4]

[seeds_for]
resnet-110 = [1, 2]

[protocol]
batch = 64
iterations = 1000
milestones = [500, 750]
flip = false

[[panel]]
title = "left"
networks = ["resnet-20"]

[[panel]]
title = "right"
networks = ["resnet-110"]
from_iteration = 800

[paper.test]
resnet-20 = 8.75

[paper.mean]
resnet-20 = 9

[paper.note]
resnet-20 = "noted"

[[claim]]
name = "first"
statement = "S"
kind = "higher"
metric = "test"
of = ["plain-20"]
than = ["resnet-20"]

[[claim]]
name = "second"
statement = "S"
kind = "within"
metric = "test"
of = ["resnet-20"]
value = 8.75
scatter = 0.5
degrees = 4
`

// quoting is a spec with all that only a table of methods shows.
const quoting = `title = "T"
draw = "table6"
networks = ["resnet-20"]
public_source = "S"

[paper.mean]
resnet-20 = 9

[paper.std]
resnet-20 = 0.5

[public]
resnet-20 = 8.27

[[row]]
name = "Highway"
error = 7.54
mean = 7.72
std = 0.16
`

func TestParse(t *testing.T) {
	got, err := experiments.Parse("dir/good.toml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	p20 := network.Standard(network.Plain, 3)
	r20 := network.Standard(network.Residual, 3)
	r110 := network.Standard(network.Residual, 18)
	protocol := experiments.Paper()
	protocol.Batch, protocol.Iterations, protocol.Milestones, protocol.Flip = 64, 1000, []int{500, 750}, false
	want := &experiments.Experiment{
		Name: "good", File: "dir/good.toml", Title: "T", Draw: experiments.Figure6,
		Networks: []network.Network{p20, r20, r110},
		Hidden:   []network.Network{p20},
		Seeds:    []int64{3, 4},
		SeedsFor: map[network.Network][]int64{r110: {1, 2}},
		Protocol: protocol,
		Panels: []experiments.Panel{
			{Title: "left", Networks: []network.Network{r20}},
			{Title: "right", Networks: []network.Network{r110}, From: 800},
		},
		Paper: experiments.Reference{
			Test: map[network.Network]float64{r20: 8.75},
			Mean: map[network.Network]float64{r20: 9},
			Note: map[network.Network]string{r20: "noted"},
		},
		Claims: []experiments.Claim{
			{Name: "first", Statement: "S", Kind: experiments.Higher, Metric: experiments.TestError,
				Of: []network.Network{p20}, Than: []network.Network{r20}},
			{Name: "second", Statement: "S", Kind: experiments.Within, Metric: experiments.TestError,
				Of: []network.Network{r20}, Value: 8.75, Scatter: 0.5, Degrees: 4},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestParseQuoting(t *testing.T) {
	got, err := experiments.Parse("quoting.toml", []byte(quoting))
	if err != nil {
		t.Fatal(err)
	}
	r20 := network.Standard(network.Residual, 3)
	want := &experiments.Experiment{
		Name: "quoting", File: "quoting.toml", Title: "T", Draw: experiments.Table6,
		Networks: []network.Network{r20}, Seeds: []int64{1}, Protocol: experiments.Paper(),
		Paper: experiments.Reference{
			Mean: map[network.Network]float64{r20: 9},
			Std:  map[network.Network]float64{r20: 0.5},
		},
		Public: map[network.Network]float64{r20: 8.27}, PublicSource: "S",
		Rows: []experiments.ReferenceRow{{Name: "Highway", Error: 7.54, Mean: 7.72, Std: 0.16}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

// TestParseDefaults holds what a spec of the fewest keys means.
func TestParseDefaults(t *testing.T) {
	const text = "title = \"T\"\ndraw = \"curves\"\nnetworks = [\"plain-20\"]\n[protocol]\nmomentum = 0"
	got, err := experiments.Parse("fewest.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	protocol := experiments.Paper()
	protocol.Momentum = 0 // given, though it is the zero value
	want := &experiments.Experiment{
		Name: "fewest", File: "fewest.toml", Title: "T", Draw: experiments.Curves,
		Networks: []network.Network{network.Standard(network.Plain, 3)},
		Seeds:    []int64{1}, Protocol: protocol,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

// TestParseErrors spoils the good spec, by replacing old with new, and compares
// the whole line that a user would read.
func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		// The TOML itself.
		{"syntax", `title = "T"`, `title = `, `:1: not valid TOML: expected value but found '\n' instead`},
		{"key twice", "batch = 64", "batch = 64\nbatch = 64", `:12: not valid TOML: Key 'protocol.batch' has already been defined.`},
		{"not text", `title = "T"`, "title = \"\xff\"", `:1: not valid TOML: invalid UTF-8 byte: 0xff`},

		// Keys that do not exist.
		{"unknown key", "batch = 64", "bacth = 64", `:11: protocol.bacth: no such key; did you mean "batch"?`},
		{"unknown key, nothing near", "batch = 64", "dropout_probability = 0.5", `:11: protocol.dropout_probability: no such key; there are "batch", "decay_norm", "eval_interval", "flip", "initialisation", "iterations", "last_layer", "learning_rate", "learning_rate_divisor", "milestones", "momentum", "nesterov", "norm_batch", "norm_epsilon", "norm_momentum", "pad", "padding_side", "validation", "warmup_from_depth", "warmup_learning_rate", "warmup_training_error", "warmup_window", "weight_decay"`},
		{"other case", "batch = 64", "Batch = 64", `:11: protocol.Batch: no such key; did you mean "batch"?`},
		{"both cases", "batch = 64", "batch = 64\nBATCH = 32", `:12: protocol.BATCH: no such key; did you mean "batch"?`},
		{"unknown table", "[protocol]", "[protocols]", `:10: protocols: no such key; did you mean "protocol"?`},
		{"unknown key of a table in a list", `kind = "higher"`, `kin = "higher"`, `:37: claim[1].kin: no such key; did you mean "kind"?`},
		{"unknown key of the second table", `kind = "within"`, `kin = "within"`, `:45: claim[2].kin: no such key; did you mean "kind"?`},
		{"key of a table by itself", `flip = false`, `flip.x = false`, `:10: protocol.flip: found a table, wanted true or false`},

		// Wrong types.
		{"string for integer", "batch = 64", `batch = "64"`, `:11: protocol.batch: found "64", wanted an integer`},
		{"float for integer", "batch = 64", `batch = 64.0`, `:11: protocol.batch: found 64.0, wanted an integer`},
		{"integer for boolean", "flip = false", `flip = 0`, `:14: protocol.flip: found 0, wanted true or false`},
		{"boolean for number", "resnet-20 = 8.75", `resnet-20 = true`, `:26: paper.test.resnet-20: found true, wanted a number`},
		{"date for string", `title = "T"`, `title = 2015-12-10`, `:1: title: found a date or time, wanted a string`},
		{"number for list", "seeds = [3, 4]", "seeds = 3", `:5: seeds: found 3, wanted a list`},
		{"list in list", "seeds = [3, 4]", "seeds = [[3], 4]", `:5: seeds: found a list, wanted an integer`},
		{"number for network", `hidden = ["plain-20"]`, "hidden = [20]", `:4: hidden: found 20, wanted a name in quotes`},
		{"integer beyond a float", "resnet-20 = 8.75", "resnet-20 = 9223372036854775807", `:26: paper.test.resnet-20: found 9223372036854775807, wanted a number`},
		{"wrong type in a third table", "degrees = 4\n", "degrees = 4\n[[panel]]\ntitle = 1\n", `:52: panel[3].title: found 1, wanted a string`},

		{"wrong type in an inline table", "seeds = [3, 4]\n\n[seeds_for]\nresnet-110 = [1, 2]", `seeds_for = { resnet-110 = 3 }`, `:5: seeds_for.resnet-110: found 3, wanted a list`},

		// Networks.
		{"misspelt", `"resnet-20", "resnet-110"]`, `"resnet-20", "resent-110"]`, `:3: networks: no network is called "resent-110"; did you mean "resnet-110"?`},
		{"depth", `"resnet-20", "resnet-110"]`, `"resnet-20", "resnet-52"]`, `:3: networks: network "resnet-52": depth 52 is not 6n+2; the nearest are 50 and 56`},
		{"no networks", `networks = ["plain-20", "resnet-20", "resnet-110"]`, "networks = []", `:3: networks: missing or empty; wanted at least one`},
		{"networks missing", `networks = ["plain-20", "resnet-20", "resnet-110"]`, "", `: networks: missing or empty; wanted at least one`},
		{"network twice", `"resnet-20", "resnet-110"]`, `"resnet-20", "resnet-20"]`, `:3: networks: names resnet-20 twice`},
		{"hidden is not trained", `hidden = ["plain-20"]`, `hidden = ["plain-32"]`, `:4: hidden: names plain-32, which is not among the experiment's networks`},
		{"hidden twice", `hidden = ["plain-20"]`, `hidden = ["plain-20", "plain-20"]`, `:4: hidden: names plain-20 twice`},
		{"all hidden", `hidden = ["plain-20"]`, `hidden = ["plain-20", "resnet-20", "resnet-110"]`, `:4: hidden: hides every network; nothing is left to draw`},

		// Seeds.
		{"no seeds", "seeds = [3, 4]", "seeds = []", `:5: seeds: missing or empty; wanted at least one`},
		{"seed twice", "seeds = [3, 4]", "seeds = [3, 3]", `:5: seeds: names 3 twice`},
		{"negative seed", "seeds = [3, 4]", "seeds = [-3, 4]", `:5: seeds: found -3, wanted 0 or more`},
		{"seeds of a network that is not trained", "resnet-110 = [1, 2]", "resnet-32 = [1, 2]", `:8: seeds_for.resnet-32: names resnet-32, which is not among the experiment's networks`},
		{"no seeds of a network", "resnet-110 = [1, 2]", "resnet-110 = []", `:8: seeds_for.resnet-110: missing or empty; wanted at least one`},
		{"seed of a network twice", "resnet-110 = [1, 2]", "resnet-110 = [2, 2]", `:8: seeds_for.resnet-110: names 2 twice`},

		// Title and drawing.
		{"no title", `title = "T"`, ``, `: title: missing or empty`},
		{"blank title", `title = "T"`, `title = " "`, `:1: title: missing or empty`},
		{"title of two lines", `title = "T"`, `title = "T\nU"`, `:1: title: has a line break; wanted one line`},
		{"no drawing", `draw = "figure6"`, ``, `: draw: missing; there are "figure1", "figure6", "figure7", "table6", "compare", "curves", "choices"`},
		{"unknown drawing", `draw = "figure6"`, `draw = "figur6"`, `:2: draw: nothing is called "figur6" that can be drawn; did you mean "figure6"?`},
		{"panels of another drawing", `draw = "figure6"`, `draw = "figure1"`, `:16: panel[1]: "figure1" has no panels, only "figure6" has`},

		// Protocol. TestProtocolCheck has the rest of the ranges.
		{"out of range", "batch = 64", "batch = 0", `:11: protocol.batch: found 0, wanted a number from 1 to 8192`},
		{"milestone past the end", "milestones = [500, 750]", "milestones = [500, 1000]", `:13: protocol.milestones: 1000 is past the end of training, which has 1000 iterations`},
		{"the paper's milestones past a shorter end", "milestones = [500, 750]\n", "", `:10: protocol.milestones: 32000 is past the end of training, which has 1000 iterations`},
		{"milestones not increasing", "milestones = [500, 750]", "milestones = [750, 500]", `:13: protocol.milestones: 500 does not come after 750; wanted increasing numbers of iterations`},
		{"no milestones", "milestones = [500, 750]", "milestones = []", `:13: protocol.milestones: an empty list; for a learning rate that never drops give one milestone and set learning_rate_divisor to 1`},

		// Panels.
		{"panel without networks", `networks = ["resnet-20"]`, ``, `:16: panel[1].networks: missing or empty; wanted at least one`},
		{"panel without title", `title = "right"`, ``, `:20: panel[2].title: missing or empty`},
		{"panel of a network that is not trained", `networks = ["resnet-110"]`, `networks = ["resnet-32"]`, `:22: panel[2].networks: names resnet-32, which is not among the experiment's networks`},
		{"panel of a hidden network", `networks = ["resnet-110"]`, `networks = ["plain-20"]`, `:22: panel[2].networks: names plain-20, which is hidden`},
		{"panel from past the end", "from_iteration = 800", "from_iteration = 1000", `:23: panel[2].from_iteration: found 1000, wanted 0 to 999, before the end of training`},

		// Reference numbers.
		{"number of a network that is not trained", "resnet-20 = 8.75", "resnet-32 = 7.51", `:26: paper.test.resnet-32: names resnet-32, which is not among the experiment's networks`},
		{"network in no panel", "[[panel]]\ntitle = \"right\"\nnetworks = [\"resnet-110\"]\nfrom_iteration = 800\n", "", `:3: networks: names resnet-110, which is in no [[panel]]; name it in one, or in hidden`},
		{"empty note", `resnet-20 = "noted"`, `resnet-20 = ""`, `:32: paper.note.resnet-20: missing or empty`},

		// Claims.
		{"claim without name", `name = "first"`, ``, `:34: claim[1].name: found "", wanted lower-case letters, digits and hyphens`},
		{"claim's name twice", `name = "second"`, `name = "first"`, `:43: claim[2].name: an earlier claim is called "first" too`},
		{"claim's name in capitals", `name = "first"`, `name = "First"`, `:35: claim[1].name: found "First", wanted lower-case letters, digits and hyphens`},
		{"no statement", "statement = \"S\"\nkind = \"higher\"", `kind = "higher"`, `:34: claim[1].statement: missing or empty`},
		{"unknown kind", `kind = "higher"`, `kind = "highest"`, `:37: claim[1].kind: no kind of claim is called "highest"; did you mean "higher"?`},
		{"unknown metric", "metric = \"test\"\nof = [\"plain-20\"]", "metric = \"tests\"\nof = [\"plain-20\"]", `:38: claim[1].metric: no metric is called "tests"; did you mean "test"?`},
		{"no metric", "metric = \"test\"\nof = [\"plain-20\"]", "of = [\"plain-20\"]", `:34: claim[1].metric: missing; a claim of kind "higher" needs it`},
		{"claim of no network", "of = [\"plain-20\"]\n", "", `:34: claim[1].of: missing; a claim of kind "higher" needs it`},
		{"claim of an empty list", `of = ["plain-20"]`, `of = []`, `:39: claim[1].of: missing or empty; wanted at least one`},
		{"claim of a network that is not trained", `of = ["plain-20"]`, `of = ["plain-32"]`, `:39: claim[1].of: names plain-32, which is not among the experiment's networks`},
		{"claim against a network that is not trained", `than = ["resnet-20"]`, `than = ["resnet-32"]`, `:40: claim[1].than: names resnet-32, which is not among the experiment's networks`},
		{"claim against itself", `than = ["resnet-20"]`, `than = ["plain-20"]`, `:40: claim[1].than: compares plain-20 with itself`},
		{"claim without pairs", `than = ["resnet-20"]`, `than = ["resnet-20", "resnet-110"]`, `:40: claim[1].than: names 2 networks, wanted 1: one for each of "of"`},
		{"key of another kind", `than = ["resnet-20"]`, "than = [\"resnet-20\"]\nvalue = 1", `:41: claim[1].value: a claim of kind "higher" has no value`},
		{"value missing", "value = 8.75\n", "", `:42: claim[2].value: missing; a claim of kind "within" needs it`},
		{"value out of range", "value = 8.75", "value = -1", `:48: claim[2].value: found -1, wanted a number from 0 to 100`},
		{"scatter out of range", "scatter = 0.5", "scatter = inf", `:49: claim[2].scatter: found +Inf, wanted a number above 0, at most 100`},
		{"no scatter", "scatter = 0.5", "scatter = 0", `:49: claim[2].scatter: found 0, wanted a number above 0, at most 100`},
		{"a scatter known from nothing", "degrees = 4", "degrees = 0", `:50: claim[2].degrees: found 0, wanted a number from 1 to 1000`},
		{"degrees out of range", "degrees = 4", "degrees = -4", `:50: claim[2].degrees: found -4, wanted a number from 1 to 1000`},
		{"scatter without degrees", "degrees = 4\n", "", `:42: claim[2].degrees: missing; "scatter" needs it`},
		{"degrees without scatter", "scatter = 0.5\n", "", `:42: claim[2].scatter: missing; "degrees" needs it`},
		{"runs of another kind", `than = ["resnet-20"]`, "than = [\"resnet-20\"]\npaper_runs = 5", `:41: claim[1].paper_runs: a claim of kind "higher" has no paper_runs`},
		{"too few to decrease", "kind = \"within\"\nmetric = \"test\"\nof = [\"resnet-20\"]\nvalue = 8.75\nscatter = 0.5\ndegrees = 4", "kind = \"decreasing\"\nmetric = \"test\"\nof = [\"resnet-20\"]", `:47: claim[2].of: names 1 network, a claim of kind "decreasing" needs at least 2`},
		{"shallow network warms up", "kind = \"within\"\nmetric = \"test\"\nof = [\"resnet-20\"]\nvalue = 8.75\nscatter = 0.5\ndegrees = 4", "kind = \"warmed-up\"\nof = [\"resnet-20\"]", `:46: claim[2].of: names resnet-20, which does not warm up: protocol.warmup_from_depth is 110`},
	} {
		t.Run(c.name, func(t *testing.T) { spoil(t, good, c.old, c.new, c.want) })
	}
}

// TestQuotingErrors does the same with what only a table of methods shows.
func TestQuotingErrors(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"no network's name", "resnet-20 = 8.27", "resnet20 = 8.27", `:13: public.resnet20: no network is called "resnet20"; did you mean "resnet-20"?`},
		{"value for table", "[public]\nresnet-20 = 8.27", "[protocol.public]", `:12: protocol.public: no such key; there are "batch", "decay_norm", "eval_interval", "flip", "initialisation", "iterations", "last_layer", "learning_rate", "learning_rate_divisor", "milestones", "momentum", "nesterov", "norm_batch", "norm_epsilon", "norm_momentum", "pad", "padding_side", "validation", "warmup_from_depth", "warmup_learning_rate", "warmup_training_error", "warmup_window", "weight_decay"`},
		{"table for list of tables", "[[row]]", "[row]", `:15: row: found a table, wanted a list`},
		{"no percentage", "resnet-20 = 8.27", "resnet-20 = 827", `:13: public.resnet-20: found 827, wanted a number from 0 to 100`},
		{"not a number", "resnet-20 = 8.27", "resnet-20 = nan", `:13: public.resnet-20: found NaN, wanted a number from 0 to 100`},
		{"title with an escape", `title = "T"`, `title = "T\u001b[2J"`, `:1: title: has a control character; wanted what can be printed`},
		{"source of two lines", `"S"`, `"S\nT"`, `:4: public_source: has a line break; wanted one line`},
		{"deviation from nothing", "[paper.mean]\nresnet-20 = 9\n", "", `:8: paper.std.resnet-20: there is no paper.mean that it could be the deviation from`},
		{"row without name", `name = "Highway"`, ``, `:15: row[1].name: missing or empty`},
		{"row without error", `error = 7.54`, ``, `:15: row[1].error: missing or 0; wanted a number of percent above 0`},
		{"row with parameters in thousands", "error = 7.54", "error = 7.54\nparams = \"800k\"", `:18: row[1].params: found "800k", wanted millions, such as "2.5M"`},
		{"row with more parameters than there are", "error = 7.54", "error = 7.54\nparams = \"99999999999999999999M\"", `:18: row[1].params: found "99999999999999999999M", wanted millions, such as "2.5M"`},
		{"row with layers that are no number", "error = 7.54", "error = 7.54\nlayers = \"19\\u001b[2J\"", `:18: row[1].layers: found "19\x1b[2J", wanted a number, such as "19"`},
		{"row with deviation only", `mean = 7.72`, ``, `:15: row[1].mean: missing or 0; wanted a number of percent above 0`},
		{"deviation in another drawing", `draw = "table6"`, `draw = "curves"`, `:9: paper.std: "curves" does not show it, only "table6" does`},
		{"public errors in another drawing", "draw = \"table6\"\nnetworks = [\"resnet-20\"]\npublic_source = \"S\"\n\n[paper.mean]\nresnet-20 = 9\n\n[paper.std]\nresnet-20 = 0.5\n", "draw = \"compare\"\nnetworks = [\"resnet-20\"]\n", `:5: public: "compare" does not show it, only "table6" does`},
		{"rows in another drawing", "draw = \"table6\"\nnetworks = [\"resnet-20\"]\npublic_source = \"S\"\n\n[paper.mean]\nresnet-20 = 9\n\n[paper.std]\nresnet-20 = 0.5\n\n[public]\nresnet-20 = 8.27\n", "draw = \"curves\"\nnetworks = [\"resnet-20\"]\n", `:5: row[1]: "curves" does not show it, only "table6" does`},
	} {
		t.Run(c.name, func(t *testing.T) { spoil(t, quoting, c.old, c.new, c.want) })
	}
}

// spoil parses a spec with old replaced by new, and compares the error.
func spoil(t *testing.T, spec, old, new, want string) {
	t.Helper()
	if !strings.Contains(spec, old) {
		t.Fatalf("the spec has no %q", old)
	}
	_, err := experiments.Parse("dir/bad.toml", []byte(strings.Replace(spec, old, new, 1)))
	if err == nil {
		t.Fatal("no error")
	}
	if got, want := err.Error(), "dir/bad.toml"+want; got != want {
		t.Errorf("error\n got %s\nwant %s", got, want)
	}
	var problem *experiments.SpecError
	if !errors.As(err, &problem) || problem.File != "dir/bad.toml" {
		t.Errorf("%T is no SpecError with its file", err)
	}
}

// A key within an inline table is found by the line of the list that it is in.
func TestInlineTables(t *testing.T) {
	const spec = `title = "T"
draw = "curves"
networks = ["plain-20"]
claim = [ { name = "a", statement = "S", kind = "above", metric = "tset", of = ["plain-20"], value = 1 } ]
`
	_, err := experiments.Parse("f.toml", []byte(spec))
	const want = `f.toml:4: claim[1].metric: no metric is called "tset"; did you mean "test"?`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestParseName(t *testing.T) {
	long := strings.Repeat("x", 101)
	for name, want := range map[string]string{
		"my spec": `dir/my spec.toml: the file's name "my spec" names the experiment: only letters, digits, - and _ can stand before .toml`,
		"Aux":     `dir/Aux.toml: the file's name "Aux" is a device on Windows, where no file can be called so`,
		long:      "dir/" + long + ".toml: the file's name has 101 letters before .toml, wanted at most 100",
	} {
		if _, err := experiments.Parse("dir/"+name+".toml", []byte(good)); err == nil || err.Error() != want {
			t.Errorf("error\n got %v\nwant %s", err, want)
		}
	}
}

// FuzzParse looks for a text that breaks the reader, for an error that is not one
// printable line, and for an experiment that was accepted but cannot be run.
func FuzzParse(f *testing.F) {
	f.Add(good)
	for _, name := range experiments.Names() {
		e, err := experiments.Load(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(read(f, strings.TrimPrefix(e.File, "experiments/")))
	}
	for _, text := range []string{"", "[[claim]]", "a.b = 1\n[[a]]", "title = '''\nseeds = 1\n'''", "[[a.b]]\n[a.c]\n\"", "'x", `x.`, "paper.test = { resnet-20 = 'x' }", "networks = [{}]"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := experiments.Parse("fuzz.toml", []byte(text))
		if err != nil {
			var spec *experiments.SpecError
			if !errors.As(err, &spec) {
				t.Fatalf("%T is no SpecError", err)
			}
			if line := err.Error(); strings.ContainsFunc(line, unicode.IsControl) {
				t.Fatalf("error is not one printable line: %q", line)
			}
			if spec.Line < 0 || spec.Line > strings.Count(text, "\n")+1 {
				t.Fatalf("line %d is not in the text", spec.Line)
			}
			return
		}
		if err := e.Protocol.Check(); err != nil {
			t.Fatalf("accepted a protocol that Check does not: %v", err)
		}
		for _, run := range e.Runs(experiments.Scale{Num: 1, Den: 1_000_000}, nil) {
			if run.Protocol.Iterations < 1 || run.Protocol.EvalInterval < 1 || run.Protocol.EvalInterval > run.Protocol.Iterations {
				t.Fatalf("unusable run %+v", run)
			}
		}
		runs := map[string]bool{}
		for _, run := range e.Runs(experiments.Full(), nil) {
			if err := run.Protocol.Check(); err != nil {
				t.Fatalf("accepted a protocol of a variant that Check does not: %v", err)
			}
			this := fmt.Sprintf("%+v", run.RunSpec)
			if runs[this] {
				t.Fatalf("two runs are %s", this)
			}
			runs[this] = true
		}
	})
}
