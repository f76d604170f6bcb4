package ops

import "deepresidual/models/kernels"

// The shortcut of option A (section 3.3): every second pixel in both
// directions, and half of the new, zero channels before and half after the
// old ones, as the public weights have it, or all of them after. Both halves
// are a multiple of 8 channels, which is therefore the unit of the loops.
const half = kernels.Lanes / 2

// ZerosBefore returns how many zero channels precede those of the shortcut.
func (c Conventions) ZerosBefore(in, out int) int {
	if c.PadEnd {
		return 0
	}
	return (out - in) / 2
}

// mapStrides are the distances of rows and of blocks of feature maps.
type mapStrides struct{ row, block int }

// contiguous are those of maps of size x size without a border.
func contiguous(size int) mapStrides {
	return mapStrides{size * kernels.Lanes, size * size * kernels.Lanes}
}

// subsample computes the shortcut of one image: a of in channels on maps twice
// the size, to out channels on size x size, the first zeros of which are 0.
func subsample(dst, a []float32, in, out, size, zeros int, to, from mapStrides) {
	for block := range out / kernels.Lanes {
		for i := range size {
			clear(dst[block*to.block+i*to.row:][:size*kernels.Lanes])
		}
	}
	skip := zeros / half
	for u := range in / half {
		v := u + skip
		s, d := a[u/2*from.block+u%2*half:], dst[v/2*to.block+v%2*half:]
		for i := range size {
			s, d := s[2*i*from.row:], d[i*to.row:]
			for j := range size {
				*(*[half]float32)(d[j*kernels.Lanes:]) = *(*[half]float32)(s[2*j*kernels.Lanes:])
			}
		}
	}
}

// subsampleGrad adds the shortcut's gradient to that of one image's input.
func (s *shortcut) subsampleGrad(gin []float32, image, in, out, size int) {
	skip := s.zeros / half
	at := image * out * size * size
	for u := range in / half {
		to := u + skip
		o := at + to/2*size*size*kernels.Lanes + to%2*half
		g := s.g.Data[o:]
		d := gin[u/2*4*size*size*kernels.Lanes+u%2*half:]
		for i := range size {
			for j := range size {
				p := (i*size + j) * kernels.Lanes
				gp, dp := (*[half]float32)(g[p:]), (*[half]float32)(d[(4*i*size+2*j)*kernels.Lanes:])
				for l := range gp {
					dp[l] += gp[l]
				}
			}
		}
	}
}
