package kernels

import (
	"fmt"
	"math/rand/v2"
)

// scenario is one call of one kernel. The tests and benchmarks choose the set
// and the memory that its slices lie in.
type scenario struct {
	kernel, shape string
	args          []arg // slices of the kernel, in its order, exactly as long as it demands
	run           func(k *Set, s [][]float32)
	flops         int     // of the operation, of the direct convolution for Winograd's; 0: moves memory
	tolerance     float64 // against the portable set, times the maximum
}

func (s *scenario) name() string { return s.kernel + "/" + s.shape }

// arg is a slice of length values drawn by value.
type arg struct {
	length int
	value  func(r *rand.Rand) float32
}

func signed(r *rand.Rand) float32     { return 2*r.Float32() - 1 }
func activation(r *rand.Rand) float32 { return max(signed(r), 0) }

// sparse is for normalisations: where scale and shift are both 0, nothing is
// above 0.
func sparse(r *rand.Rand) float32 {
	if r.IntN(3) == 0 {
		return 0
	}
	return signed(r)
}

func args(lengths ...int) []arg {
	list := make([]arg, len(lengths))
	for i, n := range lengths {
		list[i] = arg{n, signed}
	}
	return list
}

// normed are slices of which the last is a normalisation.
func normed(lengths ...int) []arg {
	list := args(lengths...)
	list[len(list)-1].value = sparse
	return list
}

// fill gives the slices values that depend on seed.
func (s *scenario) fill(slices [][]float32, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	for i, a := range s.args {
		for j := range slices[i] {
			slices[i][j] = a.value(r)
		}
	}
}

// heap allocates the slices, offset values behind an aligned address.
func (s *scenario) heap(offset int) [][]float32 {
	slices := make([][]float32, len(s.args))
	for i, a := range s.args {
		slices[i] = make([]float32, offset+a.length)[offset:]
	}
	return slices
}

const tight = 2e-6 // a few roundings

// fills are the Fill functions on rows x width pixels.
func fills(rows, width, stride int) []scenario {
	shape := fmt.Sprintf("%dx%d", rows, width)
	n, dst := rows*width*Lanes, 0
	if n > 0 {
		dst = (rows-1)*stride + width*Lanes
	}
	return []scenario{
		{"FillNorm", shape, normed(dst, n, 2*Lanes), func(k *Set, s [][]float32) {
			k.FillNorm(s[0], s[1], s[2], rows, width, stride)
		}, 0, tight},
		{"FillNormStore", shape, normed(dst, n, n, 2*Lanes), func(k *Set, s [][]float32) {
			k.FillNormStore(s[0], s[1], s[2], s[3], rows, width, stride)
		}, 0, tight},
		{"FillAdd", shape, normed(dst, n, n, 2*Lanes), func(k *Set, s [][]float32) {
			k.FillAdd(s[0], s[1], s[2], s[3], rows, width, stride)
		}, 0, tight},
		{"FillAddStore", shape, normed(dst, n, n, n, 2*Lanes), func(k *Set, s [][]float32) {
			k.FillAddStore(s[0], s[1], s[2], s[3], s[4], rows, width, stride)
		}, 0, tight},
		{"FillCopy", shape, args(dst, n), func(k *Set, s [][]float32) {
			k.FillCopy(s[0], s[1], rows, width, stride)
		}, 0, 0},
		{"FillGrad", shape, args(dst, n, n, 3*Lanes), func(k *Set, s [][]float32) {
			k.FillGrad(s[0], s[1], s[2], s[3], rows, width, stride)
		}, 0, tight},
	}
}

