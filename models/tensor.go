package models

import "fmt"

// Tensor is one named array of a network in PyTorch's order and names, the
// form in which parameters leave and enter a [Model]: convolutions as
// (out channels, in channels, 3, 3), projections as (out channels, in channels, 1,
// 1), the last layer as (classes, features), batch normalisation as (channels).
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// Len returns the number of elements the shape describes.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// match reports whether got can stand in for want.
func (want Tensor) match(got Tensor) error {
	if fmt.Sprint(want.Shape) != fmt.Sprint(got.Shape) {
		return fmt.Errorf("tensor %s has shape %v, the network needs %v", want.Name, got.Shape, want.Shape)
	}
	if len(got.Data) != want.Len() {
		return fmt.Errorf("tensor %s holds %d values, its shape %v needs %d", want.Name, len(got.Data), got.Shape, want.Len())
	}
	return nil
}
