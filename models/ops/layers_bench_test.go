package ops

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gorgonia.org/tensor"

	"deepresidual/models/kernels"
)

// bench20 is a residual network of 20 layers (section 4.2), with what package
// models does around its program in a training step.
type bench20 struct {
	program                 *Program
	machine                 *Machine
	values, grads, momentum []float32
	filters                 []*Filter
}

func newBench20(b testing.TB, set *kernels.Set, batch int) *bench20 {
	b.Helper()
	machine, err := NewMachine(set, 2, paperRoom())
	if err != nil {
		b.Fatal(err)
	}
	const parameters = 269_722
	n := &bench20{
		program: newProgram(b, machine, batch), machine: machine,
		values: make([]float32, parameters), grads: make([]float32, parameters), momentum: make([]float32, parameters),
	}
	rng := rand.New(rand.NewPCG(1, 2))
	at := 0
	take := func(count int, mean, deviation float64) (values, grads []float32) {
		values, grads = n.values[at:][:count:count], n.grads[at:][:count:count]
		at += count
		for i := range values {
			values[i] = float32(mean + deviation*rng.NormFloat64())
		}
		return values, grads
	}
	param := func(name string, mean, deviation float64, shape ...int) *Param {
		values, grads := take(tensor.Shape(shape).TotalSize(), mean, deviation)
		return NewParam(name, shape, values, grads)
	}
	layer := func(name string, in, out, stride int) (*Filter, *NormParams) {
		values, grads := take(9*in*out, 0, math.Sqrt(2/float64(9*in)))
		f := NewFilter(name, 3, in, out, stride, values, grads)
		n.filters = append(n.filters, f)
		return f, &NormParams{param(name+".gamma", 1, 0, out), param(name+".beta", 0, 0, out), make([]float32, out), make([]float32, out)}
	}
	p := n.program
	f, norm := layer("stem", 3, 16, 1)
	x := p.Stem(32, f, norm, true)
	for i := range 9 {
		out := 16 << (i / 3)
		stride := 1
		if i == 3 || i == 6 {
			stride = 2
		}
		f1, norm1 := layer(fmt.Sprintf("%d.first", i), out/stride, out, stride)
		f2, norm2 := layer(fmt.Sprintf("%d.last", i), out, out, 1)
		if x, err = p.Block(x, f1, norm1, f2, norm2, true, nil); err != nil {
			b.Fatal(err)
		}
	}
	p.Loss(p.Head(x, param("weight", 0, 0.2, 10, 64), param("bias", 0, 0, 10)))
	p.Backward()
	if err := p.Plan(); err != nil {
		b.Fatal(err)
	}
	if at != parameters {
		b.Fatalf("the network has %d parameters, want %d", at, parameters)
	}
	b.Cleanup(func() { p.Close(); machine.Close() })

	images := make([]float32, batch*34*34*3)
	for i := range batch {
		for r := 1; r <= 32; r++ {
			row := images[((i*34+r)*34+1)*3:][:96]
			for j := range row {
				row[j] = float32(rng.NormFloat64() / 4)
			}
		}
	}
	n.prepare()
	if err := p.Run(batch, images, make([]uint8, batch)); err != nil { // binds the images, too
		b.Fatal(err)
	}
	return n
}

// prepare brings the filters' derived forms up to date.
func (n *bench20) prepare() {
	type part struct{ filter, part int }
	var parts []part
	for i, f := range n.filters {
		for j := range f.Parts() {
			parts = append(parts, part{i, j})
		}
	}
	n.machine.Run(len(parts), func(_, i int) { n.filters[parts[i].filter].Prepare(n.machine.Kernels, parts[i].part) })
}

func (n *bench20) update() {
	const room = 16384
	n.machine.Run((len(n.values)+room-1)/room, func(_, i int) {
		from, to := i*room, min((i+1)*room, len(n.values))
		n.machine.Kernels.Update(n.values[from:to], n.momentum[from:to], n.grads[from:to], 1e-3, 0.9, 1e-4)
	})
}

// layerTime is a row of the table: all layers of one kind.
type layerTime struct {
	name              string
	count             int
	forward, backward time.Duration // of all of them
	multiplyAdds      int           // of the forward pass of all of them, per image
}

