package network_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"deepresidual/models/network"
)

func TestDescription(t *testing.T) {
	for _, c := range []struct {
		name string
		d    network.Description
		want string // name and canonical text
	}{
		{"of no name", network.Description{Kind: "residual", Blocks: []int{1, 2}, Channels: []int{16, 16}}, "residual blocks=1,2 channels=16,16 shortcut=A"},
		{"odd", network.Description{Kind: "residual", Blocks: []int{1, 2, 3}, Channels: []int{16, 48, 96}, Shortcut: "B"}, "residual blocks=1,2,3 channels=16,48,96 shortcut=B"},
		{"resnet-18-like", network.Description{Kind: "residual", Blocks: []int{2, 2, 2, 2}, Channels: []int{64, 128, 256, 512}, Shortcut: "B"}, "residual blocks=2,2,2,2 channels=64,128,256,512 shortcut=B"},
		{"narrowing", network.Description{Kind: "residual", Blocks: []int{1, 1}, Channels: []int{64, 16}, Shortcut: "C"}, "residual blocks=1,1 channels=64,16 shortcut=C"},
		{"plain_one", network.Description{Kind: "plain", Blocks: []int{2, 1}, Channels: []int{32, 16}}, "plain blocks=2,1 channels=32,16"},
		{"the paper's", network.Description{Kind: "residual", Blocks: []int{9, 9, 9}, Channels: []int{16, 32, 64}, Shortcut: "A"}, "resnet-56"},
	} {
		name := c.name
		if strings.Contains(name, " ") {
			name = ""
		}
		n, err := c.d.Network(name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if n.Canonical() != c.want || name != "" && n.String() != name {
			t.Errorf("%s is called %s, %s, want %s", c.name, n, n.Canonical(), c.want)
		}
		again, err := n.Description().Network(n.Name)
		if err != nil || again != n {
			t.Errorf("%s described again is %v (%v)", c.name, again, err)
		}
	}
	// However it is called, a network of the paper is that one.
	n, err := network.Description{Kind: "residual", Blocks: []int{3, 3, 3}, Channels: []int{16, 32, 64}}.Network("mine")
	if err != nil || n != network.Standard(network.Residual, 3) {
		t.Errorf("resnet-20 under another name is %v (%v)", n, err)
	}
}

func TestDescriptionErrors(t *testing.T) {
	good := network.Description{Kind: "residual", Blocks: []int{1, 2, 3}, Channels: []int{16, 48, 96}, Shortcut: "A"}
	for _, c := range []struct {
		name, called string
		set          func(*network.Description)
		want         string
	}{
		{"no kind", "", func(d *network.Description) { d.Kind = "" }, `kind: found "", wanted "plain" or "residual"`},
		{"the prefix for a kind", "", func(d *network.Description) { d.Kind = "resnet" }, `kind: found "resnet", wanted "plain" or "residual"`},
		{"no blocks", "", func(d *network.Description) { d.Blocks = nil }, `blocks: missing or empty; wanted the number of blocks of each stage, such as [3, 3, 3]`},
		{"zero blocks", "", func(d *network.Description) { d.Blocks[1] = 0 }, `blocks: found 0, wanted 1 or more in each stage`},
		{"negative blocks", "", func(d *network.Description) { d.Blocks[2] = -3 }, `blocks: found -3, wanted 1 or more in each stage`},
		{"too few channels", "", func(d *network.Description) { d.Channels = d.Channels[:2] }, `channels: has 2 numbers, wanted 3: one for each stage of blocks`},
		{"no channels", "", func(d *network.Description) { d.Channels = nil }, `channels: has 0 numbers, wanted 3: one for each stage of blocks`},
		{"too many stages", "", func(d *network.Description) {
			d.Blocks, d.Channels = []int{1, 1, 1, 1, 1}, []int{16, 16, 16, 16, 16}
		}, `blocks: describes 5 stages; there can be 4: each halves maps of 32x32, and those of the last are of 4x4`},
		{"channels no multiple", "", func(d *network.Description) { d.Channels[1] = 40 }, `channels: found 40, wanted multiples of 16 from 16 to 512`},
		{"zero channels", "", func(d *network.Description) { d.Channels[0] = 0 }, `channels: found 0, wanted multiples of 16 from 16 to 512`},
		{"too wide", "", func(d *network.Description) { d.Channels[2] = 1024 }, `channels: found 1024, wanted multiples of 16 from 16 to 512`},
		{"no such shortcut", "", func(d *network.Description) { d.Shortcut = "a" }, `shortcut: found "a", wanted "A", "B" or "C", the options of section 4.1`},
		{"shortcuts of a plain network", "", func(d *network.Description) { d.Kind = "plain" }, `shortcut: a plain network has no shortcuts`},
		{"shrinking identity", "", func(d *network.Description) { d.Channels[1], d.Channels[2] = 96, 48 }, `channels: fall from 96 to 48, where shortcut "A" can only add zero channels; wanted shortcut "B" or "C"`},
		{"too deep", "", func(d *network.Description) { d.Blocks[0] = 5000 }, `blocks: 5005 blocks make 10012 layers, wanted at most 9998`},
		{"absurdly deep", "", func(d *network.Description) { d.Blocks[0] = 1 << 62 }, `blocks: found 4611686018427387904, wanted 1 to 9998`},
		{"too large", "", func(d *network.Description) { d.Channels[2], d.Blocks[2] = 512, 30 }, `channels: make 139560858 parameters, wanted at most 100000000`},
		{"a name of the paper's form", "resnet-57", nil, `name: "resnet-57" is the form of the paper's names, whose networks follow from their depth`},
		{"a name that is a path", "../x", nil, `name: "../x" is not up to 64 lower-case letters, digits, hyphens and underscores, a letter or digit first`},
		{"a device's name", "nul", nil, `name: "nul" is a device on Windows, where no folder can be called so`},
		{"a name in capitals", "Wide", nil, `name: "Wide" is not up to 64 lower-case letters, digits, hyphens and underscores, a letter or digit first`},
		{"a name like an option", "-wide", nil, `name: "-wide" is not up to 64 lower-case letters, digits, hyphens and underscores, a letter or digit first`},
	} {
		d := network.Description{Kind: good.Kind, Blocks: append([]int{}, good.Blocks...), Channels: append([]int{}, good.Channels...), Shortcut: good.Shortcut}
		if c.set != nil {
			c.set(&d)
		}
		_, err := d.Network(c.called)
		var key *network.KeyError
		if !errors.As(err, &key) || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.want)
		}
	}
}

