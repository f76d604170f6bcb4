package ops

import "deepresidual/models/kernels"

// Tiles of 4x4 pixels are transformed and multiplied in groups.
const (
	groupTiles = 16 // in a group, but
	maxTiles   = 32 // in the last stages, whose filters are too large to be read for a few tiles
	spread     = 16 // what the planes of a group are longer than their contents
)

// tiling is how the maps of a layer are divided into groups: a group is a part
// of an image or a number of images.
type tiling struct {
	size   int // of the maps, in pixels
	tiles  int // per row of an image
	rows   int // rows of tiles of an image in a group
	parts  int // groups per image
	images int // images per group
	group  int // tiles per group
	stride int // of a row of padded pixels, in values
}

func newTiling(size int) tiling {
	if size <= 8 {
		return tilingOf(size, maxTiles)
	}
	return tilingOf(size, groupTiles)
}

// tilingOf divides maps into groups of so many tiles.
func tilingOf(size, group int) tiling {
	t := tiling{size: size, tiles: size / kernels.TileSize, parts: 1, images: 1, group: group, stride: (size + 2) * kernels.Lanes}
	perImage := t.tiles * t.tiles
	t.rows = t.tiles
	if perImage > t.group {
		t.parts = perImage / t.group
		t.rows = t.group / t.tiles
	} else {
		t.images = t.group / perImage
	}
	return t
}

// fewTiles is how many tiles of 16 channels stay in the first cache, where the
// products take the place of the transformed input.
const fewTiles = 8

// productTiling returns how the maps of a layer are divided for the products: in
// groups or, of 16 channels, in strips of them.
func productTiling(f *Filter, size int) tiling {
	if f.in == kernels.Lanes && f.out == kernels.Lanes && size > 8 {
		return tilingOf(size, fewTiles)
	}
	return newTiling(size)
}

// groups returns how many groups n images make.
func (t *tiling) groups(n int) int { return (n + t.images - 1) / t.images * t.parts }

// at returns the first image of a group and its first row of pixels.
func (t *tiling) at(group int) (image, row int) {
	return group / t.parts * t.images, group % t.parts * t.rows * kernels.TileSize
}

// pixels returns how many rows of pixels of an image a group covers.
func (t *tiling) pixels() int { return t.rows * kernels.TileSize }

// plane returns the distance of a transformed group's planes.
func (t *tiling) plane(channels int) int { return t.group*channels + spread }

// lines returns how many lines of a group's pixels of so many channels to ask
// for with each plane of a product.
func (t *tiling) lines(channels int) int {
	lines := t.images * t.pixels() * t.size * channels / kernels.Lanes
	return (lines + kernels.PatchArea - 1) / kernels.PatchArea
}

// winograd is a convolution of stride 1, by minimal filtering.
type winograd struct {
	m *Machine
	f *Filter
	tiling
	// strip is what is multiplied at once: of 16 channels half a group, since a whole
	// one would leave the first cache between the transforms and the product. Memory
	// is read and written in larger pieces: by groups.
	strip tiling
	sum   *reduction

	batch, groupCount, slotCount int // of a program

	// The operands of the pass at hand.
	in, out      *Activation
	shortcut     *shortcut
	forwardBody  func(thread, slot int)
	backwardBody func(thread, slot int)
}

func newWinograd(m *Machine, f *Filter, size int) *winograd {
	w := &winograd{m: m, f: f, tiling: newTiling(size), strip: productTiling(f, size), sum: newReduction(m, f.Grad)}
	w.forwardBody, w.backwardBody = w.forwardSlot, w.backwardSlot
	return w
}

func (w *winograd) forward(in, out *Activation) {
	w.in, w.out = in, out
	w.m.pool.run(w.slotCount, w.forwardBody)
	out.norm.finish(w.slotCount, float64(w.batch*w.size*w.size))
}

