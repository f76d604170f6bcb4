package experiments

import (
	"path"
	"slices"
	"strings"

	"deepresidual/models/network"
)

// What a spec can ask to be drawn: a figure with its tables.
const (
	Figure1 = "figure1" // training error left, test error right
	Figure6 = "figure6" // panels with both errors
	Figure7 = "figure7" // layer responses
	Table6  = "table6"  // test errors beside those of other methods
	Compare = "compare" // plain against residual, depth by depth
	Curves  = "curves"  // the learning curves of whatever was trained
	Choices = "choices" // the same networks by several variants of the protocol
)

// Drawings returns what a spec can ask to be drawn.
func Drawings() []string {
	return []string{Figure1, Figure6, Figure7, Table6, Compare, Curves, Choices}
}

// defaultSeed is the seed of a spec that names none.
const defaultSeed = 1

// document is the TOML form of an experiment. Its tags and types are the schema.
type document struct {
	Title    string `toml:"title"`
	Draw     string `toml:"draw"`
	Networks []name `toml:"networks"`
	Hidden   []name `toml:"hidden"`
	// Described is read before all else: see [source.describe].
	Described map[string]network.Description `toml:"network"`
	Seeds     []int64                        `toml:"seeds"`
	SeedsFor  perNetwork[[]int64]            `toml:"seeds_for"`
	Protocol  Protocol                       `toml:"protocol"`
	Variants  []Variant                      `toml:"variant"`
	Panels    []documentPanel                `toml:"panel"`
	Paper     documentReference              `toml:"paper"`
	Rows      []ReferenceRow                 `toml:"row"`
	Public    perNetwork[float64]            `toml:"public"`
	Source    string                         `toml:"public_source"`
	Claims    []documentClaim                `toml:"claim"`
}

// name is what a spec calls a network.
type name string

type documentPanel struct {
	Panel
	Networks []name `toml:"networks"`
}

type documentClaim struct {
	Claim
	Of   []name `toml:"of"`
	Than []name `toml:"than"`
}

type documentReference struct {
	Test     perNetwork[float64] `toml:"test"`
	Training perNetwork[float64] `toml:"training"`
	Mean     perNetwork[float64] `toml:"mean"`
	Std      perNetwork[float64] `toml:"std"`
	Note     perNetwork[string]  `toml:"note"`
}

// perNetwork is a table whose keys name networks; the decoder fills only maps
// with keys that are strings.
type perNetwork[T any] map[string]T

// byNetwork returns a table of a spec with the networks that its keys name.
func byNetwork[T any](s *source, p perNetwork[T]) map[network.Network]T {
	if len(p) == 0 {
		return nil
	}
	m := make(map[network.Network]T, len(p))
	for key, value := range p {
		m[s.network(name(key))] = value
	}
	return m
}

// Parse reads the text of a spec. The file's base name, without .toml, names the
// experiment, and the file is named in errors, which are [*SpecError] values.
func Parse(file string, text []byte) (*Experiment, error) {
	s := &source{file: file, text: string(text), lines: locate(string(text)), present: make(map[string]bool)}
	doc := document{Seeds: []int64{defaultSeed}, Protocol: Paper()}
	if err := s.describe(); err != nil {
		return nil, err
	}
	if err := s.decode(&doc); err != nil {
		return nil, err
	}
	if len(doc.Variants) > 0 {
		// What a variant leaves out is what the spec's own protocol says.
		for i := range doc.Variants {
			doc.Variants[i].Protocol = doc.Protocol
			doc.Variants[i].Protocol.Milestones = slices.Clone(doc.Protocol.Milestones)
		}
		if err := s.decode(&doc); err != nil {
			return nil, err
		}
	}
	var panels []Panel
	for _, p := range doc.Panels {
		p.Panel.Networks = s.networks(p.Networks)
		panels = append(panels, p.Panel)
	}
	var claims []Claim
	for _, c := range doc.Claims {
		c.Claim.Of, c.Claim.Than = s.networks(c.Of), s.networks(c.Than)
		claims = append(claims, c.Claim)
	}
	e := &Experiment{
		Name:         strings.TrimSuffix(path.Base(file), ".toml"),
		File:         file,
		Title:        doc.Title,
		Draw:         doc.Draw,
		Networks:     s.networks(doc.Networks),
		Hidden:       s.networks(doc.Hidden),
		Seeds:        doc.Seeds,
		SeedsFor:     byNetwork(s, doc.SeedsFor),
		Protocol:     doc.Protocol,
		Variants:     doc.Variants,
		PublicSource: strings.TrimSpace(doc.Source),
		Panels:       panels,
		Paper: Reference{
			Test:     byNetwork(s, doc.Paper.Test),
			Training: byNetwork(s, doc.Paper.Training),
			Mean:     byNetwork(s, doc.Paper.Mean),
			Std:      byNetwork(s, doc.Paper.Std),
			Note:     byNetwork(s, doc.Paper.Note),
		},
		Rows:   doc.Rows,
		Public: byNetwork(s, doc.Public),
		Claims: claims,
	}
	if err := s.checkDescribed(doc.Networks); err != nil {
		return nil, s.at(err)
	}
	if err := e.check(s.has); err != nil {
		return nil, s.at(err)
	}
	return e, nil
}
