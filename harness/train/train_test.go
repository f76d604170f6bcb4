package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/process"
	"deepresidual/harness/weights"
	"deepresidual/models"
	"deepresidual/models/network"
	"deepresidual/results"
	"deepresidual/results/lease"
)

// silent is an Observer that remembers the warnings.
type silent struct {
	warnings []error
	warned   func(n int) // told their number; nil if nobody asks
}

func (*silent) Begin(int)                           {}
func (*silent) Step(int, float64, float64, float64) {}
func (*silent) Row(results.Row)                     {}
func (s *silent) Warn(err error) {
	if s.warnings = append(s.warnings, err); s.warned != nil {
		s.warned(len(s.warnings))
	}
}

// The images: enough that the test set takes two batches, the last of which is
// a partial one.
func images() *data.Set { return data.Synthetic(1, 60, EvalBatch+10) }

// smallKey is a run of 8 iterations with rows after 3, 6 and 8.
func smallKey(set *data.Set) results.Key {
	p := experiments.Paper()
	p.Batch, p.Iterations, p.Milestones, p.EvalInterval, p.Validation = 8, 8, []int{4, 7}, 3, 10
	p = p.Scaled(experiments.Scale{Num: 1, Den: 1})
	return results.Key{
		Spec: experiments.RunSpec{
			Network:  network.Standard(network.Residual, 1),
			Protocol: p, Scale: experiments.Scale{Num: 1, Den: 1}, Seed: 3,
		},
		Data:       set.Fingerprint,
		Arithmetic: 1,
	}
}

// attempt is one process's try at a run.
type attempt struct {
	store           *results.Store
	key             results.Key
	set             *data.Set
	model           *fakeModel
	checkpointEvery time.Duration
	provenance      results.Provenance
	besides         bool
	patience        time.Duration
	warned          func(n int)
}

func newAttempt(t *testing.T, dir string, set *data.Set) attempt {
	t.Helper()
	store, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return attempt{store: store, key: smallKey(set), set: set, model: &fakeModel{}, checkpointEvery: -1}
}

func (a attempt) train(t *testing.T, ctx context.Context) (*silent, error) {
	t.Helper()
	run, err := a.store.Begin(ctx, a.key)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Release()
	o := &silent{warned: a.warned}
	job := Job{Data: a.set, Model: a.model, Run: run, Record: &results.Record{Provenance: a.provenance}, Observer: o, CheckpointEvery: a.checkpointEvery, Besides: a.besides, patience: a.patience}
	return o, job.Train(ctx)
}

// find reads the record of a run, whatever its status; nil if there is none.
func find(store *results.Store, key results.Key) (*results.Record, error) {
	state := store.State(key)
	return state.Record, state.Damage
}

