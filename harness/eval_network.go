package main

import (
	"fmt"
	"strings"

	"deepresidual/harness/weights"
	"deepresidual/models"
)

// networksOf returns the networks that weights can be of, by their metadata and
// by the names and shapes of their tensors: one, or two if the file leaves
// open whether there are shortcuts, which have no parameters. named is the one
// of -net, nil if it was not given; it must not be of the other kind than the
// file says, which nothing else would notice. One of another depth does not fit.
func networksOf(path string, file *weights.File, named *models.Network) ([]*models.Network, error) {
	var fit []*models.Network
	for _, residual := range []bool{true, false} {
		if net, err := models.Describe(residual, depthOf(file.Tensors)); err == nil {
			fit = append(fit, net)
		}
	}
	for _, net := range fit {
		if net.Name() == file.Metadata["network"] {
			fit = []*models.Network{net}
			if named != nil && named.Depth == net.Depth && named.Residual != net.Residual {
				return nil, usagef("-net %s: %s says that it is of %s", named.Name(), path, net.Name())
			}
			break
		}
	}
	if named != nil {
		return []*models.Network{named}, nil
	}
	if len(fit) == 0 {
		return nil, fmt.Errorf("%s is of none of the networks here: it holds %s", path, contents(file.Tensors))
	}
	return fit, nil
}

// depthOf counts the weighted layers: 3x3 convolutions and the last layer.
func depthOf(tensors []models.Tensor) int {
	depth := 1
	for _, t := range tensors {
		if len(t.Shape) == 4 && t.Shape[2] == 3 && t.Shape[3] == 3 {
			depth++
		}
	}
	return depth
}

// contents names tensors and their shapes, the first and last ones if they are
// many, for who has to find out what a file holds.
func contents(tensors []models.Tensor) string {
	const first, last = 5, 2
	var names []string
	for i, t := range tensors {
		switch {
		case i < first || i >= len(tensors)-last:
			names = append(names, fmt.Sprintf("%.60s %.40s", t.Name, fmt.Sprint(t.Shape)))
		case i == first:
			names = append(names, "...")
		}
	}
	return fmt.Sprintf("%d tensors: %s", len(tensors), strings.Join(names, ", "))
}
