package models

// gradient copies out the gradients of the last batch.
func (m *Model) gradient() []Tensor { return export(m.params.views(m.params.grads, false)) }
