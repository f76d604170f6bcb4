package kernels

import (
	"fmt"
	"testing"
	"time"
)

// The benchmarks report the best of many short measurements, because others
// may use the machine. GFLOP/s are those of the direct convolution, also where
// Winograd's algorithm needs fewer; %peak compares them with a loop of nothing
// but multiply-adds, and can therefore exceed 100. GB/s count each slice once.

// bestOf measures run and returns the seconds of its best call.
func bestOf(b *testing.B, run func()) float64 {
	const measurement = 20 * time.Microsecond // at least
	calls := 1
	for {
		start := time.Now()
		for range calls {
			run()
		}
		if time.Since(start) > measurement {
			break
		}
		calls *= 2
	}
	best := time.Duration(1 << 62)
	for b.Loop() {
		start := time.Now()
		for range calls {
			run()
		}
		best = min(best, time.Since(start))
	}
	b.ReportMetric(0, "ns/op") // of calls, and by the mean
	return best.Seconds() / float64(calls)
}

// report gives the metrics of an operation that took seconds.
func report(b *testing.B, seconds float64, flops int, peak float64) {
	b.ReportMetric(seconds*1e6, "µs")
	b.ReportMetric(float64(flops)/seconds/1e9, "GFLOP/s")
	if peak > 0 {
		b.ReportMetric(100*float64(flops)/seconds/peak, "%peak")
	}
}

// benchSets runs benchmarks for every one of testedSets, with the machine's peak.
func benchSets(b *testing.B, bench func(b *testing.B, k *Set, peak float64)) {
	for _, set := range testedSets() {
		p := Peak(set.Name, 1)
		b.Run(set.label, func(b *testing.B) { bench(b, set.Set, p) })
	}
}

// BenchmarkKernel measures every kernel on the shapes of the networks.
func BenchmarkKernel(b *testing.B) {
	benchSets(b, func(b *testing.B, k *Set, peak float64) {
		for _, s := range networkScenarios() {
			b.Run(s.name(), func(b *testing.B) {
				slices := s.heap(0)
				s.fill(slices, 11)
				bytes := 0
				for _, a := range s.args {
					bytes += 4 * a.length
				}
				seconds := bestOf(b, func() { s.run(k, slices) })
				if s.flops > 0 {
					report(b, seconds, s.flops, peak)
				} else {
					b.ReportMetric(seconds*1e6, "µs")
					b.ReportMetric(float64(bytes)/seconds/1e9, "GB/s")
				}
			})
		}
	})
}

func networkScenarios() []scenario {
	var list []scenario
	add := func(more ...[]scenario) {
		for _, m := range more {
			list = append(list, m...)
		}
	}
	add(stem(32), strided(16, 32, 16), strided(32, 64, 8), phase(32, 16, 16, 2, 2), phase(64, 32, 8, 2, 2))
	for _, s := range []struct{ c, size, tiles int }{{16, 32, 16}, {32, 16, 16}, {64, 8, 32}} {
		across := s.size / TileSize
		add(products(s.tiles, s.c, s.c, Lanes), transforms(across, min(across, 16/across), (s.size+2)*Lanes, s.c), filters(s.c, s.c, 0, s.c, Lanes))
	}
	add(fills(8, 32, 34*Lanes), fills(16, 16, 18*Lanes), fills(8, 8, 10*Lanes), reductions(1024), reductions(64), parameters(36864))
	return list
}

// BenchmarkConvolution measures convolutions of stride 1 of one group of
// tiles: transforms and products, without what fills the padded pixels.
func BenchmarkConvolution(b *testing.B) {
	benchSets(b, func(b *testing.B, k *Set, peak float64) {
		for _, s := range []struct{ c, size, tiles int }{{16, 32, 16}, {32, 16, 16}, {64, 8, 32}} {
			across := s.size / TileSize
			rows := min(across, 16/across)
			images := s.tiles / (rows * across)
			stride, plane := (s.size+2)*Lanes, s.tiles*s.c+Lanes
			pixels := make([]float32, (rows*TileSize+2)*stride)
			v, m := make([]float32, PatchArea*plane), make([]float32, PatchArea*plane)
			uPlane := s.c*s.c + Lanes
			u, y := make([]float32, PatchArea*uPlane), make([]float32, rows*TileSize*stride)
			var stats [2 * Lanes]float32
			blocks := func(do func(at int)) {
				for i := range images {
					for block := range s.c / Lanes {
						do(i*rows*across*s.c + block*Lanes)
					}
				}
			}
			flops := 2 * FilterArea * s.c * s.c * TileSize * TileSize * s.tiles
			shape := fmt.Sprintf("%dx%dx%d", s.c, s.size, s.size)
			b.Run("forward/"+shape, func(b *testing.B) {
				report(b, bestOf(b, func() {
					blocks(func(at int) { k.TransformInput(v[at:], pixels, across, rows, stride, s.c, plane) })
					k.Multiply(m, v, u, s.tiles, s.c, s.c, plane, plane, nil, 0)
					blocks(func(at int) { k.TransformOutput(y, stats[:], m[at:], across, rows, stride, s.c, plane) })
				}), flops, peak)
			})
			b.Run("weights/"+shape, func(b *testing.B) {
				report(b, bestOf(b, func() {
					blocks(func(at int) { k.TransformInput(v[at:], pixels, across, rows, stride, s.c, plane) })
					blocks(func(at int) { k.TransformGrad(m[at:], y, across, rows, stride, s.c, plane) })
					k.MultiplyGrad(u, v, m, 1, s.tiles, s.c, s.c, uPlane, plane, plane, nil, 0)
				}), flops, peak)
			})
		}
	})
}

// BenchmarkFMA reports what %peak refers to.
func BenchmarkFMA(b *testing.B) {
	benchSets(b, func(b *testing.B, _ *Set, peak float64) {
		for b.Loop() {
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(peak/1e9, "GFLOP/s")
	})
}