// reductions are the sums over pixels.
func reductions(pixels int) []scenario {
	shape := fmt.Sprint(pixels)
	n := pixels * Lanes
	masked := args(2*Lanes, n, n, n)
	masked[3].value = activation
	const tolerance = 1e-5 // the order of the additions differs
	return []scenario{
		{"Sums", shape, args(2*Lanes, n), func(k *Set, s [][]float32) {
			k.Sums(s[0], s[1], pixels)
		}, 0, tolerance},
		{"GradSums", shape, normed(2*Lanes, n, n, 2*Lanes), func(k *Set, s [][]float32) {
			k.GradSums(s[0], s[1], s[2], s[3], pixels)
		}, 0, tolerance},
		{"GradSumsMask", shape, masked, func(k *Set, s [][]float32) {
			k.GradSumsMask(s[0], s[1], s[2], s[3], pixels)
		}, 0, tolerance},
	}
}

// parameters are the kernels on slices of any length.
func parameters(n int) []scenario {
	shape := fmt.Sprint(n)
	return []scenario{
		{"Prefetch", shape, args(n + 1), func(k *Set, s [][]float32) { k.Prefetch([]*float32{&s[0][0], &s[0][n]}, 3, n/Lanes) }, 0, 0},
		{"Add", shape, args(n, n), func(k *Set, s [][]float32) { k.Add(s[0], s[1]) }, 0, tight},
		{"Update", shape, args(n, n, n), func(k *Set, s [][]float32) {
			k.Update(s[0], s[1], s[2], 0.1, 0.9, 1e-4)
		}, 0, tight},
	}
}

// transforms are Winograd's transforms of one block of tilesY x tilesX tiles
// of feature maps that have rows of stride values and c channels.
func transforms(tilesX, tilesY, stride, c int) []scenario {
	shape := fmt.Sprintf("%dx%dx%d", tilesY, tilesX, c)
	tiles := tilesX * tilesY
	plane := tiles*c + Lanes
	v := (PatchArea-1)*plane + (tiles-1)*c + Lanes
	pixels := func(size int) int { // up to the end of the last patch or tile
		return ((tilesY-1)*TileSize+size-1)*stride + ((tilesX-1)*TileSize+size)*Lanes
	}
	patches, y := pixels(PatchSize), pixels(TileSize)
	add := args(y, 2*Lanes, v, y, y, y)
	add[4].value = activation
	const sums = 1e-5
	return []scenario{
		{"TransformInput", shape, args(v, patches), func(k *Set, s [][]float32) {
			k.TransformInput(s[0], s[1], tilesX, tilesY, stride, c, plane)
		}, 0, tight},
		{"TransformGrad", shape, args(v, y), func(k *Set, s [][]float32) {
			k.TransformGrad(s[0], s[1], tilesX, tilesY, stride, c, plane)
		}, 0, tight},
		{"TransformOutput", shape, args(y, 2*Lanes, v), func(k *Set, s [][]float32) {
			k.TransformOutput(s[0], s[1], s[2], tilesX, tilesY, stride, c, plane)
		}, 0, sums},
		{"TransformOutputGrad", shape, normed(y, 2*Lanes, v, y, 2*Lanes), func(k *Set, s [][]float32) {
			k.TransformOutputGrad(s[0], s[1], s[2], s[3], s[4], tilesX, tilesY, stride, c, plane)
		}, 0, sums},
		{"TransformOutputGradAdd", shape, add, func(k *Set, s [][]float32) {
			k.TransformOutputGradAdd(s[0], s[1], s[2], s[3], s[4], s[5], tilesX, tilesY, stride, c, plane)
		}, 0, sums},
		{"TransformOutputNorm", shape, normed(y, v, 2*Lanes), func(k *Set, s [][]float32) {
			k.TransformOutputNorm(s[0], s[1], s[2], tilesX, tilesY, stride, c, plane)
		}, 0, tight},
		{"TransformOutputNormAdd", shape, normed(y, v, y, 2*Lanes), func(k *Set, s [][]float32) {
			k.TransformOutputNormAdd(s[0], s[1], s[2], s[3], tilesX, tilesY, stride, c, plane)
		}, 0, tight},
	}
}

