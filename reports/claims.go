package reports

import (
	"fmt"
	"math"
	"strings"

	"deepresidual/experiments"
	"deepresidual/results"
)

// An Outcome is what the records say about a claim of the paper.
type Outcome string

const (
	Reproduced    Outcome = "reproduced"
	NotReproduced Outcome = "not reproduced"
	NotRun        Outcome = "not run yet"    // a run that decides it is missing or unfinished
	NotComparable Outcome = "not comparable" // a number at another schedule, or anything on generated images
)

// A Verdict is the judgement of one claim, with the numbers it rests on.
type Verdict struct {
	Claim   experiments.Claim
	Outcome Outcome
	Numbers string // "plain-56 13.07 > plain-20 9.69"
	Scale   experiments.Scale
	N       int // complete runs of the network that has the fewest
}

// Failed reports whether the records contradict the claim.
func (v Verdict) Failed() bool { return v.Outcome == NotReproduced }

// Judge judges an experiment's claims by the runs selected. Every network that
// a claim names counts by the mean over its complete runs. At a scale other
// than 1 claims about an ordering are judged, claims about a number are not.
func Judge(s *Selection) []Verdict {
	var verdicts []Verdict
	for _, c := range s.Experiment.Claims {
		verdicts = append(verdicts, s.judge(c))
	}
	return verdicts
}

func (s *Selection) judge(c experiments.Claim) Verdict {
	v := Verdict{Claim: c, Scale: s.Choice.Scale, N: math.MaxInt}
	var waiting, diverged []string
	for _, n := range networksOf(c) {
		done := 0
		for _, r := range s.of(n) {
			if r.complete() {
				done++
			}
		}
		v.N = min(v.N, done)
		if done > 0 && (c.Metric != experiments.Responses || finite(s.metric(n, c.Metric))) {
			continue
		}
		state := n.String() + " not run"
		for _, r := range s.of(n) {
			if r.Record != nil && r.Record.Status == results.Diverged {
				diverged = append(diverged, n.String()+" "+r.state())
			}
			if st := r.state(); st != "not run" {
				state = n.String() + " " + st
				break
			}
		}
		if done > 0 {
			state = n.String() + " has no layer responses recorded"
		}
		waiting = append(waiting, state)
	}
	switch {
	case v.N == math.MaxInt:
		v.N, v.Outcome, v.Numbers = 0, NotRun, "no network named"
	case len(diverged) > 0:
		v.Outcome, v.Numbers = NotReproduced, strings.Join(diverged, "; ")
	case len(waiting) > 0:
		v.Outcome, v.Numbers = NotRun, strings.Join(waiting, "; ")
	default:
		v.Outcome, v.Numbers = s.decide(c)
	}
	decided := v.Outcome == Reproduced || v.Outcome == NotReproduced
	if decided && (s.Choice.Synthetic || c.Numeric() && !s.Choice.Scale.IsFull()) {
		v.Outcome = NotComparable
	}
	return v
}

// networksOf is the networks a claim is about, each once.
func networksOf(c experiments.Claim) []experiments.Network {
	var out []experiments.Network
	seen := map[experiments.Network]bool{}
	for _, group := range [][]experiments.Network{c.Of, c.Than} {
		for _, n := range group {
			if !seen[n] {
				seen[n] = true
				out = append(out, n)
			}
		}
	}
	return out
}

