package work

import (
	"errors"
	"strings"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/fixture"
	"deepresidual/results"
)

// newTestProgress returns the progress of a run of 1000 iterations with a clock
// that advances by a step at each look.
func newTestProgress(t *testing.T, w *strings.Builder, step time.Duration) *progress {
	t.Helper()
	e := fixture.Experiment(t, "e", func(p *experiments.Protocol) { p.Iterations, p.Milestones, p.EvalInterval = 1000, []int{500}, 100 })
	p := newProgress(NewScreen(w), fixture.Key(e, 1), "resnet-20 (1 of 1)", 0)
	now := time.Unix(0, 0)
	p.now = func() time.Time { now = now.Add(step); return now }
	return p
}

// Without a terminal there is a line per row and none between.
func TestProgressPlain(t *testing.T) {
	var w strings.Builder
	p := newTestProgress(t, &w, 10*time.Second)
	p.Begin(100)
	for i := 101; i <= 200; i++ {
		p.Step(i, 0.1, 2, 50)
	}
	p.Row(results.Row{Iteration: 200, TrainLoss: 2, TrainError: 50, TestError: 45})
	p.Warn(errors.New("checkpoint\nworn out"))
	p.End()
	// 100 steps of 128 images in the 10 s between two looks at the clock.
	want := `resnet-20 (1 of 1) goes on from iteration 100
resnet-20 (1 of 1) iteration 200 of 1,000: loss 2.0000, training error 50.00 %, test error 45.00 %, 1280 images/s, 80 s left
resnet-20 (1 of 1): checkpoint; worn out
`
	if w.String() != want {
		t.Errorf("got\n%s\nwant\n%s", w.String(), want)
	}
}

// After the last iteration it is the evaluation that takes time, and after that
// nothing is left of the run.
func TestProgressLast(t *testing.T) {
	var w strings.Builder
	p := newTestProgress(t, &w, time.Second)
	defer p.End()
	p.Begin(990)
	p.Step(1000, 0.1, 2, 50)
	if line := fit(p.fields(), 200); !strings.HasSuffix(line, "  evaluating") {
		t.Errorf("after the last iteration: %q", line)
	}
	p.Row(results.Row{Iteration: 1000, TrainLoss: 2, TrainError: 50, TestError: 45})
	if line := w.String(); !strings.HasSuffix(line, "images/s\n") {
		t.Errorf("of the last row: %q", line)
	}
}

// The time left is the last thing to be cut.
func TestFit(t *testing.T) {
	p := &progress{spec: experiments.RunSpec{Protocol: experiments.Paper()}, name: "resnet-1202 (12 of 30)",
		done: 12345, loss: 0.123, wrong: 4.3, test: 9.2, hasTest: true, rest: 1e6, began: time.Unix(0, 0)}
	p.now = func() time.Time { return time.Unix(12345*5, 0) }
	for _, c := range []struct {
		width int
		want  string
	}{
		{140, "resnet-1202 (12 of 30)  12,345/64,000  loss 0.123  error 4.30 %  test 9.20 %  26 images/s  3.0 days left  (60.9 days for all)"},
		{79, "resnet-1202 (12 of 30)  12,345/64,000  error 4.30 %  test 9.20 %  3.0 days left"},
		{59, "resnet-1202 (12 of 30)  12,345/64,000  3.0 days left"},
		{30, "12,345/64,000  3.0 days left"},
		{15, "3.0 days left"},
		{5, "3.0 d"},
		{0, ""},
	} {
		if got := fit(p.fields(), c.width); got != c.want {
			t.Errorf("%d columns: %q, want %q", c.width, got, c.want)
		}
	}
}

// A run that came to its end leaves a line.
func TestProgressDone(t *testing.T) {
	var w strings.Builder
	p := newTestProgress(t, &w, time.Second)
	defer p.End()
	p.Done(&results.Record{
		Rows:       []results.Row{{Iteration: 1000, TrainError: 12.5, TestError: 15.25}},
		Provenance: results.Provenance{TrainSeconds: 256},
	})
	want := "resnet-20 (1 of 1) done: training error 12.50 %, test error 15.25 %, 4 min, 500 images/s\n"
	if w.String() != want {
		t.Errorf("got %q, want %q", w.String(), want)
	}
}

func TestLossText(t *testing.T) {
	for v, want := range map[float64]string{2.30259: "2.3026", 999.5: "999.5000", 7261760582571635245056: "7.26e+21"} {
		if got := lossText(v, 4); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}

// On a terminal there is one line, drawn over at most ten times a second, never
// wider than the terminal, and gone at the end.
func TestProgressTerminal(t *testing.T) {
	var w strings.Builder
	p := newTestProgress(t, &w, time.Millisecond) // each step looks at the clock once, each drawing once more
	p.screen.size = func() (int, int) { return 40, 24 }
	p.Begin(0)
	for i := 1; i <= 1000; i++ {
		p.Step(i, 0.1, 2, 50)
	}
	p.End()
	begins, rest, _ := strings.Cut(w.String(), "\n")
	if begins != "resnet-20 (1 of 1) begins" {
		t.Errorf("first line %q", begins)
	}
	lines := strings.Split(strings.TrimPrefix(rest, "\r"), "\r")
	if n := len(lines) - 1; n < 5 || n > 12 {
		t.Errorf("%d drawings in a second, want about 10 and the last", n)
	}
	for _, line := range lines[:len(lines)-1] {
		text, ok := strings.CutSuffix(line, "\x1b[K")
		if !ok || len(text) >= 40 || strings.Contains(text, "\n") {
			t.Errorf("drawing %q: want under 40 characters and the rest of the line cleared", line)
		}
	}
	if last := lines[len(lines)-1]; last != "\x1b[K" {
		t.Errorf("ends with %q, want the line cleared", last)
	}
}