func (w *winograd) forwardSlot(thread, slot int) {
	k, s := w.m.Kernels, w.m.scratch[thread]
	c, out := w.f.in, w.f.out
	cPlane, outPlane := w.strip.plane(c), w.strip.plane(out)
	products := w.products(s)
	clearSlot(w.out.norm.sums, slot, out)
	w.clearBorders(s.pixels)
	from, to := slotRange(slot, w.slotCount, w.groupCount)
	for group := from; group < to; group++ {
		first, row := w.at(group)
		next, nextRow := w.at(group + 1)
		images := min(w.images, w.batch-first)
		for down := 0; down < w.pixels(); down += w.strip.pixels() {
			for i := range images {
				for block := range c / kernels.Lanes {
					if down == 0 { // strips have one image and block, whose pixels stay
						w.pad(s.pixels, first+i, block, row)
					}
					k.TransformInput(s.input[i*w.rows*w.tiles*c+block*kernels.Lanes:], s.pixels[down*w.stride:], w.tiles, w.strip.rows, w.stride, c, cPlane)
				}
			}
			ahead := expect(s.ahead, w.out.offset(first, 0, row+down), w.out.z)
			if group+1 < w.groupCount {
				ahead = expect(ahead, w.in.offset(next, 0, nextRow+down), w.in.z, w.in.add)
			}
			k.Multiply(products, s.input, w.f.forward, w.strip.group, c, out, cPlane, outPlane, ahead, w.strip.lines(c))
			for block := range out / kernels.Lanes {
				for i := range images {
					y := w.out.z.Data[w.out.offset(first+i, block, row+down):]
					k.TransformOutput(y, s.stats, products[i*w.rows*w.tiles*out+block*kernels.Lanes:], w.tiles, w.strip.rows, w.size*kernels.Lanes, out, outPlane)
				}
				if down+w.strip.pixels() == w.pixels() {
					flush(w.out.norm.sums, slot, out, block, s.stats)
				}
			}
		}
	}
}

// products returns the memory for them: the transformed input's own for strips.
func (w *winograd) products(s *scratch) []float32 {
	if w.strip.group < w.group {
		return s.input
	}
	return s.output
}

// clearBorders sets the left and right columns of padded pixels to zero.
func (w *winograd) clearBorders(pixels []float32) {
	for r := range w.pixels() + 2 {
		clear(pixels[r*w.stride:][:kernels.Lanes])
		clear(pixels[(r+1)*w.stride-kernels.Lanes:][:kernels.Lanes])
	}
}

// pad writes the input pixels of a part of an image into padded memory, with
// the row above and the row below. The part's own rows are stored, the others
// belong to its neighbours.
func (w *winograd) pad(pixels []float32, image, block, row int) {
	k := w.m.Kernels
	rows := w.pixels()
	w.edge(pixels, image, block, row-1, 0)
	w.in.fill(k, pixels[w.stride+kernels.Lanes:], w.stride, image, block, row, rows, true)
	w.edge(pixels, image, block, row+rows, rows+1)
}

// edge writes the input's row into row at of the padded pixels, zero outside the image.
func (w *winograd) edge(pixels []float32, image, block, row, at int) {
	dst := pixels[at*w.stride+kernels.Lanes:]
	if row < 0 || row >= w.size {
		clear(dst[:w.size*kernels.Lanes])
		return
	}
	w.in.fill(w.m.Kernels, dst, w.stride, image, block, row, 1, false)
}

// repad writes the input pixels of a part of an image once more, with the rows around
// it, which are stored by now.
func (w *winograd) repad(pixels []float32, image, block, row int) {
	k := w.m.Kernels
	first, last := max(row-1, 0), min(row+w.pixels()+1, w.size)
	at := first - (row - 1)
	w.clearEdges(pixels, at, last-first)
	w.in.refill(k, pixels[at*w.stride+kernels.Lanes:], w.stride, image, block, first, last-first)
}

// padGrad writes the gradient with respect to the output of a part of an image, with the
// rows around it.
func (w *winograd) padGrad(pixels []float32, image, block, row int) {
	k := w.m.Kernels
	first, last := max(row-1, 0), min(row+w.pixels()+1, w.size)
	at := first - (row - 1)
	w.clearEdges(pixels, at, last-first)
	w.out.fillGrad(k, pixels[at*w.stride+kernels.Lanes:], w.stride, image, block, first, last-first)
}

// clearEdges sets the rows before at and after at+rows to zero.
func (w *winograd) clearEdges(pixels []float32, at, rows int) {
	clear(pixels[:at*w.stride])
	clear(pixels[(at+rows)*w.stride : (w.pixels()+2)*w.stride])
}

func (w *winograd) backward(in, out *Activation, shortcut *shortcut) {
	w.in, w.out, w.shortcut = in, out, shortcut
	w.m.pool.run(w.slotCount, w.backwardBody)
	w.sum.run(w.slotCount)
	in.norm.finishGrad(w.slotCount, float64(w.batch*in.size*in.size))
}