// products are the matrix products of the Winograd domain. The planes of a
// gradient of filters are gap values longer than their contents.
func products(tiles, c, out, gap int) []scenario {
	shape := fmt.Sprintf("%dx%dx%d", tiles, c, out)
	cPlane, outPlane, uPlane := tiles*c+Lanes, tiles*out+Lanes, c*out+gap
	last := PatchArea - 1
	flops := 2 * FilterArea * c * out * TileSize * TileSize * tiles
	const tolerance = 1e-5
	return []scenario{
		{"Multiply", shape, args(last*outPlane+tiles*out, last*cPlane+tiles*c, PatchArea*c*out), func(k *Set, s [][]float32) {
			k.Multiply(s[0], s[1], s[2], tiles, c, out, cPlane, outPlane, []*float32{&s[1][0], &s[2][0]}, 7)
		}, flops, tolerance},
		{"MultiplyGrad", shape, args(last*uPlane+c*out, last*cPlane+tiles*c, last*outPlane+tiles*out), func(k *Set, s [][]float32) {
			k.MultiplyGrad(s[0], s[1], s[2], 1, tiles, c, out, uPlane, cPlane, outPlane, []*float32{&s[1][0]}, 7)
		}, flops, tolerance},
	}
}

// filters are the transforms of the weights, for the channels first to last.
func filters(c, out, first, last, gap int) []scenario {
	shape := fmt.Sprintf("%dx%d", c, out)
	if first != 0 || last != c {
		shape += fmt.Sprintf("[%d:%d]", first, last)
	}
	plane := c*out + gap
	return []scenario{
		{"TransformWeights", shape, args(PatchArea*c*out, FilterArea*c*out), func(k *Set, s [][]float32) {
			k.TransformWeights(s[0], s[1], c, out, first, last)
		}, 0, tight},
		{"TransformWeightsGrad", shape, args(FilterArea*c*out, (PatchArea-1)*plane+c*out), func(k *Set, s [][]float32) {
			k.TransformWeightsGrad(s[0], s[1], c, out, plane)
		}, 0, tight},
	}
}

// directs are direct convolutions of rows x pixels outputs, one row forward
// and all rows for the gradient: taps rows of the filter, each of taps/rows
// columns and of every block of depth channels.
func directs(taps []int, depth, out, rows, pixels, xStride, xRow int) []scenario {
	shape := fmt.Sprintf("%dx%dx%dx%d", len(taps), depth, out, pixels)
	yStride, yBlock := 2*Lanes, 2*pixels*Lanes+3
	dRow, dBlock := pixels*Lanes+Lanes, rows*(pixels+1)*Lanes+5
	w := len(taps) * depth * out
	x := taps[len(taps)-1] + (pixels-1)*xStride + depth
	blocks := out/Lanes - 1
	flops := 2 * w * pixels
	const tolerance = 1e-5
	return []scenario{
		{"Direct", shape, args((pixels-1)*yStride+blocks*yBlock+Lanes, x, w), func(k *Set, s [][]float32) {
			k.Direct(s[0], s[1], s[2], taps, depth, out, pixels, xStride, yStride, yBlock)
		}, flops, tolerance},
		{"DirectGrad", shape, args(w, x+(rows-1)*xRow, (rows-1)*dRow+pixels*Lanes+blocks*dBlock), func(k *Set, s [][]float32) {
			k.DirectGrad(s[0], s[1], s[2], taps, depth, out, rows, pixels, xRow, xStride, dRow, dBlock)
		}, flops * rows, tolerance},
	}
}

// strided are the direct convolutions of the network's strided layer with
// feature maps of size x size and c channels at its output, and one of the
// phases of its gradient (c is then at the input).
func strided(c, out, size int) []scenario {
	row := (2*size + 2) * Lanes
	return directs(taps(3, 3, c/Lanes, row, Lanes, (2*size+2)*row), Lanes, out, size, size, 2*Lanes, 2*row)
}

