package kernels

// The transforms of F(4x4, 3x3) with the interpolation points 0, 1, -1, 2, -2
// and infinity (Lavin and Gray 2015, section 4.2), in one dimension.

// inputTransform is B^T, 6 to 6.
func inputTransform(d *[6]float32) [6]float32 {
	a, b := d[4]-4*d[2], d[3]-4*d[1]
	c, e := d[4]-d[2], d[3]-d[1]
	return [6]float32{
		4*d[0] + (d[4] - 5*d[2]),
		a + b,
		a - b,
		c + 2*e,
		c - 2*e,
		4*d[1] + (d[5] - 5*d[3]),
	}
}

// outputTransform is A^T, 6 to 4.
func outputTransform(m *[6]float32) [4]float32 {
	s, d := m[1]+m[2], m[1]-m[2]
	s2, d2 := m[3]+m[4], m[3]-m[4]
	return [4]float32{m[0] + s + s2, d + 2*d2, s + 4*s2, d + 8*d2 + m[5]}
}

// gradTransform is A, 4 to 6.
func gradTransform(y *[4]float32) [6]float32 {
	e, o := y[0]+y[2], y[1]+y[3]
	e2, o2 := y[0]+4*y[2], y[1]+4*y[3]
	return [6]float32{y[0], e + o, e - o, e2 + 2*o2, e2 - 2*o2, y[3]}
}

// weightTransform is G, 3 to 6.
func weightTransform(g *[3]float32) [6]float32 {
	s, t := g[0]+g[2], g[0]+4*g[2]
	return [6]float32{
		g[0] * (1.0 / 4),
		(s + g[1]) * (-1.0 / 6),
		(s - g[1]) * (-1.0 / 6),
		(t + 2*g[1]) * (1.0 / 24),
		(t - 2*g[1]) * (1.0 / 24),
		g[2],
	}
}

// weightGradTransform is G^T, 6 to 3.
func weightGradTransform(u *[6]float32) [3]float32 {
	s, d := u[1]+u[2], u[2]-u[1]
	s2, d2 := u[3]+u[4], u[3]-u[4]
	return [3]float32{
		u[0]*(1.0/4) + s2*(1.0/24) - s*(1.0/6),
		d*(1.0/6) + d2*(1.0/12),
		s2*(1.0/6) - s*(1.0/6) + u[5],
	}
}

func transformInput(v, s []float32, tilesX, tilesY, stride, channels, plane int) {
	for t := range tilesX * tilesY {
		patch := s[t/tilesX*TileSize*stride+t%tilesX*TileSize*Lanes:]
		var rows [6][6]lanes // (xi's row, column of the patch)
		for j := range 6 {
			var d [6]*lanes
			for i := range d {
				d[i] = at(patch, i*stride+j*Lanes)
			}
			for l := range Lanes {
				o := inputTransform(&[6]float32{d[0][l], d[1][l], d[2][l], d[3][l], d[4][l], d[5][l]})
				for i := range o {
					rows[i][j][l] = o[i]
				}
			}
		}
		for i := range 6 {
			r := &rows[i]
			for l := range Lanes {
				o := inputTransform(&[6]float32{r[0][l], r[1][l], r[2][l], r[3][l], r[4][l], r[5][l]})
				for j := range o {
					v[(i*6+j)*plane+t*channels+l] = o[j]
				}
			}
		}
	}
}

func transformGrad(v, s []float32, tilesX, tilesY, stride, channels, plane int) {
	for t := range tilesX * tilesY {
		tile := s[t/tilesX*TileSize*stride+t%tilesX*TileSize*Lanes:]
		var rows [6][4]lanes
		for j := range 4 {
			d0, d1 := at(tile, j*Lanes), at(tile, stride+j*Lanes)
			d2, d3 := at(tile, 2*stride+j*Lanes), at(tile, 3*stride+j*Lanes)
			for l := range Lanes {
				o := gradTransform(&[4]float32{d0[l], d1[l], d2[l], d3[l]})
				for i := range o {
					rows[i][j][l] = o[i]
				}
			}
		}
		for i := range 6 {
			r := &rows[i]
			for l := range Lanes {
				o := gradTransform(&[4]float32{r[0][l], r[1][l], r[2][l], r[3][l]})
				for j := range o {
					v[(i*6+j)*plane+t*channels+l] = o[j]
				}
			}
		}
	}
}

// outputTile transforms the elements of one tile at m to its 4x4 pixels.
func outputTile(out *[4][4]lanes, m []float32, plane int) {
	var cols [4][6]lanes // (row of the tile, column of xi)
	for j := range 6 {
		var d [6]*lanes
		for i := range d {
			d[i] = at(m, (i*6+j)*plane)
		}
		for l := range Lanes {
			o := outputTransform(&[6]float32{d[0][l], d[1][l], d[2][l], d[3][l], d[4][l], d[5][l]})
			for i := range o {
				cols[i][j][l] = o[i]
			}
		}
	}
	for i := range 4 {
		c := &cols[i]
		for l := range Lanes {
			o := outputTransform(&[6]float32{c[0][l], c[1][l], c[2][l], c[3][l], c[4][l], c[5][l]})
			for j := range o {
				out[i][j][l] = o[j]
			}
		}
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
					d[l] = x
					if s[l]*scale[l]+shift[l] > 0 {
						sum[l] += x
						dot[l] += x * s[l]
					}
				}
			}
		}
	}
}

func transformOutputGradAdd(y, stats, m, z, a, g2, a2 []float32, tilesX, tilesY, stride, channels, plane int) {
	sum, dot := at(stats, 0), at(stats, Lanes)
	var tile [4][4]lanes
	for t := range tilesX * tilesY {
		outputTile(&tile, m[t*channels:], plane)
		at0 := t/tilesX*TileSize*stride + t%tilesX*TileSize*Lanes
		for i := range 4 {
			for j := range 4 {
				o := at0 + i*stride + j*Lanes
				d, s, mask, g, mask2 := at(y, o), at(z, o), at(a, o), at(g2, o), at(a2, o)
				for l, x := range tile[i][j] {
					if mask2[l] > 0 {
						x += g[l]
					}
					d[l] = x
					if mask[l] > 0 {
						sum[l] += x
						dot[l] += x * s[l]
					}
				}
			}
		}
	}
}

func transformWeights(u, w []float32, c, k, first, last int) {
	tap := c * k
	for ci := first; ci < last; ci++ {
		for ki := range k {
			f := w[ci*k+ki:]
			var rows [6][3]float32
			for j := range 3 {
				o := weightTransform(&[3]float32{f[j*tap], f[(3+j)*tap], f[(6+j)*tap]})
				for i := range o {
					rows[i][j] = o[i]
				}
			}
			for i := range 6 {
				o := weightTransform(&rows[i])
				for j := range o {
					u[(((i*6+j)*(k/Lanes)+ki/Lanes)*c+ci)*Lanes+ki%Lanes] = o[j]
				}
			}
		}
	}
}

func transformWeightsGrad(w, u []float32, c, k int) {
	plane := c * k
	for e := range plane {
		var rows [3][6]float32
		for j := range 6 {
			o := weightGradTransform(&[6]float32{
				u[j*plane+e], u[(6+j)*plane+e], u[(12+j)*plane+e],
				u[(18+j)*plane+e], u[(24+j)*plane+e], u[(30+j)*plane+e],
			})
			for i := range o {
				rows[i][j] = o[i]
			}
		}
		for i := range 3 {
			o := weightGradTransform(&rows[i])
			for j := range o {
				w[(i*3+j)*plane+e] = o[j]
			}
		}
	}
}
