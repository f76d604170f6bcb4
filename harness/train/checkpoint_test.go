package train

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deepresidual/models"
	"deepresidual/results"
)

// sample returns a checkpoint with a value in every field, and its bytes.
func sample(t testing.TB, key results.Key) (checkpoint, []byte) {
	t.Helper()
	c := checkpoint{
		state: state{
			Iteration: 10,
			Rows: []row{
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
	nan := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
	if d := cmp.Diff(want, *got, cmp.AllowUnexported(checkpoint{}), nan); d != "" {
		t.Errorf("a checkpoint changes on its way through a file (-want +got):\n%s", d)
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
		if _, err := decodeCheckpoint(bad, key); err == nil {
			t.Errorf("a checkpoint with byte %d changed was accepted", i)
		}
	}
	if _, err := decodeCheckpoint(append(bytes.Clone(good), 0), key); err == nil {
		t.Error("a checkpoint with a byte too many was accepted")
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
		{"both truncated", func(p string) error { return os.Truncate(p, 100) }, true, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAttempt(t, t.TempDir(), set)
			a.model.killStep = 6
			if _, err := a.train(t, t.Context()); !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			paths, err := checkpoints(a.store.Path(a.key))
			if err != nil || len(paths) != 2 {
				t.Fatalf("two checkpoints are kept: %v %v", paths, err)
			}
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
	for _, name := range []string{"checkpoint-00000012", "checkpoint-", "checkpoint-x", "weights.safetensors", "checkpoint-00000007"} {
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
