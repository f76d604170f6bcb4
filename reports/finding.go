package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/reports/table"
)

// A finding is what complete runs show about a claim.
type finding struct {
	ordered     bool // what is claimed holds of the means
	significant bool // and by more than the scatter between seeds explains, where that is known
	against     bool // something speaks against it, by as much
	undecided   bool // no scatter is known where it decides
	alike       bool // seeds do not differ where their scatter would be a test
	numbers     string
	text        string
	tests       []Test
}

// level is the probability below which the result of a one-sided test counts.
const level = 0.05

// find compares the complete runs of a claim's networks, and finds nothing where it
// is about none.
func (s *Selection) find(c experiments.Claim) finding {
	if len(c.Of) == 0 {
		return finding{}
	}
	for _, n := range networksOf(c) {
		if s.sample(n).n == 0 || c.Metric == experiments.Responses && len(s.values(n, c.Metric)) == 0 {
			return finding{} // a run is missing, or what is claimed of it
		}
	}
	switch c.Kind {
	case experiments.Higher:
		return s.findHigher(c)
	case experiments.Decreasing, experiments.Widening:
		return s.findTrend(c)
	case experiments.Above, experiments.Below:
		return s.findBeyond(c)
	case experiments.Within:
		return s.findNear(c)
	case experiments.WarmedUp:
		return s.findWarmup(c)
	}
	return finding{undecided: true, text: fmt.Sprintf("unknown kind of claim %q", c.Kind)}
}

// quoted is the scatter that a claim quotes from others. It is of the whole
// schedule and says nothing about a shortened one.
func (s *Selection) quoted(c experiments.Claim) scatter {
	if s.shortened(networksOf(c)) {
		return scatter{}
	}
	return scatter{c.Scatter, float64(c.Degrees)}
}

// findHigher compares pairs: each of Of must be above its pair in Than.
func (s *Selection) findHigher(c experiments.Claim) finding {
	f := finding{ordered: true, significant: true}
	var numbers, parts []string
	quoted := s.quoted(c)
	for i, n := range c.Of {
		a, b := s.values(n, c.Metric), s.values(c.Than[i], c.Metric)
		known := scatterOf(a, b)
		if quoted.degrees > 0 {
			known = s.scatter(c).pooled(quoted)
		}
		e := estimated([]term{{1, a}, {-1, b}}, known)
		sign := ">"
		if !(e.value > 0) {
			sign, f.ordered = "≤", false
		}
		parts = append(parts, fmt.Sprintf("%s %s %s %s %s%s", n, spreadOf(a), sign, c.Than[i], spreadOf(b),
			inBrackets(f.test(e, 1))))
		numbers = append(numbers, percent(mean(a))+" "+sign+" "+percent(mean(b)))
	}
	if byStudent := slices.ContainsFunc(f.tests, func(t Test) bool { return t.Method == student }); byStudent && quoted.degrees > 0 {
		parts = append(parts, s.inWords(c, s.scatter(c).pooled(quoted)))
	}
	f.numbers, f.text = strings.Join(numbers, "; "), ofLayers(c)+strings.Join(parts, "; ")+"; "+f.how(len(c.Of))
	return f
}

// scatter is that between the seeds of a claim's networks.
func (s *Selection) scatter(c experiments.Claim) scatter {
	var samples [][]float64
	for _, n := range networksOf(c) {
		samples = append(samples, s.values(n, c.Metric))
	}
	return scatterOf(samples...)
}

// inWords says by which scatter, between whose seeds, a claim is tested.
func (s *Selection) inWords(c experiments.Claim, known scatter) string {
	return fmt.Sprintf("scatter %s %s, %.0f degrees of freedom", percent(known.std), s.between(c, networksOf(c)), known.degrees)
}

// ofLayers says of a claim about layer responses what is compared: one network's
// mean over its layers can be the smaller though not every layer's is.
func ofLayers(c experiments.Claim) string {
	if c.Metric == experiments.Responses {
		return "means over the layers: "
	}
	return ""
}

