package models

import (
	"fmt"
	"io"
	"strings"

	"gorgonia.org/gorgonia"

	"deepresidual/models/expr"
)

// WriteDot writes the graph in the language of Graphviz, for people to look at:
// operations as boxes, inputs as ellipses, each with its shape; what is computed
// in the backward pass is grey.
func (g *Graph) WriteDot(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %q {\n", g.net.String())
	forward := g.forward()
	for _, n := range g.AllNodes() {
		label, look := n.Name(), "shape=ellipse"
		if n.Op() != nil {
			label, look = fmt.Sprint(n.Op()), "shape=box"
			if !forward[n] {
				look += ", color=grey"
			}
		}
		if !n.Shape().IsScalar() {
			label += fmt.Sprintf("\n%v", n.Shape())
		}
		fmt.Fprintf(&b, "  n%d [label=%q, %s];\n", n.ID(), label, look)
		for _, in := range expr.Inputs(n) {
			fmt.Fprintf(&b, "  n%d -> n%d;\n", in.ID(), n.ID())
		}
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// forward returns the nodes that the loss is computed from, and the loss.
func (g *Graph) forward() map[*gorgonia.Node]bool {
	seen := map[*gorgonia.Node]bool{}
	for next := (gorgonia.Nodes{g.Loss}); len(next) > 0; {
		n := next[len(next)-1]
		next = next[:len(next)-1]
		if !seen[n] {
			seen[n] = true
			next = append(next, expr.Inputs(n)...)
		}
	}
	return seen
}