// outcome returns the bytes that must not depend on how a run came about.
func (a attempt) outcome(t *testing.T) string {
	t.Helper()
	var all bytes.Buffer
	for _, name := range []string{WeightsFile, results.CurveFile, results.ResponsesFile} {
		b, err := os.ReadFile(filepath.Join(a.store.Path(a.key), name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s\n%s\n", name, b)
	}
	return all.String()
}

// unbroken returns the outcome of the run when nothing happens to it.
func unbroken(t *testing.T, set *data.Set) string {
	t.Helper()
	a := newAttempt(t, t.TempDir(), set)
	a.checkpointEvery = time.Hour
	if _, err := a.train(t, t.Context()); err != nil {
		t.Fatal(err)
	}
	return a.outcome(t)
}

func TestCurve(t *testing.T) {
	set := images()
	a := newAttempt(t, t.TempDir(), set)
	a.model.wrong = func(step int) int { return step % 3 }
	a.model.losses = []float64{1, 2, 6, 4, 4, 1, 5, 2}
	a.model.wrongIn = func(call int) int { return call } // a row: the test images in two batches, then the held out
	if _, err := a.train(t, t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := find(a.store, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != results.Complete || len(r.Responses) != 2 || len(r.Times) != 3 || r.WarmupEnded != -1 {
		t.Errorf("record: status %s, %d responses, %d times, warm-up ended %d", r.Status, len(r.Responses), len(r.Times), r.WarmupEnded)
	}
	if !slices.Equal(r.Provenance.Kernels, []string{"fake"}) {
		t.Errorf("kernels %v, want fake", r.Provenance.Kernels)
	}
	for i, want := range []struct {
		iteration, wrong, batches int
		rate, loss                float64
		test, validation          int
	}{
		{3, 1 + 2 + 0, 3, 0.1, 3, 1 + 2, 3},
		{6, 1 + 2 + 0, 3, 0.01, 3, 4 + 5, 6},
		{8, 1 + 2, 2, 0.001, 3.5, 7 + 8, 9}, // the last row covers what is left
	} {
		row := r.Rows[i]
		if row.Iteration != want.iteration || row.LearningRate != want.rate {
			t.Errorf("row %d is of iteration %d at rate %v, want %d at %v", i, row.Iteration, row.LearningRate, want.iteration, want.rate)
		}
		if got, want := row.TrainError, percent(want.wrong, 8*want.batches); got != want {
			t.Errorf("training error after iteration %d is %v, want %v: the mean over the minibatches since the last row", row.Iteration, got, want)
		}
		if got, want := row.Epoch, float64(row.Iteration)*8/50; got != want {
			t.Errorf("epoch after iteration %d is %v, want %v: 50 images are trained on", row.Iteration, got, want)
		}
		if row.TrainLoss != want.loss || row.TestError != percent(want.test, EvalBatch+10) || row.ValError != percent(want.validation, 10) {
			t.Errorf("row %d: loss %v, test error %v, validation error %v; want %v, and %d of %d and %d of 10 images",
				i, row.TrainLoss, row.TestError, row.ValError, want.loss, want.test, EvalBatch+10, want.validation)
		}
	}
	_, held, err := set.Split(10, a.key.Spec.Seed)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range held {
		if got, want := a.model.seen[2][i], set.Train.Label(n); got != want {
			t.Errorf("image %d of those held out has label %d, want %d: that of training image %d", i, got, want, n)
		}
	}
	for i := range set.Test.N {
		if got, want := a.model.seen[i/EvalBatch][i%EvalBatch], set.Test.Label(i); got != want {
			t.Errorf("test image %d has label %d, want %d", i, got, want)
		}
	}
	if want := []float32{0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001}; !slices.Equal(a.model.rates, want) {
		t.Errorf("the learning rates are %v, want %v: it drops after 4 and after 7 iterations", a.model.rates, want)
	}
}

// What the network is given is what the protocol and the seed say: its first weights,
// and minibatches that are shuffled, cropped and mirrored.
func TestWhatIsTrainedOn(t *testing.T) {
	set := images()
	for _, seed := range []int64{3, 4} {
		a := newAttempt(t, t.TempDir(), set)
		a.key.Spec.Seed = seed
		if _, err := a.train(t, t.Context()); err != nil {
			t.Fatal(err)
		}
		if a.model.seed != seed {
			t.Errorf("the weights are of seed %d, want %d", a.model.seed, seed)
		}
		training, _, err := set.Split(10, seed)
		if err != nil {
			t.Fatal(err)
		}
		pipeline := data.NewPipeline(set.Train, data.NewSampler(training, 8, seed), data.PerPixelMean(data.Mean(set.Train, training)), data.Augmentation{Pad: 4, Flip: true}, seed)
		want := models.NewBatch(8)
		for i, got := range a.model.batches {
			pipeline.Fill(want, i)
			if !slices.Equal(got.Labels, want.Labels) || !slices.Equal(got.Images, want.Images) {
				t.Errorf("seed %d, iteration %d: other images than the protocol's", seed, i)
			}
		}
	}
}

// When a checkpoint is due, by the time since the last one, how long that took, and
// whether the last try failed.
func TestCheckpointDue(t *testing.T) {
	for _, c := range []struct {
		every, since, took time.Duration
		failing            bool
		want               bool
	}{
		{-1, 0, 0, false, true},
		{-1, 0, 0, true, false},
		{-1, 31 * time.Second, 0, true, true},
		{time.Minute, 59 * time.Second, 0, false, false},
		{time.Minute, 61 * time.Second, 0, false, true},
		{time.Minute, 61 * time.Second, 2 * time.Second, false, false}, // 100 s
		{time.Minute, 101 * time.Second, 2 * time.Second, false, true},
		{time.Hour, 31 * time.Second, 0, true, true},
		{time.Hour, 29 * time.Second, 0, true, false},
		{time.Second, 2 * time.Second, 0, true, true},
	} {
		run := &trainer{Job: &Job{CheckpointEvery: c.every}, saved: saved{at: time.Now().Add(-c.since), took: c.took}}
		if c.failing {
			run.failing.row = time.Now()
		}
		if got := run.checkpointDue(); got != c.want {
			t.Errorf("every %v, %v after one that took %v, failing %v: due is %v", c.every, c.since, c.took, c.failing, got)
		}
	}
}

// Times go on where the processes before have left them, and the pace that others are
// told is that of this one.
func TestTimesOfAllProcesses(t *testing.T) {
	a := newAttempt(t, t.TempDir(), images())
	a.model.killStep = 5
	if _, err := a.train(t, t.Context()); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	paths, err := checkpoints(a.store.Path(a.key))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	b, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	c, err := decodeCheckpoint(b, a.key)
	if err != nil {
		t.Fatal(err)
	}
	c.state.Seconds = 1000 // of the process before
	var later bytes.Buffer
	if err := errors.Join(encodeCheckpoint(&later, a.key, *c), os.WriteFile(paths[0], later.Bytes(), 0o666)); err != nil {
		t.Fatal(err)
	}
	a.model = &fakeModel{afterStep: func() { time.Sleep(time.Millisecond) }}
	if _, err := a.train(t, t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := find(a.store, a.key)
	if err != nil {
		t.Fatal(err)
	}
	times := r.Times
	if len(times) != 3 || times[0].Seconds >= 1000 || times[1].Seconds <= 1000 || times[2].Seconds <= times[1].Seconds || times[2].Seconds > 1100 ||
		r.Provenance.TrainSeconds < times[2].Seconds || r.Provenance.TrainSeconds > 1100 {
		t.Errorf("times %v, in all %v; want them to go on from 1000", times, r.Provenance.TrainSeconds)
	}
	if left, _ := filepath.Glob(filepath.Join(r.Dir, "checkpoint*")); len(left) > 0 {
		t.Errorf("a complete run leaves checkpoints: %v", left)
	}
}

// A run that is killed before any step, or at any point of any evaluation, and
// started again, ends as if nothing had happened.
func TestKillAnywhere(t *testing.T) {
	set := images()
	want := unbroken(t, set)
	kills := map[string]fakeModel{}
	for i := 1; i <= 8; i++ {
		kills[fmt.Sprintf("step %d", i)] = fakeModel{killStep: i}
	}
	for i := 1; i <= 3*3+2; i++ { // two batches of test images and one of validation a row, and the responses
		kills[fmt.Sprintf("evaluation %d", i)] = fakeModel{killEval: i}
	}
	for name, model := range kills {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of the time goes into waiting for the disk
			a := newAttempt(t, t.TempDir(), set)
			a.model = &model
			if _, err := a.train(t, t.Context()); !errors.Is(err, errKilled) {
				t.Fatalf("got %v", err)
			}
			a.model = &fakeModel{}
			o, err := a.train(t, t.Context())
			if err != nil || len(o.warnings) > 0 {
				t.Fatalf("started again: %v %v", err, o.warnings)
			}
			if got := a.outcome(t); got != want {
				t.Errorf("the outcome differs:\n%q\nwant\n%q", got, want)
			}
			if model.killStep > 1 && a.model.steps > 8-(model.killStep-1) {
				t.Errorf("%d steps were trained again", a.model.steps)
			}
		})
	}
}

// Without a checkpoint the run starts over, though its record has rows.
func TestKillBeforeACheckpoint(t *testing.T) {
	set := images()
	a := newAttempt(t, t.TempDir(), set)
	a.model.killStep, a.checkpointEvery = 8, time.Hour
	if _, err := a.train(t, t.Context()); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	if r, err := find(a.store, a.key); err != nil || len(r.Rows) != 2 {
		t.Fatalf("rows before the kill: %v %v", r, err)
	}
	a.model = &fakeModel{}
	if _, err := a.train(t, t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := a.outcome(t), unbroken(t, set); got != want {
		t.Errorf("the outcome differs:\n%q\nwant\n%q", got, want)
	}
}

// A run that is killed again and again makes its way.
func TestKillAfterEveryStep(t *testing.T) {
	set := images()
	a := newAttempt(t, t.TempDir(), set)
	for i := 1; ; i++ {
		a.model = &fakeModel{killStep: 2}
		_, err := a.train(t, t.Context())
		if err == nil {
			break
		}
		if i > 20 {
			t.Fatal("the run makes no progress")
		}
	}
	if got, want := a.outcome(t), unbroken(t, set); got != want {
		t.Errorf("the outcome differs:\n%q\nwant\n%q", got, want)
	}
	r, err := find(a.store, a.key)
	if err != nil || r.Provenance.Resumed != 7 {
		t.Errorf("resumed %d times (%v), want 7", r.Provenance.Resumed, err)
	}
}

func TestStop(t *testing.T) {
	set := images()
	want := unbroken(t, set)
	for _, c := range []struct {
		name      string
		model     func(stop func()) *fakeModel
		iteration int
	}{
		{"in a step", func(stop func()) *fakeModel {
			n := 0
			return &fakeModel{afterStep: func() {
				if n++; n == 5 {
					stop()
				}
			}}
		}, 5},
		{"in an evaluation", func(stop func()) *fakeModel {
			n := 0
			return &fakeModel{beforeEval: func() {
				if n++; n == 4 {
					stop()
				}
			}}
		}, 6},
		{"in the responses", func(stop func()) *fakeModel {
			n := 0
			return &fakeModel{beforeEval: func() {
				if n++; n == 10 {
					stop()
				}
			}}
		}, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAttempt(t, t.TempDir(), set)
			a.checkpointEvery = time.Hour // the stop itself must leave a checkpoint
			ctx, stop := context.WithCancel(t.Context())
			a.model = c.model(stop)
			if _, err := a.train(t, ctx); !errors.Is(err, ErrStopped) {
				t.Fatalf("got %v, want ErrStopped", err)
			}
			if at, ok := Latest(a.store.Path(a.key)); !ok || at != c.iteration {
				t.Errorf("the checkpoint is of iteration %d (%v), want %d", at, ok, c.iteration)
			}
			if r, err := find(a.store, a.key); err != nil || r.Status != results.Interrupted {
				t.Errorf("recorded as %s (%v), want interrupted", r.Status, err)
			}
			a.model = &fakeModel{}
			if _, err := a.train(t, t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := a.outcome(t); got != want {
				t.Errorf("the outcome differs:\n%q\nwant\n%q", got, want)
			}
			if a.model.steps != 8-c.iteration {
				t.Errorf("%d steps were trained, want %d", a.model.steps, 8-c.iteration)
			}
		})
	}
}

// The record says who trained which part of a run. A process that left nothing
// to go on from has no part in it.
func TestProcessesAreRecorded(t *testing.T) {
	a := newAttempt(t, t.TempDir(), images())
	for _, p := range []struct {
		host string
		kill int // step
	}{{"lost", 1}, {"a", 4}, {"b", 3}, {"nothing", 1}, {"c", 0}} {
		a.model = &fakeModel{killStep: p.kill}
		a.provenance = results.Provenance{Host: p.host, CPU: "CPU of " + p.host, Threads: len(p.host), Revision: "r" + p.host, Dirty: p.host == "b",
			Started: time.Now()}
		if _, err := a.train(t, t.Context()); err != nil && !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
	}
	r, err := find(a.store, a.key)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range r.Processes {
		got = append(got, fmt.Sprintf("%d %s %s %d %s %v %s", p.Iteration, p.Host, p.CPU, p.Threads, p.Revision, p.Dirty, p.Kernels))
	}
	want := []string{"0 a CPU of a 1 ra false fake", "3 b CPU of b 1 rb true fake", "5 c CPU of c 1 rc false fake"}
	if !slices.Equal(got, want) {
		t.Errorf("trained by\n%q, want\n%q", got, want)
	}
	if !r.Provenance.Started.Equal(r.Processes[0].Started) || r.Provenance.Host != "c" {
		t.Errorf("started %v on %s, want %v and c", r.Provenance.Started, r.Provenance.Host, r.Processes[0].Started)
	}
}

// The memory that a run takes is the most that any of its processes took, also where
// the last one trained others beside it, whose memory is not told apart.
func TestPeakOfAllProcesses(t *testing.T) {
	for _, besides := range []bool{false, true} {
		a, paths := killedAt(t, images(), 6)
		b, err := os.ReadFile(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		c, err := decodeCheckpoint(b, a.key)
		if err != nil || (c.state.PeakMiB > 0) != (process.PeakMiB() > 0) {
			t.Fatalf("the checkpoint says %v MiB: %v", c.state.PeakMiB, err)
		}
		const before = 1e6
		c.state.PeakMiB = before
		var with bytes.Buffer
		if err := errors.Join(encodeCheckpoint(&with, a.key, *c), os.WriteFile(paths[0], with.Bytes(), 0o666)); err != nil {
			t.Fatal(err)
		}
		a.model, a.besides = &fakeModel{}, besides
		if _, err := a.train(t, t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, err := find(a.store, a.key); err != nil || r.PeakMiB != before {
			t.Errorf("others beside it %t: recorded with %v MiB, want %v: %v", besides, r.PeakMiB, before, err)
		}
	}
}

// A run that goes on under kernels that round otherwise than those before says so,
// once: its numbers are those of neither.
func TestOtherRounding(t *testing.T) {
	a := newAttempt(t, t.TempDir(), images())
	for i, c := range []struct {
		rounding string
		kill     int // step
		says     string
	}{
		{"avx512", 3, ""},
		{"avx2", 2, ""}, // gives the same bits
		{"portable", 3, "its kernels round otherwise (portable) than those up to iteration 3 (avx2): "},
		{"portable", 2, ""},
		{"portable-fma", 2, "its kernels round otherwise (portable-fma) than those up to iteration 6 (portable): "},
		{"neon", 0, "its kernels round otherwise (neon) than those up to iteration 7 (portable-fma): "},
	} {
		a.model = &fakeModel{rounding: c.rounding, killStep: c.kill}
		o, err := a.train(t, t.Context())
		if err != nil && !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		var said []string
		for _, w := range o.warnings {
			said = append(said, w.Error())
		}
		if text := strings.Join(said, "\n"); len(said) > 1 || (text == "") != (c.says == "") || !strings.Contains(text, c.says) || strings.Contains(text, "\n") {
			t.Errorf("process %d, with %s, warns %q, want %q", i+1, c.rounding, said, c.says)
		}
	}
}

// A run ends as diverged where a number of it is not finite: with the rows before,
// without layer responses, weights or checkpoints, and with a reason that says which
// and whether it was the weights.
func TestDivergence(t *testing.T) {
	for name, c := range map[string]struct {
		model fakeModel
		rows  int
		says  string
	}{
		"a step":                {fakeModel{infiniteStep: 5}, 1, "the training loss is +Inf at iteration 5, learning rate 0.01"},
		"test images":           {fakeModel{infiniteEval: 5}, 1, "the loss of the test images is +Inf after iteration 6, learning rate 0.01; the weights are finite"},
		"validation images":     {fakeModel{infiniteEval: 6}, 1, "the loss of the validation images is +Inf after iteration 6"},
		"images for a response": {fakeModel{infiniteEval: 11}, 3, "the loss of the test images is +Inf after iteration 8"},
		"a response":            {fakeModel{breaks: "responses"}, 3, "the response of layer1.0.conv1 is NaN after iteration 8, learning rate 0.001; the weights are finite"},
		"weights":               {fakeModel{breaks: "weights"}, 3, `after iteration 8 tensor "conv1.weight" holds NaN`},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAttempt(t, t.TempDir(), images())
			a.model = &c.model
			if _, err := a.train(t, t.Context()); !errors.Is(err, ErrDiverged) {
				t.Fatalf("got %v, want ErrDiverged", err)
			}
			r, err := find(a.store, a.key)
			if err != nil {
				t.Fatal(err)
			}
			if r.Status != results.Diverged || len(r.Rows) != c.rows || !strings.Contains(r.Reason, c.says) {
				t.Errorf("recorded as %s with %d rows: %q; want diverged with %d and %q", r.Status, len(r.Rows), r.Reason, c.rows, c.says)
			}
			if len(r.Responses) > 0 {
				t.Errorf("a run that diverged leaves the layer responses %v", r.Responses)
			}
			if _, ok := Latest(r.Dir); ok {
				t.Error("a run that diverged leaves a checkpoint")
			}
			if _, err := os.Stat(filepath.Join(r.Dir, WeightsFile)); err == nil {
				t.Error("a run that diverged leaves weights")
			}
		})
	}
}

// Training again that diverges leaves nothing of the weights before.
func TestDivergesAgain(t *testing.T) {
	a := newAttempt(t, t.TempDir(), images())
	if _, err := a.train(t, t.Context()); err != nil {
		t.Fatal(err)
	}
	a.model = &fakeModel{infiniteStep: 5}
	if _, err := a.train(t, t.Context()); !errors.Is(err, ErrDiverged) {
		t.Fatalf("got %v, want ErrDiverged", err)
	}
	if _, err := os.Stat(filepath.Join(a.store.Path(a.key), WeightsFile)); err == nil {
		t.Error("the weights of the run before are there")
	}
}

// The loss of a step is that before its update, so the last update of a run can
// be the one that breaks the weights. A run that is complete has weights that can
// be evaluated.
func TestDivergenceInTheLastUpdate(t *testing.T) {
	net, err := network.Parse("plain blocks=1 channels=16")
	if err != nil {
		t.Fatal(err)
	}
	const longest = 20
	store, err := results.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	set := images()
	train := func(iterations int) (*results.Record, error) {
		key := smallKey(set)
		key.Spec.Network = net
		p := &key.Spec.Protocol
		p.LearningRate, p.WeightDecay, p.Iterations, p.EvalInterval, p.Milestones, p.Validation = 100, 0.5, iterations, iterations, nil, 0
		m, err := models.New(net, models.Options{Batch: p.Batch, EvalBatch: EvalBatch, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		run, err := store.Begin(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		defer run.Release()
		trained := (&Job{Data: set, Model: m, Run: run, Record: &results.Record{}, Observer: &silent{}}).Train(t.Context())
		r, err := find(store, key)
		if err != nil {
			t.Fatal(err)
		}
		return r, trained
	}
	r, err := train(longest)
	var at int
	if _, scanned := fmt.Sscanf(r.Reason, "diverged: the training loss is NaN at iteration %d", &at); !errors.Is(err, ErrDiverged) || scanned != nil {
		t.Fatalf("%d iterations end as %s, %q: %v", longest, r.Status, r.Reason, err)
	}
	r, err = train(at - 1)
	if want := fmt.Sprintf("is NaN after iteration %d", at-1); r.Status != results.Diverged || !strings.Contains(r.Reason, want) || !errors.Is(err, ErrDiverged) {
		t.Errorf("%d iterations end as %s, %q: %v; want one that %s", at-1, r.Status, r.Reason, err, want)
	}
	for at--; r.Status == results.Diverged; { // the running variances break before the loss does
		at--
		r, err = train(at)
	}
	if err != nil || r.Status != results.Complete {
		t.Fatalf("%d iterations end as %s, %q: %v", at, r.Status, r.Reason, err)
	}
	if _, err := weights.Read(filepath.Join(r.Dir, WeightsFile)); err != nil {
		t.Error(err)
	}
}

// The warm-up is part of what is resumed, and what the record tells.
func TestWarmUpIsResumed(t *testing.T) {
	set := images()
	wrongFrom := func(done int) func(int) int {
		return func(step int) int {
			if done+step <= 60 {
				return 8
			}
			return 2
		}
	}
	start := func() attempt {
		a := newAttempt(t, t.TempDir(), set)
		a.key.Spec.Network = network.Standard(network.Residual, 18)
		a.key.Spec.Protocol.Iterations, a.key.Spec.Protocol.EvalInterval = 140, 70
		a.key.Spec.Protocol.WarmupWindow = 100
		a.key.Spec.Protocol.Milestones = nil
		a.model.wrong, a.checkpointEvery = wrongFrom(0), time.Hour
		return a
	}
	whole := start()
	if _, err := whole.train(t, t.Context()); err != nil {
		t.Fatal(err)
	}
	// After the first 100 minibatches 60x8 + 40x2 of 800 images, 70 %, are wrong.
	r, err := find(whole.store, whole.key)
	if err != nil || r.WarmupEnded != 100 || r.Rows[0].LearningRate != 0.01 || r.Rows[1].LearningRate != 0.1 {
		t.Fatalf("warm-up ended at %d, want 100; rows %v, %v", r.WarmupEnded, r.Rows, err)
	}
	for _, at := range []int{50, 100, 101, 120} {
		a := start()
		ctx, stop := context.WithCancel(t.Context())
		a.model.afterStep = func() {
			if a.model.steps == at {
				stop()
			}
		}
		if _, err := a.train(t, ctx); !errors.Is(err, ErrStopped) {
			t.Fatal(err)
		}
		a.model = &fakeModel{wrong: wrongFrom(at)}
		if _, err := a.train(t, t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := a.outcome(t), whole.outcome(t); got != want {
			t.Errorf("stopped after iteration %d: the outcome differs:\n%q\nwant\n%q", at, got, want)
		}
	}
}

// A run that is told to stop while its weights or its record cannot be written is
// stopped as any other, and goes on to its end.
func TestStopAtTheEnd(t *testing.T) {
	set := images()
	for name, tries := range map[string]int{WeightsFile: 1, results.RunFile: 3} { // the record with each row, too
		a := newAttempt(t, t.TempDir(), set)
		inTheWay := filepath.Join(a.store.Path(a.key), name)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		a.model.afterStep = func() {
			if a.model.steps == 6 { // rows come after this one and the last
				if err := errors.Join(os.RemoveAll(inTheWay), os.MkdirAll(filepath.Join(inTheWay, "below"), 0o755)); err != nil {
					t.Error(err)
				}
			}
		}
		a.warned = func(n int) {
			if n < tries {
				return
			}
			if err := os.RemoveAll(inTheWay); err != nil {
				t.Error(err)
			}
			stop()
		}
		watch, err := a.train(t, ctx)
		if !errors.Is(err, ErrStopped) || len(watch.warnings) == 0 {
			t.Fatalf("%s: got %v, warnings %v", name, err, watch.warnings)
		}
		r, err := find(a.store, a.key)
		if err != nil || r == nil || r.Status != results.Interrupted || r.Responses != nil || !r.Provenance.Ended.IsZero() {
			t.Errorf("%s: the record is %+v, %v", name, r, err)
		}
		a.model, a.warned = &fakeModel{}, nil
		if _, err := a.train(t, t.Context()); err != nil || a.model.steps != 0 {
			t.Errorf("%s: %v after %d more steps", name, err, a.model.steps)
		}
		if got, want := a.outcome(t), unbroken(t, set); got != want {
			t.Errorf("%s: the outcome differs:\n%q\nwant\n%q", name, got, want)
		}
	}
}

// Saving may fail for a while, and not longer; a lease that is lost is no matter of
// time.
func TestEndure(t *testing.T) {
	failed, lost := errors.New("no space"), error(&lease.LostError{})
	long := time.Now().Add(-usualPatience - time.Second)
	for _, c := range []struct {
		name      string
		since     time.Time
		err, want error
	}{
		{"saved", long, nil, nil},
		{"for the first time", time.Time{}, failed, nil},
		{"a minute later", time.Now().Add(-time.Minute), failed, nil},
		{"for too long", long, failed, failed},
		{"lost", time.Time{}, lost, lost},
	} {
		run := &trainer{Job: &Job{Observer: &silent{}}}
		if got := run.endure(&c.since, c.err); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if (c.err == nil) != c.since.IsZero() && c.want == nil {
			t.Errorf("%s: it fails since %v", c.name, c.since)
		}
	}
}

// A worker whose lease another has taken writes nothing more.
func TestLostLease(t *testing.T) {
	a := newAttempt(t, t.TempDir(), images())
	dir := a.store.Path(a.key)
	a.model.afterStep = func() {
		if a.model.steps != 4 {
			return
		}
		claims, _ := filepath.Glob(filepath.Join(dir, "claim*"))
		for _, c := range claims {
			os.Remove(c)
		}
	}
	_, err := a.train(t, t.Context())
	var lost *lease.LostError
	if !errors.As(err, &lost) {
		t.Fatalf("got %v, want a LostError", err)
	}
	if at, _ := Latest(dir); at != 3 {
		t.Errorf("the last checkpoint is of iteration %d, want 3", at)
	}
}
