package network_test

import (
	"encoding/json"
	"errors"
	"testing"

	"deepresidual/models/network"
)

func TestParse(t *testing.T) {
	wide := network.Network{Kind: network.Residual, Shortcut: network.Identity, Stages: [4]network.Stage{{1, 16}, {2, 48}, {3, 96}}}
	for _, c := range []struct {
		text  string
		want  network.Network
		depth int
	}{
		{"plain-20", network.Standard(network.Plain, 3), 20},
		{"resnet-110", network.Standard(network.Residual, 18), 110},
		{"resnet-1202", network.Standard(network.Residual, 200), 1202},
		{"plain-8", network.Standard(network.Plain, 1), 8}, // the shallowest there can be
		{"resnet-9998", network.Standard(network.Residual, 1666), 9998},
		{"residual blocks=1,2,3 channels=16,48,96 shortcut=A", wide, 14},
		{"plain blocks=1 channels=64", network.Network{Kind: network.Plain, Stages: [4]network.Stage{{1, 64}}}, 4},
	} {
		got, err := network.Parse(c.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.text, err)
			continue
		}
		if got != c.want || got.Depth() != c.depth || got.String() != c.text || got.Canonical() != c.text {
			t.Errorf("Parse(%q) = %v of %d layers, want %v of %d", c.text, got, got.Depth(), c.want, c.depth)
		}
	}
	// The default shortcut and the paper's networks have one text each.
	for text, want := range map[string]string{
		"residual channels=16,48,96 blocks=1,2,3":            wide.Canonical(),
		"residual blocks=9,9,9 channels=16,32,64 shortcut=A": "resnet-56",
		"plain blocks=3,3,3 channels=16,32,64":               "plain-20",
	} {
		if got, err := network.Parse(text); err != nil || got.String() != want {
			t.Errorf("Parse(%q) = %v, %v, want %s", text, got, err, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, name := range []string{"resnet20", "ResNet-56", "residual-110", "vgg16", "", "resnet-", "resnet-020", "resnet-+20", "plain-20 ", "resnet-99999999999999999999"} {
		var unknown *network.UnknownError
		if _, err := network.Parse(name); !errors.As(err, &unknown) || unknown.Name != name {
			t.Errorf("Parse(%q): %v, want that there is none", name, err)
		}
	}
	for _, c := range []struct{ name, want string }{
		{"plain-21", `network "plain-21": depth 21 is not 6n+2; the nearest are 20 and 26`},
		{"resnet-18", `network "resnet-18": depth 18 is not 6n+2; the nearest are 14 and 20`},
		{"resnet-1000", `network "resnet-1000": depth 1000 is not 6n+2; the nearest are 998 and 1004`},
		{"plain-2", `network "plain-2": 2 layers are outside 8 to 9998`},
		{"plain--4", `network "plain--4": -4 layers are outside 8 to 9998`},
		{"plain-10004", `network "plain-10004": 10004 layers are outside 8 to 9998`},
		{"residual blocks=1,x channels=16,16", `network "residual blocks=1,x channels=16,16": "1,x" is not a list of integers such as 1,2,3`},
		{"residual blocks=1 blocks=2", `network "residual blocks=1 blocks=2": "blocks" is there twice`},
		{"residual blocks=1 width=16", `network "residual blocks=1 width=16": "width=16" is not blocks=, channels= or shortcut=`},
		{"residual blocks=1 channels=20", `network "residual blocks=1 channels=20": channels: found 20, wanted multiples of 16 from 16 to 512`},
	} {
		if _, err := network.Parse(c.name); err == nil || err.Error() != c.want {
			t.Errorf("Parse(%q)\n got %v\nwant %s", c.name, err, c.want)
		}
	}
}

// The text form survives JSON both as a value and as a key.
func TestText(t *testing.T) {
	for _, want := range network.Paper() {
		text, err := json.Marshal(map[network.Network]network.Network{want: want})
		if err != nil {
			t.Fatal(err)
		}
		var got map[network.Network]network.Network
		if err := json.Unmarshal(text, &got); err != nil || got[want] != want {
			t.Errorf("%s came back as %v (%v)", text, got, err)
		}
	}
	named := network.Network{Kind: network.Residual, Name: "wide", Shortcut: network.Identity, Stages: [4]network.Stage{{1, 16}, {2, 48}}}
	text, err := named.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var got network.Network
	if err := got.UnmarshalText(text); err != nil || got.Canonical() != named.Canonical() {
		t.Errorf("%s came back as %s (%v)", text, got, err)
	}
	for name, n := range map[string]network.Network{
		"of no kind":          network.Standard("vgg", 3),
		"empty":               {Kind: network.Plain},
		"with an empty stage": {Kind: network.Plain, Stages: [4]network.Stage{{1, 16}, {}, {1, 16}}},
	} {
		if text, err := n.MarshalText(); err == nil {
			t.Errorf("a network %s was written as %q", name, text)
		}
	}
}