// findTrend follows a metric along the networks of a claim, or the gap between
// its pairs. The slope over all of them must have the claimed sign, and no step
// may go the other way by more than the scatter explains.
func (s *Selection) findTrend(c experiments.Claim) finding {
	f := finding{ordered: true, significant: true}
	way := 1.0
	if c.Kind == experiments.Decreasing {
		way = -1
	}
	var names, numbers, named []string // of the points whose trend is judged
	for i, n := range c.Of {
		name, value := n.String(), spreadOf(s.values(n, c.Metric))
		if c.Kind == experiments.Widening {
			name += " − " + c.Than[i].String()
			value = signed(mean(s.values(n, c.Metric)) - mean(s.values(c.Than[i], c.Metric)))
		}
		names, numbers, named = append(names, name), append(numbers, value), append(named, name+" "+value)
	}
	known := s.scatter(c).pooled(s.quoted(c))
	// along is the sum of all points with these weights, positive the way claimed.
	// A network can be in several points: its runs are one sample, with one weight.
	along := func(weights []float64) estimate {
		sum := map[network.Network]float64{}
		for i, w := range weights {
			sum[c.Of[i]] += way * w
			if c.Kind == experiments.Widening {
				sum[c.Than[i]] -= way * w
			}
		}
		var terms []term
		for _, n := range networksOf(c) {
			if sum[n] != 0 {
				terms = append(terms, term{sum[n], s.values(n, c.Metric)})
			}
		}
		return estimated(terms, known)
	}
	slope := along(leastSquares(len(names)))
	f.ordered = slope.value > 0
	f.text = ofLayers(c) + strings.Join(named, ", ") + ": slope a step "
	if tested := f.test(slope, way); tested != "" {
		f.text += tested
	} else {
		f.text += signed(way * slope.value)
	}
	for i := 1; i < len(names); i++ {
		weights := make([]float64, len(names))
		weights[i-1], weights[i] = -1, 1
		step := along(weights)
		if step.value > 0 {
			continue
		}
		against := step
		against.value = -step.value
		f.text += fmt.Sprintf("; not from %s to %s (%s", names[i-1], names[i], signed(way*step.value))
		if step.method != "" && against.exceeds() >= level {
			f.text += ", not significant)"
			continue
		}
		f.ordered, f.against = false, f.against || step.value < 0
		f.text += ")"
	}
	if slope.method == student { // Welch's test goes by each network's own
		f.text += "; " + s.inWords(c, known)
	}
	f.text += "; " + f.how(1)
	f.numbers = strings.Join(numbers, ", ")
	return f
}

// leastSquares is the weights with which values at equal steps add up to the
// slope of the line of least squares through them.
func leastSquares(n int) []float64 {
	weights, squares := make([]float64, n), 0.0
	for i := range weights {
		weights[i] = float64(i) - float64(n-1)/2
		squares += weights[i] * weights[i]
	}
	for i := range weights {
		weights[i] /= squares
	}
	return weights
}

// findBeyond compares networks with a number that each must be above or below.
func (s *Selection) findBeyond(c experiments.Claim) finding {
	f := finding{ordered: true, significant: true}
	way, sign, not := 1.0, ">", "≤"
	if c.Kind == experiments.Below {
		way, sign, not = -1, "<", "≥"
	}
	var numbers, parts []string
	for _, n := range c.Of {
		v := s.values(n, c.Metric)
		e := estimated([]term{{way, v}}, s.quoted(c))
		e.value -= way * c.Value
		is := sign
		if !(e.value > 0) {
			is, f.ordered = not, false
		}
		ours := spreadOf(v)
		if percent(mean(v)) == percent(c.Value) { // 0.096 is not "0.10 < 0.1"
			for d := 3; d <= 6; d++ {
				if fine := table.Number(mean(v), d).String(); fine != table.Number(c.Value, d).String() {
					ours = strings.Replace(ours, percent(mean(v)), fine, 1)
					break
				}
			}
		}
		parts = append(parts, fmt.Sprintf("%s %s %s %s%s", n, ours, is, plain(c.Value),
			inBrackets(f.test(e, way))))
		numbers = append(numbers, ours)
	}
	f.numbers, f.text = strings.Join(numbers, "; "), strings.Join(parts, "; ")+"; "+f.how(len(c.Of))
	return f
}

