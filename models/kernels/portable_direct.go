package kernels

func direct(y, x, w []float32, taps []int, depth, k, pixels, xStride, yStride, yBlock int) {
	var weights panel
	for kb := 0; kb < k; kb += 4 {
		yk := y[kb/Lanes*yBlock+kb%Lanes:]
		for i, tap := range taps {
			wk := weights.pack(w[i*depth*k+kb:], depth, k)
			for p := 0; p < pixels; p += 2 {
				at := x[tap+p*xStride:]
				accumulate(pair(yk[p*yStride:], yStride), i == 0, at[:depth], at[xStride:][:depth], wk)
			}
		}
	}
}

func directGrad(w, x, d []float32, taps []int, depth, k, rows, pixels, xRow, xStride, dRow, dBlock int) {
	var inputs columns
	var grads panel
	var none [4]float32 // beside the last of an odd number of channels
	room := len(inputs[0])
	for i, tap := range taps {
		for r := range rows {
			for p := 0; p < pixels; p += room {
				n := min(room, pixels-p)
				inputs.pack(x[tap+r*xRow+p*xStride:], n, depth, xStride)
				for kb := 0; kb < k; kb += 4 {
					dk := grads.pack(d[r*dRow+p*Lanes+kb/Lanes*dBlock+kb%Lanes:], n, Lanes)
					wk := w[i*depth*k+kb:]
					c := 0
					for ; c+2 <= depth; c += 2 {
						accumulate(pair(wk[c*k:], k), false, inputs[c][:n], inputs[c+1][:n], dk)
					}
					if c < depth {
						accumulate(rowPair{(*[4]float32)(wk[c*k:]), &none}, false, inputs[c][:n], inputs[c+1][:n], dk)
					}
				}
			}
		}
	}
}
