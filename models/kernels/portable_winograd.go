package kernels

// The transforms of F(4x4, 3x3) with the interpolation points 0, 1, -1, 2, -2
// and infinity (Lavin and Gray 2015, section 4.3), in one dimension.

// inputTransform is B^T, 6 to 6.
func inputTransform(d0, d1, d2, d3, d4, d5 float32) (x0, x1, x2, x3, x4, x5 float32) {
	a, b := d4-4*d2, d3-4*d1
	c, e := d4-d2, d3-d1
	return 4*d0 + (d4 - 5*d2), a + b, a - b, c + 2*e, c - 2*e, 4*d1 + (d5 - 5*d3)
}

// outputTransform is A^T, 6 to 4.
func outputTransform(m0, m1, m2, m3, m4, m5 float32) (y0, y1, y2, y3 float32) {
	s, d := m1+m2, m1-m2
	s2, d2 := m3+m4, m3-m4
	return m0 + s + s2, d + 2*d2, s + 4*s2, d + 8*d2 + m5
}

// gradTransform is A, 4 to 6.
func gradTransform(y0, y1, y2, y3 float32) (x0, x1, x2, x3, x4, x5 float32) {
	e, o := y0+y2, y1+y3
	e2, o2 := y0+4*y2, y1+4*y3
	return y0, e + o, e - o, e2 + 2*o2, e2 - 2*o2, y3
}

// weightTransform is G, 3 to 6.
func weightTransform(g0, g1, g2 float32) (x0, x1, x2, x3, x4, x5 float32) {
	s, t := g0+g2, g0+4*g2
	return g0 * (1.0 / 4), (s + g1) * (-1.0 / 6), (s - g1) * (-1.0 / 6),
		(t + 2*g1) * (1.0 / 24), (t - 2*g1) * (1.0 / 24), g2
}

// weightGradTransform is G^T, 6 to 3.
func weightGradTransform(u0, u1, u2, u3, u4, u5 float32) (g0, g1, g2 float32) {
	s, d := u1+u2, u2-u1
	s2, d2 := u3+u4, u3-u4
	return u0*(1.0/4) + s2*(1.0/24) - s*(1.0/6), d*(1.0/6) + d2*(1.0/12), s2*(1.0/6) - s*(1.0/6) + u5
}

// The same for 16 lanes at a time: with pointers to arrays, the loops check no
// bounds.

func inputTransforms(x0, x1, x2, x3, x4, x5, d0, d1, d2, d3, d4, d5 *lanes) {
	for l := range Lanes {
		x0[l], x1[l], x2[l], x3[l], x4[l], x5[l] = inputTransform(d0[l], d1[l], d2[l], d3[l], d4[l], d5[l])
	}
}

func gradTransforms(x0, x1, x2, x3, x4, x5, y0, y1, y2, y3 *lanes) {
	for l := range Lanes {
		x0[l], x1[l], x2[l], x3[l], x4[l], x5[l] = gradTransform(y0[l], y1[l], y2[l], y3[l])
	}
}

func outputTransforms(y0, y1, y2, y3, m0, m1, m2, m3, m4, m5 *lanes) {
	for l := range Lanes {
		y0[l], y1[l], y2[l], y3[l] = outputTransform(m0[l], m1[l], m2[l], m3[l], m4[l], m5[l])
	}
}

func weightTransforms(x0, x1, x2, x3, x4, x5, g0, g1, g2 *lanes) {
	for l := range Lanes {
		x0[l], x1[l], x2[l], x3[l], x4[l], x5[l] = weightTransform(g0[l], g1[l], g2[l])
	}
}

func weightGradTransforms(g0, g1, g2, u0, u1, u2, u3, u4, u5 *lanes) {
	for l := range Lanes {
		g0[l], g1[l], g2[l] = weightGradTransform(u0[l], u1[l], u2[l], u3[l], u4[l], u5[l])
	}
}