// kind names the part of the network that an operation belongs to, in the
// forward or in the backward pass.
func kind(op step) (name string, backward bool, multiplyAdds int) {
	ofBlock := func(b *block) (string, int) {
		size := b.result.size * b.result.size
		work := 9 * b.first.out * (b.first.in + b.first.out) * size
		if b.first.stride == 2 {
			return fmt.Sprintf("downsample %d-%d", b.first.in, b.first.out), work
		}
		return fmt.Sprintf("block %d", b.first.out), work
	}
	switch op := op.(type) {
	case *stem:
		return "stem", false, 9 * op.f.in * op.f.out * op.size * op.size
	case *stemGrad:
		return "stem", true, 0
	case *block:
		name, work := ofBlock(op)
		return name, false, work
	case *blockGrad:
		name, _ := ofBlock(op.block)
		return name, true, 0
	case *head, *loss:
		return "head and loss", false, 0
	case *headGrad, *lossGrad:
		return "head and loss", true, 0
	}
	return "", false, 0
}

// layerTable sums the times of the program's operations by kind.
func layerTable(p *Program, best []time.Duration, prepare, update time.Duration) []*layerTime {
	var rows []*layerTime
	byName := map[string]*layerTime{}
	for i, s := range p.steps {
		name, backward, work := kind(s)
		row := byName[name]
		if row == nil {
			row = &layerTime{name: name}
			byName[name] = row
			rows = append(rows, row)
		}
		if backward {
			row.backward += best[i]
		} else {
			if _, part := s.(*loss); !part {
				row.count++
			}
			row.forward += best[i]
			row.multiplyAdds += work
		}
	}
	return append(rows, &layerTime{name: "weight preparation", count: 1, forward: prepare}, &layerTime{name: "update", count: 1, backward: update})
}

// BenchmarkLayers says where the time of a training step of resnet-20 at batch
// 128 goes, with two threads:
//
//	go test -run - -bench Layers ./models/ops
//
// Each figure is the best of the steps, because others may use the machine, and
// the sum over the parts of the network of one kind, whose number follows x.
// GFLOP/s are those of the direct convolution over forward and backward pass,
// also where Winograd's algorithm needs fewer. The backward pass of the stem
// has one product, every other convolution two.
func BenchmarkLayers(b *testing.B) {
	const batch = 128
	for _, name := range kernels.Available() {
		b.Run(name, func(b *testing.B) {
			set, err := kernels.Select(name)
			if err != nil {
				b.Fatal(err)
			}
			n := newBench20(b, set, batch)
			steps := n.program.steps
			best := make([]time.Duration, len(steps)+2)
			for i := range best {
				best[i] = math.MaxInt64
			}
			timed := func(i int, run func()) {
				start := time.Now()
				run()
				best[i] = min(best[i], time.Since(start))
			}
			for b.Loop() {
				timed(len(steps), n.prepare)
				for i, s := range steps {
					timed(i, s.run)
				}
				timed(len(steps)+1, n.update)
			}

			rows := layerTable(n.program, best, best[len(steps)], best[len(steps)+1])
			total := time.Duration(0)
			for _, r := range rows {
				total += r.forward + r.backward
			}
			ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
			var table strings.Builder
			for _, r := range rows {
				both := (r.forward + r.backward).Seconds()
				fmt.Fprintf(&table, "%-18s x%d %6.2f ms forward %6.2f ms backward %5.1f %%", r.name, r.count, ms(r.forward), ms(r.backward), 100*both/total.Seconds())
				if r.multiplyAdds > 0 {
					passes := 3
					if r.name == "stem" {
						passes = 2
					}
					fmt.Fprintf(&table, " %5.0f GFLOP/s", float64(2*passes*batch*r.multiplyAdds)/both/1e9)
				}
				table.WriteByte('\n')
			}
			b.Log(strings.TrimSuffix(table.String(), "\n")) // nine lines: package testing prints no more
			b.ReportMetric(ms(total), "ms/step")
			b.ReportMetric(0, "ns/op") // with the disturbances of others
		})
	}
}
