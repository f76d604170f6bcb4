package ops

// ClearResponses starts the measurement of layer responses anew.
func (p *Program) ClearResponses() {
	for _, n := range p.norms() {
		n.response = response{}
	}
}

// Responses returns, layer by layer, the standard deviation of the outputs of
// batch normalisation over all images since ClearResponses (figure 7). Only a
// program that does not train measures them.
func (p *Program) Responses() []float64 {
	var stds []float64
	for _, n := range p.norms() {
		stds = append(stds, n.response.std())
	}
	return stds
}

// norms lists the normalisations in the order of the layers.
func (p *Program) norms() []*norm {
	var list []*norm
	for _, s := range p.steps {
		switch op := s.(type) {
		case *stem:
			list = append(list, op.activate.norm)
		case *block:
			list = append(list, op.middle.norm, op.result.norm)
		}
	}
	return list
}