func transformInput(v, s []float32, tilesX, tilesY, stride, channels, plane int) {
	var c [6][6]lanes // columns of the patch, transformed: row of xi, column of the patch
	for t := range tilesX * tilesY {
		patch := s[t/tilesX*TileSize*stride+t%tilesX*TileSize*Lanes:]
		for j := range 6 {
			d := patch[j*Lanes:]
			inputTransforms(&c[0][j], &c[1][j], &c[2][j], &c[3][j], &c[4][j], &c[5][j],
				at(d, 0), at(d, stride), at(d, 2*stride), at(d, 3*stride), at(d, 4*stride), at(d, 5*stride))
		}
		for i := range c {
			x, r := v[6*i*plane+t*channels:], &c[i]
			inputTransforms(at(x, 0), at(x, plane), at(x, 2*plane), at(x, 3*plane), at(x, 4*plane), at(x, 5*plane),
				&r[0], &r[1], &r[2], &r[3], &r[4], &r[5])
		}
	}
}

func transformGrad(v, s []float32, tilesX, tilesY, stride, channels, plane int) {
	var c [6][4]lanes // columns of the tile, transformed: row of xi, column of the tile
	for t := range tilesX * tilesY {
		tile := s[t/tilesX*TileSize*stride+t%tilesX*TileSize*Lanes:]
		for j := range 4 {
			d := tile[j*Lanes:]
			gradTransforms(&c[0][j], &c[1][j], &c[2][j], &c[3][j], &c[4][j], &c[5][j],
				at(d, 0), at(d, stride), at(d, 2*stride), at(d, 3*stride))
		}
		for i := range c {
			x, r := v[6*i*plane+t*channels:], &c[i]
			gradTransforms(at(x, 0), at(x, plane), at(x, 2*plane), at(x, 3*plane), at(x, 4*plane), at(x, 5*plane),
				&r[0], &r[1], &r[2], &r[3])
		}
	}
}

// outputTile transforms the elements of one tile at m to its 4x4 pixels.
func outputTile(out *[4][4]lanes, m []float32, plane int) {
	var c [4][6]lanes // columns, transformed: row of the tile, column of xi
	for j := range 6 {
		x := m[j*plane:]
		outputTransforms(&c[0][j], &c[1][j], &c[2][j], &c[3][j],
			at(x, 0), at(x, 6*plane), at(x, 12*plane), at(x, 18*plane), at(x, 24*plane), at(x, 30*plane))
	}
	for i := range out {
		y, r := &out[i], &c[i]
		outputTransforms(&y[0], &y[1], &y[2], &y[3], &r[0], &r[1], &r[2], &r[3], &r[4], &r[5])
	}
}

func transformOutput(y, stats, m []float32, tilesX, tilesY, stride, channels, plane int) {
	sum, square := at(stats, 0), at(stats, Lanes)
	var tile [4][4]lanes
	for t := range tilesX * tilesY {
		outputTile(&tile, m[t*channels:], plane)
		at0 := t/tilesX*TileSize*stride + t%tilesX*TileSize*Lanes
		for i := range 4 {
			for j := range 4 {
				d := at(y, at0+i*stride+j*Lanes)
				for l, x := range tile[i][j] {
					d[l] = x
					sum[l] += x
					square[l] += x * x
				}
			}
		}
	}
}

func transformOutputGrad(y, stats, m, z, norm []float32, tilesX, tilesY, stride, channels, plane int) {
	sum, dot := at(stats, 0), at(stats, Lanes)
	scale, shift := at(norm, 0), at(norm, Lanes)
	var tile [4][4]lanes
	for t := range tilesX * tilesY {
		outputTile(&tile, m[t*channels:], plane)
		at0 := t/tilesX*TileSize*stride + t%tilesX*TileSize*Lanes
		for i := range 4 {
			for j := range 4 {
				o := at0 + i*stride + j*Lanes
				d, s := at(y, o), at(z, o)
				for l, x := range tile[i][j] {
					kept := masked(x, s[l]*scale[l]+shift[l] > 0)
					d[l] = kept
					sum[l] += kept
					dot[l] += kept * s[l]
				}
			}
		}
	}
}

