package models

// Response is the standard deviation of one 3x3 layer's outputs, after batch
// normalisation and before ReLU and addition (figure 7), over all images, channels and
// pixels together.
type Response struct {
	Layer string
	Std   float64
}

// MeasureResponses starts the measurement of layer responses, or starts it again. All
// evaluations from then on are slower.
func (m *Model) MeasureResponses() {
	m.measuring = true
	if m.evaluation != nil {
		m.evaluation.MeasureResponses()
	}
}

// Responses returns the response of each 3x3 layer, first to last, over all
// images evaluated since [Model.MeasureResponses]: NaN before there was one, and no
// list before the model's first evaluation.
func (m *Model) Responses() []Response {
	if m.evaluation == nil {
		return nil
	}
	var list []Response
	layers := m.Network.Layers()
	for i, std := range m.evaluation.Responses() {
		list = append(list, Response{layers[i].Name, std})
	}
	return list
}
