package experiments

import (
	"slices"
	"strings"

	"deepresidual/models/network"
)

// The kinds of [Claim].
const (
	Higher     = "higher"
	Decreasing = "decreasing"
	Widening   = "widening"
	Above      = "above"
	Below      = "below"
	Within     = "within"
	WarmedUp   = "warmed-up"
)

// The metrics of a [Claim]: what of a run it is about.
const (
	TestError     = "test"      // test error of the last row, in percent
	TrainingError = "training"  // training error of the last row, in percent
	Responses     = "responses" // mean over the layers of the standard deviations of Figure 7
)

// claimKind is what a kind of claim asks of its keys.
type claimKind struct {
	name   string
	metric bool // it has a metric
	than   bool // it compares pairs
	value  bool // it compares with a number
	runs   bool // that number is a mean over runs
	least  int  // it needs at least so many networks
}

var claimKinds = []claimKind{
	{name: Higher, metric: true, than: true, least: 1},
	{name: Decreasing, metric: true, least: 2},
	{name: Widening, metric: true, than: true, least: 2},
	{name: Above, metric: true, value: true, least: 1},
	{name: Below, metric: true, value: true, least: 1},
	{name: Within, metric: true, value: true, runs: true, least: 1},
	{name: WarmedUp, least: 1},
}

// metrics are what a claim's metric can be.
var metrics = []string{TestError, TrainingError, Responses}

// Claim is a statement of section 4.2 that runs can decide. How a metric is
// taken over several seeds is for the report to say.
type Claim struct {
	// Name is short, of lower-case words and hyphens, and unique over all specs.
	Name string `toml:"name" json:"name"`
	// Statement is the claim in a sentence.
	Statement string `toml:"statement" json:"statement"`
	// Kind is what has to hold:
	//
	//	higher      the metric of each of Of is above that of its pair in Than
	//	decreasing  the metric falls along Of: its slope does, and no step rises by
	//	            more than the scatter between seeds explains
	//	widening    the metric of Of less that of its pair in Than grows along Of,
	//	            likewise
	//	above       the metric of each of Of is above Value
	//	below       the metric of each of Of is below Value
	//	within      the metric of each of Of lies as near to Value as the scatter
	//	            between seeds explains
	//	warmed-up   each of Of left the warm-up and learnt
	Kind string `toml:"kind" json:"kind"`
	// Metric is one of test, training and responses; warmed-up has none.
	Metric string `toml:"metric" json:"metric,omitempty"`
	// Variant is the variant whose runs the claim is about, in an experiment that
	// has variants.
	Variant string `toml:"variant" json:"variant,omitempty"`
	// Of are the networks that the claim is about.
	Of []network.Network `toml:"of" json:"of"`
	// Than are the networks they are compared with, one for each of Of.
	Than []network.Network `toml:"than" json:"than,omitempty"`
	// Value is a number that the claim compares with, in percent for errors.
	Value float64 `toml:"value" json:"value,omitempty"`
	// PaperRuns is the number of runs that Value is the mean of. The default, 0,
	// stands for one.
	PaperRuns int `toml:"paper_runs" json:"paper_runs,omitempty"`
	// Scatter is the standard deviation between seeds that others report, in points of
	// a percentage for errors, and Degrees its degrees of freedom: the number of runs
	// less that of the networks they are of. Where a network has a single run it
	// counts, pooled with the scatter between one's own seeds. For claims of the kind
	// within it counts always, and alone where the scatter between one's own seeds is
	// significantly larger. Orders among networks that all ran with several seeds go by
	// their own scatter. Without these keys there is none.
	Scatter float64 `toml:"scatter" json:"scatter,omitempty"`
	Degrees int     `toml:"degrees" json:"degrees,omitempty"`
}

// Numeric reports whether the claim is about a number, which runs of a shortened
// schedule cannot decide, rather than about an ordering.
func (c Claim) Numeric() bool {
	return c.Kind == Above || c.Kind == Below || c.Kind == Within
}

