package kernels

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// maps are feature maps in the layout of the package, (n, c/16, size, size, 16).
type maps struct {
	n, c, size int
	data       []float32
}

func newMaps(n, c, size int) *maps { return &maps{n, c, size, make([]float32, n*c*size*size)} }

func randomMaps(r *rand.Rand, n, c, size int) *maps {
	m := newMaps(n, c, size)
	for i := range m.data {
		m.data[i] = signed(r)
	}
	return m
}

func random(r *rand.Rand, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = signed(r)
	}
	return s
}

func (m *maps) offset(n, c, h, w int) int {
	return (((n*m.c/Lanes+c/Lanes)*m.size+h)*m.size+w)*Lanes + c%Lanes
}

// at is a value; the maps are surrounded by zeros.
func (m *maps) at(n, c, h, w int) float64 {
	if h < 0 || w < 0 || h >= m.size || w >= m.size {
		return 0
	}
	return float64(m.data[m.offset(n, c, h, w)])
}

// padded copies the maps of an image with a border of zeros: as many blocks
// of (size+2) x (size+2) pixels.
func (m *maps) padded(k *Set, n int) (pixels []float32, row, block int) {
	row = (m.size + 2) * Lanes
	block = (m.size + 2) * row
	pixels = make([]float32, m.c/Lanes*block)
	for b := range m.c / Lanes {
		k.FillCopy(pixels[b*block+row+Lanes:], m.data[m.offset(n, b*Lanes, 0, 0):], m.size, m.size, row)
	}
	return pixels, row, block
}

// The definitions, in float64. w is (3, 3, c, k); outputs are laid out like
// what they are compared with.

func convolve(x *maps, w []float32, out, stride int) []float64 {
	y := newMaps(x.n, out, x.size/stride)
	sum := make([]float64, len(y.data))
	each(y, x.c, func(at, n, k, h, wd, c, kh, kw int) {
		sum[at] += x.at(n, c, h*stride+kh-1, wd*stride+kw-1) * float64(w[((kh*3+kw)*x.c+c)*out+k])
	})
	return sum
}

func convolveGradInput(dy *maps, w []float32, in, stride int) []float64 {
	x := newMaps(dy.n, in, dy.size*stride)
	sum := make([]float64, len(x.data))
	each(dy, in, func(at, n, k, h, wd, c, kh, kw int) {
		i, j := h*stride+kh-1, wd*stride+kw-1
		if i >= 0 && j >= 0 && i < x.size && j < x.size {
			sum[x.offset(n, c, i, j)] += float64(dy.data[at]) * float64(w[((kh*3+kw)*in+c)*dy.c+k])
		}
	})
	return sum
}

func convolveGradWeights(x, dy *maps, stride int) []float64 {
	sum := make([]float64, FilterArea*x.c*dy.c)
	each(dy, x.c, func(at, n, k, h, w, c, kh, kw int) {
		sum[((kh*3+kw)*x.c+c)*dy.c+k] += x.at(n, c, h*stride+kh-1, w*stride+kw-1) * float64(dy.data[at])
	})
	return sum
}

// each visits every product of a convolution with output y, of the output at
// (n, k, h, w) with the input channel c and the filter's (kh, kw).
func each(y *maps, in int, visit func(at, n, k, h, w, c, kh, kw int)) {
	for n := range y.n {
		for k := range y.c {
			for h := range y.size {
				for w := range y.size {
					for c := range in {
						for tap := range FilterArea {
							visit(y.offset(n, k, h, w), n, k, h, w, c, tap/3, tap%3)
						}
					}
				}
			}
		}
	}
}

// rotated are the weights of the gradient of the input: (3, 3, k, c), turned by
// 180 degrees.
func rotated(w []float32, c, k int) []float32 {
	r := make([]float32, len(w))
	for tap := range FilterArea {
		for i := range c {
			for j := range k {
				r[((8-tap)*k+j)*c+i] = w[(tap*c+i)*k+j]
			}
		}
	}
	return r
}

// winogradGroups calls do for groups of 16 tiles that cover the images: with
// the first image, how many images, the first row of pixels, and the rows of
// tiles of each image.
func winogradGroups(m *maps, do func(image, images, row, rows int)) {
	across := m.size / TileSize
	rows := min(across, 16/across)
	images := 16 / (rows * across)
	for image := 0; image < m.n; image += images {
		for row := 0; row < across; row += rows {
			do(image, images, row*TileSize, rows)
		}
	}
}

