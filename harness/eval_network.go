package main

import (
	"fmt"
	"strings"

	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/harness/weights"
	"deepresidual/models/network"
)

// networksOf returns the networks that weights can be of, by their metadata and
// by the names and shapes of their tensors: one, or two if the file leaves
// open whether there are shortcuts, which have no parameters. named is the one
// of -net, nil if it was not given; it must not be of the other kind than the
// file says, which nothing else would notice. One of another depth does not fit.
func networksOf(path string, file *weights.File, named *network.Network) ([]network.Network, error) {
	shapes := make(map[string][]int, len(file.Tensors))
	for _, t := range file.Tensors {
		shapes[t.Name] = t.Shape
	}
	fit := network.Infer(shapes)
	for _, net := range fit {
		if net.Canonical() == train.TrainedBy(file.Metadata).Network {
			fit = []network.Network{net}
			if named != nil && named.Depth() == net.Depth() && named.Kind != net.Kind {
				return nil, usagef("-net %s: %s says that it is of %s", named, text.Name(path), net)
			}
			break
		}
	}
	if named != nil {
		return []network.Network{*named}, nil
	}
	if len(fit) == 0 {
		return nil, fmt.Errorf("%s is of none of the networks here: it holds %s", text.Name(path), contents(file))
	}
	return fit, nil
}

// contents names the tensors of a file and their shapes, the first and last ones if
// they are many, for who has to find out what it holds.
func contents(file *weights.File) string {
	const first, last = 5, 2
	tensors := file.Tensors
	var names []string
	for i, t := range tensors {
		switch {
		case i < first || i >= len(tensors)-last:
			names = append(names, fmt.Sprintf("%s %.40s", text.Name(fmt.Sprintf("%.60s", t.Name)), fmt.Sprint(t.Shape)))
		case i == first:
			names = append(names, "...")
		}
	}
	list := fmt.Sprintf("%d tensors: %s", len(tensors), strings.Join(names, ", "))
	if file.Beside > 0 {
		list += fmt.Sprintf("; %d more are not under the prefix of these", file.Beside)
	}
	return list
}
