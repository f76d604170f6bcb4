package results

import (
	"path/filepath"
	"strings"
	"testing"

	"deepresidual/models/network"
)

func wide() network.Network {
	return network.Network{Name: "wide", Kind: network.Residual, Shortcut: network.ProjectionToGrow,
		Stages: [network.MaxStages]network.Stage{{Blocks: 1, Channels: 16}, {Blocks: 2, Channels: 48}, {Blocks: 3, Channels: 96}}}
}

// A record of a network that a spec describes can be read without the spec, and
// lies under the name that the spec gives it.
func TestDescribedNetwork(t *testing.T) {
	key := testKey(t, "resnet-20", 1)
	key.Spec.Network = wide()
	text, err := encodeDocument(documentOf(&Record{Key: key, Status: Running, WarmupEnded: -1}))
	if err != nil {
		t.Fatal(err)
	}
	const written = `network = {name = "wide", kind = "residual", blocks = [1, 2, 3], channels = [16, 48, 96], shortcut = "B"}`
	if !strings.Contains(string(text), written+"\n") {
		t.Errorf("not written as %s:\n%s", written, text)
	}
	d, err := decodeDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.record().Key; got.Spec.Network != wide() || got.Identity() != key.Identity() {
		t.Errorf("read as %v", got)
	}
	earlier := strings.NewReplacer("format = 4", "format = 2", "learning_rate_divisor = 10.0", "decay = 0.1", "eval_interval", "row_interval").Replace(string(text))
	if _, err := decodeDocument([]byte(earlier)); err == nil || !strings.Contains(err.Error(), "which format 2 does not have") {
		t.Errorf("in an earlier format: %v", err)
	}
	for name, c := range map[string]struct{ old, new, says string }{
		"an unknown key":     {`shortcut = "B"`, `shortcut = "B", width = 2`, `network: unknown key "width"`},
		"another case":       {`shortcut = "B"`, `Shortcut = "B"`, `network: unknown key "Shortcut"`},
		"an odd width":       {"48", "50", "channels: found 50"},
		"a path for a name":  {`"wide"`, `"../wide"`, "name: "},
		"another network":    {"[1, 2, 3]", "[1, 2, 4]", "identity is "},
		"neither name or so": {written, "network = 20", "neither a name nor a table"},
	} {
		if _, err := decodeDocument([]byte(strings.Replace(string(text), c.old, c.new, 1))); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
		}
	}
}

// What a spec calls a network is no part of its runs' identity; all else is. A
// network of the paper is the same, however it is described.
func TestDescribedIdentity(t *testing.T) {
	key := testKey(t, "resnet-20", 1)
	standard := key.Identity()
	n, err := network.Description{Kind: "residual", Blocks: []int{3, 3, 3}, Channels: []int{16, 32, 64}}.Network("mine")
	if err != nil {
		t.Fatal(err)
	}
	if key.Spec.Network = n; key.Identity() != standard {
		t.Error("resnet-20 described is another network")
	}
	key.Spec.Network = wide()
	id := key.Identity()
	if key.Spec.Network.Name = "broad"; key.Identity() != id {
		t.Error("the name is part of the identity")
	}
	s := openStore(t)
	if got := filepath.Base(filepath.Dir(s.Path(key))); got != "broad" {
		t.Errorf("it lies in %s", got)
	}
	run := begin(t, s, key)
	save(t, run, testRecord(key, 3))
	release(t, run)
	if key.Spec.Network.Name = "wide"; filepath.Base(filepath.Dir(s.Path(key))) != "broad" {
		t.Error("by another name it is not found again")
	}
	seen := map[string]bool{id: true, standard: true}
	for _, change := range []func(*network.Network){
		func(n *network.Network) { n.Shortcut = network.Identity },
		func(n *network.Network) { n.Shortcut = network.Projection },
		func(n *network.Network) { n.Stages[0].Blocks = 2 },
		func(n *network.Network) { n.Stages[2].Channels = 48 },
		func(n *network.Network) { n.Stages[3] = network.Stage{Blocks: 1, Channels: 96} },
		func(n *network.Network) { n.Kind, n.Shortcut = network.Plain, "" },
	} {
		key.Spec.Network = wide()
		change(&key.Spec.Network)
		if seen[key.Identity()] {
			t.Errorf("%s has the identity of another", key.Spec.Network.Canonical())
		}
		seen[key.Identity()] = true
	}
}

func openStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
