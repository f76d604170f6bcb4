package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The elementwise kernels against their formulas, in float64. value is given
// the slices, the index of a value in them and its lane.
func TestElementwise(t *testing.T) {
	relu := func(x float64) float64 { return max(x, 0) }
	affine := func(z, norm []float32, i, lane int) float64 {
		return float64(z[i])*float64(norm[lane]) + float64(norm[Lanes+lane])
	}
	value := map[string]func(s [][]float32, i, lane int) float64{
		"FillNorm":      func(s [][]float32, i, l int) float64 { return relu(affine(s[1], s[2], i, l)) },
		"FillNormStore": func(s [][]float32, i, l int) float64 { return relu(affine(s[2], s[3], i, l)) },
		"FillAdd":       func(s [][]float32, i, l int) float64 { return relu(affine(s[1], s[3], i, l) + float64(s[2][i])) },
		"FillAddStore":  func(s [][]float32, i, l int) float64 { return relu(affine(s[2], s[4], i, l) + float64(s[3][i])) },
		"FillCopy":      func(s [][]float32, i, l int) float64 { return float64(s[1][i]) },
		"FillGrad": func(s [][]float32, i, l int) float64 {
			return float64(s[3][l])*float64(s[1][i]) + affine(s[2], s[3][Lanes:], i, l)
		},
	}
	const rows, width, stride = 3, 5, 7*Lanes + 2
	for _, s := range fills(rows, width, stride) {
		forSets(t, s.kernel, func(t *testing.T, k *Set) {
			slices := s.heap(0)
			s.fill(slices, 7)
			want := make([]float64, len(slices[0]))
			for i, x := range slices[0] { // between the rows
				want[i] = float64(x)
			}
			stored := make([]float64, rows*width*Lanes)
			for i := range stored {
				stored[i] = value[s.kernel](slices, i, i%Lanes)
				want[i/(width*Lanes)*stride+i%(width*Lanes)] = stored[i]
			}
			s.run(k, slices)
			check(t, "dst", slices[0], want, tight)
			if s.kernel == "FillNormStore" || s.kernel == "FillAddStore" {
				check(t, "out", slices[1], stored, tight)
			}
		})
	}
}

func TestReductions(t *testing.T) {
	value := map[string]func(s [][]float32, i, lane int) (sum, product float64){
		"Sums": func(s [][]float32, i, _ int) (float64, float64) {
			return float64(s[1][i]), float64(s[1][i]) * float64(s[1][i])
		},
		"GradSums": func(s [][]float32, i, l int) (float64, float64) {
			if float64(s[2][i])*float64(s[3][l])+float64(s[3][Lanes+l]) <= 0 {
				return 0, 0
			}
			return float64(s[1][i]), float64(s[1][i]) * float64(s[2][i])
		},
		"GradSumsMask": func(s [][]float32, i, _ int) (float64, float64) {
			if s[3][i] <= 0 {
				return 0, 0
			}
			return float64(s[1][i]), float64(s[1][i]) * float64(s[2][i])
		},
	}
	for _, pixels := range []int{1, 2, 7, 64, 1024} {
		for _, s := range reductions(pixels) {
			forSets(t, s.name(), func(t *testing.T, k *Set) {
				slices := s.heap(0)
				s.fill(slices, 8)
				want := make([]float64, 2*Lanes)
				for i := range want {
					want[i] = float64(slices[0][i])
				}
				kept := make([]float64, pixels*Lanes)
				for i := range kept {
					sum, product := value[s.kernel](slices, i, i%Lanes)
					want[i%Lanes] += sum
					want[Lanes+i%Lanes] += product
					kept[i] = sum
				}
				s.run(k, slices)
				check(t, "stats", slices[0], want, 1e-5)
				check(t, "values", slices[1], kept, 0)
			})
		}
	}
}

// Products of 16 channels may take the place of what is multiplied.
func TestMultiplyInPlace(t *testing.T) {
	for _, tiles := range []int{8, 16, 40} {
		plane := tiles*Lanes + 16
		r := rand.New(rand.NewPCG(9, 2))
		v, u := random(r, PatchArea*plane), random(r, PatchArea*Lanes*Lanes)
		forSets(t, fmt.Sprint(tiles), func(t *testing.T, k *Set) {
			want, got := make([]float32, len(v)), slices.Clone(v)
			k.Multiply(want, v, u, tiles, Lanes, Lanes, plane, plane, nil, 0)
			k.Multiply(got, got, u, tiles, Lanes, Lanes, plane, plane, nil, 0)
			for xi := range PatchArea {
				if from := xi * plane; !slices.Equal(got[from:from+tiles*Lanes], want[from:from+tiles*Lanes]) {
					t.Fatalf("plane %d differs in place", xi)
				}
			}
		})
	}
}

