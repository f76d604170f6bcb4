package ops

import (
	"fmt"

	"deepresidual/models/kernels"
)

// Evaluation is a network ready to be evaluated with its running statistics. Its
// methods add operations, first to last; [Evaluation.Plan] makes it ready.
// [Evaluation.Run] allocates nothing.
//
// Unlike a [Program], which runs layer by layer over the batch, it takes a few
// images at a time through the whole network. As the statistics are known, a
// layer normalises, adds the shortcut and rectifies as it writes its output, and
// what it writes is read again from the second-level cache. The first stages,
// whose maps are large and whose filters small, work on one image after the
// other; the last, whose filters are as large as the maps of many images, on all
// images of a chunk. No result depends on how images are divided, but for the last
// digits of layer responses.
type Evaluation struct {
	machine     *Machine
	batch       int
	conventions Conventions
	input       input

	single, grouped []evaluated // layers that work on one image, then on those of a chunk
	current, middle *maps       // of the stage to which the next block belongs
	stages          []*maps
	norms           []*fixedNorm // of all layers
	responding      []*fixedNorm // of 3x3 layers, in their order
	loss            *loss
	measuring       bool

	chunks []chunk // one per thread that finds work
	count  int     // of chunks in the batch
	body   func(thread, item int)
	mapped
}

// evaluated is a layer at work: on the images from up to, but not including, to
// of a chunk.
type evaluated interface {
	run(c *chunk, from, to int)
}

// chunk is the images that a thread is working on, and its memory.
type chunk struct {
	*scratch
	memory []float32 // feature maps
	index  int       // in the batch
	first  int       // its first image in the batch

	// coef are coefficients of FillGrad of which the first, k1, is 0, so that it only
	// normalises: with what a projection writes after them.
	coef [3 * kernels.Lanes]float32
}

const (
	// chunkImages is how many images a thread takes at a time, at most.
	chunkImages = 16
	// unitImages is what chunks are multiples of: a group of tiles has those of
	// eight images of 8x8 pixels.
	unitImages = 8
)

// NewEvaluation returns an empty evaluation of batches of up to the given size.
func NewEvaluation(m *Machine, batch int, c Conventions) *Evaluation {
	e := &Evaluation{machine: m, batch: batch, conventions: c}
	e.body = e.runChunk
	return e
}

// units returns in how many pieces n images are handed out, and how many chunks
// these make. It is the same for any number of threads.
func units(n int) (units, chunks int) {
	units = (n + unitImages - 1) / unitImages
	return units, max(slots(units), (n+chunkImages-1)/chunkImages)
}

// Plan allocates the memory of the evaluation, which is complete.
func (e *Evaluation) Plan() error {
	_, count := units(e.batch)
	threads := min(count, e.machine.Threads())
	if memories := len(e.machine.scratch); threads > memories {
		return fmt.Errorf("evaluating batches of %d images by %d threads on a machine with memory for %d", e.batch, threads, memories)
	}
	each := 0
	for _, m := range e.stages {
		m.offset = each
		each += m.room() + spread
	}
	slab, release, err := newSlab(each * threads)
	if err != nil {
		return fmt.Errorf("allocating %d MiB for evaluation: %w", each*threads>>18, err)
	}
	e.release = release
	e.chunks = make([]chunk, threads)
	for t := range e.chunks {
		e.chunks[t] = chunk{scratch: e.machine.scratch[t], memory: slab[t*each:][:each:each]}
	}
	return nil
}

// Run evaluates n images, (n, H+2, W+2, 3) with a border of zeros, of the given labels
// (n).
func (e *Evaluation) Run(n int, images []float32, labels []uint8) error {
	if n < 1 || n > e.batch {
		return fmt.Errorf("evaluating %d images in a batch of up to %d", n, e.batch)
	}
	e.input = input{n, images, labels}
	for _, norm := range e.norms {
		norm.prepare()
	}
	_, e.count = units(n)
	e.machine.pool.run(e.count, e.body)
	if e.measuring {
		for _, norm := range e.responding {
			norm.measure(e.count, float64(n))
		}
	}
	e.loss.run()
	return nil
}

func (e *Evaluation) runChunk(thread, item int) {
	all, _ := units(e.input.N)
	from, to := slotRange(item, e.count, all)
	c := &e.chunks[thread]
	c.index, c.first = item, from*unitImages
	n := min(to*unitImages, e.input.N) - c.first
	if e.measuring {
		for _, norm := range e.responding {
			clearSlot(norm.sums, item, len(norm.Mean))
		}
	}
	for image := range n {
		for _, layer := range e.single {
			layer.run(c, image, image+1)
		}
	}
	for _, layer := range e.grouped {
		layer.run(c, 0, n)
	}
}

// add adds a layer that reads maps of the given layout.
func (e *Evaluation) add(in *maps, layer evaluated) {
	if in != nil && in.images > 1 {
		e.grouped = append(e.grouped, layer)
	} else {
		e.single = append(e.single, layer)
	}
}

// maps are the feature maps of an image, or of all images of a chunk, in a
// thread's memory: (images, C/16, H+2, W+2, 16). The border of zeros is what a
// 3x3 convolution reads there.
type maps struct {
	channels, size int
	images         int
	offset         int
}

// stage adds the maps of a stage: of the blocks' outputs, and of what lies
// between the two layers of a block.
func (e *Evaluation) stage(channels, size int) {
	images := 1
	if newTiling(size).images > 1 {
		images = chunkImages
	}
	e.current, e.middle = &maps{channels: channels, size: size, images: images}, &maps{channels: channels, size: size, images: images}
	e.stages = append(e.stages, e.current, e.middle)
}

// row and plane are the extents of a row and of a block.
func (m *maps) row() int   { return (m.size + 2) * kernels.Lanes }
func (m *maps) plane() int { return (m.size + 2) * m.row() }

// room is the extent of all.
func (m *maps) room() int { return m.images * m.channels / kernels.Lanes * m.plane() }

// at returns a block of an image of a chunk, with its border.
func (m *maps) at(c *chunk, image, block int) []float32 {
	if m.images == 1 {
		image = 0
	}
	return c.memory[m.offset+(image*m.channels/kernels.Lanes+block)*m.plane():]
}

// interior returns a block of an image from its first pixel on.
func (m *maps) interior(c *chunk, image, block int) []float32 {
	return m.at(c, image, block)[m.row()+kernels.Lanes:]
}