func phase(c, out, size, height, width int) []scenario {
	row := (size + 1) * Lanes
	return directs(taps(height, width, c/Lanes, row, Lanes, (size+1)*row), Lanes, out, size, size, Lanes, row)[:1]
}

// stem is the first layer: three rows of nine values each.
func stem(size int) []scenario {
	row := (size + 2) * 3
	return directs(taps(3, 1, 1, row, 0, 0), 9, 16, size, size, 3, row)
}

// taps are the offsets of the pixels of a filter of height x width, for each
// block of channels.
func taps(height, width, blocks, row, pixel, block int) []int {
	var list []int
	for h := range height {
		for w := range width {
			for b := range blocks {
				list = append(list, h*row+w*pixel+b*block)
			}
		}
	}
	return list
}

// scenarios are all kernels on the shapes of the networks and on odd ones.
func scenarios() []scenario {
	var list []scenario
	add := func(more ...[]scenario) {
		for _, m := range more {
			list = append(list, m...)
		}
	}
	for _, f := range [][3]int{
		{8, 32, 34 * Lanes}, {1, 32, 34 * Lanes}, {16, 16, 18 * Lanes}, {8, 8, 10 * Lanes}, {17, 16, 17 * Lanes},
		{0, 8, 128}, {1, 1, 16}, {2, 1, 17}, {3, 3, 50}, {5, 7, 7 * Lanes}, {2, 13, 211},
	} {
		add(fills(f[0], f[1], f[2]))
	}
	for _, pixels := range []int{0, 1, 2, 3, 4, 5, 16, 63, 64, 255, 256, 1024} {
		add(reductions(pixels))
	}
	for _, n := range []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 432, 1000, 2304, 36864} {
		add(parameters(n))
	}
	for _, t := range [][4]int{
		{8, 2, 34 * Lanes, 16}, {8, 2, 32 * Lanes, 16}, {4, 4, 18 * Lanes, 32}, {2, 2, 10 * Lanes, 64}, {2, 2, 8 * Lanes, 64},
		{1, 1, 6 * Lanes, 16}, {3, 1, 14*Lanes + 1, 48}, {1, 5, 111, 16}, {2, 3, 10*Lanes + 7, 16},
	} {
		add(transforms(t[0], t[1], t[2], t[3]))
	}
	for _, tiles := range []int{16, 32, 48} {
		for _, c := range [][2]int{{16, 16}, {32, 32}, {64, 64}, {16, 48}, {48, 16}, {32, 64}, {80, 32}} {
			add(products(tiles, c[0], c[1], 0))
		}
	}
	add(products(16, 512, 16, 0), products(32, 16, 512, 0)) // the most that can be described
	for _, c := range [][2]int{{16, 16}, {32, 32}, {16, 48}, {48, 16}} {
		add(products(8, c[0], c[1], 0)[:1], products(24, c[0], c[1], 0)[:1]) // gradients take 16
	}
	for _, c := range []int{16, 32, 64} {
		add(filters(c, c, 0, c, 0))
	}
	add(filters(16, 32, 0, 16, 0), filters(48, 16, 16, 32, 0), filters(32, 32, 5, 6, 0), filters(32, 32, 8, 32, 0), filters(16, 48, 3, 3, 0))
	add(strided(16, 32, 16), strided(32, 64, 8), strided(16, 32, 4)[1:], stem(32)) // rows of four pixels are computed as eight
	for _, p := range [][2]int{{1, 1}, {1, 2}, {2, 1}, {2, 2}} {
		add(phase(32, 16, 16, p[0], p[1]), phase(64, 32, 8, p[0], p[1]))
	}
	for _, pixels := range []int{8, 16, 24, 40} {
		for _, out := range []int{16, 32, 48, 64} {
			for _, depth := range []int{9, 16} {
				add(directs([]int{0, 5, 23, 171}, depth, out, 3, pixels, 19, pixels*19+2))
			}
		}
	}
	return list
}
