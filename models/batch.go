package models

import (
	"fmt"

	"deepresidual/models/network"
)

// The geometry of the inputs.
const (
	ImageSize   = network.ImageSize     // height and width, in pixels
	Channels    = network.ImageChannels // red, green, blue
	Classes     = network.Classes       // outputs of the last layer
	PaddedSize  = ImageSize + 2         // with the zero border of the first convolution
	PaddedImage = PaddedSize * PaddedSize * Channels
)

// Batch is a minibatch of inputs. Images are stored padded and pixel by pixel,
// as the first convolution reads them: (N, 34, 34, 3), with a border of one
// zero pixel on each side that whoever fills the batch must leave at zero.
type Batch struct {
	N      int       // images in use, at most as many as there is room for
	Images []float32 // (N, 34, 34, 3)
	Labels []uint8   // (N), 0 to 9
}

// NewBatch returns a batch with room for n images, all zero.
func NewBatch(n int) *Batch {
	return &Batch{N: n, Images: make([]float32, n*PaddedImage), Labels: make([]uint8, n)}
}

// check reports a batch that says it holds more than it does, or a label that is
// of no class.
func (b *Batch) check() error {
	if b.N < 0 || b.N > len(b.Labels) || b.N > len(b.Images)/PaddedImage {
		return fmt.Errorf("a batch of %d images has room for %d images and %d labels", b.N, len(b.Images)/PaddedImage, len(b.Labels))
	}
	for i, l := range b.Labels[:b.N] {
		if l >= Classes {
			return fmt.Errorf("image %d of a batch has label %d, the classes are 0 to %d", i, l, Classes-1)
		}
	}
	return nil
}

// Image returns the storage of image i, (34, 34, 3).
func (b *Batch) Image(i int) []float32 {
	return b.Images[i*PaddedImage : (i+1)*PaddedImage]
}
