package train

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/weights"
	"deepresidual/models"
	"deepresidual/results"
)

// sample returns a checkpoint with a value in every field, and its bytes.
func sample(t testing.TB, key results.Key) (checkpoint, []byte) {
	t.Helper()
	c := checkpoint{
		state: state{
			Iteration: 10,
			Rows: []results.Row{
				{Iteration: 5, Epoch: 0.1, LearningRate: 0.1, TrainLoss: 1.0 / 3, TrainError: 50, TestError: 60, ValError: math.NaN()},
				{Iteration: 10, Epoch: 0.2, LearningRate: 0.01, TrainLoss: 0.1, TrainError: 40, TestError: 50, ValError: 55},
			},
			Since:   accumulator{Batches: 2, Loss: math.Nextafter(1, 2), Wrong: 7},
			Rate:    0.01,
			WarmUp:  warmUp{Active: true, Ended: -1, Wrong: []int{1, 2}},
			Times:   []results.Time{{Iteration: 5, Seconds: 1.5}},
			Seconds: 2.5,
			Kernels: []string{"avx2", "avx512"},
			Resumed: 1,
			PeakMiB: 300.5,
			Processes: []results.Process{
				{Host: "a", CPU: "x", Kernels: "avx2", Threads: 2, Revision: "1", Dirty: true, GoVersion: "go1", Started: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)},
				{Iteration: 7, Host: "b", Started: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)},
			},
		},
		tensors:  []models.Tensor{{Name: "conv1.weight", Shape: []int{2, 1}, Data: []float32{1, float32(math.Inf(-1))}}},
		momentum: []models.Tensor{{Name: "conv1.weight", Shape: []int{2, 1}, Data: []float32{-0.1, 3e-39}}},
	}
	var b bytes.Buffer
	if err := encodeCheckpoint(&b, key, c); err != nil {
		t.Fatal(err)
	}
	return c, b.Bytes()
}

func TestCheckpointRoundTrip(t *testing.T) {
	key := smallKey(images())
	want, b := sample(t, key)
	got, err := decodeCheckpoint(b, key)
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(want, *got); d != "" {
		t.Errorf("a checkpoint changes on its way through a file (-want +got):\n%s", d)
	}
}

func difference(a, b checkpoint) string {
	nan := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
	return cmp.Diff(a, b, cmp.AllowUnexported(checkpoint{}), nan)
}

// A checkpoint is a safetensors file as any other, without a word about training
// in it that a reader of those would stumble over.
func TestCheckpointIsSafetensors(t *testing.T) {
	key := smallKey(images())
	_, b := sample(t, key)
	tensors, metadata, err := weights.ReadSafetensors(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if len(tensors) != 2 || tensors[0].Name != "conv1.weight" || tensors[1].Name != "momentum.conv1.weight" {
		t.Errorf("tensors %v", tensors)
	}
	if metadata["identity"] != key.Identity() || !strings.HasPrefix(metadata["curve"], "iteration,epoch,") {
		t.Errorf("metadata %v", metadata)
	}
}

// What an older program left is gone on from.
func TestFormat1(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "checkpoint-format1"))
	if err != nil {
		t.Fatal(err)
	}
	got, identity, err := decodeFormat1(b)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := sample(t, smallKey(images()))
	want.state.Processes, want.state.PeakMiB = nil, 0 // it does not say
	if d := difference(want, *got); d != "" || identity != "545c9b82a181" {
		t.Errorf("of run %s, (-want +got):\n%s", identity, d)
	}
	for n := range b {
		if _, _, err := decodeFormat1(b[:n]); err == nil {
			t.Errorf("truncated to %d of %d bytes it was accepted", n, len(b))
		}
	}
}