// What follows from a description with projections, counted by hand.
func TestProjections(t *testing.T) {
	base := network.Description{Kind: "residual", Blocks: []int{1, 2}, Channels: []int{16, 48}}
	for _, c := range []struct {
		shortcut   string
		parameters int
		adds       int64
		names      []string
	}{
		{"A", 0, 0, nil},
		{"B", 16*48 + 2*48, 16 * 48 * 256, []string{"layer2.0.downsample.0"}},
		{"C", 16*16 + 2*16 + 16*48 + 2*48 + 48*48 + 2*48, 16*16*1024 + 16*48*256 + 48*48*256,
			[]string{"layer1.0.downsample.0", "layer2.0.downsample.0", "layer2.1.downsample.0"}},
	} {
		d := base
		plain, err := network.Description{Kind: "plain", Blocks: d.Blocks, Channels: d.Channels}.Network("")
		if err != nil {
			t.Fatal(err)
		}
		d.Shortcut = c.shortcut
		n, err := d.Network("")
		if err != nil {
			t.Fatal(err)
		}
		if got := n.Parameters() - plain.Parameters(); got != c.parameters {
			t.Errorf("option %s adds %d parameters, want %d", c.shortcut, got, c.parameters)
		}
		if got := n.MultiplyAdds() - plain.MultiplyAdds(); got != c.adds {
			t.Errorf("option %s adds %d multiply-adds, want %d", c.shortcut, got, c.adds)
		}
		var names []string
		for _, l := range n.Convolutions() {
			if l.Kernel == 1 {
				names = append(names, l.Name)
			}
		}
		if !reflect.DeepEqual(names, c.names) {
			t.Errorf("option %s projects in %q, want %q", c.shortcut, names, c.names)
		}
		if n.Depth() != 8 || len(n.Layers()) != 7 {
			t.Errorf("option %s has %d layers, %d of them convolutions", c.shortcut, n.Depth(), len(n.Layers()))
		}
	}
}
