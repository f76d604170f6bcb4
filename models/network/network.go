// Package network describes the networks of section 4.2 of He et al. (2015) and
// their relatives: how many building blocks of how many channels, with which
// shortcuts. All else about a network follows from its description: its layers,
// depth, parameters and multiply-adds, and the names of its tensors.
//
// The package computes nothing and reads no files; packages models and
// experiments, which do, both build on it.
package network

// The geometry of CIFAR-10: 32x32 colour images in ten classes. It stands here,
// below the data set itself (harness/data), because the first layer, the last and
// the size of every map follow from it.
const (
	ImageSize     = 32 // height and width, in pixels
	ImageChannels = 3  // red, green, blue
	Classes       = 10 // outputs of the last layer
)

// Kind says whether a network has shortcuts.
type Kind string

// The two kinds of network that section 4.2 compares.
const (
	Plain    Kind = "plain"    // a stack of 3x3 convolutions
	Residual Kind = "residual" // the same stack with shortcuts around pairs of layers
)

// Prefix returns what the kind's names begin with: "plain" or "resnet".
func (k Kind) Prefix() string {
	if k == Residual {
		return "resnet"
	}
	return string(k)
}

// Shortcut is an option of section 4.1 for the shortcuts of a residual network:
// what becomes of a block's input where it is added to the block's output.
type Shortcut string

// The three options. Projections are 1x1 convolutions with batch normalisation.
const (
	// Identity adds the block's input as it is; where the maps shrink, every second
	// pixel of it in both directions, the new channels zero. It has no parameters.
	Identity Shortcut = "A"
	// ProjectionToGrow projects the input where its dimensions change.
	ProjectionToGrow Shortcut = "B"
	// Projection projects it in every block.
	Projection Shortcut = "C"
)

// MaxStages is the largest number of stages: their maps are of 32x32, 16x16, 8x8
// and 4x4 pixels.
const MaxStages = 4

// Network describes a network for CIFAR-10: a 3x3 convolution; stages of building
// blocks with two 3x3 convolutions each, the first block of every stage but the
// first halving the maps; global average pooling and a 10-way fully connected
// layer. Networks can be compared with == and be keys of maps.
//
// The zero value is no network: see [Parse], [Standard] and [Description].
type Network struct {
	// Name is what a spec calls the network; "" for the paper's, whose names
	// follow from their description.
	Name     string
	Kind     Kind
	Shortcut Shortcut // "" in a plain network
	// Stages come in order; those that are not there have no blocks.
	Stages [MaxStages]Stage
}

// Stage is a sequence of building blocks with the same number of output channels and
// maps of one size.
type Stage struct{ Blocks, Channels int }

// The paper's networks have three stages of these channels, of n blocks each,
// and therefore 6n+2 weighted layers.
var paperChannels = [...]int{16, 32, 64}

// Standard returns the network of section 4.2 with n blocks in each stage, of
// 6n+2 layers: n is 3, 5, 7, 9, 18 and 200 in the paper.
func Standard(kind Kind, n int) Network {
	net := Network{Kind: kind}
	if kind == Residual {
		net.Shortcut = Identity
	}
	for s, channels := range paperChannels {
		net.Stages[s] = Stage{n, channels}
	}
	return net
}

// Paper returns the networks of section 4.2, the paper's six depths of either
// kind, among them plain-1202, which it does not train.
func Paper() []Network {
	var all []Network
	for _, kind := range []Kind{Plain, Residual} {
		for _, n := range []int{3, 5, 7, 9, 18, 200} {
			all = append(all, Standard(kind, n))
		}
	}
	return all
}

// IsStandard reports whether the network is one of section 4.2, of any depth.
func (n Network) IsStandard() bool {
	n.Name = ""
	return n.Stages[0].Blocks > 0 && n == Standard(n.Kind, n.Stages[0].Blocks)
}

// Depth returns the number of weighted layers: the 3x3 convolutions and the fully
// connected layer. Projections do not count, as in the paper.
func (n Network) Depth() int {
	depth := 2
	for _, s := range n.Stages {
		depth += 2 * s.Blocks
	}
	return depth
}

// Features returns the channels of the last stage, which the fully connected
// layer reads.
func (n Network) Features() int {
	features := 0
	for _, s := range n.Stages {
		if s.Blocks > 0 {
			features = s.Channels
		}
	}
	return features
}