// Files of the first format that are whole and wrong.
func TestFormat1Refuses(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "checkpoint-format1"))
	if err != nil {
		t.Fatal(err)
	}
	const header = len(format1Magic) + 8
	end := len(b) - sha256.Size
	for _, c := range []struct {
		want  string
		wrong func(body []byte) []byte
	}{
		{"version is 2", func(b []byte) []byte { b[len(format1Magic)] = 2; return b }},
		{"longer than the file", func(b []byte) []byte { b[header-1] = 1; return b }},
		{"its header: invalid character", func(b []byte) []byte { b[header] = '!'; return b }},
		{"ends before tensor conv1.weight", func(b []byte) []byte { return b[:len(b)-1] }},
		{"1 bytes follow its last tensor", func(b []byte) []byte { return append(b, 0) }},
	} {
		body := c.wrong(bytes.Clone(b[:end]))
		sum := sha256.Sum256(body)
		if _, _, err := decodeFormat1(append(body, sum[:]...)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// A checkpoint says of its network's training what the run's weights say, for who
// evaluates it.
func TestCheckpointSaysHowTrained(t *testing.T) {
	key := smallKey(images())
	key.Spec.Protocol.PaddingSide, key.Spec.Protocol.NormEpsilon = experiments.PadEnd, 0.1
	c, b := sample(t, key)
	_, says, err := weights.ReadSafetensors(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	want := metadata(key, c.state.Iteration)
	if got := TrainedBy(says); got != TrainedBy(want) || got == TrainedBy(nil) || says["network"] != want["network"] {
		t.Errorf("network %q trained by %+v, want %q by %+v", says["network"], got, want["network"], TrainedBy(want))
	}
}

// Every way a file can be wrong is told, and told apart from a good one.
func TestDecodeCheckpointRefuses(t *testing.T) {
	key := smallKey(images())
	_, good := sample(t, key)
	other := key
	other.Spec.Seed++
	if _, err := decodeCheckpoint(good, other); err == nil {
		t.Error("the checkpoint of another seed was accepted")
	}
	for n := range good {
		if _, err := decodeCheckpoint(good[:n], key); err == nil {
			t.Errorf("a checkpoint truncated to %d of %d bytes was accepted", n, len(good))
		}
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, err := decodeCheckpoint(bad, key); err == nil || errors.As(err, new(*laterError)) {
			t.Errorf("a checkpoint with byte %d changed was not taken for damaged: %v", i, err)
		}
	}
	if _, err := decodeCheckpoint(append(bytes.Clone(good), 0), key); err == nil {
		t.Error("a checkpoint with a byte too many was accepted")
	}
}

// damage is what a crash, a disk or a person makes of a checkpoint.
func damage(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// killedAt returns a run that was killed in a step, and its checkpoints.
func killedAt(t *testing.T, set *data.Set, step int) (attempt, []string) {
	t.Helper()
	a := newAttempt(t, t.TempDir(), set)
	a.model.killStep = step
	if _, err := a.train(t, t.Context()); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	paths, err := checkpoints(a.store.Path(a.key))
	if err != nil || len(paths) != 2 {
		t.Fatalf("two checkpoints are kept: %v %v", paths, err)
	}
	return a, paths
}

// When no checkpoint can be used the run begins again, and its new checkpoints,
// of earlier iterations than the damaged ones, are gone on from: each kill costs
// no more than it must.
func TestUnusableCheckpointsDoNotOutliveUsable(t *testing.T) {
	set := images()
	a, paths := killedAt(t, set, 7)
	for _, p := range paths {
		damage(t, p, []byte("hello"))
	}
	a.model = &fakeModel{killStep: 4}
	if _, err := a.train(t, t.Context()); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	for _, p := range paths { // for who wants to know what became of them
		if b, err := os.ReadFile(p + unusableExtension); err != nil || string(b) != "hello" {
			t.Errorf("%s is not set aside: %q, %v", p, b, err)
		}
	}
	if at, ok := Latest(a.store.Path(a.key)); !ok || at != 3 {
		t.Errorf("the latest is of iteration %d (%v), want 3", at, ok)
	}
	a.model = &fakeModel{}
	o, err := a.train(t, t.Context())
	if err != nil || len(o.warnings) > 0 {
		t.Fatalf("started again: %v %v", err, o.warnings)
	}
	if a.model.steps != 8-3 {
		t.Errorf("%d steps were trained, want 5", a.model.steps)
	}
	if got, want := a.outcome(t), unbroken(t, set); got != want {
		t.Errorf("the outcome differs:\n%q\nwant\n%q", got, want)
	}
	if left, _ := filepath.Glob(filepath.Join(a.store.Path(a.key), "checkpoint*")); len(left) > 0 {
		t.Errorf("a complete run leaves %v", left)
	}
}

// A checkpoint that cannot be read, or only by a later version of the program, is
// not damaged: nothing is trained in its place, and nothing removed.
func TestCheckpointNotDamaged(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"read error": func(path string) error {
			// Nothing is mapped at the start of a process's memory: EIO.
			return errors.Join(os.Remove(path), os.Symlink("/proc/self/mem", path))
		},
		"later version": func(path string) error {
			var b bytes.Buffer
			err := weights.WriteSafetensors(&b, nil, map[string]string{"format": checkpointFormat + "3"})
			return errors.Join(err, os.WriteFile(path, b.Bytes(), 0o666))
		},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "read error" && runtime.GOOS != "linux" {
				t.Skip("takes a file that cannot be read")
			}
			t.Parallel() // a read error is tried again for seconds
			a, paths := killedAt(t, images(), 6)
			good, err := os.ReadFile(paths[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := spoil(paths[0]); err != nil {
				t.Fatal(err)
			}
			a.model = &fakeModel{}
			if _, err = a.train(t, t.Context()); err == nil || a.model.steps > 0 || !strings.Contains(err.Error(), paths[0]) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%d steps were trained: %v", a.model.steps, err)
			}
			if advice := "if it never can, remove it to go on from the one before"; name == "read error" && !strings.Contains(err.Error(), advice) {
				t.Errorf("the error %v does not say %q", err, advice)
			}
			if err := errors.Join(os.Remove(paths[0]), os.WriteFile(paths[0], good, 0o666)); err != nil {
				t.Fatal(err)
			}
			if _, err := a.train(t, t.Context()); err != nil || a.model.steps != 8-5 {
				t.Errorf("when it can be read again %d steps are trained, want 3: %v", a.model.steps, err)
			}
		})
	}
}

// A run goes on from the older of its two checkpoints if the newer is damaged,
// and from the start if both are; the outcome is the same.
func TestDamagedCheckpoint(t *testing.T) {
	set := images()
	want := unbroken(t, set)
	for _, c := range []struct {
		name   string
		damage func(path string) error
		both   bool
		steps  int // that are left
	}{
		{"newer truncated", func(p string) error { return os.Truncate(p, 100) }, false, 4},
		{"newer empty", func(p string) error { return os.Truncate(p, 0) }, false, 4},
		{"newer is something else", func(p string) error { return os.WriteFile(p, []byte("hello"), 0o666) }, false, 4},
		{"newer's format", func(p string) error {
			b, err := os.ReadFile(p)
			return errors.Join(err, os.WriteFile(p, bytes.Replace(b, []byte(checkpointFormat+"2"), []byte(checkpointFormat+"3"), 1), 0o666))
		}, false, 4},
		{"both truncated", func(p string) error { return os.Truncate(p, 100) }, true, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, paths := killedAt(t, set, 6)
			damaged := paths[:1]
			if c.both {
				damaged = paths
			}
			for _, p := range damaged {
				if err := c.damage(p); err != nil {
					t.Fatal(err)
				}
			}
			a.model = &fakeModel{}
			o, err := a.train(t, t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(o.warnings) != len(damaged) {
				t.Errorf("%d warnings %v, want one for each of %d damaged files", len(o.warnings), o.warnings, len(damaged))
			}
			if a.model.steps != c.steps {
				t.Errorf("%d steps were trained, want %d", a.model.steps, c.steps)
			}
			if got := a.outcome(t); got != want {
				t.Errorf("the outcome differs:\n%q\nwant\n%q", got, want)
			}
		})
	}
}

// Files that only look like checkpoints are left alone.
func TestForeignNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"checkpoint-00000012", "checkpoint-", "checkpoint-x", "weights.safetensors", "checkpoint-00000007.safetensors", "checkpoint-00000020.safetensors.unusable"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if at, ok := Latest(dir); !ok || at != 12 {
		t.Errorf("latest is %d (%v), want 12", at, ok)
	}
	if at, ok := Latest(filepath.Join(dir, "none")); ok {
		t.Errorf("a folder that does not exist has checkpoint %d", at)
	}
}

func FuzzDecodeCheckpoint(f *testing.F) {
	key := smallKey(images())
	_, good := sample(f, key)
	f.Add(good)
	f.Add(good[:40])
	if old, err := os.ReadFile(filepath.Join("testdata", "checkpoint-format1")); err == nil {
		f.Add(old)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decodeCheckpoint(b, key)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := encodeCheckpoint(&again, key, *c); err != nil {
			t.Fatal(err)
		}
		if _, err := decodeCheckpoint(again.Bytes(), key); err != nil {
			t.Fatalf("a checkpoint that was accepted is refused once written again: %v", err)
		}
	})
}
