package models

// Hyper are the parameters of one step of stochastic gradient descent.
type Hyper struct {
	LearningRate, Momentum float32
	WeightDecay            float32 // of the weights of convolutions and of the last layer
	NormDecay              float32 // of the scales and shifts of batch normalisation and of the last layer's bias
	Nesterov               bool
}

// segment is a range of the parameters that one item of the update covers.
type segment struct {
	from, to int
	norm     bool // NormDecay applies
}

// updateRoom is how many parameters a segment has at most.
const updateRoom = 16384

// cut appends the segments of a range.
func cut(list []segment, from, to int, norm bool) []segment {
	for ; from < to; from += updateRoom {
		list = append(list, segment{from, min(from+updateRoom, to), norm})
	}
	return list
}

// segments returns the ranges of the parameters with a decay each.
func (p *parameters) segments() []segment {
	var list []segment
	at := 0
	add := func(param int, norm bool) {
		list = cut(list, at, at+param, norm)
		at += param
	}
	for i, f := range p.filters {
		add(len(f.Value), false)
		add(len(p.norms[i].Gamma.Value)+len(p.norms[i].Beta.Value), true)
	}
	add(len(p.weight.Value), false)
	add(len(p.bias.Value), true)
	return list
}

// update is one step of stochastic gradient descent along the gradients:
//
//	d = g + decay*w,  v = momentum*v + d,  w = w - rate*v
//
// With Nesterov's momentum the last is w - rate*(d + momentum*v), as
// Torch's optim.sgd has it.
func (m *Model) update(h Hyper) {
	m.hyper = h
	p := m.params
	p.work = p.whole
	if h.WeightDecay != h.NormDecay {
		p.work = p.parted
	}
	if h.Nesterov {
		m.machine.Run(len(p.work), m.nesterovBody)
	} else {
		m.machine.Run(len(p.work), m.updateBody)
	}
	m.stale = true
}

// decay returns the weight decay of a segment.
func (h Hyper) decay(s segment) float32 {
	if s.norm {
		return h.NormDecay
	}
	return h.WeightDecay
}

func (m *Model) updatePart(_, item int) {
	p, h := m.params, m.hyper
	s := p.work[item]
	m.kernels.Update(p.values[s.from:s.to], p.momentum[s.from:s.to], p.grads[s.from:s.to], h.LearningRate, h.Momentum, h.decay(s))
}

// nesterovPart is in plain Go: a thousandth of a step's time.
func (m *Model) nesterovPart(_, item int) {
	p, h := m.params, m.hyper
	s := p.work[item]
	decay := h.decay(s)
	w, v, g := p.values[s.from:s.to], p.momentum[s.from:s.to], p.grads[s.from:s.to]
	v, g = v[:len(w)], g[:len(w)]
	for i := range w {
		d := g[i] + float32(decay*w[i])
		v[i] = float32(h.Momentum*v[i]) + d
		w[i] -= float32(h.LearningRate * (d + float32(h.Momentum*v[i])))
	}
}
