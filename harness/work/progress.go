package work

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/cost"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/results"
)

// redraw is the time between two drawings of the progress line.
const redraw = 100 * time.Millisecond

// recent is the number of minibatches over which the loss and the error that
// progress shows are averaged, roughly.
const recent = 50

// progress shows how a run gets on: on a terminal as one line that is drawn
// over, elsewhere as one line for each row of the curve, so that a log file
// stays readable. It is a train.Observer.
type progress struct {
	screen *Screen
	shown  *screenLine
	clock  *train.Clock
	now    func() time.Time // by the clock

	spec experiments.RunSpec
	name string  // of the run among those of the plan: "resnet-20 (2 of 3)"
	rest float64 // the cost of the runs after this one, in iterations of this one

	began       time.Time
	first, done int // iterations before this process, and by now
	loss, wrong float64
	averaged    int
	test        float64
	hasTest     bool
	ended       bool // the last row is there
	drawn       time.Time
}

// newProgress returns the progress of a run, until [progress.End]. after is the
// cost of the runs after it, in multiply-adds.
func newProgress(s *Screen, key results.Key, name string, after float64) *progress {
	clock := train.StartClock()
	p := &progress{screen: s, shown: &screenLine{screen: s}, clock: clock, now: clock.Now, spec: key.Spec, name: name}
	p.rest = after / cost.Run(key, 0) * float64(key.Spec.Protocol.Iterations)
	return p
}

// follow returns threads, and says when there are others than at first. The pace
// is counted anew from then on.
func (p *progress) follow(threads func() int, first int) func() int {
	last := first
	return func() int {
		if n := threads(); n != last {
			last = n
			p.began, p.first = p.now(), p.done
			p.screen.print("%s has %s now", p.name, text.Count(n, "thread"))
		}
		return last
	}
}

// Begin implements train.Observer.
func (p *progress) Begin(iteration int) {
	p.began, p.first, p.done = p.now(), iteration, iteration
	if iteration > 0 {
		p.screen.print("%s goes on from iteration %s", p.name, text.Grouped(iteration))
		return
	}
	p.screen.print("%s begins", p.name)
}

// Step implements train.Observer.
func (p *progress) Step(iteration int, _, loss, wrong float64) {
	p.done = iteration
	p.averaged = min(p.averaged+1, recent)
	p.loss += (loss - p.loss) / float64(p.averaged)
	p.wrong += (wrong - p.wrong) / float64(p.averaged)
	if !p.screen.terminal() {
		return
	}
	if now := p.now(); now.Sub(p.drawn) >= redraw || iteration == p.spec.Protocol.Iterations {
		p.drawn = now
		p.shown.draw(p.fields())
	}
}

// Row implements train.Observer.
func (p *progress) Row(r results.Row) {
	p.test, p.hasTest = r.TestError, true
	p.ended = r.Iteration == p.spec.Protocol.Iterations
	if p.screen.terminal() {
		return
	}
	pace := ""
	speed, left, all := p.pace()
	for _, part := range []string{speed, strings.TrimSpace(left + " " + all)} {
		if part != "" {
			pace += ", " + part
		}
	}
	p.screen.print("%s iteration %s of %s: loss %s, training error %.2f %%, test error %.2f %%%s",
		p.name, text.Grouped(r.Iteration), text.Grouped(p.spec.Protocol.Iterations), lossText(r.TrainLoss, 4), r.TrainError, r.TestError, pace)
}

// Warn implements train.Observer.
func (p *progress) Warn(err error) { p.screen.print("%s: %s", p.name, text.OneLine(err)) }

// End takes the progress line off the terminal.
func (p *progress) End() {
	p.clock.Stop()
	p.shown.end()
}

// Done leaves a line about a run that came to its end.
func (p *progress) Done(r *results.Record) {
	row, ok := r.Final()
	seconds := r.Provenance.TrainSeconds
	if !ok || seconds <= 0 {
		return
	}
	took := time.Duration(seconds * float64(time.Second))
	speed := float64(row.Iteration*p.spec.Protocol.Batch) / seconds
	p.screen.print("%s done: training error %.2f %%, test error %.2f %%, %s, %.0f images/s",
		p.name, row.TrainError, row.TestError, text.Roughly(took), speed)
}

// field is a part of the progress line.
type field struct {
	text string
	rank int // where the line is too long, the highest goes first
}

// fields are the parts of the progress line, in order.
func (p *progress) fields() []field {
	f := []field{
		{p.name, 2},
		{text.Grouped(p.done) + "/" + text.Grouped(p.spec.Protocol.Iterations), 1},
		{"loss " + lossText(p.loss, 3), 6},
		{fmt.Sprintf("error %.2f %%", p.wrong), 4},
	}
	if p.hasTest {
		f = append(f, field{fmt.Sprintf("test %.2f %%", p.test), 3})
	}
	speed, left, all := p.pace()
	for _, t := range []field{{speed, 7}, {left, 0}, {all, 5}} {
		if t.text != "" {
			f = append(f, t)
		}
	}
	return f
}

// fit joins fields to a line of at most width characters. The time left is the
// last to be cut.
func fit(fields []field, width int) string {
	for {
		texts := make([]string, len(fields))
		last := 0
		for i, f := range fields {
			texts[i] = f.text
			if f.rank > fields[last].rank {
				last = i
			}
		}
		line := strings.Join(texts, "  ")
		if len(line) <= width {
			return line
		}
		if len(fields) == 1 {
			return line[:max(0, width)]
		}
		fields = slices.Delete(fields, last, last+1)
	}
}

// pace says how fast the run is, how long it will take and how long all that are
// left, from the average of this process: training and evaluation together.
// What is not known is empty. After the last iteration the evaluation is left.
func (p *progress) pace() (speed, left, all string) {
	steps := p.done - p.first
	elapsed := p.now().Sub(p.began)
	if steps <= 0 || elapsed <= 0 {
		return "", "", ""
	}
	perStep := elapsed / time.Duration(steps)
	remaining := time.Duration(p.spec.Protocol.Iterations-p.done) * perStep
	speed = fmt.Sprintf("%.0f images/s", float64(p.spec.Protocol.Batch)/perStep.Seconds())
	switch {
	case p.done < p.spec.Protocol.Iterations:
		left = text.Roughly(remaining) + " left"
	case !p.ended:
		left = "evaluating"
	}
	if p.rest > 0 {
		all = fmt.Sprintf("(%s for all)", text.Roughly(inSeconds(remaining.Seconds()+p.rest*perStep.Seconds())))
	}
	return speed, left, all
}

// lossText formats a loss with so many decimals. One that is on its way to
// infinity has no use for them.
func lossText(v float64, decimals int) string {
	if v >= 1000 {
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprintf("%.*f", decimals, v)
}