// The output transforms of evaluation are TransformOutput and then a Fill
// function, to the bit, also where the shortcut is overwritten.
func TestTransformOutputNorm(t *testing.T) {
	const tilesX, tilesY, c = 4, 2, 16
	const stride = tilesX * TileSize * Lanes
	const plane = tilesX*tilesY*c + Lanes
	const rows, width = tilesY * TileSize, tilesX * TileSize
	r := rand.New(rand.NewPCG(9, 1))
	m, norm, add := random(r, PatchArea*plane), random(r, 2*Lanes), random(r, rows*stride)
	m[0] = float32(math.NaN())
	forSets(t, "", func(t *testing.T, k *Set) {
		z, want, got := make([]float32, rows*stride), make([]float32, rows*stride), make([]float32, rows*stride)
		k.TransformOutput(z, make([]float32, 2*Lanes), m, tilesX, tilesY, stride, c, plane)
		same := func(kernel string) {
			t.Helper()
			for i := range want {
				if got[i] != want[i] && !(math.IsNaN(float64(got[i])) && math.IsNaN(float64(want[i]))) {
					t.Fatalf("%s: value %d is %v, want %v", kernel, i, got[i], want[i])
				}
			}
		}
		k.FillNorm(want, z, norm, rows, width, stride)
		k.TransformOutputNorm(got, m, norm, tilesX, tilesY, stride, c, plane)
		same("TransformOutputNorm")
		k.FillAdd(want, z, add, norm, rows, width, stride)
		copy(got, add)
		k.TransformOutputNormAdd(got, m, got, norm, tilesX, tilesY, stride, c, plane)
		same("TransformOutputNormAdd")
	})
}

// What is added may be where the sum goes.
func TestFillAddInPlace(t *testing.T) {
	const rows, width, stride = 3, 5, 5 * Lanes
	r := rand.New(rand.NewPCG(12, 0))
	z, norm, add := random(r, rows*stride), random(r, 2*Lanes), random(r, rows*stride)
	forSets(t, "", func(t *testing.T, k *Set) {
		want, got := make([]float32, rows*stride), slices.Clone(add)
		k.FillAdd(want, z, add, norm, rows, width, stride)
		k.FillAdd(got, z, got, norm, rows, width, stride)
		if !slices.Equal(got, want) {
			t.Errorf("in place %v, else %v", got, want)
		}
	})
}

// The output transforms of the backward pass are TransformOutput, which
// TestWinogradConvolution covers, with the gradients of ReLU and shortcut.
func TestTransformOutputGrad(t *testing.T) {
	const tilesX, tilesY, stride, c = 4, 2, 18 * Lanes, 16
	const plane = tilesX*tilesY*c + Lanes
	r := rand.New(rand.NewPCG(9, 0))
	m := random(r, PatchArea*plane)
	const area = tilesY * TileSize * stride
	z, norm := random(r, area), random(r, 2*Lanes)
	a, g2 := random(r, area), random(r, area)
	forSets(t, "", func(t *testing.T, k *Set) {
		y := make([]float32, area)
		k.TransformOutput(y, make([]float32, 2*Lanes), m, tilesX, tilesY, stride, c, plane)
		tests := []struct {
			name string
			run  func(x, stats []float32)
			add  []float32
			mask func(i int) bool
		}{
			{
				"TransformOutputGrad",
				func(x, stats []float32) {
					k.TransformOutputGrad(x, stats, m, z, norm, tilesX, tilesY, stride, c, plane)
				},
				make([]float32, area),
				func(i int) bool {
					return float64(z[i])*float64(norm[i%Lanes])+float64(norm[Lanes+i%Lanes]) > 0
				},
			},
			{
				"TransformOutputGradAdd",
				func(x, stats []float32) {
					k.TransformOutputGradAdd(x, stats, m, z, a, g2, tilesX, tilesY, stride, c, plane)
				},
				g2,
				func(i int) bool { return a[i] > 0 },
			},
			{
				"TransformOutputGradAdd in place",
				func(x, stats []float32) {
					for i := range x {
						if i%stride < tilesX*TileSize*Lanes {
							x[i] = g2[i]
						}
					}
					k.TransformOutputGradAdd(x, stats, m, z, a, x, tilesX, tilesY, stride, c, plane)
				},
				g2,
				func(i int) bool { return a[i] > 0 },
			},
		}
		for _, test := range tests {
			got, stats := make([]float32, area), random(r, 2*Lanes)
			want, sums := make([]float64, area), make([]float64, 2*Lanes)
			for i, s := range stats {
				sums[i] = float64(s)
			}
			for i := range want {
				if i%stride >= tilesX*TileSize*Lanes {
					continue // between the rows
				}
				if test.mask(i) {
					want[i] = float64(y[i]) + float64(test.add[i])
					sums[i%Lanes] += want[i]
					sums[Lanes+i%Lanes] += want[i] * float64(z[i])
				}
			}
			test.run(got, stats)
			check(t, test.name, got, want, tight)
			check(t, test.name+" stats", stats, sums, 1e-5)
		}
	})
}