// findNear compares networks with the paper's number. That is a mean over m runs,
// ours over n: if both are of one population, their difference has the standard
// deviation s*sqrt(1/m+1/n), and 95 % of the differences lie within Student's
// quantile of it. The scatter s is pooled over the networks of the experiment
// that ran with several seeds and the one that the claim quotes. Where ours is
// significantly larger than that, they are not of one population: one seed gone
// wrong would make everything near. Then the quoted one decides alone.
func (s *Selection) findNear(c experiments.Claim) finding {
	f := finding{ordered: true, significant: true}
	var samples [][]float64
	for _, n := range s.Experiment.Networks {
		samples = append(samples, s.values(n, c.Metric))
	}
	own, quoted := scatterOf(samples...), s.quoted(c)
	known, between := own.pooled(quoted), s.between(c, s.Experiment.Networks)
	if own.degrees > 0 && quoted.degrees > 0 {
		if p := own.exceeds(quoted); p < level {
			known, between = quoted, s.between(c, nil)
			between += fmt.Sprintf(" alone: ours of %s is larger, F test, %s", percent(own.std), probability(p))
		}
	}
	var numbers, parts []string
	for _, n := range c.Of {
		v := s.values(n, c.Metric)
		numbers = append(numbers, spreadOf(v))
		part := fmt.Sprintf("%s %s, paper %s", n, spreadOf(v), plain(c.Value))
		if known.degrees == 0 || known.std == 0 {
			f.undecided = true
			why := "no network has two seeds"
			if known.degrees > 0 {
				why = "all seeds have the same error"
			}
			parts = append(parts, part+": "+why+", so no scatter to judge by")
			continue
		}
		m := float64(max(1, c.PaperRuns))
		e := estimate{value: mean(v) - c.Value, err: known.std * math.Sqrt(1/m+1/float64(len(v))), degrees: known.degrees, method: student}
		within := halfWidth(e.degrees) * e.err
		verb := "is within"
		if math.Abs(e.value) > within {
			verb, f.ordered = "is not within", false
		}
		away := e
		away.value = math.Abs(e.value)
		f.tests = append(f.tests, e.tested(2*away.exceeds()))
		parts = append(parts, fmt.Sprintf("%s: %s %s ± %s (95 %%, %s, %.0f degrees of freedom, scatter %s %s)",
			part, signed(e.value), verb, percent(within), student, known.degrees, percent(known.std), between))
	}
	f.numbers, f.text = strings.Join(numbers, "; "), strings.Join(parts, "; ")
	return f
}

// between says between whose seeds a scatter is: those of the networks that ran with
// several, and those of others that a claim quotes.
func (s *Selection) between(c experiments.Claim, networks []network.Network) string {
	var several []string
	for _, n := range networks {
		if len(s.values(n, c.Metric)) > 1 {
			several = append(several, n.String())
		}
	}
	quoted := s.quoted(c).degrees > 0
	switch {
	case len(several) == 0 && quoted:
		return "between others' seeds"
	case quoted:
		return "between seeds of " + list(several) + " and of others"
	}
	return "between seeds of " + list(several)
}

