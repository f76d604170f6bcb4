package kernels

// The matrix products, in register tiles of 4x4: sixteen sums that the
// compiler keeps out of memory while it walks over the inner dimension.

func multiply(m, v, u []float32, tiles, c, k, vPlane, mPlane int) {
	for xi := range PatchArea {
		vp, mp := v[xi*vPlane:], m[xi*mPlane:]
		up := u[xi*c*k:]
		for kb := 0; kb < k; kb += 4 {
			ub := up[kb/Lanes*c*Lanes+kb%Lanes:]
			for t := 0; t < tiles; t += 4 {
				multiply4x4(mp[t*k+kb:], vp[t*c:], ub, c, k)
			}
		}
	}
}

// multiply4x4 computes four tiles by four channels over c input channels.
func multiply4x4(m, v, u []float32, c, k int) {
	v0, v1, v2, v3 := v[:c], v[c:][:c], v[2*c:][:c], v[3*c:][:c]
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	var s20, s21, s22, s23, s30, s31, s32, s33 float32
	for i, a := range v0 {
		w := (*[4]float32)(u[i*Lanes:])
		w0, w1, w2, w3 := w[0], w[1], w[2], w[3]
		s00 += a * w0
		s01 += a * w1
		s02 += a * w2
		s03 += a * w3
		a = v1[i]
		s10 += a * w0
		s11 += a * w1
		s12 += a * w2
		s13 += a * w3
		a = v2[i]
		s20 += a * w0
		s21 += a * w1
		s22 += a * w2
		s23 += a * w3
		a = v3[i]
		s30 += a * w0
		s31 += a * w1
		s32 += a * w2
		s33 += a * w3
	}
	*(*[4]float32)(m) = [4]float32{s00, s01, s02, s03}
	*(*[4]float32)(m[k:]) = [4]float32{s10, s11, s12, s13}
	*(*[4]float32)(m[2*k:]) = [4]float32{s20, s21, s22, s23}
	*(*[4]float32)(m[3*k:]) = [4]float32{s30, s31, s32, s33}
}

func multiplyGrad(u, v, d []float32, tiles, c, k, vPlane, dPlane int) {
	for xi := range PatchArea {
		up, vp, dp := u[xi*c*k:], v[xi*vPlane:], d[xi*dPlane:]
		for ci := 0; ci < c; ci += 4 {
			for ki := 0; ki < k; ki += 4 {
				outer4x4(up[ci*k+ki:], vp[ci:], dp[ki:], tiles, c, k, k)
			}
		}
	}
}

// outer4x4 adds to u (rows k apart) the products of n rows of four values of v
// (vStride apart) and four of d (dStride apart).
func outer4x4(u, v, d []float32, n, vStride, dStride, k int) {
	u0, u1, u2, u3 := (*[4]float32)(u), (*[4]float32)(u[k:]), (*[4]float32)(u[2*k:]), (*[4]float32)(u[3*k:])
	s00, s01, s02, s03 := u0[0], u0[1], u0[2], u0[3]
	s10, s11, s12, s13 := u1[0], u1[1], u1[2], u1[3]
	s20, s21, s22, s23 := u2[0], u2[1], u2[2], u2[3]
	s30, s31, s32, s33 := u3[0], u3[1], u3[2], u3[3]
	for t := range n {
		a, w := (*[4]float32)(v[t*vStride:]), (*[4]float32)(d[t*dStride:])
		w0, w1, w2, w3 := w[0], w[1], w[2], w[3]
		s00 += a[0] * w0
		s01 += a[0] * w1
		s02 += a[0] * w2
		s03 += a[0] * w3
		s10 += a[1] * w0
		s11 += a[1] * w1
		s12 += a[1] * w2
		s13 += a[1] * w3
		s20 += a[2] * w0
		s21 += a[2] * w1
		s22 += a[2] * w2
		s23 += a[2] * w3
		s30 += a[3] * w0
		s31 += a[3] * w1
		s32 += a[3] * w2
		s33 += a[3] * w3
	}
	*u0 = [4]float32{s00, s01, s02, s03}
	*u1 = [4]float32{s10, s11, s12, s13}
	*u2 = [4]float32{s20, s21, s22, s23}
	*u3 = [4]float32{s30, s31, s32, s33}
}
