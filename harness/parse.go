package main

import (
	"errors"
	"flag"
	"io"
	"runtime"
	"strings"

	"deepresidual/harness/text"
)

// A setting is an option on the command line.
type setting struct{ name, value string }

// parse finds the mode that a command line asks for and sets its options. The
// error is flag.ErrHelp, with the mode that help is asked for, or a usageError.
func parse(modes []mode, args []string) (mode, error) {
	all := make([]options, len(modes))
	for i, m := range modes {
		m.declare(&all[i])
	}
	settings, parseErr := split(all, args)
	if parseErr != nil && !errors.Is(parseErr, flag.ErrHelp) {
		return mode{}, parseErr
	}
	chosen, err := choose(modes, all, settings)
	if parseErr != nil {
		return modes[chosen], parseErr
	}
	if err != nil {
		return mode{}, err
	}
	return modes[chosen], apply(modes, all, chosen, settings)
}

// split takes a command line apart.
func split(all []options, args []string) ([]setting, error) {
	f := flag.NewFlagSet("harness", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	var settings []setting
	for _, list := range all {
		for _, o := range list {
			if f.Lookup(o.name) == nil {
				f.Var(&recorder{o.name, o.arg == "", &settings}, o.name, "")
			}
		}
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return settings, err
		}
		return nil, usagef("%v; -help lists the options", err)
	}
	for _, s := range settings {
		if isOption(f, s.value) && !(s.name == sbatchOption && strings.HasPrefix(s.value, "--")) {
			return nil, usagef("-%s needs a value: found the option %s", s.name, s.value)
		}
	}
	if f.NArg() > 0 {
		hint := ""
		if runtime.GOOS == "windows" {
			hint = "; PowerShell wants lists in quotes: '1,2'"
		}
		return nil, usagef("unexpected argument %q: options begin with -%s", text.Public(f.Arg(0)), hint)
	}
	return settings, nil
}

// isOption reports whether a value is an option of the program: package flag takes
// what follows an option for its value, also where a shell's variable between them
// is empty.
func isOption(f *flag.FlagSet, value string) bool {
	name, dashed := strings.CutPrefix(value, "-")
	name, _, _ = strings.Cut(strings.TrimPrefix(name, "-"), "=")
	return dashed && (f.Lookup(name) != nil || name == "help" || name == "h") // which package flag knows by itself
}

// recorder is a flag.Value that only notes what is given.
type recorder struct {
	name     string
	isSwitch bool
	to       *[]setting
}

func (r *recorder) String() string   { return "" }
func (r *recorder) IsBoolFlag() bool { return r.isSwitch }
func (r *recorder) Set(value string) error {
	*r.to = append(*r.to, setting{r.name, value})
	return nil
}

// choose returns the index of the mode that is asked for. An option that asks
// for a mode may be an option of another, too: -submit slurm -dry-run.
func choose(modes []mode, all []options, settings []setting) (int, error) {
	var asked []int
	for i, m := range modes {
		if given(settings, m.name) {
			asked = append(asked, i)
		}
	}
	var chosen []int
	var names []string
	for _, i := range asked {
		another := false
		for _, j := range asked {
			another = another || i != j && all[j].find(modes[i].name) != nil
		}
		if !another {
			chosen, names = append(chosen, i), append(names, "-"+modes[i].name)
		}
	}
	switch len(chosen) {
	case 0:
		return 0, nil // the mode without a name
	case 1:
		return chosen[0], nil
	}
	return 0, usagef("%s: one at a time", strings.Join(names, " and "))
}

func given(settings []setting, name string) bool {
	for _, s := range settings {
		if s.name == name {
			return true
		}
	}
	return false
}

// apply sets the options of the chosen mode.
func apply(modes []mode, all []options, chosen int, settings []setting) error {
	own := all[chosen]
	for _, s := range settings {
		if own.find(s.name) == nil {
			return misplaced(modes, all, chosen, s.name)
		}
	}
	for _, o := range own {
		if o.required == "" || given(settings, o.name) {
			continue
		}
		if name := modes[chosen].name; name != "" {
			return usagef("-%s needs -%s, such as -%s %s", name, o.name, o.name, o.required)
		}
		return usagef("nothing to do: name an experiment, such as -%s %s; -help lists the options", o.name, o.required)
	}
	for _, s := range settings {
		o := own.find(s.name)
		if s.value == "" {
			return usagef("-%s is empty: give it a value, or leave it out", s.name)
		}
		if err := o.set(s.value); err != nil {
			var usage usageError
			if errors.As(err, &usage) {
				return err
			}
			return usagef("-%s: %v", s.name, err)
		}
		o.given = true
	}
	return nil
}

// misplaced says where an option belongs that the chosen mode does not have.
func misplaced(modes []mode, all []options, chosen int, name string) error {
	var homes []string
	for i, m := range modes {
		switch {
		case all[i].find(name) == nil:
		case m.name == "":
			return usagef("-%s does not go with -%s", name, modes[chosen].name)
		default:
			homes = append(homes, "-"+m.name)
		}
	}
	return usagef("-%s belongs to %s", name, strings.Join(homes, " or "))
}
