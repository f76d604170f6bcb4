package network

import (
	"fmt"
	"strconv"
	"strings"
)

// String returns the network's name: the one its spec has given it, or the
// paper's, such as "plain-56".
func (n Network) String() string {
	if n.Name != "" {
		return n.Name
	}
	return n.Canonical()
}

// Canonical returns the text that identifies the network, whatever a spec calls
// it: "resnet-56" for one of section 4.2, of 6n+2 layers, and for any other its
// description, as in "residual blocks=1,2,3 channels=16,48,96 shortcut=A".
// [Parse] reads it.
func (n Network) Canonical() string {
	if n.IsStandard() {
		return n.Kind.Prefix() + "-" + strconv.Itoa(n.Depth())
	}
	return n.Description().String()
}

// String returns the description in a line, which [Parse] reads.
func (d Description) String() string {
	text := fmt.Sprintf("%s blocks=%s channels=%s", d.Kind, commas(d.Blocks), commas(d.Channels))
	if d.Shortcut != "" {
		text += " shortcut=" + d.Shortcut
	}
	return text
}

func commas(list []int) string {
	text := make([]string, len(list))
	for i, v := range list {
		text[i] = strconv.Itoa(v)
	}
	return strings.Join(text, ",")
}

// UnknownError is the error of [Parse] for a name that no network has.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf(`no network is called %q; a name is "plain-" or "resnet-" and a depth 6n+2, such as "resnet-20"`, e.Name)
}

// Parse reads the name of a network of section 4.2, such as "plain-20" or
// "resnet-110", or a description as [Network.Canonical] writes it. Any depth
// 6n+2 from 8 to [MaxDepth] can be named.
func Parse(text string) (Network, error) {
	if strings.Contains(text, " ") && strings.Contains(text, "=") {
		return parseDescription(text)
	}
	prefix, digits, _ := strings.Cut(text, "-")
	for _, kind := range []Kind{Plain, Residual} {
		depth, err := strconv.Atoi(digits)
		// The second half refuses "-020" and "-+20": one network has one name.
		if prefix != kind.Prefix() || err != nil || strconv.Itoa(depth) != digits {
			continue
		}
		switch smallest := Standard(kind, 1).Depth(); {
		case depth < smallest || depth > MaxDepth:
			return Network{}, fmt.Errorf("network %q: %d layers are outside %d to %d", text, depth, smallest, MaxDepth)
		case (depth-2)%(smallest-2) != 0:
			below := depth - (depth-2)%(smallest-2)
			return Network{}, fmt.Errorf("network %q: depth %d is not 6n+2; the nearest are %d and %d", text, depth, below, below+smallest-2)
		default:
			return Standard(kind, (depth-2)/(smallest-2)), nil
		}
	}
	return Network{}, &UnknownError{text}
}

// parseDescription reads "residual blocks=1,2,3 channels=16,48,96 shortcut=A".
func parseDescription(text string) (Network, error) {
	kind, rest, _ := strings.Cut(text, " ")
	d := Description{Kind: kind}
	seen := make(map[string]bool)
	for _, field := range strings.Fields(rest) {
		key, value, _ := strings.Cut(field, "=")
		if seen[key] {
			return Network{}, fmt.Errorf("network %q: %q is there twice", text, key)
		}
		seen[key] = true
		var err error
		switch key {
		case "blocks":
			d.Blocks, err = numbers(value)
		case "channels":
			d.Channels, err = numbers(value)
		case "shortcut":
			d.Shortcut = value
		default:
			err = fmt.Errorf("%q is not blocks=, channels= or shortcut=", field)
		}
		if err != nil {
			return Network{}, fmt.Errorf("network %q: %w", text, err)
		}
	}
	n, err := d.Network("")
	if err != nil {
		return Network{}, fmt.Errorf("network %q: %w", text, err)
	}
	return n, nil
}

func numbers(text string) ([]int, error) {
	var list []int
	for _, part := range strings.Split(text, ",") {
		v, err := strconv.Atoi(part)
		if err != nil {
			return nil, fmt.Errorf("%q is not a list of integers such as 1,2,3", text)
		}
		list = append(list, v)
	}
	return list, nil
}

// MarshalText writes the network as [Network.UnmarshalText] reads it, without the
// name that a spec has given it.
func (n Network) MarshalText() ([]byte, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	return []byte(n.Canonical()), nil
}

// UnmarshalText reads a name or description as [Parse] does.
func (n *Network) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}
