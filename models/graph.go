package models

import (
	"gorgonia.org/gorgonia"

	"deepresidual/models/ops"
)

// program is a network's graph for batches of one size.
type program struct {
	*ops.Program
	loss *ops.Loss
}

// build turns a network's description into a Gorgonia graph: forward pass and
// loss, and in training the backward pass that Gorgonia derives from it.
func build(net *Network, p *parameters, machine *ops.Machine, batch int, training bool, c ops.Conventions) (*program, error) {
	prog, err := ops.NewProgram(machine, batch, training, c)
	if err != nil {
		return nil, err
	}
	images := prog.Images(PaddedSize, PaddedSize, Channels)

	x, err := prog.Stem(images, p.filters[0], p.norms[0], net.Residual)
	if err != nil {
		return nil, err
	}
	for i := range net.Blocks {
		first, last := 2*i+1, 2*i+2
		x, err = prog.Block(x, p.filters[first], p.norms[first], p.filters[last], p.norms[last], net.Residual)
		if err != nil {
			return nil, err
		}
	}
	scores, err := prog.Head(x, p.weight, p.bias)
	if err != nil {
		return nil, err
	}
	loss, result, err := prog.Loss(scores)
	if err != nil {
		return nil, err
	}
	if training {
		if err := prog.Backward(loss, trained(prog)...); err != nil {
			return nil, err
		}
	}
	return &program{prog, result}, prog.Plan()
}

// trained returns the nodes of the graph that hold parameters.
func trained(prog *ops.Program) gorgonia.Nodes {
	var nodes gorgonia.Nodes
	for _, n := range prog.Graph.Inputs() {
		if _, ok := n.Value().(*ops.Param); ok {
			nodes = append(nodes, n)
		}
	}
	return nodes
}