func (w *winograd) backwardSlot(thread, slot int) {
	k, s := w.m.Kernels, w.m.scratch[thread]
	c, out := w.f.in, w.f.out
	cPlane, outPlane := w.plane(c), w.plane(out)
	cStrip, outStrip := w.strip.plane(c), w.strip.plane(out)
	products := w.products(s)
	clearSlot(w.in.norm.gradSums, slot, c)
	w.clearBorders(s.pixels)
	filterPlane := c*out + spread // its 36 elements are read together, from as many cache sets
	from, to := slotRange(slot, w.slotCount, w.groupCount)
	for group := from; group < to; group++ {
		first, row := w.at(group)
		next, nextRow := w.at(group + 1)
		images := min(w.images, w.batch-first)

		// The output's gradient, transformed for both products.
		for down := 0; down < w.pixels(); down += w.strip.pixels() {
			for i := range images {
				tile := i * w.rows * w.tiles
				for block := range out / kernels.Lanes {
					if down == 0 {
						w.padGrad(s.pixels, first+i, block, row)
						k.TransformGrad(s.grad[tile*out+block*kernels.Lanes:], s.pixels[w.stride+kernels.Lanes:], w.tiles, w.rows, w.stride, out, outPlane)
					}
					k.TransformInput(s.input[tile*out+block*kernels.Lanes:], s.pixels[down*w.stride:], w.tiles, w.strip.rows, w.stride, out, outStrip)
				}
			}
			at := w.in.offset(first, 0, row+down)
			ahead := expect(s.ahead, at, w.in.z, w.in.grad)
			if w.shortcut != nil {
				ahead = expect(ahead, at, w.in.out)
				if w.shortcut.g != w.in.grad {
					ahead = expect(ahead, at, w.shortcut.g)
				}
			}
			k.Multiply(products, s.input, w.f.backward, w.strip.group, out, c, outStrip, cStrip, ahead, w.strip.lines(c))
			for block := range c / kernels.Lanes {
				for i := range images {
					w.outputGrad(k, s, first+i, block, row+down, products[i*w.rows*w.tiles*c+block*kernels.Lanes:])
				}
				if down+w.strip.pixels() == w.pixels() {
					flush(w.in.norm.gradSums, slot, c, block, s.stats)
				}
			}
		}

		// The filters' gradient, with the input transformed once more.
		for i := range images {
			for block := range c / kernels.Lanes {
				w.repad(s.pixels, first+i, block, row)
				k.TransformInput(s.input[i*w.rows*w.tiles*c+block*kernels.Lanes:], s.pixels, w.tiles, w.rows, w.stride, c, cPlane)
			}
		}
		if images < w.images {
			used := images * w.rows * w.tiles
			for xi := range kernels.PatchArea {
				clear(s.input[xi*cPlane+used*c : xi*cPlane+w.group*c])
				clear(s.grad[xi*outPlane+used*out : xi*outPlane+w.group*out])
			}
		}
		ahead := s.ahead
		if group+1 < w.groupCount {
			ahead = expect(ahead, w.out.offset(next, 0, nextRow), w.out.grad, w.out.z)
		}
		k.MultiplyGrad(s.filters, s.input, s.grad, group-from, w.group, c, out, filterPlane, cPlane, outPlane, ahead, w.lines(out))
	}
	k.TransformWeightsGrad(w.sum.slot(slot), s.filters, c, out, filterPlane)
}

// outputGrad transforms the products m of a strip of one image and block to the
// gradient with respect to the input, from a row on.
func (w *winograd) outputGrad(k *kernels.Set, s *scratch, image, block, row int, m []float32) {
	o := w.in.offset(image, block, row)
	plane := w.strip.plane(w.f.in)
	in, y, z := w.in, w.in.grad.Data[o:], w.in.z.Data[o:]
	if w.shortcut != nil {
		k.TransformOutputGradAdd(y, s.stats, m, z, in.out.Data[o:], w.shortcut.g.Data[o:],
			w.tiles, w.strip.rows, w.size*kernels.Lanes, w.f.in, plane)
		return
	}
	k.TransformOutputGrad(y, s.stats, m, z, in.norm.blockApply(image, block),
		w.tiles, w.strip.rows, w.size*kernels.Lanes, w.f.in, plane)
}
