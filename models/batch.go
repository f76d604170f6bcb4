package models

import "deepresidual/models/network"

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
	N      int       // images in use, at most cap(Labels)
	Images []float32 // (N, 34, 34, 3)
	Labels []uint8   // (N), 0 to 9
}

// NewBatch returns a batch with room for n images, all zero.
func NewBatch(n int) *Batch {
	return &Batch{N: n, Images: make([]float32, n*PaddedImage), Labels: make([]uint8, n)}
}

// Image returns the storage of image i, (34, 34, 3).
func (b *Batch) Image(i int) []float32 {
	return b.Images[i*PaddedImage : (i+1)*PaddedImage]
}