// findWarmup looks for runs that left the warm-up and learnt something after it.
func (s *Selection) findWarmup(c experiments.Claim) finding {
	f := finding{ordered: true, significant: true}
	var numbers, parts []string
	for _, n := range c.Of {
		for _, r := range s.of(n) {
			if !r.complete() {
				continue
			}
			end, last := r.Record.WarmupEnded, r.Record.Rows[len(r.Record.Rows)-1]
			name := fmt.Sprintf("%s seed %d", n, r.Spec.Seed)
			if end < 0 {
				f.ordered = false
				numbers, parts = append(numbers, "never"), append(parts, name+" never left the warm-up")
				continue
			}
			f.ordered = f.ordered && last.TrainError < chance-nearChance
			numbers = append(numbers, grouped(end))
			parts = append(parts, fmt.Sprintf("%s left the warm-up at iteration %s, training error %s %%", name, grouped(end), percent(last.TrainError)))
		}
	}
	f.numbers, f.text = strings.Join(numbers, "; "), strings.Join(parts, "; ")
	return f
}

// test puts an estimate that must be above 0 to the test, where there is
// something to test by, and returns what is to be said of it. The estimate is way
// times what the claim is about, so that this must be above or below.
func (f *finding) test(e estimate, way float64) string {
	if e.method == "" {
		f.alike = f.alike || e.degrees > 0
		f.against = f.against || e.value < 0
		return ""
	}
	p := e.exceeds()
	opposite := e
	opposite.value = -e.value
	f.against = f.against || opposite.exceeds() < level
	f.significant = f.significant && p < level
	e.value *= way
	f.tests = append(f.tests, e.tested(p))
	return fmt.Sprintf("%s ± %s, %s", signed(e.value), percent(e.err), probability(p))
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// how says by which test a finding of so many comparisons was made.
func (f *finding) how(comparisons int) string {
	var methods []string
	for _, t := range f.tests {
		if !slices.Contains(methods, t.Method) {
			methods = append(methods, t.Method)
		}
	}
	untested := "one seed"
	if f.alike {
		untested = "no difference between seeds"
	}
	if len(methods) == 0 {
		return untested + ", so no test"
	}
	how := fmt.Sprintf("means ± standard deviation, differences and slopes ± standard error, %s test, one-sided at %g %%", strings.Join(methods, " and "), 100*level)
	if len(f.tests) < comparisons {
		how += "; where there is " + untested + ", no test"
	}
	return how
}

func (e estimate) tested(p float64) Test {
	return Test{Value: e.value, Error: e.err, Degrees: e.degrees, P: p, Method: e.method}
}

func probability(p float64) string {
	if p < 0.001 {
		return "p < 0.001"
	}
	return fmt.Sprintf("p = %.2g", p)
}

// paperNumbers is what the paper gives about a claim's networks, as the finding
// gives ours; of pairs those that it gives, and "" if it gives nothing to compare.
func (s *Selection) paperNumbers(c experiments.Claim) string {
	switch c.Kind {
	case experiments.Above:
		return "> " + plain(c.Value)
	case experiments.Below:
		return "< " + plain(c.Value)
	case experiments.Within:
		if c.PaperRuns > 1 {
			return fmt.Sprintf("%s (mean of %d)", plain(c.Value), c.PaperRuns)
		}
		return plain(c.Value)
	}
	given := func(n network.Network) float64 {
		training, test := s.paper(n)
		switch c.Metric {
		case experiments.TestError:
			return test
		case experiments.TrainingError:
			return training
		}
		return math.NaN()
	}
	var numbers []string
	for i, n := range c.Of {
		v, than := given(n), 0.0
		if len(c.Than) > 0 {
			than = given(c.Than[i])
		}
		switch {
		case finite(v-than) && len(c.Than) == 0:
			numbers = append(numbers, plain(v))
		case finite(v-than) && c.Kind == experiments.Widening:
			d := min(decimals(v), decimals(than))
			numbers = append(numbers, signedTo(rounded(v-than, d), d))
		case finite(v - than):
			numbers = append(numbers, plain(v)+" > "+plain(than))
		case c.Kind != experiments.Higher:
			return "" // of a trend all are needed
		}
	}
	if c.Kind == experiments.Higher {
		return strings.Join(numbers, "; ")
	}
	return strings.Join(numbers, ", ")
}
