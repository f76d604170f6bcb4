package reports

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/results"
)

// A Class is what the records say about a claim of the paper.
type Class string

const (
	Reproduced    Class = "reproduced"         // on the paper's whole schedule
	NotReproduced Class = "not reproduced"     // likewise
	SameOrder     Class = "same order"         // the paper's order, on a shortened schedule or by another protocol
	OtherOrder    Class = "other order"        // likewise, another order
	NoOrder       Class = "no clear order"     // likewise, where seeds differ by as much
	TooShort      Class = "too short to judge" // likewise, where a network has learnt next to nothing
	NotJudged     Class = "not judged"         // a run is not recorded, or this schedule or data cannot decide it
)

// classes is every class, the best first.
func classes() []Class {
	return []Class{Reproduced, NotReproduced, SameOrder, OtherOrder, NoOrder, TooShort, NotJudged}
}

// A Verdict is the judgement of one claim, with what was tested. It is plain
// data: texts are as they are printed, and no number is NaN or infinite.
type Verdict struct {
	Claim experiments.Claim
	Class Class
	// Sentence says what was compared, with what result and by which test, and
	// names each run that is not recorded, unfinished or diverged.
	Sentence    string
	Paper, Ours string            // the claim in numbers; "" where there are none
	N           int               // complete runs of the network that has the fewest
	Seeds       []int64           // of the complete runs
	Scale       experiments.Scale // of the runs
	Tests       []Test            // one for each comparison that could be tested; of a trend, that of its slope
	// Aside says that the claim is about a reading of the paper beside others, which
	// [Check] passes over: a variant by another protocol than the experiment's own or,
	// in an experiment of this program's, any. What those claim of the protocol that
	// the other experiments have is judged there.
	Aside bool
}

// A Test is one comparison of a claim: a sum of means, such as a difference of
// two, tested against its standard error.
type Test struct {
	Value   float64 // in points of a percentage, for errors
	Error   float64 // standard error of Value
	Degrees float64 // of freedom
	P       float64 // one-sided, or two-sided where the claim is about nearness
	Method  string  // "Welch's t"
}

// count counts verdicts by their class.
func count(verdicts []Verdict) map[Class]int {
	n := map[Class]int{}
	for _, v := range verdicts {
		n[v.Class]++
	}
	return n
}

// outcomes says how verdicts divide: "3 reproduced, 9 not judged".
func outcomes(verdicts []Verdict) string {
	n := count(verdicts)
	var parts []string
	for _, class := range classes() {
		if n[class] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[class], class))
		}
	}
	return strings.Join(parts, ", ")
}

const (
	// chance is the error, in percent, of a network that guesses among ten classes.
	chance = 90.0
	// nearChance is how near to it, in points, a network counts as one that has
	// learnt next to nothing.
	nearChance = 5.0
)

