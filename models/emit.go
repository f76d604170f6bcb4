package models

import (
	"slices"

	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// program is a network ready to train on batches of one size.
type program struct {
	*ops.Program
	loss *ops.Loss
}

// evaluation is a network ready to be evaluated.
type evaluation struct {
	*ops.Evaluation
	loss *ops.Loss
}

// match turns a network's description into its graph, and this into the units
// that fused operations compute.
func match(net network.Network, batch int, training bool, c ops.Conventions) ([]unit, error) {
	g, err := NewGraph(net, batch, training, c)
	if err != nil {
		return nil, err
	}
	return fuse(g)
}

// buildTraining returns the program of a training step: the fused operations on
// the network's parameters.
func buildTraining(net network.Network, p *parameters, machine *ops.Machine, batch int, c ops.Conventions) (*program, error) {
	units, err := match(net, batch, true, c)
	if err != nil {
		return nil, err
	}
	prog, err := ops.NewProgram(machine, batch, c)
	if err != nil {
		return nil, err
	}
	var x *ops.Activation
	for _, u := range units {
		f, n, projection := p.of(u)
		if len(u.layers) == 1 {
			x = prog.Stem(ImageSize, f[0], n[0], net.Kind == network.Residual)
			continue
		}
		if x, err = prog.Block(x, f[0], n[0], f[1], n[1], u.shortcut != nil, projection); err != nil {
			return nil, err
		}
	}
	loss := prog.Loss(prog.Head(x, p.weight, p.bias))
	prog.Backward()
	if err := prog.Plan(); err != nil {
		return nil, err // and not a program without memory
	}
	return &program{prog, loss}, nil
}

// buildEvaluation returns the evaluation of batches of up to the given size.
func buildEvaluation(net network.Network, p *parameters, machine *ops.Machine, batch int, c ops.Conventions) (*evaluation, error) {
	units, err := match(net, batch, false, c)
	if err != nil {
		return nil, err
	}
	e := ops.NewEvaluation(machine, batch, c)
	for _, u := range units {
		f, n, projection := p.of(u)
		if len(u.layers) == 1 {
			e.Stem(ImageSize, f[0], n[0])
		} else {
			e.Block(f[0], n[0], f[1], n[1], u.shortcut != nil, projection)
		}
	}
	loss := e.Head(p.weight, p.bias)
	if err := e.Plan(); err != nil {
		return nil, err
	}
	return &evaluation{e, loss}, nil
}

// of returns the filters and normalisations of a unit's layers, and those of its
// shortcut, if it has any.
func (p *parameters) of(u unit) (f []*ops.Filter, n []*ops.NormParams, projection *ops.Projection) {
	for _, l := range u.layers {
		filter, norm := p.layer(l)
		f, n = append(f, filter), append(n, norm)
	}
	if u.projection != nil {
		filter, norm := p.layer(*u.projection)
		projection = &ops.Projection{Filter: filter, Norm: norm}
	}
	return f, n, projection
}

// layer returns the filter and the normalisation of a layer of the graph.
func (p *parameters) layer(l layer) (*ops.Filter, *ops.NormParams) {
	i := slices.IndexFunc(p.filters, func(f *ops.Filter) bool { return f.Name == l.filter.Name() })
	return p.filters[i], p.norms[i] // fuse has found both to be those of one of the network's layers
}