func transformOutputGradAdd(y, stats, m, z, a, g2 []float32, tilesX, tilesY, stride, channels, plane int) {
	sum, dot := at(stats, 0), at(stats, Lanes)
	var tile [4][4]lanes
	for t := range tilesX * tilesY {
		outputTile(&tile, m[t*channels:], plane)
		at0 := t/tilesX*TileSize*stride + t%tilesX*TileSize*Lanes
		for i := range 4 {
			for j := range 4 {
				o := at0 + i*stride + j*Lanes
				d, s, mask, g := at(y, o), at(z, o), at(a, o), at(g2, o)
				for l, x := range tile[i][j] {
					kept := masked(x+g[l], mask[l] > 0)
					d[l] = kept
					sum[l] += kept
					dot[l] += kept * s[l]
				}
			}
		}
	}
}

func transformOutputNorm(y, m, norm []float32, tilesX, tilesY, stride, channels, plane int) {
	scale, shift := at(norm, 0), at(norm, Lanes)
	var tile [4][4]lanes
	for t := range tilesX * tilesY {
		outputTile(&tile, m[t*channels:], plane)
		at0 := t/tilesX*TileSize*stride + t%tilesX*TileSize*Lanes
		for i := range 4 {
			for j := range 4 {
				d := at(y, at0+i*stride+j*Lanes)
				for l, x := range tile[i][j] {
					d[l] = relu(x*scale[l] + shift[l])
				}
			}
		}
	}
}

func transformOutputNormAdd(y, m, add, norm []float32, tilesX, tilesY, stride, channels, plane int) {
	scale, shift := at(norm, 0), at(norm, Lanes)
	var tile [4][4]lanes
	for t := range tilesX * tilesY {
		outputTile(&tile, m[t*channels:], plane)
		at0 := t/tilesX*TileSize*stride + t%tilesX*TileSize*Lanes
		for i := range 4 {
			for j := range 4 {
				o := at0 + i*stride + j*Lanes
				d, a := at(y, o), at(add, o)
				for l, x := range tile[i][j] {
					d[l] = relu(x*scale[l] + shift[l] + a[l])
				}
			}
		}
	}
}

func transformWeights(u, w []float32, c, k, first, last int) {
	tap, plane := c*k, c*k
	var g [6][3]lanes // columns of the filter, transformed
	for ci := first; ci < last; ci++ {
		for kb := 0; kb < k; kb += Lanes {
			for j := range 3 {
				f := w[j*tap+ci*k+kb:]
				weightTransforms(&g[0][j], &g[1][j], &g[2][j], &g[3][j], &g[4][j], &g[5][j],
					at(f, 0), at(f, 3*tap), at(f, 6*tap))
			}
			for i := range g {
				x, r := u[6*i*plane+kb*c+ci*Lanes:], &g[i]
				weightTransforms(at(x, 0), at(x, plane), at(x, 2*plane), at(x, 3*plane), at(x, 4*plane), at(x, 5*plane),
					&r[0], &r[1], &r[2])
			}
		}
	}
}

func transformWeightsGrad(w, u []float32, c, k, plane int) {
	tap := c * k
	var g [3][6]lanes // columns, transformed: row of the filter, column of xi
	for e := 0; e < tap; e += Lanes {
		for j := range 6 {
			x := u[j*plane+e:]
			weightGradTransforms(&g[0][j], &g[1][j], &g[2][j],
				at(x, 0), at(x, 6*plane), at(x, 12*plane), at(x, 18*plane), at(x, 24*plane), at(x, 30*plane))
		}
		for i := range g {
			f, r := w[3*i*tap+e:], &g[i]
			weightGradTransforms(at(f, 0), at(f, tap), at(f, 2*tap), &r[0], &r[1], &r[2], &r[3], &r[4], &r[5])
		}
	}
}
