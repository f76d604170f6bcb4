package main

import (
	"deepresidual/experiments"
	"deepresidual/harness/train"
	"deepresidual/models"
	"deepresidual/models/network"
	"deepresidual/reports/table"
)

// described is what -list -net tells of a network. The JSON names are part of the
// program's interface.
type described struct {
	Name         string `json:"name"`
	Description  string `json:"description"`
	Layers       int    `json:"layers"`
	Parameters   int    `json:"parameters"`
	MultiplyAdds int64  `json:"multiply_adds"`
}

// describe prints what the name of a network stands for: one that the listed
// experiments describe, or one of the paper's.
func (m *listMode) describe(env *environment, list []*experiments.Experiment) error {
	rows := []described{}
	var last network.Network
	add := func(n network.Network) {
		last = n
		rows = append(rows, described{n.String(), n.Description().String(), n.Depth(), n.Parameters(), n.MultiplyAdds()})
	}
	seen := make(map[network.Network]bool)
	for _, e := range list {
		for _, n := range e.Networks {
			if n.String() == m.network && !seen[n] {
				seen[n] = true
				add(n)
			}
		}
	}
	if len(rows) == 0 {
		n, err := experiments.ParseNetwork(m.network)
		if err != nil {
			return usagef("-net %s: %v", m.network, err)
		}
		add(n)
	}
	if m.graph && len(rows) > 1 {
		return usagef("-net %s: %d networks are called so; name the one experiment whose graph is wanted with -exp", m.network, len(rows))
	}
	if m.graph {
		p := experiments.Paper()
		g, err := models.NewGraph(last, p.Batch, true, train.Conventions(p))
		if err != nil {
			return err
		}
		return g.WriteDot(env.stdout)
	}
	return m.format.print(env, rows, describedTable(rows))
}

func describedTable(rows []described) *table.Table {
	t := &table.Table{
		Name: "networks",
		Columns: []table.Column{
			{Heading: "network", Keys: []string{"network"}},
			{Heading: "description", Keys: []string{"description"}},
			{Heading: "layers", Number: true, Keys: []string{"layers"}},
			{Heading: "parameters", Number: true, Keys: []string{"parameters"}},
			{Heading: "multiply-adds", Number: true, Keys: []string{"multiply_adds"}},
		},
	}
	for _, r := range rows {
		t.Add(table.Text(r.Name), table.Text(r.Description), table.Int(r.Layers), table.Int(r.Parameters), table.Int(int(r.MultiplyAdds)))
	}
	return t
}
