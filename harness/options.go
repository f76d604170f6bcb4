package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"deepresidual/experiments"
	"deepresidual/models/network"
)

// options are those of one mode, in the order of its help.
type options []*option

// An option is what a mode can be told.
type option struct {
	name     string
	arg      string // what its value is called in the help; empty for a switch
	help     string
	set      func(value string) error // value is not empty; "true" or "false" for a switch
	required string                   // not empty: the mode cannot do without it, and an example of it

	given bool // on the command line
}

func (o options) find(name string) *option {
	if i := slices.IndexFunc(o, func(p *option) bool { return p.name == name }); i >= 0 {
		return o[i]
	}
	return nil
}

// add declares an option with a value.
func (o *options) add(name, arg, help string, set func(string) error) *option {
	p := &option{name: name, arg: arg, help: help, set: set}
	*o = append(*o, p)
	return p
}

// text declares an option whose value is any text.
func (o *options) text(to *string, name, arg, help string) *option {
	return o.add(name, arg, help, func(s string) error { *to = s; return nil })
}

// count declares an option whose value is a number from 1 on.
func (o *options) count(to *int, name, help string) *option {
	return o.add(name, "N", help, func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil {
			return usagef("-%s %s: want a whole number from 1 on", name, s)
		}
		if n < 1 {
			return usagef("-%s %d: at least 1", name, n)
		}
		*to = n
		return nil
	})
}

// choice declares an option whose value is one of several; the first is the
// default.
func (o *options) choice(to *string, name, arg, help string, allowed ...string) *option {
	*to = allowed[0]
	return o.add(name, arg, help, func(s string) error {
		if !slices.Contains(allowed, s) {
			return usagef("-%s %q: choose %s", name, s, strings.Join(allowed, " or "))
		}
		*to = s
		return nil
	})
}

// names declares an option whose value is a list; each name counts once.
func (o *options) names(to *[]string, name, arg, help string) *option {
	return o.add(name, arg, help, func(list string) error {
		for s := range strings.SplitSeq(list, ",") {
			s = strings.TrimSpace(s)
			if s == "" {
				return errors.New("an empty name in the list")
			}
			if !slices.Contains(*to, s) {
				*to = append(*to, s)
			}
		}
		return nil
	})
}

// network declares an option that names a network.
func (o *options) network(to **network.Network, name, arg, help string) *option {
	return o.add(name, arg, help, func(s string) error {
		n, err := experiments.ParseNetwork(s)
		if err != nil {
			return err
		}
		*to = &n
		return nil
	})
}

// on declares a switch.
func (o *options) on(to *bool, name, help string) *option {
	return o.add(name, "", help, func(s string) error {
		v, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", s)
		}
		*to = v
		return nil
	})
}

// mode declares the switch that asks for a mode. It cannot be turned off, since
// what would be done then is another mode.
func (o *options) mode(name, help string) *option {
	return o.add(name, "", help, func(s string) error {
		if on, err := strconv.ParseBool(s); err != nil || !on {
			return usagef("-%s=%s: give -%s, or leave it out", name, s, name)
		}
		return nil
	})
}
