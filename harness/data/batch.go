package data

import "deepresidual/models"

// Normalisation maps the bytes of an image to what the network sees: a
// function of the value for each channel, less a mean for each pixel.
type Normalisation struct {
	value [models.Channels][256]float32
	mean  [pixelBytes]float32 // (32, 32, 3), the order of models.Batch
}

// PerPixelMean returns value/255 minus the given mean (3, 32, 32), as [Mean]
// computes it: the paper's preprocessing (section 4.2).
func PerPixelMean(mean []float32) *Normalisation {
	n := new(Normalisation)
	for c := range models.Channels {
		for v := range 256 {
			n.value[c][v] = float32(v) / 255
		}
		for p := range planeSize {
			n.mean[p*models.Channels+c] = mean[c*planeSize+p]
		}
	}
	return n
}

// PerChannel returns value/255 minus the channel's mean and divided by its
// standard deviation (red, green, blue), as many published CIFAR-10 weights were
// trained.
func PerChannel(mean, deviation [models.Channels]float64) *Normalisation {
	n := new(Normalisation)
	for c := range models.Channels {
		for v := range 256 {
			n.value[c][v] = float32((float64(v)/255 - mean[c]) / deviation[c])
		}
	}
	return n
}

// A view is a 32x32 crop of an image, or of its mirror image, that is padded
// with zeros: the crop's upper left corner lies (dx, dy) from the image's.
type view struct {
	dx, dy int // -31 to 31
	mirror bool
}

const (
	rowFloats    = models.ImageSize * models.Channels
	paddedFloats = models.PaddedSize * models.Channels
	firstPixel   = paddedFloats + models.Channels // of the interior
)

// render writes a view of an image to the interior of dst (34, 34, 3). The
// zeros are those of the normalised image: padding comes after the mean is
// subtracted, and a mirrored pixel has the mean of its own place subtracted.
func (n *Normalisation) render(dst []float32, pixels []byte, v view) {
	left := max(0, -v.dx)
	right := models.ImageSize - max(0, v.dx)
	red, green, blue := &n.value[0], &n.value[1], &n.value[2]
	for y := range models.ImageSize {
		row := (*[rowFloats]float32)(dst[firstPixel+y*paddedFloats:])
		from := y + v.dy
		if from < 0 || from >= models.ImageSize {
			clear(row[:])
			continue
		}
		clear(row[:left*models.Channels])
		clear(row[right*models.Channels:])
		r := (*[models.ImageSize]byte)(pixels[from*models.ImageSize:])
		g := (*[models.ImageSize]byte)(pixels[planeSize+from*models.ImageSize:])
		b := (*[models.ImageSize]byte)(pixels[2*planeSize+from*models.ImageSize:])
		mean := (*[rowFloats]float32)(n.mean[from*rowFloats:])
		x, step := left+v.dx, 1
		if v.mirror {
			x, step = models.ImageSize-1-x, -1
		}
		out := row[left*models.Channels : right*models.Channels]
		for ; len(out) >= models.Channels; out = out[models.Channels:] {
			i := x & (models.ImageSize - 1) // for the compiler: x is in range
			m := mean[i*models.Channels : i*models.Channels+models.Channels]
			out[0] = red[r[i]] - m[0]
			out[1] = green[g[i]] - m[1]
			out[2] = blue[b[i]] - m[2]
			x += step
		}
	}
}

// FillPlain fills the batch with n images from the first on, each the single
// original 32x32 view on which the paper tests. The batch must have room.
func FillPlain(b *models.Batch, images Images, first, n int, norm *Normalisation) {
	b.N = n
	for i := range n {
		b.Labels[i] = images.Label(first + i)
		norm.render(b.Image(i), images.Pixels(first+i), view{})
	}
}

// FillIndices fills the batch with the original views of the images with the
// given indices, as for a validation part. The batch must have room.
func FillIndices(b *models.Batch, images Images, indices []int, norm *Normalisation) {
	b.N = len(indices)
	for i, index := range indices {
		b.Labels[i] = images.Label(index)
		norm.render(b.Image(i), images.Pixels(index), view{})
	}
}

// Augmentation is the paper's (section 4.2, after Lee et al., "Deeply-supervised
// nets"): Pad zeros are put around the image and a 32x32 crop is taken of it
// or, with Flip, of its mirror image as often as not.
//
// The paper leaves open whether the mean is subtracted before the padding;
// here it is, so that what is padded is the mean image, not black.
type Augmentation struct {
	Pad  int // 0 to 4; the paper's is 4
	Flip bool
}

// Pipeline makes the batches of training: the sampler's images, augmented. The
// crop and the flip of an image are drawn from the seed, the iteration and the
// image's place in the batch alone. A Pipeline allocates nothing once made,
// and is not safe for concurrent use.
type Pipeline struct {
	images  Images
	sampler *Sampler
	norm    *Normalisation
	augment Augmentation
	crops   stream
	indices []int
}

// NewPipeline returns the pipeline that augments the sampler's images.
func NewPipeline(images Images, sampler *Sampler, norm *Normalisation, augment Augmentation, seed int64) *Pipeline {
	return &Pipeline{
		images:  images,
		sampler: sampler,
		norm:    norm,
		augment: augment,
		crops:   newStream(seed, forCrop, 0),
		indices: make([]int, sampler.Size()),
	}
}

// Fill fills the batch with the images of an iteration, counted from 0. The
// batch must have room for as many images as the sampler's batches have.
func (p *Pipeline) Fill(b *models.Batch, iteration int) {
	p.sampler.Batch(iteration, p.indices)
	b.N = len(p.indices)
	draws := p.crops.at(uint64(iteration))
	for i, index := range p.indices {
		b.Labels[i] = p.images.Label(index)
		p.norm.render(b.Image(i), p.images.Pixels(index), p.augment.draw(draws.at(uint64(i))))
	}
}

// draw chooses a view. All three numbers are always drawn, so that switching
// the flip off does not move the crops.
func (a Augmentation) draw(s stream) view {
	dx := s.below(2*a.Pad+1) - a.Pad
	dy := s.below(2*a.Pad+1) - a.Pad
	mirror := s.below(2) == 1
	return view{dx, dy, mirror && a.Flip}
}