// winogradConvolve convolves x with w (3, 3, c, k). stats are the sums over
// each channel of y.
func winogradConvolve(k *Set, x *maps, w []float32, out int) (y *maps, stats []float32) {
	y = newMaps(x.n, out, x.size)
	stats = make([]float32, 2*out)
	u := make([]float32, PatchArea*x.c*out)
	k.TransformWeights(u, w, x.c, out, 0, x.c)
	inPlane, outPlane := 16*x.c+Lanes, 16*out+Lanes
	v, m := make([]float32, PatchArea*inPlane), make([]float32, PatchArea*outPlane)
	across := x.size / TileSize
	winogradGroups(x, func(image, images, row, rows int) {
		for i := range images {
			pixels, stride, size := x.padded(k, image+i)
			for b := range x.c / Lanes {
				k.TransformInput(v[i*rows*across*x.c+b*Lanes:], pixels[b*size+row*stride:], across, rows, stride, x.c, inPlane)
			}
		}
		k.Multiply(m, v, u, 16, x.c, out, inPlane, outPlane, nil, 0)
		for i := range images {
			for b := range out / Lanes {
				k.TransformOutput(y.data[y.offset(image+i, b*Lanes, row, 0):], stats[2*b*Lanes:], m[i*rows*across*out+b*Lanes:],
					across, rows, y.size*Lanes, out, outPlane)
			}
		}
	})
	return y, stats
}

// winogradGradWeights is the gradient of the weights, in the Winograd domain.
func winogradGradWeights(k *Set, x, dy *maps) []float32 {
	uPlane := x.c*dy.c + Lanes
	u, done := random(rand.New(rand.NewPCG(7, 7)), PatchArea*uPlane), 0 // what is there before the first group does not count
	inPlane, outPlane := 16*x.c+Lanes, 16*dy.c+Lanes
	v, d := make([]float32, PatchArea*inPlane), make([]float32, PatchArea*outPlane)
	across := x.size / TileSize
	winogradGroups(x, func(image, images, row, rows int) {
		for i := range images {
			tile := i * rows * across
			pixels, stride, size := x.padded(k, image+i)
			for b := range x.c / Lanes {
				k.TransformInput(v[tile*x.c+b*Lanes:], pixels[b*size+row*stride:], across, rows, stride, x.c, inPlane)
			}
			for b := range dy.c / Lanes {
				k.TransformGrad(d[tile*dy.c+b*Lanes:], dy.data[dy.offset(image+i, b*Lanes, row, 0):],
					across, rows, dy.size*Lanes, dy.c, outPlane)
			}
		}
		k.MultiplyGrad(u, v, d, done, 16, x.c, dy.c, uPlane, inPlane, outPlane, nil, 0)
		done++
	})
	w := make([]float32, FilterArea*x.c*dy.c)
	k.TransformWeightsGrad(w, u, x.c, dy.c, uPlane)
	return w
}

// Convolution of stride 1 and both its gradients by Winograd's algorithm.
func TestWinogradConvolution(t *testing.T) {
	const tolerance = 1e-5 // 1e-4 of the maximum is what training needs
	for _, shape := range []struct{ n, c, size int }{{1, 16, 32}, {1, 32, 16}, {4, 64, 8}} {
		r := rand.New(rand.NewPCG(4, uint64(shape.c)))
		c := shape.c
		x, dy := randomMaps(r, shape.n, c, shape.size), randomMaps(r, shape.n, c, shape.size)
		w := random(r, FilterArea*c*c)
		forward, gradInput, gradWeights := convolve(x, w, c, 1), convolveGradInput(dy, w, c, 1), convolveGradWeights(x, dy, 1)
		sums := make([]float64, 2*c)
		for i, y := range forward {
			block, lane := i/(shape.size*shape.size*Lanes)%(c/Lanes), i%Lanes
			sums[2*block*Lanes+lane] += y
			sums[(2*block+1)*Lanes+lane] += y * y
		}
		forSets(t, fmt.Sprintf("%dx%dx%d", c, shape.size, shape.size), func(t *testing.T, k *Set) {
			y, stats := winogradConvolve(k, x, w, c)
			check(t, "forward", y.data, forward, tolerance)
			check(t, "sums", stats, sums, tolerance)
			dx, _ := winogradConvolve(k, dy, rotated(w, c, c), c)
			check(t, "backward data", dx.data, gradInput, tolerance)
			check(t, "backward weights", winogradGradWeights(k, x, dy), gradWeights, tolerance)
		})
	}
}

