package kernels

func direct(y, x, w []float32, taps []int, depth, k, pixels, xStride, yStride, yBlock int) {
	for p := 0; p < pixels; p += 4 {
		for kb := 0; kb < k; kb += 4 {
			direct4x4(y[p*yStride+kb/Lanes*yBlock+kb%Lanes:], x[p*xStride:], w[kb:], taps, depth, k, xStride, yStride)
		}
	}
}

// direct4x4 computes four pixels by four output channels.
func direct4x4(y, x, w []float32, taps []int, depth, k, xStride, yStride int) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	var s20, s21, s22, s23, s30, s31, s32, s33 float32
	for i, tap := range taps {
		wt := w[i*depth*k:]
		x0, x1 := x[tap:][:depth], x[tap+xStride:][:depth]
		x2, x3 := x[tap+2*xStride:][:depth], x[tap+3*xStride:][:depth]
		for c, a := range x0 {
			f := (*[4]float32)(wt[c*k:])
			w0, w1, w2, w3 := f[0], f[1], f[2], f[3]
			s00 += a * w0
			s01 += a * w1
			s02 += a * w2
			s03 += a * w3
			a = x1[c]
			s10 += a * w0
			s11 += a * w1
			s12 += a * w2
			s13 += a * w3
			a = x2[c]
			s20 += a * w0
			s21 += a * w1
			s22 += a * w2
			s23 += a * w3
			a = x3[c]
			s30 += a * w0
			s31 += a * w1
			s32 += a * w2
			s33 += a * w3
		}
	}
	*(*[4]float32)(y) = [4]float32{s00, s01, s02, s03}
	*(*[4]float32)(y[yStride:]) = [4]float32{s10, s11, s12, s13}
	*(*[4]float32)(y[2*yStride:]) = [4]float32{s20, s21, s22, s23}
	*(*[4]float32)(y[3*yStride:]) = [4]float32{s30, s31, s32, s33}
}

func directGrad(w, x, d []float32, taps []int, depth, k, rows, pixels, xRow, xStride, dRow, dBlock int) {
	for i, tap := range taps {
		for r := range rows {
			xr, dr := x[tap+r*xRow:], d[r*dRow:]
			for kb := 0; kb < k; kb += 4 {
				dk := dr[kb/Lanes*dBlock+kb%Lanes:]
				wk := w[i*depth*k+kb:]
				c := 0
				for ; c+4 <= depth; c += 4 {
					outer4x4(wk[c*k:], xr[c:], dk, pixels, xStride, Lanes, k)
				}
				for ; c < depth; c++ {
					outer1x4(wk[c*k:], xr[c:], dk, pixels, xStride)
				}
			}
		}
	}
}

// outer1x4 is outer4x4 for a single row of u.
func outer1x4(u, v, d []float32, n, vStride int) {
	o := (*[4]float32)(u)
	s0, s1, s2, s3 := o[0], o[1], o[2], o[3]
	for t := range n {
		a, w := v[t*vStride], (*[4]float32)(d[t*Lanes:])
		s0 += a * w[0]
		s1 += a * w[1]
		s2 += a * w[2]
		s3 += a * w[3]
	}
	*o = [4]float32{s0, s1, s2, s3}
}