// Judge judges an experiment's claims by the runs selected: reproduced or not on
// the paper's whole schedule, in the same order or not on a shortened one, which here
// stands for every protocol that departs from what the paper says. A
// claim is judged when every run that the experiment plans of its networks has
// ended. A run that diverged is no reproduction; on a shortened schedule it is
// no order either. Nor does one reproduce anything that ends near chance where
// the paper gives an error far from it. Numbers are not judged on a shortened
// schedule, and nothing is on generated images.
//
// Where networks ran with several seeds, a difference must be above 0 by a
// one-sided t test at 5 %. Several differences must each be; that needs no
// correction, since all of them have to hold. With one seed of each only the
// sign of a difference can be looked at, and the sentence says so, unless the claim
// quotes the scatter between the seeds of others, by which it is tested then. The
// same tests tell an order, another and no clear one on a shortened schedule.
func Judge(s *Selection) []Verdict {
	var verdicts []Verdict
	for _, c := range s.Experiment.Claims {
		one := s.variant(c.Variant)
		v := one.judge(c)
		v.Aside = c.Variant != "" && (s.Experiment.Embedded || len(s.Experiment.Protocol.Differences(one.Experiment.Protocol)) > 0)
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// JudgeWhole replaces the verdicts of a drawing on a shortened schedule by those of
// whole, the same experiment on the whole one, where these are Reproduced or
// NotReproduced: a claim need not wait for networks that it is not about. It sets
// Whole, for the page. If no run of whole has ended, it does nothing.
func (e *Drawing) JudgeWhole(whole *Drawing) {
	if !slices.ContainsFunc(whole.Selection.Runs, func(r Selected) bool { return r.complete() || r.diverged() }) {
		return
	}
	e.Whole = whole
	for i, v := range whole.Verdicts {
		if v.Class == Reproduced || v.Class == NotReproduced {
			v.Sentence = "on the whole schedule: " + v.Sentence
			e.Verdicts[i] = v
		}
	}
}

// AddShortened appends to each verdict that is not judged what the longest shortened
// schedule shows that can be drawn (see [Largest]), by every seed recorded: the first
// runs of the whole one would hide that, also where it is the other order. Quoted gets
// the runs.
func (e *Drawing) AddShortened(records []*results.Record) {
	exp := e.Selection.Experiment
	shortened := slices.DeleteFunc(slices.Clone(records), func(r *results.Record) bool { return r.Key.Spec.Scale.IsFull() })
	c, ok := Largest(exp, shortened, e.Selection.Choice.Seeds)
	if !ok || c.Synthetic {
		return
	}
	s := Select(exp, shortened, c)
	s.Runs, s.Undrawn = append(s.Runs, s.Undrawn...), nil
	for i, v := range Judge(s) {
		if e.Verdicts[i].Class != NotJudged || v.Class == NotJudged {
			continue
		}
		e.Verdicts[i].Sentence += "; with every seed recorded, " + string(v.Class) + " " + v.Sentence
		for _, n := range networksOf(v.Claim) {
			e.Quoted = append(e.Quoted, s.variant(v.Claim.Variant).of(n)...)
		}
	}
}

func (s *Selection) judge(c experiments.Claim) Verdict {
	v := Verdict{Claim: c, Paper: s.paperNumbers(c), N: math.MaxInt, Seeds: s.seedsOf(networksOf(c)...), Scale: s.Choice.Scale}
	var diverged, open []Selected
	var unrecorded, idle, untaught []string
	var idlers []network.Network
	for _, n := range networksOf(c) {
		done := s.sample(n).n
		v.N = min(v.N, done)
		d, o := s.notComplete(n)
		diverged, open = append(diverged, d...), append(open, o...)
		if c.Metric == experiments.Responses && len(s.values(n, c.Metric)) < done {
			unrecorded = append(unrecorded, n.String())
		}
		if worst := slices.Max(append(s.errorsOf(n, c.Metric), 0)); worst >= chance-nearChance {
			idle, idlers = append(idle, n.String()+" at "+percent(worst)+" %"), append(idlers, n)
			if paper, ok := s.paperError(n, c); ok && paper < chance-nearChance {
				untaught = append(untaught, fmt.Sprintf("%s at %s %%, where the paper has %s", n, percent(worst), plain(paper)))
			}
		}
	}
	f, shortened, schedule := s.find(c), s.shortened(networksOf(c)), s.schedule(networksOf(c))
	v.Ours = f.numbers
	switch {
	case s.Choice.Synthetic:
		v.Class, v.Sentence = NotJudged, "generated images say nothing about the paper's"
	case len(diverged) > 0 && !shortened:
		v.Class, v.Sentence = NotReproduced, named(append(diverged, open...))
	case len(diverged)+len(open) > 0:
		v.Class, v.Sentence = NotJudged, named(append(diverged, open...))
		if !shortened {
			if f := s.find(s.begun(c)); f.text != "" {
				v.Sentence += "; so far " + f.text
			}
		}
	case len(unrecorded) > 0:
		v.Class, v.Sentence = NotJudged, "no layer responses recorded of "+strings.Join(unrecorded, " and ")
	case shortened && (c.Numeric() || c.Kind == experiments.WarmedUp):
		said := f.text
		if c.Numeric() {
			said = s.measured(c) // a comparison, and what it lacks, would not say more
		}
		v.Class, v.Sentence = NotJudged, schedule+": "+said+"; the claim is about the paper's whole schedule"
	case shortened && len(idle) > 0:
		v.Class, v.Sentence = TooShort, fmt.Sprintf("%s: %s, within %g points of chance", schedule, strings.Join(idle, " and "), nearChance)
		if c.Kind == experiments.Higher {
			if rest := s.find(without(c, idlers)); rest.text != "" {
				v.Sentence += "; the other pairs: " + rest.text
			}
		}
	case !shortened && len(untaught) > 0:
		v.Class, v.Sentence = NotReproduced, fmt.Sprintf("within %g points of chance: %s", nearChance, strings.Join(untaught, " and "))
	case shortened:
		v.Class, v.Sentence, v.Tests = NoOrder, schedule+": "+f.text, f.tests
		switch {
		case f.against:
			v.Class = OtherOrder
		case f.ordered && f.significant:
			v.Class = SameOrder
		}
	case f.undecided:
		v.Class, v.Sentence, v.Tests = NotJudged, f.text, f.tests
	default:
		v.Class, v.Sentence, v.Tests = NotReproduced, f.text, f.tests
		if f.ordered && f.significant {
			v.Class = Reproduced
		}
	}
	return v
}

// measured is what a claim's networks measure.
func (s *Selection) measured(c experiments.Claim) string {
	var parts []string
	for _, n := range c.Of {
		parts = append(parts, n.String()+" "+spreadOf(s.values(n, c.Metric)))
	}
	return strings.Join(parts, ", ")
}

// begun is what a claim about an order says of the networks that have a complete
// run: about none, where it compares nothing yet.
func (s *Selection) begun(c experiments.Claim) experiments.Claim {
	least := 1
	switch c.Kind {
	case experiments.Higher:
	case experiments.Decreasing, experiments.Widening:
		least = 2
	default:
		return experiments.Claim{}
	}
	c = without(c, slices.DeleteFunc(networksOf(c), func(n network.Network) bool { return s.sample(n).n > 0 }))
	if len(c.Of) < least {
		return experiments.Claim{}
	}
	return c
}

// without is a claim about networks or pairs of them without some networks, and the
// pairs that those are in.
func without(c experiments.Claim, left []network.Network) experiments.Claim {
	of, than := c.Of, c.Than
	c.Of, c.Than = nil, nil
	for i := range of {
		paired := i < len(than)
		if slices.Contains(left, of[i]) || paired && slices.Contains(left, than[i]) {
			continue
		}
		c.Of = append(c.Of, of[i])
		if paired {
			c.Than = append(c.Than, than[i])
		}
	}
	return c
}

// networksOf is the networks a claim is about, each once.
func networksOf(c experiments.Claim) []network.Network {
	var out []network.Network
	for _, n := range slices.Concat(c.Of, c.Than) {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// shortened reports whether the runs of some networks are of less than the paper's
// schedule, or depart from its protocol otherwise.
func (s *Selection) shortened(networks []network.Network) bool { return s.schedule(networks) != "" }

func (s *Selection) iterations() int { return s.Experiment.Protocol.Scaled(s.Choice.Scale).Iterations }

// schedule says what the runs of some networks are trained by in place of the paper's
// protocol: "after 4,000 of 64,000 iterations", "with batch 64 in place of 128"; ""
// where it is that.
func (s *Selection) schedule(networks []network.Network) string {
	var parts []string
	if given, whole := s.iterations(), experiments.Paper().Iterations; given < whole {
		parts = append(parts, fmt.Sprintf("after %s of %s iterations", grouped(given), grouped(whole)))
	}
	return strings.Join(append(parts, s.departures(networks)...), ", ")
}

// departures says in what the training of some networks departs from the paper's, but
// in being shorter.
func (s *Selection) departures(networks []network.Network) []string {
	var seen, parts []string
	for _, n := range networks {
		for _, d := range s.Experiment.Protocol.Departures(n, s.Choice.Scale) {
			if slices.Contains(seen, d.Key) {
				continue
			}
			seen = append(seen, d.Key)
			parts = append(parts, fmt.Sprintf("with %s %v in place of %v", d.Key, d.To, d.From))
		}
	}
	return parts
}

// notComplete is the planned runs of a network that have diverged, and those that
// are not recorded or unfinished.
func (s *Selection) notComplete(n network.Network) (diverged, open []Selected) {
	for _, r := range s.of(n) {
		switch {
		case r.complete():
		case r.diverged():
			diverged = append(diverged, r)
		default:
			open = append(open, r)
		}
	}
	return diverged, open
}

// named names runs with their states, those of the same state together.
func named(runs []Selected) string {
	var states []string
	of := map[string][]Selected{}
	for _, r := range runs {
		state := r.state()
		if of[state] == nil {
			states = append(states, state)
		}
		of[state] = append(of[state], r)
	}
	for i, state := range states {
		states[i] = seedNames(of[state]) + " " + state
	}
	return strings.Join(states, "; ")
}

// seedNames names runs: resnet-56 seeds 2 and 3, resnet-110 seed 2.
func seedNames(runs []Selected) string {
	var networks []network.Network
	seeds := map[network.Network][]string{}
	for _, r := range runs {
		n := r.Spec.Network
		if seeds[n] == nil {
			networks = append(networks, n)
		}
		seeds[n] = append(seeds[n], strconv.FormatInt(r.Spec.Seed, 10))
	}
	var parts []string
	for _, n := range networks {
		word := "seed"
		if len(seeds[n]) > 1 {
			word = "seeds"
		}
		parts = append(parts, fmt.Sprintf("%s %s %s", n, word, list(seeds[n])))
	}
	return strings.Join(parts, ", ")
}

// values is a network's measure of each complete run: the test or training error
// of the last row in percent, or the mean over the layers of the standard
// deviation of their responses.
func (s *Selection) values(n network.Network, metric string) []float64 {
	switch metric {
	case experiments.TrainingError:
		return s.sample(n).training
	case experiments.Responses:
		var means []float64
		for _, r := range s.of(n) {
			if r.complete() && len(r.Record.Responses) > 0 {
				if m := mean(stds(r.Record.Responses)); finite(m) {
					means = append(means, m)
				}
			}
		}
		return means
	}
	return s.sample(n).test
}

// errorsOf is the errors that say whether a network has learnt anything: those a
// claim is about, or the test errors.
func (s *Selection) errorsOf(n network.Network, metric string) []float64 {
	if metric == experiments.TrainingError {
		return s.sample(n).training
	}
	return s.sample(n).test
}

// paperError is the error that the paper gives for a network in those of
// [Selection.errorsOf], if it gives one.
func (s *Selection) paperError(n network.Network, c experiments.Claim) (float64, bool) {
	if c.Kind == experiments.Within && c.Metric != experiments.Responses {
		return c.Value, true
	}
	given := s.Experiment.Paper.Test
	if c.Metric == experiments.TrainingError {
		given = s.Experiment.Paper.Training
	}
	v, ok := given[n]
	return v, ok
}

// deciding is the verdicts that say whether the paper was reproduced.
func deciding(verdicts []Verdict) []Verdict {
	return slices.DeleteFunc(slices.Clone(verdicts), func(v Verdict) bool { return v.Aside })
}

// What [Check] can find.
var (
	ErrNotReproduced = errors.New("a claim was not reproduced")
	ErrNotJudged     = errors.New("not every claim was judged on the paper's whole schedule")
)

// Check is nil if there are claims and every one was reproduced. It is else
// ErrNotReproduced, if one was not, or ErrNotJudged, with the number of each class:
// same, other or no clear order on a shortened schedule, too short, not judged, or no
// claim at all. Verdicts that are Aside do not count.
func Check(verdicts []Verdict) error {
	all := len(verdicts)
	verdicts = deciding(verdicts)
	n := count(verdicts)
	switch {
	case n[NotReproduced] > 0:
		return fmt.Errorf("%w: %s", ErrNotReproduced, outcomes(verdicts))
	case all == 0:
		return fmt.Errorf("%w: there are none", ErrNotJudged)
	case len(verdicts) == 0:
		return fmt.Errorf("%w: %s, about variants beside the paper's protocol", ErrNotJudged, counted(all, "claim"))
	case n[Reproduced] < len(verdicts):
		return fmt.Errorf("%w: %s", ErrNotJudged, outcomes(verdicts))
	}
	return nil
}
