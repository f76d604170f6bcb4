package experiments

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind says whether a network has shortcuts.
type Kind string

// The two kinds of network that section 4.2 compares.
const (
	Plain    Kind = "plain"  // a stack of 3x3 convolutions
	Residual Kind = "resnet" // the same stack with identity shortcuts around pairs of layers
)

// MaxDepth is the deepest network that can be named. The paper's deepest has
// 1202 layers; the limit only keeps a slip of the keyboard from becoming a run.
const MaxDepth = 9998

// Network names one of the CIFAR-10 networks of section 4.2: a kind and the
// number of weighted layers, 6n+2. Its text form, in specs and on the command
// line, is the kind and the depth, as in "resnet-20". Networks can be compared
// with == and be keys of maps.
type Network struct {
	Kind  Kind
	Depth int
}

// Networks returns the twelve networks of section 4.2: the paper's six depths
// of either kind.
func Networks() []Network {
	var all []Network
	for _, kind := range []Kind{Plain, Residual} {
		for _, depth := range []int{20, 32, 44, 56, 110, 1202} {
			all = append(all, Network{kind, depth})
		}
	}
	return all
}

// N returns the n of the network's 6n+2 layers: each of the three stages has 2n
// convolutions, in n blocks of two.
func (n Network) N() int { return (n.Depth - 2) / 6 }

// String returns the name that [ParseNetwork] reads, such as "plain-56".
func (n Network) String() string { return string(n.Kind) + "-" + strconv.Itoa(n.Depth) }

// ParseNetwork reads a name such as "plain-20" or "resnet-110". Any depth 6n+2
// from 8 to [MaxDepth] can be named. The error says what is wrong with a name
// and suggests the nearest one that can be meant.
func ParseNetwork(name string) (Network, error) {
	kind, digits, _ := strings.Cut(name, "-")
	depth, err := strconv.Atoi(digits)
	switch {
	// The second half refuses "-020" and "-+20": one network has one name.
	case err != nil || strconv.Itoa(depth) != digits:
		return Network{}, misspelt(name)
	case kind != string(Plain) && kind != string(Residual):
		return Network{}, misspelt(name)
	}
	n := Network{Kind(kind), depth}
	if err := n.check(); err != nil {
		return Network{}, err
	}
	return n, nil
}

// check reports a kind or depth that no network has.
func (n Network) check() error {
	switch {
	case n.Kind != Plain && n.Kind != Residual:
		return fmt.Errorf("kind %q of a network is neither %q nor %q", string(n.Kind), string(Plain), string(Residual))
	case n.Depth < 8 || n.Depth > MaxDepth:
		return fmt.Errorf("network %q: %d layers are outside 8 to %d", n, n.Depth, MaxDepth)
	case (n.Depth-2)%6 != 0:
		below := n.Depth - (n.Depth-2)%6
		return fmt.Errorf("network %q: depth %d is not 6n+2; the nearest are %d and %d", n, n.Depth, below, below+6)
	}
	return nil
}

// misspelt is the error for a name that is no kind and depth.
func misspelt(name string) error {
	var names []string
	for _, n := range Networks() {
		names = append(names, n.String())
	}
	if near := nearest(name, names); near != "" {
		return fmt.Errorf("no network is called %q; did you mean %q?", name, near)
	}
	return fmt.Errorf(`no network is called %q; a name is "plain-" or "resnet-" and a depth 6n+2, such as "resnet-20"`, name)
}

// MarshalText writes the network's name.
func (n Network) MarshalText() ([]byte, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	return []byte(n.String()), nil
}

// UnmarshalText reads a name as [ParseNetwork] does.
func (n *Network) UnmarshalText(text []byte) error {
	parsed, err := ParseNetwork(string(text))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}
