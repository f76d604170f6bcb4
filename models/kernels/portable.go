package kernels

import "math"

// Portable is the reference: plain Go for every processor. Its inner loops
// convert slices to arrays, so that the compiler drops bounds checks (shown by
// go build -gcflags=-d=ssa/check_bce), and have no branches that depend on
// activations.
func Portable() *Set {
	return &Set{
		Name:                   "portable",
		FillNorm:               fillNorm,
		FillNormStore:          fillNormStore,
		FillAdd:                fillAdd,
		FillAddStore:           fillAddStore,
		FillCopy:               fillCopy,
		FillGrad:               fillGrad,
		TransformInput:         transformInput,
		TransformGrad:          transformGrad,
		Multiply:               multiply,
		MultiplyGrad:           multiplyGrad,
		TransformOutput:        transformOutput,
		TransformOutputGrad:    transformOutputGrad,
		TransformOutputGradAdd: transformOutputGradAdd,
		TransformOutputNorm:    transformOutputNorm,
		TransformOutputNormAdd: transformOutputNormAdd,
		TransformWeights:       transformWeights,
		TransformWeightsGrad:   transformWeightsGrad,
		Direct:                 direct,
		DirectGrad:             directGrad,
		Sums:                   sums,
		GradSums:               gradSums,
		GradSumsMask:           gradSumsMask,
		Add:                    add,
		Update:                 update,
		Prefetch:               func([]*float32, int, int) {},
		Fence:                  func() {},
	}
}

// Rounding names what the bits of the results depend on, for run records: the
// set, and for the portable one whether Go's compiler fuses multiplications
// with additions ("portable-fma"), as it does on arm64, ppc64le, riscv64 and
// s390x, and with GOAMD64=v3 on amd64. Plain Go beside the kernels converts
// products before it adds to them, so that it is never fused. It does not tell
// architectures apart, between which the loss's [math.Exp] differs.
func (s *Set) Rounding() string {
	if s.Name == "portable" && fuses() {
		return "portable-fma"
	}
	return s.Name
}

// RoundAlike reports whether two roundings, as [Set.Rounding] names them, give runs of
// the same bits. Neon is another than avx2 and avx512 for its zeros' signs, and for
// what else arm64 computes otherwise.
func RoundAlike(a, b string) bool {
	isAVX := func(rounding string) bool { return rounding == "avx2" || rounding == "avx512" }
	return a == b || isAVX(a) && isAVX(b)
}

// fuses reports whether x*y + z is rounded once.
func fuses() bool {
	const e = 1.0 / 8192
	return multiplyAdd(1+e, 1-e, -1) != 0 // the product rounds to 1
}

//go:noinline
func multiplyAdd(x, y, z float32) float32 { return x*y + z }

// lanes is the 16 channels of one pixel.
type lanes = [Lanes]float32

func at(s []float32, i int) *lanes { return (*lanes)(s[i:]) }

// masked is x where keep holds, else 0, without a branch: the signs of
// activations cannot be predicted.
func masked(x float32, keep bool) float32 {
	bits := math.Float32bits(x)
	if !keep {
		bits = 0
	}
	return math.Float32frombits(bits)
}

// relu is the larger of x and 0; NaN stays NaN.
func relu(x float32) float32 { return masked(x, !(x <= 0)) }

func fillNorm(dst, z, norm []float32, rows, width, stride int) {
	scale, shift := at(norm, 0), at(norm, Lanes)
	for r := range rows {
		for p := range width {
			d, s := at(dst, r*stride+p*Lanes), at(z, (r*width+p)*Lanes)
			for l := range d {
				d[l] = relu(s[l]*scale[l] + shift[l])
			}
		}
	}
}

func fillNormStore(dst, out, z, norm []float32, rows, width, stride int) {
	fillNorm(out, z, norm, rows, width, width*Lanes)
	fillCopy(dst, out, rows, width, stride)
}

func fillAdd(dst, z, add, norm []float32, rows, width, stride int) {
	scale, shift := at(norm, 0), at(norm, Lanes)
	for r := range rows {
		for p := range width {
			i := (r*width + p) * Lanes
			d, s, a := at(dst, r*stride+p*Lanes), at(z, i), at(add, i)
			for l := range d {
				d[l] = relu(s[l]*scale[l] + shift[l] + a[l])
			}
		}
	}
}

func fillAddStore(dst, out, z, add, norm []float32, rows, width, stride int) {
	fillAdd(out, z, add, norm, rows, width, width*Lanes)
	fillCopy(dst, out, rows, width, stride)
}

func fillCopy(dst, a []float32, rows, width, stride int) {
	for r := range rows {
		copy(dst[r*stride:][:width*Lanes], a[r*width*Lanes:])
	}
}

func fillGrad(dst, g, z, coef []float32, rows, width, stride int) {
	k1, k2, k3 := at(coef, 0), at(coef, Lanes), at(coef, 2*Lanes)
	for r := range rows {
		for p := range width {
			i := (r*width + p) * Lanes
			d, gg, s := at(dst, r*stride+p*Lanes), at(g, i), at(z, i)
			for l := range d {
				d[l] = s[l]*k2[l] + k3[l] + gg[l]*k1[l]
			}
		}
	}
}

func sums(stats, y []float32, pixels int) {
	sum, square := at(stats, 0), at(stats, Lanes)
	for p := range pixels {
		x := at(y, p*Lanes)
		for l := range x {
			sum[l] += x[l]
			square[l] += x[l] * x[l]
		}
	}
}

func gradSums(stats, g, z, norm []float32, pixels int) {
	sum, dot := at(stats, 0), at(stats, Lanes)
	scale, shift := at(norm, 0), at(norm, Lanes)
	for p := range pixels {
		x, s := at(g, p*Lanes), at(z, p*Lanes)
		for l := range x {
			kept := masked(x[l], s[l]*scale[l]+shift[l] > 0)
			x[l] = kept
			sum[l] += kept
			dot[l] += kept * s[l]
		}
	}
}

func gradSumsMask(stats, g, z, a []float32, pixels int) {
	sum, dot := at(stats, 0), at(stats, Lanes)
	for p := range pixels {
		x, s, m := at(g, p*Lanes), at(z, p*Lanes), at(a, p*Lanes)
		for l := range x {
			kept := masked(x[l], m[l] > 0)
			x[l] = kept
			sum[l] += kept
			dot[l] += kept * s[l]
		}
	}
}

func add(dst, src []float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] += src[i]
	}
}

func update(w, v, g []float32, rate, momentum, decay float32) {
	v, g = v[:len(w)], g[:len(w)]
	for i := range w {
		v[i] = momentum*v[i] + (g[i] + decay*w[i])
		w[i] -= rate * v[i]
	}
}
