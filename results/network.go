package results

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"deepresidual/models/network"
)

// recordedNetwork is a network as run.toml names it: one of the paper's by its
// name, any other, from format 3 on, by the table of its description:
//
//	network = {name = "wide", kind = "residual", blocks = [1, 2, 3], channels = [16, 48, 96], shortcut = "A"}
//
// so that the record can be read without the spec.
type recordedNetwork network.Network

// describesNetworks is the first format that has such tables.
const describesNetworks = 3

// networkTable is that table.
type networkTable struct {
	Name string `toml:"name,omitempty"`
	network.Description
}

// MarshalTOML writes what UnmarshalTOML reads.
func (r recordedNetwork) MarshalTOML() ([]byte, error) {
	n := network.Network(r)
	if err := n.Check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if n.IsStandard() {
		fmt.Fprintf(&b, "%q", n.Canonical())
		return b.Bytes(), nil
	}
	d := n.Description()
	b.WriteString("{")
	if n.Name != "" {
		fmt.Fprintf(&b, "name = %q, ", n.Name)
	}
	// Lists as TOML has them: [1, 2, 3].
	list := func(numbers []int) string { return strings.ReplaceAll(fmt.Sprint(numbers), " ", ", ") }
	fmt.Fprintf(&b, "kind = %q, blocks = %s, channels = %s", d.Kind, list(d.Blocks), list(d.Channels))
	if d.Shortcut != "" {
		fmt.Fprintf(&b, ", shortcut = %q", d.Shortcut)
	}
	b.WriteString("}")
	return b.Bytes(), nil
}

// UnmarshalTOML reads a name or a table.
func (r *recordedNetwork) UnmarshalTOML(value any) error {
	var n network.Network
	var err error
	switch v := value.(type) {
	case string:
		n, err = network.Parse(v)
	case map[string]any:
		n, err = networkOf(v)
	default:
		return fmt.Errorf("neither a name nor a table")
	}
	*r = recordedNetwork(n)
	return err
}

// networkOf reads a description strictly.
func networkOf(values map[string]any) (network.Network, error) {
	// The decoder takes no values, only text.
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(values); err != nil {
		return network.Network{}, err
	}
	var table networkTable
	if _, err := toml.Decode(text.String(), &table); err != nil {
		return network.Network{}, err
	}
	known := []string{"name", "kind", "blocks", "channels", "shortcut"}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, key) {
			return network.Network{}, fmt.Errorf("unknown key %q", key)
		}
	}
	return table.Network(table.Name)
}
