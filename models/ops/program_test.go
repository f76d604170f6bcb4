package ops

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gorgonia.org/tensor"

	"deepresidual/models/kernels"
)

// network is a small network of every operation: a block that halves the maps
// after one that does not.
type network struct {
	program *Program
	machine *Machine
	filters []*Filter
	norms   []*NormParams
	params  []*Param
	loss    *Loss
	images  []float32
	labels  []uint8
}

// newProgram returns a training program of the common conventions.
func newProgram(t testing.TB, machine *Machine, batch int) *Program {
	t.Helper()
	p, err := NewProgram(machine, batch, CommonConventions())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newNetwork(t testing.TB, set *kernels.Set, residual bool, batch int) *network {
	t.Helper()
	machine, err := NewMachine(set, 2, paperRoom())
	if err != nil {
		t.Fatal(err)
	}
	n := &network{machine: machine, program: newProgram(t, machine, batch)}
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(count int, mean, spread float32) []float32 {
		list := make([]float32, count)
		for i := range list {
			list[i] = mean + spread*float32(rng.NormFloat64())
		}
		return list
	}
	param := func(name string, mean, spread float32, shape ...int) *Param {
		count := tensor.Shape(shape).TotalSize()
		p := NewParam(name, shape, draw(count, mean, spread), make([]float32, count))
		n.params = append(n.params, p)
		return p
	}
	filter := func(name string, in, out, stride int) *Filter {
		f := NewFilter(name, 3, in, out, stride, draw(9*in*out, 0, 0.1), make([]float32, 9*in*out))
		for part := range f.Parts() {
			f.Prepare(set, part)
		}
		n.filters = append(n.filters, f)
		n.params = append(n.params, f.Param)
		return f
	}
	norm := func(name string, c int) *NormParams {
		p := &NormParams{param(name+".gamma", 1, 0.2, c), param(name+".beta", 0, 0.2, c), draw(c, 0, 0.1), make([]float32, c)}
		for i := range p.Var {
			p.Var[i] = 1
		}
		n.norms = append(n.norms, p)
		return p
	}
	must := func(a *Activation, err error) *Activation {
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	p := n.program
	x := p.Stem(32, filter("stem", 3, 16, 1), norm("stem", 16), residual)
	x = must(p.Block(x, filter("a1", 16, 16, 1), norm("a1", 16), filter("a2", 16, 16, 1), norm("a2", 16), residual, nil))
	x = must(p.Block(x, filter("b1", 16, 32, 2), norm("b1", 32), filter("b2", 32, 32, 1), norm("b2", 32), residual, nil))
	n.loss = p.Loss(p.Head(x, param("weight", 0, 0.2, 10, 32), param("bias", 0, 0.2, 10)))
	p.Backward()
	if err := p.Plan(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(); machine.Close() })
	n.images = make([]float32, batch*34*34*3)
	for i := range batch {
		for r := 1; r <= 32; r++ {
			copy(n.images[((i*34+r)*34+1)*3:][:96], draw(96, 0, 1))
		}
		n.labels = append(n.labels, uint8(rng.IntN(10)))
	}
	return n
}

func (n *network) gradients() [][]float32 {
	var list [][]float32
	for _, p := range n.params {
		list = append(list, slices.Clone(p.Grad))
		clear(p.Grad)
	}
	return list
}

func TestRunDoesNotAllocate(t *testing.T) {
	n := newNetwork(t, kernels.Portable(), true, 3)
	allocs := testing.AllocsPerRun(3, func() {
		if err := n.program.Run(3, n.images, n.labels); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("a step allocates %v times", allocs)
	}
}

// No two buffers that are in use at the same step may overlap. Others share
// memory: an arena is not much larger than what is in use at once.
func TestArenaPlan(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	planned, needed := 0, 0
	for range 200 {
		var all []*buffer
		touched := make([][]*buffer, 1+rng.IntN(30))
		first, last := map[*buffer]int{}, map[*buffer]int{} // steps
		for range 1 + rng.IntN(40) {
			b := newBuffer(1 + rng.IntN(1000))
			all = append(all, b)
			first[b] = len(touched)
			for range 1 + rng.IntN(3) {
				step := rng.IntN(len(touched))
				touched[step] = append(touched[step], b)
				first[b], last[b] = min(first[b], step), max(last[b], step)
			}
		}
		floats, buffers := planArena(touched)
		if len(buffers) != len(all) {
			t.Fatalf("%d of %d buffers are planned", len(buffers), len(all))
		}
		most := 0
		for step := range touched {
			inUse := 0
			for _, b := range all {
				if first[b] <= step && step <= last[b] {
					inUse += b.room()
				}
			}
			most = max(most, inUse)
		}
		planned, needed = planned+floats, needed+most
		for i, a := range all {
			if a.offset < 0 || a.offset+a.size > floats {
				t.Fatalf("buffer at %d of %d values leaves the arena of %d", a.offset, a.size, floats)
			}
			for _, b := range all[:i] {
				together := first[a] <= last[b] && first[b] <= last[a]
				if together && a.offset < b.offset+b.size && b.offset < a.offset+a.size {
					t.Fatalf("buffers at %d+%d and %d+%d overlap while both are in use", a.offset, a.size, b.offset, b.size)
				}
			}
		}
	}
	if ratio := float64(planned) / float64(needed); ratio > 1.1 {
		t.Errorf("the arenas are %.2f times as large as what is in use at once", ratio)
	}
}

// A loop runs each item once, wakes no thread that would find nothing to do, and
// fences what each thread has stored before another loop begins: also where
// threads wait for so long, for a loop or for an item, that they fall asleep.
func TestPool(t *testing.T) {
	for _, threads := range []int{1, 2, 7} {
		var fences atomic.Int32
		p := newPool(threads, func() { fences.Add(1) })
		for items := range 40 {
			for round := range 20 {
				counts, took := make([]int32, items), make([]int, items)
				fences.Store(0)
				if round == 5 {
					time.Sleep(time.Millisecond)
				}
				p.run(items, func(thread, item int) {
					if round > 16 && item == items*(round-17)/3 {
						time.Sleep(time.Millisecond)
					}
					counts[item]++
					took[item] = thread
				})
				for i, c := range counts {
					if c != 1 || took[i] >= min(threads, items) {
						t.Fatalf("%d threads: item %d of %d ran %d times, on thread %d", threads, i, items, c, took[i])
					}
				}
				if threads > 1 && int(fences.Load()) != max(1, min(threads, items)) {
					t.Fatalf("%d threads, %d items: %d fences", threads, items, fences.Load())
				}
			}
		}
		p.close()
	}
}

// A panic in an item is the caller's, on whichever thread it arises: nothing runs
// any more, and the pool can be used again.
func TestPoolPanics(t *testing.T) {
	for _, thread := range []int{0, 1, 2} {
		p := newPool(3, func() {})
		var running atomic.Int32
		caught := func() (v any) {
			defer func() { v = recover() }()
			p.run(3, func(_, item int) {
				if item == thread {
					panic("item of " + strconv.Itoa(thread))
				}
				running.Add(1)
				time.Sleep(5 * time.Millisecond)
				running.Add(-1)
			})
			return nil
		}()
		if text := fmt.Sprint(caught); !strings.Contains(text, "item of "+strconv.Itoa(thread)) || running.Load() != 0 {
			t.Errorf("thread %d: %v, %d items still run", thread, caught, running.Load())
		}
		var items atomic.Int32
		p.run(10, func(_, _ int) { items.Add(1) })
		if items.Load() != 10 {
			t.Errorf("thread %d: %d items ran afterwards", thread, items.Load())
		}
		p.close()
	}
}

// paperRoom is the working memory that the layers of section 4.2 need.
func paperRoom() Room {
	return Room{}.With(3, 16, 3, 1, 32).With(16, 16, 3, 1, 32).With(16, 32, 3, 2, 16).With(32, 32, 3, 1, 16).With(32, 64, 3, 2, 8).With(64, 64, 3, 1, 8)
}
