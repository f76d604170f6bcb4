package work

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"deepresidual/experiments"
	"deepresidual/harness/cost"
	"deepresidual/harness/text"
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
	w        io.Writer
	terminal bool
	width    func() int // of the terminal, in characters
	now      func() time.Time

	spec experiments.RunSpec
	name string  // of the run among those of the plan: "resnet-20 (2 of 3)"
	rest float64 // the cost of the runs after this one, in iterations of this one

	began       time.Time
	first, done int // iterations before this process, and by now
	loss, wrong float64
	averaged    int
	test        float64
	hasTest     bool
	drawn       time.Time
	shown       bool // a progress line stands on the terminal
}

// newProgress returns the progress of a run that writes to w. after is the cost
// of the runs after it, in multiply-adds.
func newProgress(w io.Writer, spec experiments.RunSpec, name string, after int64) (*progress, error) {
	whole, err := cost.Run(spec, 0)
	if err != nil {
		return nil, err
	}
	p := &progress{w: w, now: time.Now, spec: spec, name: name}
	p.rest = float64(after) / float64(whole) * float64(spec.Protocol.Iterations)
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal = true
		p.width = func() int {
			if width, _, err := term.GetSize(int(f.Fd())); err == nil {
				return width
			}
			return 80
		}
	}
	return p, nil
}

// Begin implements train.Observer.
func (p *progress) Begin(iteration int) {
	p.began, p.first, p.done = p.now(), iteration, iteration
	if iteration > 0 {
		p.line("%s goes on from iteration %s", p.name, text.Grouped(iteration))
		return
	}
	p.line("%s begins", p.name)
}

// Step implements train.Observer.
func (p *progress) Step(iteration int, _, loss, wrong float64) {
	p.done = iteration
	p.averaged = min(p.averaged+1, recent)
	p.loss += (loss - p.loss) / float64(p.averaged)
	p.wrong += (wrong - p.wrong) / float64(p.averaged)
	if !p.terminal {
		return
	}
	if now := p.now(); now.Sub(p.drawn) >= redraw {
		p.drawn = now
		p.draw()
	}
}

// Row implements train.Observer.
func (p *progress) Row(r results.Row) {
	p.test, p.hasTest = r.TestError, true
	if p.terminal {
		return
	}
	p.line("%s iteration %s of %s: loss %s, training error %.2f %%, test error %.2f %%%s",
		p.name, text.Grouped(r.Iteration), text.Grouped(p.spec.Protocol.Iterations), lossText(r.TrainLoss, 4), r.TrainError, r.TestError, p.pace())
}

// Warn implements train.Observer.
func (p *progress) Warn(err error) { p.line("%s: %s", p.name, text.OneLine(err)) }

// End takes the progress line off the terminal.
func (p *progress) End() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

// line prints a line that stays.
func (p *progress) line(format string, args ...any) {
	p.End()
	fmt.Fprintf(p.w, format+"\n", args...)
}

// draw draws the progress line, no longer than the terminal is wide.
func (p *progress) draw() {
	s := fmt.Sprintf("%s %s/%s loss %s error %.2f %%", p.name,
		text.Grouped(p.done), text.Grouped(p.spec.Protocol.Iterations), lossText(p.loss, 3), p.wrong)
	if p.hasTest {
		s += fmt.Sprintf(" test %.2f %%", p.test)
	}
	s += p.pace()
	if width := p.width(); len(s) >= width && width > 0 {
		s = s[:width-1]
	}
	fmt.Fprintf(p.w, "\r%s\x1b[K", s)
	p.shown = true
}

// pace says how fast the run is and how long it will take, from the average of
// this process: training and evaluation together.
func (p *progress) pace() string {
	steps := p.done - p.first
	elapsed := p.now().Sub(p.began)
	if steps <= 0 || elapsed <= 0 {
		return ""
	}
	perStep := elapsed / time.Duration(steps)
	left := time.Duration(p.spec.Protocol.Iterations-p.done) * perStep
	s := fmt.Sprintf(", %.0f images/s, %s left", float64(p.spec.Protocol.Batch)/perStep.Seconds(), text.Roughly(left))
	if p.rest > 0 {
		s += fmt.Sprintf(" (%s for all)", text.Roughly(left+time.Duration(p.rest*float64(perStep))))
	}
	return s
}

// lossText formats a loss with so many decimals. One that is on its way to
// infinity has no use for them.
func lossText(v float64, decimals int) string {
	if v >= 1000 {
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprintf("%.*f", decimals, v)
}
