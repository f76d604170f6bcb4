package network

import "fmt"

// Infer returns the networks that tensors with these names and shapes, as
// PyTorch's state dicts have them, can be of: none; one; or a residual network
// and the plain one, which have the same tensors where shortcuts have no
// parameters. Whether the tensors are all there it leaves to who loads them.
func Infer(shapes map[string][]int) []Network {
	var d Description
	projections := 0
	for s := range MaxStages {
		blocks, channels := 0, 0
		for {
			prefix := fmt.Sprintf("layer%d.%d.", s+1, blocks)
			shape, ok := shapes[prefix+"conv1.weight"]
			if !ok || len(shape) != 4 {
				break
			}
			if _, ok := shapes[prefix+"downsample.0.weight"]; ok {
				projections++
			}
			channels = shape[0]
			blocks++
		}
		if blocks == 0 {
			break
		}
		d.Blocks, d.Channels = append(d.Blocks, blocks), append(d.Channels, channels)
	}
	var found []Network
	for _, shortcut := range []Shortcut{Identity, ProjectionToGrow, Projection, ""} {
		d.Kind, d.Shortcut = string(Residual), string(shortcut)
		if shortcut == "" {
			d.Kind = string(Plain)
		}
		n, err := d.Network("")
		if err != nil || n.projections() != projections || shortcut == ProjectionToGrow && projections == 0 {
			continue // of one stage, option B is option A
		}
		found = append(found, n)
		if projections > 0 {
			break
		}
	}
	return found
}

// projections counts the shortcuts with parameters.
func (n Network) projections() int {
	count := 0
	for _, b := range n.Blocks() {
		if b.Projection != nil {
			count++
		}
	}
	return count
}
