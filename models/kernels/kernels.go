// Package kernels holds the float32 arithmetic of the networks: the inner
// loops of convolution, batch normalisation, ReLU and stochastic gradient
// descent, in a portable version and in assembly for AVX2 and AVX-512 (x86-64)
// and for NEON (arm64).
//
// A [Set] is one implementation of all of them; [Select] chooses it by name or
// by what the processor can do. The portable set is the reference that the
// others are tested against. The package knows nothing of layers, threads or
// memory: package ops calls it with slices cut to size.
//
// # Layout
//
// Activations are stored in blocks of 16 channels, nChw16c: (N, C/16, H, W,
// 16). The 16 values of one pixel and one block, called lanes here, fill one
// 512-bit register, two of 256 bits or four of 128. Weights are stored
// (3, 3, C, K), output channels last.
//
// # Winograd convolution
//
// Convolutions of stride 1 use Winograd's minimal filtering F(4x4, 3x3) (Lavin
// and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015): an
// output tile of 4x4 pixels is computed from 6x6 inputs with 36
// multiplications per pair of channels where the direct way needs 144. Its
// steps are [Set.TransformInput], [Set.Multiply] and [Set.TransformOutput] on
// groups of tiles; the gradient of the weights is computed in the same domain.
//
// A transformed group of tiles is stored as 36 planes, one for each element xi
// of the 6x6 tile, of (tiles, C) values. The planes are a little further apart
// than they are long, so that they do not all fall into the same cache sets.
package kernels

// Lanes is the number of channels in a block.
const Lanes = 16

// Winograd's F(4x4, 3x3) in numbers.
const (
	TileSize   = 4  // height and width of an output tile
	PatchSize  = 6  // height and width of the input tile it is computed from
	PatchArea  = 36 // elements of an input tile, planes of a transformed group
	FilterArea = 9  // elements of a 3x3 filter
)