// A run that diverges must show it: a number that is none passes through ReLU.
func TestNotANumber(t *testing.T) {
	nan := float32(math.NaN())
	forSets(t, "", func(t *testing.T, k *Set) {
		for _, s := range fills(1, 2, 2*Lanes) {
			sources := len(s.args) - 1 // the last are coefficients
			if s.kernel == "FillCopy" {
				sources++
			}
			stored := s.kernel == "FillNormStore" || s.kernel == "FillAddStore"
			for source := 1; source < sources; source++ {
				if stored && source == 1 { // an output
					continue
				}
				slices := s.heap(0)
				s.fill(slices, 10)
				const at = Lanes + 3
				slices[source][at] = nan
				s.run(k, slices)
				outputs := slices[:1]
				if stored {
					outputs = slices[:2]
				}
				for _, out := range outputs {
					for i, x := range out {
						if isNaN := x != x; isNaN != (i == at) {
							t.Errorf("%s: NaN at %d of slice %d: dst[%d] = %v", s.kernel, at, source, i, x)
						}
					}
				}
			}
		}
		stats := make([]float32, 2*Lanes)
		y := make([]float32, 3*Lanes)
		y[2*Lanes+5] = nan
		k.Sums(stats, y, 3)
		for i, x := range stats {
			if isNaN := x != x; isNaN != (i%Lanes == 5) {
				t.Errorf("Sums: NaN in lane 5: stats[%d] = %v", i, x)
			}
		}
	})
}

// FuzzParameters checks Add and Update on any length and alignment, and that
// they leave what surrounds the slices alone.
func FuzzParameters(f *testing.F) {
	for n := range uint16(70) {
		f.Add(n, uint8(n%5), uint64(n), float32(0.1), float32(0.9), float32(1e-4))
	}
	f.Add(uint16(36864), uint8(1), uint64(3), float32(1e-3), float32(0), float32(0))
	f.Fuzz(func(t *testing.T, length uint16, offset uint8, seed uint64, rate, momentum, decay float32) {
		for _, x := range []float32{rate, momentum, decay} {
			if !(x >= -2 && x <= 2) {
				t.Skip("not a value that training uses")
			}
		}
		n, from := int(length), int(offset%16)
		r := rand.New(rand.NewPCG(seed, 2))
		w0, v0, g := random(r, n+2*Lanes), random(r, n+2*Lanes), random(r, n)
		for _, name := range Available() {
			k, err := Select(name)
			if err != nil {
				t.Fatal(err)
			}
			w, v := append([]float32(nil), w0...), append([]float32(nil), v0...)
			k.Update(w[from:from+n:from+n], v[from:][:n], g, rate, momentum, decay)
			for i := range w {
				wantV, wantW := float64(v0[i]), float64(w0[i])
				scale := 0.0
				if i >= from && i < from+n {
					gi := float64(g[i-from])
					wantV = float64(momentum)*wantV + gi + float64(decay)*wantW
					wantW -= float64(rate) * wantV
					scale = 1
				}
				if !(math.Abs(float64(v[i])-wantV) <= 1e-6*scale) || !(math.Abs(float64(w[i])-wantW) <= 4e-6*scale) {
					t.Fatalf("%s: Update of %d values at %d: [%d] = %v, %v, want %v, %v", name, n, from, i, w[i], v[i], wantW, wantV)
				}
			}
			sum := append([]float32(nil), w0...)
			k.Add(sum[from:][:n], g)
			for i, x := range sum {
				want := w0[i]
				if i >= from && i < from+n {
					want += g[i-from]
				}
				if x != want {
					t.Fatalf("%s: Add of %d values at %d: [%d] = %v, want %v", name, n, from, i, x, want)
				}
			}
		}
	})
}
