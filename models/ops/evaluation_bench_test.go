package ops

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"deepresidual/models/kernels"
)

// stopwatch is the time that kernels have taken.
type stopwatch struct{ input, multiply, output, direct, rest time.Duration }

func (s *stopwatch) add(t stopwatch) {
	s.input += t.input
	s.multiply += t.multiply
	s.output += t.output
	s.direct += t.direct
	s.rest += t.rest
}

func (s *stopwatch) total() time.Duration {
	return s.input + s.multiply + s.output + s.direct + s.rest
}

// timed is a set whose kernels of evaluation are timed.
func (s *stopwatch) timed(set kernels.Set) *kernels.Set {
	input, multiply, norm, add, direct := set.TransformInput, set.Multiply, set.TransformOutputNorm, set.TransformOutputNormAdd, set.Direct
	set.TransformInput = func(v, x []float32, tilesX, tilesY, stride, channels, plane int) {
		defer since(&s.input, time.Now())
		input(v, x, tilesX, tilesY, stride, channels, plane)
	}
	set.Multiply = func(m, v, u []float32, tiles, c, k, vPlane, mPlane int, ahead []*float32, lines int) {
		defer since(&s.multiply, time.Now())
		multiply(m, v, u, tiles, c, k, vPlane, mPlane, ahead, lines)
	}
	set.TransformOutputNorm = func(y, m, n []float32, tilesX, tilesY, stride, channels, plane int) {
		defer since(&s.output, time.Now())
		norm(y, m, n, tilesX, tilesY, stride, channels, plane)
	}
	set.TransformOutputNormAdd = func(y, m, a, n []float32, tilesX, tilesY, stride, channels, plane int) {
		defer since(&s.output, time.Now())
		add(y, m, a, n, tilesX, tilesY, stride, channels, plane)
	}
	set.Direct = func(y, x, w []float32, taps []int, depth, k, pixels, xStride, yStride, yBlock int) {
		defer since(&s.direct, time.Now())
		direct(y, x, w, taps, depth, k, pixels, xStride, yStride, yBlock)
	}
	return &set
}

func since(d *time.Duration, start time.Time) { *d += time.Since(start) }

// watched is a layer whose time is taken.
type watched struct {
	evaluated
	watch *stopwatch
	spent stopwatch
	name  string
}

func (w *watched) run(c *chunk, from, to int) {
	*w.watch = stopwatch{}
	start := time.Now()
	w.evaluated.run(c, from, to)
	w.watch.rest = 0
	w.watch.rest = time.Since(start) - w.watch.total()
	w.spent.add(*w.watch)
}

// BenchmarkEvaluationLayers says where the time of an evaluation of 128 images by
// resnet-20 goes, with one thread:
//
//	go test -run - -bench EvaluationLayers ./models/ops
//
// Each figure is the best of the evaluations, in milliseconds.
func BenchmarkEvaluationLayers(b *testing.B) {
	const batch = 128
	for _, name := range kernels.Available() {
		b.Run(name, func(b *testing.B) {
			set, err := kernels.Select(name)
			if err != nil {
				b.Fatal(err)
			}
			var watch stopwatch
			e, images := benchEvaluation(b, watch.timed(*set), batch)
			var layers []*watched
			for _, list := range [][]evaluated{e.single, e.grouped} {
				for i, l := range list {
					w := &watched{evaluated: l, watch: &watch, name: evaluatedName(l)}
					layers = append(layers, w)
					list[i] = w
				}
			}
			best := map[*watched]stopwatch{}
			for b.Loop() {
				if err := e.Run(batch, images, make([]uint8, batch)); err != nil {
					b.Fatal(err)
				}
				for _, l := range layers {
					if old, found := best[l]; !found || l.spent.total() < old.total() {
						best[l] = l.spent
					}
					l.spent = stopwatch{}
				}
			}
			var names []string
			sums := map[string]stopwatch{}
			var all stopwatch
			for _, l := range layers {
				sum, found := sums[l.name]
				if !found {
					names = append(names, l.name)
				}
				sum.add(best[l])
				all.add(best[l])
				sums[l.name] = sum
			}
			sums["all"] = all
			var table strings.Builder
			for _, name := range append(names, "all") {
				s := sums[name]
				fmt.Fprintf(&table, "%-12s", name)
				for i, d := range []time.Duration{s.input, s.multiply, s.output, s.direct, s.rest, s.total()} {
					fmt.Fprintf(&table, " %s %6.2f", []string{"input", "product", "output", "direct", "rest", "sum"}[i], d.Seconds()*1e3)
				}
				table.WriteByte('\n')
			}
			b.Log(strings.TrimSuffix(table.String(), "\n"))
			b.ReportMetric(all.total().Seconds()*1e3, "ms/batch")
			b.ReportMetric(0, "ns/op") // with the disturbances of others
		})
	}
}

func evaluatedName(l evaluated) string {
	switch l := l.(type) {
	case *evaluatedStem:
		return "stem"
	case *evaluatedWinograd:
		return fmt.Sprintf("%d, %dx%d", l.f.out, l.size, l.size)
	case *evaluatedStrided:
		return fmt.Sprintf("%d-%d", l.f.in, l.f.out)
	case *evaluatedHead:
		return "head"
	}
	return "shortcut"
}

// benchEvaluation returns an evaluation of resnet-20 of random weights by one
// thread, and images.
func benchEvaluation(b *testing.B, set *kernels.Set, batch int) (*Evaluation, []float32) {
	b.Helper()
	machine, err := NewMachine(set, 1, paperRoom())
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, deviation float64) []float32 {
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(deviation * rng.NormFloat64())
		}
		return values
	}
	layer := func(in, out, stride int) (*Filter, *NormParams) {
		n := 9 * in * out
		f := NewFilter("filter", 3, in, out, stride, draw(n, math.Sqrt(2/float64(9*in))), make([]float32, n))
		for part := range f.Parts() {
			f.Prepare(set, part)
		}
		ones := make([]float32, out)
		for i := range ones {
			ones[i] = 1
		}
		beta := make([]float32, out)
		return f, &NormParams{Gamma: NewParam("gamma", []int{out}, ones, nil), Beta: NewParam("beta", []int{out}, beta, nil), Mean: beta, Var: ones}
	}
	e := NewEvaluation(machine, batch, CommonConventions())
	f, n := layer(3, 16, 1)
	e.Stem(32, f, n)
	for i := range 9 {
		out, stride := 16<<(i/3), 1
		if i == 3 || i == 6 {
			stride = 2
		}
		f1, n1 := layer(out/stride, out, stride)
		f2, n2 := layer(out, out, 1)
		e.Block(f1, n1, f2, n2, true, nil)
	}
	e.Head(NewParam("weight", []int{10, 64}, draw(640, 0.2), nil), NewParam("bias", []int{10}, make([]float32, 10), nil))
	if err := e.Plan(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close(); machine.Close() })
	return e, draw(batch*34*34*3, 0.25)
}
