package kernels

// The matrix products of the portable set, and its direct convolutions, all
// come down to register tiles of 2x4 sums: as many as 16 registers hold beside
// the numbers that are multiplied. What a tile reads is copied to a panel
// first where it is not contiguous, so that the inner loop checks no bounds.
// Copies and tiles do not change the order in which a sum is added up.

// depthOfPanel is how much of the inner dimension is copied at a time.
const depthOfPanel = 64

// panel holds four columns of the second matrix.
type panel [depthOfPanel][4]float32

// pack copies the first n rows of four values, stride apart, and returns them.
func (p *panel) pack(s []float32, n, stride int) [][4]float32 {
	rows := p[:n]
	for i := range rows {
		rows[i] = [4]float32(s[i*stride:])
	}
	return rows
}

// columns holds columns of the first matrix, turned into rows.
type columns [64][depthOfPanel / 2]float32

// pack copies n rows of width values, stride apart.
func (c *columns) pack(s []float32, n, width, stride int) {
	for i := range n {
		for j, x := range s[i*stride:][:width] {
			c[j][i] = x
		}
	}
}

func multiply(m, v, u []float32, tiles, c, k, vPlane, mPlane int, _ []*float32, _ int) {
	for xi := range PatchArea {
		vp, mp, up := v[xi*vPlane:], m[xi*mPlane:], u[xi*c*k:]
		if &m[0] != &v[0] {
			multiplyPlane(mp, vp, up, tiles, c, k)
			continue
		}
		for t := 0; t < tiles; t += 8 { // in place: of 16 channels
			rows := [8 * Lanes]float32(vp[t*Lanes:])
			multiplyPlane(mp[t*Lanes:], rows[:], up, 8, Lanes, Lanes)
		}
	}
}

func multiplyPlane(m, v, u []float32, tiles, c, k int) {
	var weights panel
	for kb := 0; kb < k; kb += 4 {
		ub := u[kb/Lanes*c*Lanes+kb%Lanes:]
		for from := 0; from < c; from += depthOfPanel {
			w := weights.pack(ub[from*Lanes:], min(depthOfPanel, c-from), Lanes)
			for t := 0; t < tiles; t += 2 {
				at := v[t*c+from:]
				accumulate(pair(m[t*k+kb:], k), from == 0, at[:len(w)], at[c:][:len(w)], w)
			}
		}
	}
}

func multiplyGrad(u, v, d []float32, before, tiles, c, k, uPlane, vPlane, dPlane int, _ []*float32, _ int) {
	var inputs columns
	var grads panel
	depth, width := len(inputs[0]), len(inputs)
	for xi := range PatchArea {
		up, vp, dp := u[xi*uPlane:], v[xi*vPlane:], d[xi*dPlane:]
		if before == 0 {
			clear(up[:c*k])
		}
		for t := 0; t < tiles; t += depth {
			n := min(depth, tiles-t)
			for first := 0; first < c; first += width {
				channels := min(width, c-first)
				inputs.pack(vp[t*c+first:], n, channels, c)
				for ki := 0; ki < k; ki += 4 {
					w := grads.pack(dp[t*k+ki:], n, k)
					for ci := 0; ci < channels; ci += 2 {
						accumulate(pair(up[(first+ci)*k+ki:], k), false, inputs[ci][:n], inputs[ci+1][:n], w)
					}
				}
			}
		}
	}
}

// rowPair is two rows of four sums.
type rowPair struct{ first, second *[4]float32 }

// pair is the rows at s, stride apart.
func pair(s []float32, stride int) rowPair {
	return rowPair{(*[4]float32)(s), (*[4]float32)(s[stride:])}
}

// accumulate computes a tile: row by row, it adds to the sums the products of
// the numbers in v0 or v1 with the rows of w. The sums start at 0 where fresh.
func accumulate(sums rowPair, fresh bool, v0, v1 []float32, w [][4]float32) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	if !fresh {
		s00, s01, s02, s03 = sums.first[0], sums.first[1], sums.first[2], sums.first[3]
		s10, s11, s12, s13 = sums.second[0], sums.second[1], sums.second[2], sums.second[3]
	}
	const unroll = 8
	for len(v0) >= unroll && len(v1) >= unroll && len(w) >= unroll {
		r0, r1, f := (*[unroll]float32)(v0), (*[unroll]float32)(v1), (*[unroll][4]float32)(w)
		for i := 0; i < unroll; i += 4 {
			w0, w1, w2, w3 := f[i][0], f[i][1], f[i][2], f[i][3]
			a := r0[i]
			s00 += a * w0
			s01 += a * w1
			s02 += a * w2
			s03 += a * w3
			a = r1[i]
			s10 += a * w0
			s11 += a * w1
			s12 += a * w2
			s13 += a * w3
			w0, w1, w2, w3 = f[i+1][0], f[i+1][1], f[i+1][2], f[i+1][3]
			a = r0[i+1]
			s00 += a * w0
			s01 += a * w1
			s02 += a * w2
			s03 += a * w3
			a = r1[i+1]
			s10 += a * w0
			s11 += a * w1
			s12 += a * w2
			s13 += a * w3
			w0, w1, w2, w3 = f[i+2][0], f[i+2][1], f[i+2][2], f[i+2][3]
			a = r0[i+2]
			s00 += a * w0
			s01 += a * w1
			s02 += a * w2
			s03 += a * w3
			a = r1[i+2]
			s10 += a * w0
			s11 += a * w1
			s12 += a * w2
			s13 += a * w3
			w0, w1, w2, w3 = f[i+3][0], f[i+3][1], f[i+3][2], f[i+3][3]
			a = r0[i+3]
			s00 += a * w0
			s01 += a * w1
			s02 += a * w2
			s03 += a * w3
			a = r1[i+3]
			s10 += a * w0
			s11 += a * w1
			s12 += a * w2
			s13 += a * w3
		}
		v0, v1, w = v0[unroll:], v1[unroll:], w[unroll:]
	}
	for len(v0) > 0 && len(v1) > 0 && len(w) > 0 {
		a, b, f := v0[0], v1[0], &w[0]
		s00 += a * f[0]
		s01 += a * f[1]
		s02 += a * f[2]
		s03 += a * f[3]
		s10 += b * f[0]
		s11 += b * f[1]
		s12 += b * f[2]
		s13 += b * f[3]
		v0, v1, w = v0[1:], v1[1:], w[1:]
	}
	*sums.first = [4]float32{s00, s01, s02, s03}
	*sums.second = [4]float32{s10, s11, s12, s13}
}