func (e *Experiment) checkClaims(has func(key string) bool) *SpecError {
	seen := make(map[string]bool)
	for i, c := range e.Claims {
		at := element("claim", i) + "."
		if err := c.check(at, has); err != nil {
			return err
		}
		if seen[c.Name] {
			return problemf(at+"name", "an earlier claim is called %q too", c.Name)
		}
		seen[c.Name] = true
		if err := e.checkVariant(at+"variant", c.Variant); err != nil {
			return err
		}
		if err := e.checkTrained(at+"of", c.Of...); err != nil {
			return err
		}
		if err := e.checkTrained(at+"than", c.Than...); err != nil {
			return err
		}
		if c.Kind != WarmedUp {
			continue
		}
		for _, v := range e.variants() {
			for _, n := range c.Of {
				if v.Label == c.Variant && !v.Protocol.WarmsUp(n) {
					return problemf(at+"of", "names %s, which does not warm up: protocol.warmup_from_depth is %d", n, v.Protocol.WarmupDepth)
				}
			}
		}
	}
	return nil
}

// check reports what makes no sense about a claim by itself.
func (c Claim) check(at string, has func(key string) bool) *SpecError {
	if c.Name == "" || strings.Trim(c.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return problemf(at+"name", "found %q, wanted lower-case letters, digits and hyphens", c.Name)
	}
	if err := checkSentence(at+"statement", c.Statement); err != nil {
		return err
	}
	var kinds []string
	for _, k := range claimKinds {
		kinds = append(kinds, k.name)
	}
	k := slices.Index(kinds, c.Kind)
	if k < 0 {
		return problemf(at+"kind", "no kind of claim is called %q%s", c.Kind, suggest(c.Kind, kinds))
	}
	kind := claimKinds[k]
	for _, key := range []struct {
		name            string
		allowed, needed bool
	}{
		{"metric", kind.metric, kind.metric},
		{"of", true, true},
		{"than", kind.than, kind.than},
		{"value", kind.value, kind.value},
		{"paper_runs", kind.runs, false},
		{"scatter", kind.metric, false},
		{"degrees", kind.metric, false},
	} {
		switch given := has(at + key.name); {
		case given && !key.allowed:
			return problemf(at+key.name, "a claim of kind %q has no %s", c.Kind, key.name)
		case !given && key.needed:
			return problemf(at+key.name, "missing; a claim of kind %q needs it", c.Kind)
		}
	}
	for _, pair := range [][2]string{{"scatter", "degrees"}, {"degrees", "scatter"}} {
		if has(at+pair[0]) && !has(at+pair[1]) {
			return problemf(at+pair[1], "missing; %q needs it", pair[0])
		}
	}
	if kind.metric && !slices.Contains(metrics, c.Metric) {
		return problemf(at+"metric", "no metric is called %q%s", c.Metric, suggest(c.Metric, metrics))
	}
	return c.checkNumbers(at, kind, has)
}

// checkNumbers reports numbers, and numbers of networks, that fit nothing.
func (c Claim) checkNumbers(at string, kind claimKind, has func(key string) bool) *SpecError {
	if err := checkSet(at+"of", c.Of); err != nil {
		return err
	}
	if len(c.Of) < kind.least {
		return problemf(at+"of", "names %d network, a claim of kind %q needs at least %d", len(c.Of), c.Kind, kind.least)
	}
	if kind.than && len(c.Than) != len(c.Of) {
		return problemf(at+"than", "names %d networks, wanted %d: one for each of \"of\"", len(c.Than), len(c.Of))
	}
	for i := range c.Than {
		if c.Than[i] == c.Of[i] {
			return problemf(at+"than", "compares %s with itself", c.Of[i])
		}
	}
	if err := checkRange(at+"value", c.Value, percentages); err != nil {
		return err
	}
	if err := checkRange(at+"paper_runs", float64(c.PaperRuns), interval{0, 1000, ""}); err != nil || !has(at+"scatter") {
		return err
	}
	// A scatter of nothing, or known from nothing, would make no run near.
	if err := checkRange(at+"scatter", c.Scatter, interval{0, 100, "above"}); err != nil {
		return err
	}
	return checkRange(at+"degrees", float64(c.Degrees), interval{1, 1000, ""})
}