// Convolution of stride 2 and its gradients, directly. The gradient of the
// input is four convolutions, one for each phase: pixels of even or odd rows
// and columns see different taps of the filter.
func TestStridedConvolution(t *testing.T) {
	const tolerance = 2e-6
	for _, shape := range []struct{ c, out, size int }{{16, 32, 16}, {32, 64, 8}} {
		r := rand.New(rand.NewPCG(5, uint64(shape.c)))
		c, out, size := shape.c, shape.out, shape.size
		x, dy := randomMaps(r, 1, c, 2*size), randomMaps(r, 1, out, size)
		w := random(r, FilterArea*c*out)
		forward, gradInput, gradWeights := convolve(x, w, out, 2), convolveGradInput(dy, w, c, 2), convolveGradWeights(x, dy, 2)
		forSets(t, fmt.Sprintf("%d-%dx%dx%d", c, out, size, size), func(t *testing.T, k *Set) {
			in, row, block := x.padded(k, 0)
			inTaps := taps(3, 3, c/Lanes, row, Lanes, block)
			y := newMaps(1, out, size)
			for h := range size {
				k.Direct(y.data[h*size*Lanes:], in[2*h*row:], w, inTaps, Lanes, out, size, 2*Lanes, Lanes, size*size*Lanes)
			}
			check(t, "forward", y.data, forward, tolerance)

			dw := make([]float32, len(w))
			k.DirectGrad(dw, in, dy.data, inTaps, Lanes, out, size, size, 2*row, 2*Lanes, size*Lanes, size*size*Lanes)
			check(t, "backward weights", dw, gradWeights, tolerance)

			dx := newMaps(1, c, 2*size)
			grad, row, block := dy.padded(k, 0)
			// An even row 2i sees kh = 1 of the gradient's row i; an odd one,
			// 2i+1, kh = 2 of row i and kh = 0 of row i+1. Columns likewise.
			filterTaps := [2][]int{{1}, {2, 0}}
			for ph, khs := range filterTaps {
				for pw, kws := range filterTaps {
					var weights []float32
					for _, kh := range khs {
						for _, kw := range kws {
							for k := range out {
								for i := range c {
									weights = append(weights, w[((kh*3+kw)*c+i)*out+k])
								}
							}
						}
					}
					gradTaps := taps(len(khs), len(kws), out/Lanes, row, Lanes, block)
					for i := range size {
						k.Direct(dx.data[dx.offset(0, 0, 2*i+ph, pw):], grad[(i+1)*row+Lanes:], weights, gradTaps, Lanes, c,
							size, Lanes, 2*Lanes, 4*size*size*Lanes)
					}
				}
			}
			check(t, "backward data", dx.data, gradInput, tolerance)
		})
	}
}

// The first layer: images of three colours, pixel by pixel, with a border of
// zeros; a row of the filter is three pixels of three colours, nine values.
func TestFirstLayer(t *testing.T) {
	const size, colours, out, tolerance = 32, 3, 16, 2e-6
	const row = (size + 2) * colours
	r := rand.New(rand.NewPCG(6, 0))
	image := make([]float32, (size+2)*row)
	for h := range size {
		for i := range size * colours {
			image[(h+1)*row+colours+i] = signed(r)
		}
	}
	w, dy := random(r, FilterArea*colours*out), randomMaps(r, 1, out, size)
	forward, gradWeights := make([]float64, size*size*out), make([]float64, len(w))
	each(dy, colours, func(at, _, k, h, wd, c, kh, kw int) {
		x, i := float64(image[(h+kh)*row+(wd+kw)*colours+c]), ((kh*3+kw)*colours+c)*out+k
		forward[at] += x * float64(w[i])
		gradWeights[i] += x * float64(dy.data[at])
	})
	rows := taps(3, 1, 1, row, 0, 0)
	forSets(t, "3-16x32x32", func(t *testing.T, k *Set) {
		y := newMaps(1, out, size)
		for h := range size {
			k.Direct(y.data[h*size*Lanes:], image[h*row:], w, rows, 3*colours, out, size, colours, Lanes, size*size*Lanes)
		}
		check(t, "forward", y.data, forward, tolerance)
		dw := make([]float32, len(w))
		k.DirectGrad(dw, image, dy.data, rows, 3*colours, out, size, size, row, colours, size*Lanes, size*size*Lanes)
		check(t, "backward weights", dw, gradWeights, tolerance)
	})
}

// forSets runs a test for every one of testedSets.
func forSets(t *testing.T, name string, test func(t *testing.T, k *Set)) {
	for _, set := range testedSets() {
		t.Run(name+"/"+set.label, func(t *testing.T) { test(t, set.Set) })
	}
}

func check(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	at, d, bad := far(got, want, tolerance)
	if bad {
		t.Errorf("%s: [%d] = %v, want %v: %.2g of the maximum, tolerance %g", what, at, got[at], want[at], d, tolerance)
		return
	}
	t.Logf("%s: error %.2g of the maximum", what, d)
}
