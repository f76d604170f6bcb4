package experiments

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/BurntSushi/toml"

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

// describe reads the [network.NAME] tables of a spec, which give names to
// networks of its own.
func (s *source) describe() error {
	var values map[string]any // and not a struct, whose field would take Network as well
	if _, err := toml.Decode(s.text, &values); err != nil {
		return s.syntaxError(err)
	}
	given, ok := values["network"]
	if !ok {
		return nil
	}
	if err := s.check("network", given, reflect.TypeFor[map[string]network.Description]()); err != nil {
		return s.at(err)
	}
	var doc struct {
		Network map[string]network.Description `toml:"network"`
	}
	if _, err := toml.Decode(s.text, &doc); err != nil {
		return s.syntaxError(err)
	}
	s.described = make(map[string]network.Network, len(doc.Network))
	names := make(map[string]string) // by canonical text
	err := s.each("network", given, func(name, full string, _ any) *SpecError {
		n, err := doc.Network[name].Network(name)
		var key *network.KeyError
		switch {
		case name == "":
			return problemf(full, "a network needs a name")
		case errors.As(err, &key) && key.Key == "name":
			return problemf(full, "%s", key.Problem)
		case errors.As(err, &key):
			return problemf(join(full, key.Key), "%s", key.Problem)
		case names[n.Canonical()] != "":
			return problemf(full, "describes the same network as %s", names[n.Canonical()])
		}
		names[n.Canonical()] = name
		s.described[name] = n
		return nil
	})
	if err != nil {
		return s.at(err)
	}
	return nil
}

// checkDescribed reports a network that a spec describes and does not train, or
// trains by the name that the paper has for it, too.
func (s *source) checkDescribed(trained []name) *SpecError {
	networks := s.networks(trained)
	for _, own := range slices.Sorted(maps.Keys(s.described)) {
		n := s.described[own]
		switch theirs := n.String(); {
		case !slices.Contains(networks, n):
			return problemf(join("network", own), "is not among the experiment's networks")
		case theirs != own && slices.Contains(trained, name(own)) && slices.Contains(trained, name(theirs)):
			return problemf(join("network", own), "describes %s, which is among the experiment's networks by that name, too", theirs)
		}
	}
	return nil
}

// network returns the network of a name that [source.check] has seen.
func (s *source) network(n name) network.Network {
	net, _ := parseNetwork(string(n), s.described)
	return net
}

func (s *source) networks(names []name) []network.Network {
	var list []network.Network
	for _, n := range names {
		list = append(list, s.network(n))
	}
	return list
}