// Set is one implementation of the kernels. Every function computes the same
// formula in every set, up to rounding; the assembly sets give identical bits,
// but that neon has 0 where the others may have -0.
//
// All functions take slices that are at least as long as the extents demand
// and do not check them. Strides are in float32 values.
//
// Fill functions write rows x width pixels of one channel block, read
// contiguously from z (and the other sources), into dst, whose rows are
// stride values apart. norm is a normalisation in two runs of 16 lanes, scale
// and shift: n(z) = z*scale + shift.
type Set struct {
	Name string // "portable", "avx2", "avx512" (with products by processor) or "neon"

	// FillNorm writes dst = ReLU(n(z)).
	FillNorm func(dst, z, norm []float32, rows, width, stride int)
	// FillNormStore does the same and also stores the result contiguously in
	// out, past the caches where the processor can: see Fence.
	FillNormStore func(dst, out, z, norm []float32, rows, width, stride int)
	// FillAdd writes dst = ReLU(n(z) + add). add may be dst, whose rows follow each
	// other then.
	FillAdd func(dst, z, add, norm []float32, rows, width, stride int)
	// FillAddStore does the same and also stores the result contiguously in
	// out, as FillNormStore does.
	FillAddStore func(dst, out, z, add, norm []float32, rows, width, stride int)
	// FillCopy writes dst = a.
	FillCopy func(dst, a []float32, rows, width, stride int)
	// FillGrad writes the gradient with respect to the convolution's output z
	// from the gradient g with respect to n(z):
	//	dst = k1*g + k2*z + k3
	// coef holds three runs of 16 lanes: k1, k2, k3.
	FillGrad func(dst, g, z, coef []float32, rows, width, stride int)

	// TransformInput transforms tilesY x tilesX overlapping patches of 6x6
	// pixels of one channel block, B^T d B. The patch of tile (y, x) starts at
	// s[4*y*stride + 4*x*16]; its element xi goes to the 16 lanes at
	// v[xi*plane + (y*tilesX + x)*channels].
	TransformInput func(v, s []float32, tilesX, tilesY, stride, channels, plane int)
	// TransformGrad transforms tiles of 4x4 pixels of an output gradient for
	// the gradient of the weights, A y A^T. The arguments are those of
	// TransformInput; the tile of (y, x) starts where its patch would.
	TransformGrad func(v, s []float32, tilesX, tilesY, stride, channels, plane int)
	// Multiply computes, for each of the 36 planes,
	//	m[t][k] = sum over c of v[t][c] * u[c][k]
	// with t < tiles (a multiple of 8). v's planes are (tiles, c), vPlane
	// apart, m's (tiles, k), mPlane apart; u is (36, k/16, c, 16). Where c and k
	// are 16, m may be v, with its planes as far apart.
	//
	// With each plane it asks for that many lines more of what lies ahead, see
	// Prefetch.
	Multiply func(m, v, u []float32, tiles, c, k, vPlane, mPlane int, ahead []*float32, lines int)
	// MultiplyGrad computes, for each of the 36 planes,
	//	u[c][k] += sum over t of v[t][c] * d[t][k]
	// with t < tiles (a multiple of 16); u's planes are (c, k), uPlane apart. before
	// is how many groups of tiles are in u: if there are none, what is there is not
	// read. ahead and lines are those of Multiply.
	MultiplyGrad func(u, v, d []float32, before, tiles, c, k, uPlane, vPlane, dPlane int, ahead []*float32, lines int)
	// TransformOutput transforms tilesY x tilesX tiles of one channel block
	// back to pixels, y = A^T m A. Element xi of tile (y, x) is read at
	// m[xi*plane + (y*tilesX + x)*channels], its 4x4 pixels go to
	// y[4*y*stride + 4*x*16]. stats, two runs of 16 lanes, is increased by the
	// sum and the sum of squares of the pixels.
	TransformOutput func(y, stats, m []float32, tilesX, tilesY, stride, channels, plane int)
	// TransformOutputGrad transforms the gradient with respect to an activation
	// ReLU(n(z)), z laid out like y, to that with respect to n(z): the pixel is
	// x = A^T m A where n(z) > 0, else 0. stats is increased by the sums of x
	// and of x*z.
	TransformOutputGrad func(y, stats, m, z, norm []float32, tilesX, tilesY, stride, channels, plane int)
	// TransformOutputGradAdd does the same where the activation a is also a
	// shortcut, through which it has the gradient g2: the pixel is x = A^T m A +
	// g2 where a > 0, else 0. All sources are laid out like y; g2 may be y.
	TransformOutputGradAdd func(y, stats, m, z, a, g2 []float32, tilesX, tilesY, stride, channels, plane int)
	// TransformOutputNorm transforms tiles back as TransformOutput does, and
	// finishes the pixels: y = ReLU(n(A^T m A)). It takes no sums.
	TransformOutputNorm func(y, m, norm []float32, tilesX, tilesY, stride, channels, plane int)
	// TransformOutputNormAdd does the same with a shortcut, y = ReLU(n(A^T m A)
	// + add). add is laid out like y and may be y.
	TransformOutputNormAdd func(y, m, add, norm []float32, tilesX, tilesY, stride, channels, plane int)
	// TransformWeights transforms filters w (3, 3, c, k) to u (36, k/16, c, 16),
	// G g G^T, for the channels from first up to but not including last of c.
	TransformWeights func(u, w []float32, c, k, first, last int)
	// TransformWeightsGrad transforms the gradient u, planes (c, k), in the Winograd
	// domain to the gradient w (3, 3, c, k) of the filters, G^T u G.
	TransformWeightsGrad func(w, u []float32, c, k, plane int)

	// Direct convolves one row of pixels for all k output channels:
	//	y[p*yStride + b*yBlock + lane] =
	//	    sum over i, c of x[taps[i] + p*xStride + c] * w[(i*depth + c)*k + 16*b + lane]
	// with p < pixels (a multiple of 8), c < depth, b < k/16.
	Direct func(y, x, w []float32, taps []int, depth, k, pixels, xStride, yStride, yBlock int)
	// DirectGrad adds the weights' gradient of rows x pixels output pixels:
	//	w[(i*depth + c)*k + 16*b + lane] +=
	//	    sum over r, p of x[taps[i] + r*xRow + p*xStride + c] * d[r*dRow + p*16 + b*dBlock + lane]
	// depth is 16 or 9 (three pixels of three colours).
	DirectGrad func(w, x, d []float32, taps []int, depth, k, rows, pixels, xRow, xStride, dRow, dBlock int)
	// Sums increases stats by the sum and the sum of squares of pixels of one block.
	Sums func(stats, y []float32, pixels int)
	// GradSums sets g to 0 where n(z) is not > 0 and increases stats by the sums
	// of g and of g*z.
	GradSums func(stats, g, z, norm []float32, pixels int)
	// GradSumsMask does the same with the mask a > 0, a being the activation.
	GradSumsMask func(stats, g, z, a []float32, pixels int)

	// Add computes dst += src, for any length.
	Add func(dst, src []float32)
	// Update is one step of stochastic gradient descent with momentum and
	// weight decay: v = momentum*v + (g + decay*w); w -= rate*v.
	Update func(w, v, g []float32, rate, momentum, decay float32)
	// Prefetch has the processor fetch memory that will be read or written next, in
	// the background of what follows: of every stream of ahead the given number
	// of lines of 64 bytes, behind the first ones. It waits for nothing, changes
	// nothing, and may be given addresses where no memory is. A set may leave
	// all that to the processor.
	Prefetch func(ahead []*float32, from, lines int)
	// Fence makes what was written past the caches visible before all that is
	// written after it. A thread calls it before it tells others that its
	// results are there.
	Fence func()
}
