package experiments

import (
	"fmt"
	"slices"
	"strings"

	"deepresidual/models/network"
)

// Variant is one of several ways in which an experiment trains each of its
// networks, so that they can be compared.
type Variant struct {
	// Label names the variant in legends and tables. It is no part of a run's
	// identity: a run that another experiment trains as well is one run.
	Label string `toml:"label" json:"label"`
	// Protocol is that of the spec with the keys of the variant's own table set.
	Protocol Protocol `toml:"protocol" json:"protocol"`
}

// Run is a run that an experiment plans.
type Run struct {
	RunSpec
	// Variant is the label of the variant that the run belongs to, "" in an
	// experiment without variants.
	Variant string
}

// Runs returns the experiment's runs at a scale: network by network in the order
// of the file, for each its variants in order, and for each of those the
// network's seeds. Seeds that are not nil take the place of the spec's, for every
// network.
func (e *Experiment) Runs(s Scale, seeds []int64) []Run {
	var runs []Run
	for _, n := range e.Networks {
		for _, v := range e.variants() {
			protocol := v.Protocol.Scaled(s)
			for _, seed := range e.seeds(n, seeds) {
				p := protocol
				p.Milestones = slices.Clone(p.Milestones) // runs share nothing
				runs = append(runs, Run{RunSpec{Network: n, Protocol: p, Scale: s, Seed: seed}, v.Label})
			}
		}
	}
	return runs
}

// variants returns the experiment's variants, or its protocol as the only one.
func (e *Experiment) variants() []Variant {
	if len(e.Variants) == 0 {
		return []Variant{{Protocol: e.Protocol}}
	}
	return e.Variants
}

func (e *Experiment) checkVariants() *SpecError {
	switch {
	case e.Draw == Choices && len(e.Variants) < 2:
		return problemf("variant", "found %d, wanted two [[variant]] tables or more; %q compares them", len(e.Variants), Choices)
	case e.Draw != Choices && len(e.Variants) > 0:
		return problemf(element("variant", 0), "%q has no variants, only %q has", e.Draw, Choices)
	}
	for i, v := range e.Variants {
		key := element("variant", i)
		if err := checkSentence(key+".label", v.Label); err != nil {
			return err
		}
		if err := v.Protocol.check(key + ".protocol"); err != nil {
			return err
		}
		resolved := v.Protocol.Scaled(Full()) // which says what is the same in one way
		for _, earlier := range e.Variants[:i] {
			other := earlier.Protocol.Scaled(Full())
			if earlier.Label == v.Label {
				return problemf(key+".label", "an earlier variant is called %q too", v.Label)
			}
			if d := other.Differences(resolved); len(d) == 0 {
				return problemf(key, "does not differ from variant %q", earlier.Label)
			} else if !slices.ContainsFunc(e.Networks, func(n network.Network) bool {
				return len(other.DifferencesFor(n, resolved)) > 0
			}) {
				return problemf(key, "differs from variant %q only in what has no part in training these networks: %s", earlier.Label, keys(d))
			}
		}
	}
	return nil
}

func keys(list []Difference) string {
	var names []string
	for _, d := range list {
		names = append(names, d.Key)
	}
	return strings.Join(names, ", ")
}

// checkVariant reports a variant that a claim names and the experiment has not,
// or one that it should name.
func (e *Experiment) checkVariant(key, label string) *SpecError {
	var labels []string
	for _, v := range e.Variants {
		labels = append(labels, v.Label)
	}
	switch {
	case slices.Contains(labels, label) || label == "" && len(labels) == 0:
		return nil
	case len(labels) == 0:
		return problemf(key, "the experiment has no variants")
	case label == "":
		return problemf(key, "missing; there are %s", quoteAll(labels))
	}
	return &SpecError{Key: key, Problem: fmt.Sprintf("no variant is called %q%s", label, suggest(label, labels))}
}