// decide judges a claim whose runs are all there.
func (s *Selection) decide(c experiments.Claim) (Outcome, string) {
	of := func(n experiments.Network) float64 { return s.metric(n, c.Metric) }
	named := func(n experiments.Network) string { return n.String() + " " + percent(of(n)) }
	holds, parts := true, []string(nil)
	switch c.Kind {
	case experiments.Higher:
		for i, n := range c.Of {
			than := c.Than[min(i, len(c.Than)-1)]
			ok := of(n) > of(than)
			holds = holds && ok
			sign := ">"
			if !ok {
				sign = "≤"
			}
			parts = append(parts, named(n)+" "+sign+" "+named(than))
		}
	case experiments.Decreasing:
		// Only the ends are judged: the scatter between single runs is as
		// large as the steps between neighbouring depths.
		holds = of(c.Of[len(c.Of)-1]) < of(c.Of[0])
		for _, n := range c.Of {
			parts = append(parts, named(n))
		}
	case experiments.Widening:
		gap := func(i int) float64 { return of(c.Of[i]) - of(c.Than[i]) }
		last := min(len(c.Of), len(c.Than)) - 1
		holds = gap(last) > gap(0)
		for i := range last + 1 {
			parts = append(parts, fmt.Sprintf("%s − %s %s", c.Of[i], c.Than[i], signed(gap(i))))
		}
	case experiments.Above, experiments.Below:
		for _, n := range c.Of {
			ok := of(n) > c.Value
			if c.Kind == experiments.Below {
				ok = of(n) < c.Value
			}
			holds = holds && ok
			parts = append(parts, fmt.Sprintf("%s, claimed %s %s", named(n), c.Kind, plain(c.Value)))
		}
	case experiments.Within:
		for _, n := range c.Of {
			band, how := s.band(n, c)
			if !finite(band) {
				return NotRun, named(n) + "; no network has two seeds yet, so there is no band to judge by"
			}
			holds = holds && math.Abs(of(n)-c.Value) <= band
			parts = append(parts, fmt.Sprintf("%s, paper %s, band ± %s (%s)", named(n), percent(c.Value), percent(band), how))
		}
	case experiments.WarmedUp:
		for _, n := range c.Of {
			for _, r := range s.of(n) {
				if !r.complete() {
					continue
				}
				if end := r.Record.WarmupEnded; end >= 0 {
					parts = append(parts, fmt.Sprintf("%s left the warm-up at iteration %s", n, grouped(end)))
				} else {
					holds = false
					parts = append(parts, n.String()+" never left the warm-up")
				}
			}
		}
	default:
		return NotRun, fmt.Sprintf("unknown kind of claim %q", c.Kind)
	}
	numbers := strings.Join(parts, "; ")
	if holds {
		return Reproduced, numbers
	}
	return NotReproduced, numbers
}

// metric is the mean of a network's measure over its complete runs: the test
// or training error of the last row in percent, or the mean over the layers of
// the standard deviation of their responses.
func (s *Selection) metric(n experiments.Network, metric string) float64 {
	x := s.sample(n)
	switch metric {
	case experiments.TrainingError:
		return mean(x.training)
	case experiments.Responses:
		var means []float64
		for _, r := range s.of(n) {
			if r.complete() && len(r.Record.Responses) > 0 {
				means = append(means, mean(stds(r.Record.Responses)))
			}
		}
		return mean(means)
	}
	return mean(x.test)
}

// band is how far a network's mean test error may lie from the paper's number,
// and where that comes from. The paper's number is one run, ours the mean of n:
// with the scatter s between seeds their difference has the standard deviation
// s*sqrt(1+1/n), and two of those are allowed. The scatter is pooled over all
// networks of the experiment that ran with several seeds; a band in the spec
// is the least that is allowed, and all there is until two seeds have run.
func (s *Selection) band(n experiments.Network, c experiments.Claim) (float64, string) {
	squares, degrees := 0.0, 0
	for _, other := range s.Experiment.Networks {
		if x := s.sample(other); x.n >= 2 {
			d := deviation(x.test)
			squares += d * d * float64(x.n-1)
			degrees += x.n - 1
		}
	}
	if degrees > 0 {
		scatter := math.Sqrt(squares / float64(degrees))
		band := 2 * scatter * math.Sqrt(1+1/float64(s.sample(n).n))
		if band >= c.Band {
			return band, fmt.Sprintf("scatter between seeds %s", percent(scatter))
		}
	}
	if c.Band > 0 {
		return c.Band, "the least, from the spec"
	}
	return math.NaN(), ""
}

// claimTable is the verdicts as a table.
func claimTable(s *Selection, verdicts []Verdict) *Table {
	t := &Table{
		Name:    s.Experiment.Name + "-claims",
		Title:   s.title("the paper's claims"),
		Columns: append(textColumns("claim", "verdict", "numbers", "scale"), numberColumns("n")...),
	}
	for _, v := range verdicts {
		scale := v.Scale.String()
		if !v.Scale.IsFull() && !v.Claim.Numeric() {
			scale += " (ordering)"
		}
		t.add(v.Claim.Statement, string(v.Outcome), v.Numbers, scale, fmt.Sprint(v.N))
	}
	t.Notes = []string{"n: complete runs of the network that has the fewest. At a scale other than 1 orderings are judged and numbers are not comparable. Of a trend over depths the ends are judged: the steps between are within the scatter of single runs."}
	return t
}
