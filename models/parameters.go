package models

import (
	"fmt"

	"gorgonia.org/tensor"

	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// parameters is everything a network learns: trained arrays in one piece of
// memory, so that the optimiser passes over them at once, with their gradients
// and momentum beside them, and the running statistics.
type parameters struct {
	values, grads, momentum []float32
	filters                 []*ops.Filter     // one per layer
	norms                   []*ops.NormParams // one per layer
	weight, bias            *ops.Param        // of the last layer
	parts                   []part            // of the filters' derived forms

	whole, parted []segment // of the update, with one decay and with two
	work          []segment // of the update at hand
}

// part is one piece of the work of preparing filters.
type part struct {
	filter *ops.Filter
	index  int
}

// newParameters lays out the parameters of a network in the order of its layers.
func newParameters(net network.Network) *parameters {
	n := net.Parameters()
	p := &parameters{values: make([]float32, n), grads: make([]float32, n), momentum: make([]float32, n)}
	at := 0
	take := func(n int) (values, grads []float32) {
		values, grads = p.values[at:at+n:at+n], p.grads[at:at+n:at+n]
		at += n
		return values, grads
	}
	param := func(name string, shape ...int) *ops.Param {
		values, grads := take(tensor.Shape(shape).TotalSize())
		return ops.NewParam(name, shape, values, grads)
	}
	layers := net.Convolutions()
	channels := 0
	for _, l := range layers {
		channels += l.Out
	}
	running := make([]float32, 2*channels) // means and variances
	for _, l := range layers {
		values, grads := take(l.Kernel * l.Kernel * l.In * l.Out)
		f := ops.NewFilter(l.Name+".weight", l.Kernel, l.In, l.Out, l.Stride, values, grads)
		p.filters = append(p.filters, f)
		for i := range f.Parts() {
			p.parts = append(p.parts, part{f, i})
		}
		p.norms = append(p.norms, &ops.NormParams{
			Gamma: param(l.Norm+".weight", l.Out),
			Beta:  param(l.Norm+".bias", l.Out),
			Mean:  running[:l.Out:l.Out],
			Var:   running[l.Out : 2*l.Out : 2*l.Out],
		})
		running = running[2*l.Out:]
	}
	p.weight = param("linear.weight", Classes, net.Features())
	p.bias = param("linear.bias", Classes)
	p.whole, p.parted = cut(nil, 0, n, false), p.segments()
	return p
}

// view is a tensor of the network as it is stored here.
type view struct {
	tensor Tensor    // name and shape in PyTorch's order
	data   []float32 // here
	filter bool      // stored (height, width, in, out)
}

// views lists the network's tensors in the order of PyTorch's state dicts,
// taking trained values from memory laid out like p.values. With running, the
// running statistics are among them.
func (p *parameters) views(values []float32, running bool) []view {
	var list []view
	at := 0
	add := func(name string, filter bool, shape ...int) {
		n := tensor.Shape(shape).TotalSize()
		list = append(list, view{Tensor{Name: name, Shape: shape}, values[at : at+n], filter})
		at += n
	}
	for i, f := range p.filters {
		s, norm := f.Shape, p.norms[i]
		add(f.Name, true, s[3], s[2], s[0], s[1])
		add(norm.Gamma.Name, false, s[3])
		add(norm.Beta.Name, false, s[3])
		if running {
			base := norm.Gamma.Name[:len(norm.Gamma.Name)-len("weight")]
			list = append(list,
				view{Tensor{Name: base + "running_mean", Shape: []int{s[3]}}, norm.Mean, false},
				view{Tensor{Name: base + "running_var", Shape: []int{s[3]}}, norm.Var, false})
		}
	}
	add(p.weight.Name, false, p.weight.Shape...)
	add(p.bias.Name, false, p.bias.Shape...)
	return list
}

// export copies the view's values in PyTorch's order.
func (v view) export() Tensor {
	t := v.tensor
	t.Data = make([]float32, len(v.data))
	if !v.filter {
		copy(t.Data, v.data)
		return t
	}
	v.each(func(here, there int) { t.Data[there] = v.data[here] })
	return t
}

// load sets the view's values.
func (v view) load(t Tensor) {
	if !v.filter {
		copy(v.data, t.Data)
		return
	}
	v.each(func(here, there int) { v.data[here] = t.Data[there] })
}

// each calls f for each element of a filter with its index here, (height, width,
// in, out), and in PyTorch, (out, in, height, width).
func (v view) each(f func(here, there int)) {
	out, in, area := v.tensor.Shape[0], v.tensor.Shape[1], v.tensor.Shape[2]*v.tensor.Shape[3]
	there := 0
	for k := range out {
		for c := range in {
			for t := range area {
				f((t*in+c)*out+k, there)
				there++
			}
		}
	}
}

// loadViews sets all views from the tensors of the same names, or none.
func loadViews(views []view, tensors []Tensor) error {
	byName := make(map[string]Tensor, len(tensors))
	for _, t := range tensors {
		if _, twice := byName[t.Name]; twice {
			return fmt.Errorf("tensor %s is there twice", t.Name)
		}
		byName[t.Name] = t
	}
	known := make(map[string]bool, len(views))
	for _, v := range views {
		t, ok := byName[v.tensor.Name]
		if !ok {
			return fmt.Errorf("tensor %s is missing", v.tensor.Name)
		}
		if err := v.tensor.match(t); err != nil {
			return err
		}
		known[t.Name] = true
	}
	for _, t := range tensors {
		if !known[t.Name] {
			return fmt.Errorf("tensor %s is not one of this network", t.Name)
		}
	}
	for _, v := range views {
		v.load(byName[v.tensor.Name])
	}
	return nil
}
