package experiments

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"deepresidual/models/network"
)

// ParseNetwork reads the name of a network as [network.Parse] does. The error
// for a name that no network has suggests the nearest one that can be meant.
func ParseNetwork(name string) (network.Network, error) { return parseNetwork(name, nil) }

// parseNetwork reads a name that may be one of those that a spec has given.
func parseNetwork(name string, given map[string]network.Network) (network.Network, error) {
	if n, ok := given[name]; ok {
		return n, nil
	}
	n, err := network.Parse(name)
	var unknown *network.UnknownError
	if !errors.As(err, &unknown) {
		return n, err
	}
	names := slices.Sorted(maps.Keys(given))
	for _, n := range network.Paper() {
		names = append(names, n.String())
	}
	if near := nearest(name, names); near != "" {
		return n, fmt.Errorf("no network is called %q; did you mean %q?", name, near)
	}
	return n, err
}
