// Package models holds the networks of section 4.2 of He et al. (2015): what
// they are made of ([Describe]), the Gorgonia expression graph that computes
// them ([New]), and the operations of that graph. Under the operations lie the
// float32 kernels of package kernels.
//
// It knows nothing of data sets, schedules, files or experiments: it takes a
// [Batch] and a learning rate and returns a loss.
package models

import "fmt"

// Network describes a plain or residual network for CIFAR-10 (section 4.2): a
// 3x3 convolution, three stages of Blocks building blocks with two 3x3
// convolutions each, global average pooling and a 10-way fully connected layer.
type Network struct {
	Residual bool // identity shortcuts around each block; false: the plain network
	Depth    int  // weighted layers, 6n+2
	Stem     Layer
	Blocks   []Block // all building blocks, first to last
}

// Block is a building block (figure 2): two 3x3 convolutions, each followed by
// batch normalisation. ReLU follows the first normalisation and the block's
// output; in a residual network the shortcut is added before the latter.
type Block struct {
	Conv1, Conv2 Layer
}

// Downsamples reports whether the block halves the feature map and doubles the
// channels, so that its shortcut is of option A: every second pixel, the new
// channels zero.
func (b Block) Downsamples() bool { return b.Conv1.Stride == 2 }

// Layer is one 3x3 convolution with its batch normalisation.
type Layer struct {
	Name    string // of the convolution in PyTorch's state dicts: "layer1.0.conv1"
	Norm    string // of its batch normalisation: "layer1.0.bn1"
	In, Out int    // channels
	Stride  int
	Size    int // height and width of the output
}

// Parameters counts the layer's weights, with the two of each channel's
// normalisation.
func (l Layer) Parameters() int { return 9*l.In*l.Out + 2*l.Out }

// MultiplyAdds counts the layer's multiplications for one image.
func (l Layer) MultiplyAdds() int64 {
	return int64(9*l.In*l.Out) * int64(l.Size*l.Size)
}

// stages are the paper's three: 2n layers each of 16 channels on 32x32 maps,
// 32 on 16x16 and 64 on 8x8 (section 4.2).
var stages = []struct{ channels, size int }{{16, 32}, {32, 16}, {64, 8}}

// features is the width of the last stage, which the last layer reads.
const features = 64

// Describe returns the network of the given depth, which must be 6n+2.
func Describe(residual bool, depth int) (*Network, error) {
	if depth < 8 || (depth-2)%6 != 0 {
		return nil, fmt.Errorf("depth %d is not 6n+2 (8, 14, 20, 32, 44, 56, 110, 1202)", depth)
	}
	n := (depth - 2) / 6
	net := &Network{
		Residual: residual,
		Depth:    depth,
		Stem:     Layer{Name: "conv1", Norm: "bn1", In: Channels, Out: stages[0].channels, Stride: 1, Size: stages[0].size},
	}
	in := stages[0].channels
	for s, stage := range stages {
		for i := range n {
			stride := 1
			if in != stage.channels {
				stride = 2
			}
			prefix := fmt.Sprintf("layer%d.%d.", s+1, i)
			net.Blocks = append(net.Blocks, Block{
				Conv1: Layer{prefix + "conv1", prefix + "bn1", in, stage.channels, stride, stage.size},
				Conv2: Layer{prefix + "conv2", prefix + "bn2", stage.channels, stage.channels, 1, stage.size},
			})
			in = stage.channels
		}
	}
	return net, nil
}

// Name returns the network's name as the specs spell it: "plain-20",
// "resnet-110".
func (n *Network) Name() string {
	if n.Residual {
		return fmt.Sprintf("resnet-%d", n.Depth)
	}
	return fmt.Sprintf("plain-%d", n.Depth)
}

// Layers returns the convolutions in order, Depth-1 of them; the fully
// connected layer is the remaining one.
func (n *Network) Layers() []Layer {
	layers := []Layer{n.Stem}
	for _, b := range n.Blocks {
		layers = append(layers, b.Conv1, b.Conv2)
	}
	return layers
}

// Parameters counts the trained values, as Table 6 does.
func (n *Network) Parameters() int {
	total := features*Classes + Classes
	for _, l := range n.Layers() {
		total += l.Parameters()
	}
	return total
}

// MultiplyAdds counts the multiplications of one image's forward pass.
func (n *Network) MultiplyAdds() int64 {
	total := int64(features * Classes)
	for _, l := range n.Layers() {
		total += l.MultiplyAdds()
	}
	return total
}
