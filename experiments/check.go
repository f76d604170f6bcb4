package experiments

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"deepresidual/models/network"
)

// mostName bounds the length of a name, so that file systems take those of its figures
// and tables, which say besides at which scale and of which seeds they are.
const mostName = 100

// check reports the first thing that makes no sense about an experiment. Its
// types have been checked; has says which keys the spec gives.
func (e *Experiment) check(has func(key string) bool) *SpecError {
	if e.Name == "" || strings.ContainsFunc(e.Name, func(r rune) bool { return !bare(r) }) {
		return problemf("", "the file's name %q names the experiment: only letters, digits, - and _ can stand before .toml", e.Name)
	}
	if network.IsDevice(e.Name) {
		return problemf("", "the file's name %q is a device on Windows, where no file can be called so", e.Name)
	}
	if len(e.Name) > mostName {
		return problemf("", "the file's name has %d letters before .toml, wanted at most %d", len(e.Name), mostName)
	}
	if err := checkSentence("title", e.Title); err != nil {
		return err
	}
	if !slices.Contains(Drawings(), e.Draw) {
		if e.Draw == "" {
			return problemf("draw", "missing; there are %s", quoteAll(Drawings()))
		}
		return problemf("draw", "nothing is called %q that can be drawn%s", e.Draw, suggest(e.Draw, Drawings()))
	}
	for _, check := range []func() *SpecError{
		e.checkNetworks,
		e.checkSeeds,
		func() *SpecError { return e.Protocol.check("protocol") },
		e.checkVariants,
		e.checkNormBatches,
		e.checkPanels,
		e.checkReference,
		e.checkRows,
		e.checkQuoted,
		func() *SpecError { return e.checkClaims(has) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkSentence reports a text that is missing, or would break a line of a table
// or steer a terminal.
func checkSentence(key, text string) *SpecError {
	switch {
	case strings.TrimSpace(text) == "":
		return problemf(key, "missing or empty")
	case strings.ContainsAny(text, "\r\n"):
		return problemf(key, "has a line break; wanted one line")
	case strings.ContainsFunc(text, unicode.IsControl):
		return problemf(key, "has a control character; wanted what can be printed")
	}
	return nil
}

func (e *Experiment) checkNetworks() *SpecError {
	if err := checkSet("networks", e.Networks); err != nil {
		return err
	}
	seen := make(map[string]network.Network) // by what they are, whatever they are called
	for _, n := range e.Networks {
		if other, twice := seen[n.Canonical()]; twice {
			return problemf("networks", "names one network twice, %s and %s", other, n)
		}
		seen[n.Canonical()] = n
	}
	if len(e.Hidden) == 0 {
		return nil
	}
	if err := checkSet("hidden", e.Hidden); err != nil {
		return err
	}
	if len(e.Hidden) == len(e.Networks) {
		return problemf("hidden", "hides every network; nothing is left to draw")
	}
	return e.checkTrained("hidden", e.Hidden...)
}

// checkSet reports a list that is empty or names something twice.
func checkSet[T comparable](key string, list []T) *SpecError {
	if len(list) == 0 {
		return problemf(key, "missing or empty; wanted at least one")
	}
	seen := make(map[T]bool, len(list))
	for _, v := range list {
		if seen[v] {
			return problemf(key, "names %v twice", v)
		}
		seen[v] = true
	}
	return nil
}

// checkTrained reports a network that the experiment does not train.
func (e *Experiment) checkTrained(key string, networks ...network.Network) *SpecError {
	for _, n := range networks {
		if !slices.Contains(e.Networks, n) {
			return problemf(key, "names %s, which is not among the experiment's networks", n)
		}
	}
	return nil
}

func (e *Experiment) checkSeeds() *SpecError {
	if err := checkSeeds("seeds", e.Seeds); err != nil {
		return err
	}
	for _, n := range sortedNetworks(e.SeedsFor) {
		key := join("seeds_for", n.String())
		if err := e.checkTrained(key, n); err != nil {
			return err
		}
		if err := checkSeeds(key, e.SeedsFor[n]); err != nil {
			return err
		}
	}
	return nil
}

func checkSeeds(key string, seeds []int64) *SpecError {
	for _, s := range seeds {
		if s < 0 {
			return problemf(key, "found %d, wanted 0 or more", s)
		}
	}
	return checkSet(key, seeds)
}

func (e *Experiment) checkPanels() *SpecError {
	switch {
	case e.Draw == Figure6 && len(e.Panels) == 0:
		return problemf("panel", "missing; %q draws one picture for each [[panel]]", e.Draw)
	case e.Draw != Figure6 && len(e.Panels) > 0:
		return problemf(element("panel", 0), "%q has no panels, only %q has", e.Draw, Figure6)
	}
	for i, p := range e.Panels {
		panel := element("panel", i)
		if err := checkSentence(panel+".title", p.Title); err != nil {
			return err
		}
		key := panel + ".networks"
		if err := checkSet(key, p.Networks); err != nil {
			return err
		}
		if err := e.checkTrained(key, p.Networks...); err != nil {
			return err
		}
		for _, n := range p.Networks {
			if slices.Contains(e.Hidden, n) {
				return problemf(key, "names %s, which is hidden", n)
			}
		}
		if p.From < 0 || p.From >= e.Protocol.Iterations {
			return problemf(panel+".from_iteration", "found %d, wanted 0 to %d, before the end of training",
				p.From, e.Protocol.Iterations-1)
		}
	}
	if e.Draw == Figure6 {
		for _, n := range e.Networks {
			if !slices.Contains(e.Hidden, n) && !slices.ContainsFunc(e.Panels, func(p Panel) bool { return slices.Contains(p.Networks, n) }) {
				return problemf("networks", "names %s, which is in no [[panel]]; name it in one, or in hidden", n)
			}
		}
	}
	return nil
}

// checkReference reports reference numbers that are not percentages, or are of
// networks that would have nothing beside them.
func (e *Experiment) checkReference() *SpecError {
	for _, table := range []struct {
		key    string
		values map[network.Network]float64
	}{
		{"paper.test", e.Paper.Test},
		{"paper.training", e.Paper.Training},
		{"paper.mean", e.Paper.Mean},
		{"paper.std", e.Paper.Std},
		{"public", e.Public},
	} {
		for _, n := range sortedNetworks(table.values) {
			key := join(table.key, n.String())
			if err := e.checkTrained(key, n); err != nil {
				return err
			}
			if err := checkRange(key, table.values[n], percentages); err != nil {
				return err
			}
		}
	}
	if e.PublicSource != "" {
		if len(e.Public) == 0 {
			return problemf("public_source", "there is no table [public] that it could be the source of")
		}
		if err := checkSentence("public_source", e.PublicSource); err != nil {
			return err
		}
	}
	for _, n := range sortedNetworks(e.Paper.Std) {
		if _, ok := e.Paper.Mean[n]; !ok {
			return problemf(join("paper.std", n.String()), "there is no paper.mean that it could be the deviation from")
		}
	}
	for _, n := range sortedNetworks(e.Paper.Note) {
		key := join("paper.note", n.String())
		if err := e.checkTrained(key, n); err != nil {
			return err
		}
		if err := checkSentence(key, e.Paper.Note[n]); err != nil {
			return err
		}
	}
	return nil
}

// millions is how the paper's Table 6 gives numbers of parameters.
var millions = regexp.MustCompile(`^[0-9]{1,6}(\.[0-9]+)?M$`)

func (e *Experiment) checkRows() *SpecError {
	for i, r := range e.Rows {
		row := element("row", i)
		if err := checkSentence(row+".name", r.Name); err != nil {
			return err
		}
		if r.Params != "" && !millions.MatchString(r.Params) {
			return problemf(row+".params", "found %q, wanted millions, such as %q", r.Params, "2.5M")
		}
		if strings.Trim(r.Layers, "0123456789") != "" {
			return problemf(row+".layers", "found %q, wanted a number, such as %q", r.Layers, "19")
		}
		for _, v := range []struct {
			key   string
			value float64
			given bool
		}{
			{"error", r.Error, true},
			{"mean", r.Mean, r.Mean != 0 || r.Std != 0}, // a deviation is from something
			{"std", r.Std, r.Mean != 0 || r.Std != 0},
		} {
			if !v.given {
				continue
			}
			if v.value == 0 {
				return problemf(row+"."+v.key, "missing or 0; wanted a number of percent above 0")
			}
			if err := checkRange(row+"."+v.key, v.value, percentages); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkQuoted reports what only the table of methods shows in a spec that draws
// something else.
func (e *Experiment) checkQuoted() *SpecError {
	if e.Draw == Table6 {
		return nil
	}
	for _, quoted := range []struct {
		key   string
		given bool
	}{
		{"paper.std", len(e.Paper.Std) > 0},
		{"public", len(e.Public) > 0},
		{element("row", 0), len(e.Rows) > 0},
	} {
		if quoted.given {
			return problemf(quoted.key, "%q does not show it, only %q does", e.Draw, Table6)
		}
	}
	return nil
}

// sortedNetworks returns the networks of a table in an order that does not change.
func sortedNetworks[T any](m map[network.Network]T) []network.Network {
	return slices.SortedFunc(maps.Keys(m), func(a, b network.Network) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), a.Depth()-b.Depth(), cmp.Compare(a.String(), b.String()))
	})
}
