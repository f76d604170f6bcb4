package experiments_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"deepresidual/experiments"
	"deepresidual/models/network"
)

// described is a spec that each case of TestDescribedErrors spoils in one place.
const described = `title = "T"
draw = "figure6"
networks = ["resnet-20", "wide", "projected", "twenty"]
hidden = ["projected"]

[seeds_for]
wide = [1, 2]

[network.wide]
kind = "residual"
blocks = [1, 2, 3]
channels = [16, 48, 96]

[network.projected]
kind = "residual"
blocks = [1, 2, 3]
channels = [16, 48, 96]
shortcut = "B"

[network.twenty] # the paper's, by another name
kind = "plain"
blocks = [3, 3, 3]
channels = [16, 32, 64]

[[panel]]
title = "P"
networks = ["wide", "resnet-20", "twenty"]

[paper.test]
wide = 8

[[claim]]
name = "c"
statement = "S"
kind = "higher"
metric = "test"
of = ["wide"]
than = ["projected"]
`

// A name that a spec gives to a network stands wherever networks are named.
func TestDescribed(t *testing.T) {
	e, err := experiments.Parse("mine.toml", []byte(described))
	if err != nil {
		t.Fatal(err)
	}
	wide := network.Network{Name: "wide", Kind: network.Residual, Shortcut: network.Identity, Stages: [network.MaxStages]network.Stage{{Blocks: 1, Channels: 16}, {Blocks: 2, Channels: 48}, {Blocks: 3, Channels: 96}}}
	projected := wide
	projected.Name, projected.Shortcut = "projected", network.ProjectionToGrow
	want := []network.Network{network.Standard(network.Residual, 3), wide, projected, network.Standard(network.Plain, 3)}
	if !slices.Equal(e.Networks, want) {
		t.Errorf("the networks are %v, want %v", e.Networks, want)
	}
	if e.Hidden[0] != projected || len(e.SeedsFor[wide]) != 2 || e.Panels[0].Networks[0] != wide || e.Paper.Test[wide] != 8 ||
		e.Claims[0].Of[0] != wide || e.Claims[0].Than[0] != projected || e.Claims[0].Name != "c" || e.Panels[0].Title != "P" {
		t.Errorf("names are read as %+v", e)
	}
}

func TestDescribedErrors(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"misspelt kind", `kind = "residual"
blocks = [1, 2, 3]
channels = [16, 48, 96]

[network.projected]`, `kind = "resnet"
blocks = [1, 2, 3]
channels = [16, 48, 96]

[network.projected]`, `:10: network.wide.kind: found "resnet", wanted "plain" or "residual"`},
		{"odd channels", "channels = [16, 32, 64]", "channels = [16, 32, 63]", `:23: network.twenty.channels: found 63, wanted multiples of 16 from 16 to 512`},
		{"channels missing", "channels = [16, 32, 64]", "", `:20: network.twenty.channels: has 0 numbers, wanted 3: one for each stage of blocks`},
		{"no blocks", "[3, 3, 3]", "[3, 0, 3]", `:22: network.twenty.blocks: found 0, wanted 1 or more in each stage`},
		{"blocks that are no integers", "[3, 3, 3]", "[3, 3.0, 3]", `:22: network.twenty.blocks: found 3.0, wanted an integer`},
		{"an unknown key", `shortcut = "B"`, `shortcuts = "B"`, `:18: network.projected.shortcuts: no such key; did you mean "shortcut"?`},
		{"a short unknown key", `shortcut = "B"`, `row = "B"`, `:18: network.projected.row: no such key; there are "blocks", "channels", "kind", "shortcut"`},
		{"an unknown option", `shortcut = "B"`, `shortcut = "D"`, `:18: network.projected.shortcut: found "D", wanted "A", "B" or "C", the options of section 4.1`},
		{"a shortcut of a plain network", "kind = \"plain\"", "kind = \"plain\"\nshortcut = \"A\"", `:22: network.twenty.shortcut: a plain network has no shortcuts`},
		{"a name of the paper's form", "[network.twenty]", "[network.plain-22]", `:20: network.plain-22: "plain-22" is the form of the paper's names, whose networks follow from their depth`},
		{"a name that is a path", "[network.twenty]", `[network."a/b"]`, `:20: network."a/b": "a/b" is not up to 64 lower-case letters, digits, hyphens and underscores, a letter or digit first`},
		{"no name", "[network.twenty]", `[network.""]`, `:20: network."": a network needs a name`},
		{"two names of one network", "wide = [1, 2]", "twenty = [1]\nplain-20 = [2]", `:8: seeds_for.plain-20: names the network that "twenty" names`},
		{"the same twice", `shortcut = "B"`, "", `:14: network.projected: describes the same network as wide`},
		{"not trained", `"projected", "twenty"]`, `"projected"]`, `:20: network.twenty: is not among the experiment's networks`},
		{"the paper's network twice", `"projected", "twenty"]`, `"projected", "twenty", "plain-20"]`, `:20: network.twenty: describes plain-20, which is among the experiment's networks by that name, too`},
		{"what it is twice", `"projected", "twenty"]`, `"projected", "twenty", "residual blocks=1,2,3 channels=16,48,96"]`, `:3: networks: names one network twice, wide and residual blocks=1,2,3 channels=16,48,96 shortcut=A`},
		{"its own name twice", `"projected", "twenty"]`, `"projected", "twenty", "twenty"]`, `:3: networks: names plain-20 twice`},
		{"a misspelt name", `networks = ["wide", "resnet-20", "twenty"]`, `networks = ["wild", "resnet-20", "twenty"]`, `:27: panel[1].networks: no network is called "wild"; did you mean "wide"?`},
		{"parts for maps of 4x4", "[3, 3, 3]\nchannels = [16, 32, 64]", "[1, 1, 1, 1]\nchannels = [16, 16, 16, 16]\n[protocol]\nnorm_batch = 16", `:25: protocol.norm_batch: found 16, wanted a multiple of 32 for twenty, which has maps of 4x4`},
		{"a table that is none", "[network.twenty] #", "[network]\ntwenty = 1\n[rest] #", `:21: network.twenty: found 1, wanted a table`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Count(described, c.old) != 1 {
				t.Fatalf("%q does not stand once in the spec", c.old)
			}
			_, err := experiments.Parse("mine.toml", []byte(strings.Replace(described, c.old, c.new, 1)))
			var spec *experiments.SpecError
			if !errors.As(err, &spec) || err.Error() != "mine.toml"+c.want {
				t.Errorf("\n got %v\nwant mine.toml%s", err, c.want)
			}
		})
	}
}
