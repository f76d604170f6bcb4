package network

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// The limits of a description.
const (
	// MaxDepth keeps a slip of the keyboard from becoming a run: the paper's
	// deepest network has 1202 layers.
	MaxDepth = 9998
	// ChannelStep is what numbers of channels are multiples of: activations are
	// stored in blocks of so many.
	ChannelStep = 16
	// MaxChannels is the widest stage.
	MaxChannels = 512
	// MaxParameters is the largest network: 400 MB of weights, of which training
	// holds up to fourteen times as much (see MemoryMiB of package models).
	MaxParameters = 100_000_000
)

// Description is a network as a table of a TOML file has it.
type Description struct {
	// Kind is "plain" or "residual".
	Kind string `toml:"kind"`
	// Blocks are the numbers of building blocks of each stage, of two 3x3
	// convolutions each.
	Blocks []int `toml:"blocks"`
	// Channels are those of each stage, multiples of [ChannelStep].
	Channels []int `toml:"channels"`
	// Shortcut is the option of section 4.1 of a residual network: "A", the
	// default, "B" or "C".
	Shortcut string `toml:"shortcut,omitempty"`
}

// KeyError is what is wrong with one key of a [Description].
type KeyError struct{ Key, Problem string }

func (e *KeyError) Error() string { return e.Key + ": " + e.Problem }

func keyErrorf(key, format string, args ...any) error {
	return &KeyError{key, fmt.Sprintf(format, args...)}
}

// Network returns the network described, under the name that is to stand for
// it. One that is of section 4.2 keeps its own name, so that it is the same
// network wherever it is asked for. What is wrong with a description is a
// [*KeyError].
func (d Description) Network(name string) (Network, error) {
	n := Network{Name: name, Kind: Kind(d.Kind), Shortcut: Shortcut(d.Shortcut)}
	if n.Kind == Residual && d.Shortcut == "" {
		n.Shortcut = Identity
	}
	switch {
	case len(d.Blocks) == 0:
		return Network{}, keyErrorf("blocks", "missing or empty; wanted the number of blocks of each stage, such as [3, 3, 3]")
	case len(d.Blocks) > MaxStages:
		return Network{}, keyErrorf("blocks", "describes %d stages; there can be %d: each halves maps of %dx%d, and those of the last are of %dx%d",
			len(d.Blocks), MaxStages, ImageSize, ImageSize, ImageSize>>(MaxStages-1), ImageSize>>(MaxStages-1))
	case len(d.Channels) != len(d.Blocks):
		return Network{}, keyErrorf("channels", "has %d numbers, wanted %d: one for each stage of blocks", len(d.Channels), len(d.Blocks))
	}
	for i := range d.Blocks {
		n.Stages[i] = Stage{d.Blocks[i], d.Channels[i]}
		if d.Blocks[i] < 1 {
			return Network{}, keyErrorf("blocks", "found %d, wanted 1 or more in each stage", d.Blocks[i])
		}
	}
	if err := n.check(); err != nil {
		return Network{}, err
	}
	if n.IsStandard() {
		n.Name = ""
	}
	return n, nil
}

// Description returns the network's description.
func (n Network) Description() Description {
	d := Description{Kind: string(n.Kind), Shortcut: string(n.Shortcut)}
	for _, s := range n.Stages {
		if s.Blocks > 0 {
			d.Blocks, d.Channels = append(d.Blocks, s.Blocks), append(d.Channels, s.Channels)
		}
	}
	return d
}

// Check reports what makes a network impossible.
func (n Network) Check() error {
	if n.Stages[0].Blocks == 0 {
		return errors.New("a network without a first stage")
	}
	for i, s := range n.Stages[1:] {
		if s.Blocks > 0 && n.Stages[i].Blocks == 0 {
			return fmt.Errorf("network %s: stage %d is empty", n, i+1)
		}
	}
	if err := n.check(); err != nil {
		return fmt.Errorf("network %s: %w", n, err)
	}
	return nil
}

func (n Network) check() error {
	switch {
	case n.Kind != Plain && n.Kind != Residual:
		return keyErrorf("kind", "found %q, wanted %q or %q", string(n.Kind), string(Plain), string(Residual))
	case n.Kind == Plain && n.Shortcut != "":
		return keyErrorf("shortcut", "a plain network has no shortcuts")
	case n.Kind == Residual && n.Shortcut != Identity && n.Shortcut != ProjectionToGrow && n.Shortcut != Projection:
		return keyErrorf("shortcut", `found %q, wanted "A", "B" or "C", the options of section 4.1`, string(n.Shortcut))
	}
	if err := checkName(n.Name); err != nil {
		return err
	}
	before, blocks := 0, 0
	for _, s := range n.Stages {
		if s.Blocks == 0 {
			continue
		}
		switch {
		case s.Channels < ChannelStep || s.Channels%ChannelStep != 0 || s.Channels > MaxChannels:
			return keyErrorf("channels", "found %d, wanted multiples of %d from %d to %d", s.Channels, ChannelStep, ChannelStep, MaxChannels)
		case n.Shortcut == Identity && s.Channels < before:
			return keyErrorf("channels", `fall from %d to %d, where shortcut "A" can only add zero channels; wanted shortcut "B" or "C"`, before, s.Channels)
		case s.Blocks < 0 || s.Blocks > MaxDepth:
			return keyErrorf("blocks", "found %d, wanted 1 to %d", s.Blocks, MaxDepth)
		}
		before, blocks = s.Channels, blocks+s.Blocks
	}
	if depth := n.Depth(); depth > MaxDepth {
		return keyErrorf("blocks", "%d blocks make %d layers, wanted at most %d", blocks, depth, MaxDepth)
	}
	if p := n.Parameters(); p > MaxParameters {
		return keyErrorf("channels", "make %d parameters, wanted at most %d", p, MaxParameters)
	}
	return nil
}

var device = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])$`)

// IsDevice reports whether a name is that of a device on Windows, where then no file or
// folder can have it, with an extension or without.
func IsDevice(name string) bool { return device.MatchString(name) }

// checkName reports a name that cannot name a folder, or means another network.
func checkName(name string) error {
	const most = 64
	switch {
	case name == "":
		return nil
	case len(name) > most || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || strings.Trim(name[:1], "-_") == "":
		return keyErrorf("name", "%q is not up to %d lower-case letters, digits, hyphens and underscores, a letter or digit first", name, most)
	}
	if IsDevice(name) {
		return keyErrorf("name", "%q is a device on Windows, where no folder can be called so", name)
	}
	for _, kind := range []Kind{Plain, Residual} {
		if depth, ok := strings.CutPrefix(name, kind.Prefix()+"-"); ok && strings.Trim(depth, "0123456789") == "" {
			return keyErrorf("name", "%q is the form of the paper's names, whose networks follow from their depth", name)
		}
	}
	return nil
}
