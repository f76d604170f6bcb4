package experiments

import "deepresidual/models/network"

// Experiment is what one spec asks for, checked and complete.
type Experiment struct {
	Name string `json:"name"` // of the file, without .toml: what -exp names
	File string `json:"file"` // where it was read, for messages
	// Embedded says that the spec comes with the program; others are one's own.
	Embedded bool   `json:"-"`
	Title    string `json:"title"` // of what is drawn
	// Draw says what is drawn: one of [Drawings].
	Draw string `json:"draw"`
	// Networks are all that are trained, in the order of the file.
	Networks []network.Network `json:"networks"`
	// Hidden are those of Networks that are trained and reported, but not drawn.
	Hidden []network.Network `json:"hidden,omitempty"`
	// Seeds are the seeds that each network is trained with, unless SeedsFor
	// says otherwise for it. The default is the single seed 1.
	Seeds    []int64                     `json:"seeds"`
	SeedsFor map[network.Network][]int64 `json:"seeds_for,omitempty"`
	Protocol Protocol                    `json:"protocol"` // not yet scaled
	// Variants are the protocols that each network is trained by, once by each.
	// Without any there is the one Protocol.
	Variants []Variant `json:"variants,omitempty"`
	Panels   []Panel   `json:"panels,omitempty"`
	Paper    Reference `json:"paper"`
	// Rows are results of other methods that a table prints for reference.
	Rows []ReferenceRow `json:"rows,omitempty"`
	// Public are the errors, in percent, of a public reproduction.
	Public map[network.Network]float64 `json:"public,omitempty"`
	// PublicSource says what those errors are and where they come from.
	PublicSource string  `json:"public_source,omitempty"`
	Claims       []Claim `json:"claims,omitempty"`
}

// Panel is one of several pictures side by side.
type Panel struct {
	Title    string            `toml:"title" json:"title"`
	Networks []network.Network `toml:"networks" json:"networks"`
	// From is the first iteration of the full schedule that is drawn. The default is 0.
	From int `toml:"from_iteration" json:"from_iteration"`
}

// Reference is what the paper reports, in percent. A network that the paper
// gives no number for has no entry.
type Reference struct {
	Test     map[network.Network]float64 `json:"test,omitempty"`     // test error
	Training map[network.Network]float64 `json:"training,omitempty"` // training error
	Mean     map[network.Network]float64 `json:"mean,omitempty"`     // mean test error over the paper's runs
	Std      map[network.Network]float64 `json:"std,omitempty"`      // and its standard deviation, which table6 shows
	Note     map[network.Network]string  `json:"note,omitempty"`     // what is to be said about a number
}

// ReferenceRow is the result of another method, as Table 6 quotes it.
type ReferenceRow struct {
	Name   string  `toml:"name" json:"name"`
	Layers string  `toml:"layers" json:"layers,omitempty"`
	Params string  `toml:"params" json:"params,omitempty"` // in millions: "2.5M"
	Error  float64 `toml:"error" json:"error"`             // test error in percent
	Mean   float64 `toml:"mean" json:"mean,omitempty"`     // over several runs; 0 if not reported
	Std    float64 `toml:"std" json:"std,omitempty"`       // 0 if not reported
}

// RunSpec is one run: one network trained once. It holds everything of a spec
// that can change the run's numbers, and nothing else, so that the same run of
// two experiments is one.
type RunSpec struct {
	Network  network.Network `toml:"network" json:"network"`
	Protocol Protocol        `toml:"protocol" json:"protocol"` // resolved at Scale
	Scale    Scale           `toml:"scale" json:"scale"`
	Seed     int64           `toml:"seed" json:"seed"`
}

// Published reports whether what it draws belongs among those that reproduce the
// paper: the spec comes with the program and is not the try-out.
func (e *Experiment) Published() bool { return e.Embedded && e.Name != tryOut }

// seeds returns the seeds that a network is trained with.
func (e *Experiment) seeds(n network.Network, override []int64) []int64 {
	if override != nil {
		return override
	}
	if own, ok := e.SeedsFor[n]; ok {
		return own
	}
	return e.Seeds
}
