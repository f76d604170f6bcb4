package network

import "fmt"

// Layer is one convolution without bias and its batch normalisation.
type Layer struct {
	Name    string // of the convolution in PyTorch's state dicts: "layer1.0.conv1"
	Norm    string // of its batch normalisation: "layer1.0.bn1"
	Kernel  int    // height and width of its filters, 3 or 1
	In, Out int    // channels
	Stride  int
	Size    int // height and width of the output
}

// Parameters counts the layer's weights, with the two of each channel's
// normalisation.
func (l Layer) Parameters() int { return l.Kernel*l.Kernel*l.In*l.Out + 2*l.Out }

// MultiplyAdds counts the multiply-adds of the convolution, computed directly, for one
// image.
func (l Layer) MultiplyAdds() int64 {
	return int64(l.Kernel*l.Kernel*l.In*l.Out) * int64(l.Size*l.Size)
}

// Block is a building block (figure 2): two 3x3 convolutions, each followed by
// batch normalisation. ReLU follows the first normalisation and the block's
// output; in a residual network the shortcut is added before the latter.
type Block struct {
	Conv1, Conv2 Layer
	// Projection is the 1x1 convolution of the shortcut, nil where the shortcut
	// has no parameters or there is none.
	Projection *Layer
}

// Stem returns the first layer.
func (n Network) Stem() Layer {
	return Layer{Name: "conv1", Norm: "bn1", Kernel: 3, In: ImageChannels, Out: n.Stages[0].Channels, Stride: 1, Size: ImageSize}
}

// Blocks returns all building blocks, first to last.
func (n Network) Blocks() []Block {
	var blocks []Block
	in, size := n.Stages[0].Channels, ImageSize
	for s, stage := range n.Stages {
		for i := range stage.Blocks {
			stride := 1
			if s > 0 && i == 0 {
				stride, size = 2, size/2
			}
			prefix := fmt.Sprintf("layer%d.%d.", s+1, i)
			block := Block{
				Conv1: Layer{prefix + "conv1", prefix + "bn1", 3, in, stage.Channels, stride, size},
				Conv2: Layer{prefix + "conv2", prefix + "bn2", 3, stage.Channels, stage.Channels, 1, size},
			}
			if n.Shortcut == Projection || n.Shortcut == ProjectionToGrow && stride == 2 {
				block.Projection = &Layer{prefix + "downsample.0", prefix + "downsample.1", 1, in, stage.Channels, stride, size}
			}
			blocks = append(blocks, block)
			in = stage.Channels
		}
	}
	return blocks
}

// Layers returns the 3x3 convolutions in order, [Network.Depth]-1 of them; the
// fully connected layer is the remaining one.
func (n Network) Layers() []Layer {
	layers := []Layer{n.Stem()}
	for _, b := range n.Blocks() {
		layers = append(layers, b.Conv1, b.Conv2)
	}
	return layers
}

// Convolutions returns all convolutions in the order of PyTorch's state dicts,
// the projections among them.
func (n Network) Convolutions() []Layer {
	all := []Layer{n.Stem()}
	for _, b := range n.Blocks() {
		all = append(all, b.Conv1, b.Conv2)
		if b.Projection != nil {
			all = append(all, *b.Projection)
		}
	}
	return all
}

// Parameters counts the trained values, as Table 6 does.
func (n Network) Parameters() int {
	total := n.Features()*Classes + Classes
	for _, l := range n.Convolutions() {
		total += l.Parameters()
	}
	return total
}

// MultiplyAdds counts the multiply-adds of the convolutions, computed directly, and of
// the fully connected layer in the forward pass of one image.
func (n Network) MultiplyAdds() int64 {
	total := int64(n.Features() * Classes)
	for _, l := range n.Convolutions() {
		total += l.MultiplyAdds()
	}
	return total
}
