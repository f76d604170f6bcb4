package results

import (
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"deepresidual/experiments"
	"deepresidual/results/lease"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestMain also is the worker processes of TestKilledWorkers.
func TestMain(m *testing.M) {
	if dir := os.Getenv("RESULTS_TEST_WORKER"); dir != "" {
		os.Exit(workerProcess(dir))
	}
	flag.Parse()
	os.Exit(m.Run())
}

func testKey(t testing.TB, network string, seed int64) Key {
	t.Helper()
	n, err := experiments.ParseNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	scale := experiments.Scale{Num: 1, Den: 16}
	return Key{
		Spec: experiments.RunSpec{Network: n, Protocol: experiments.Paper().Scaled(scale), Scale: scale, Seed: seed},
		Data: Fingerprint{
			Train: "72083841cd0fa633f09b24c0833cf6d6a1809caff400317117334e0aa6b0ed46",
			Test:  "f1bbb931260cda782c84c1948c82d910e2c193cb1d56756293f445027090946b",
		},
		Arithmetic: 1,
	}
}

// testRecord is a finished record with n rows.
func testRecord(key Key, n int) *Record {
	r := &Record{
		Key:         key,
		Status:      Complete,
		WarmupEnded: -1,
		Provenance: Provenance{
			Revision: "0123456789abcdef0123456789abcdef01234567", RevisionSource: "git",
			GoVersion: "go1.26.0", OS: "linux", Arch: "amd64", CPU: "A Processor @ 3.00GHz", Host: "node1",
			Kernels: []string{"avx2", "avx512"}, Threads: 2, Command: `harness -exp fig1 -scale 1/16`,
			Started: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC), Ended: time.Date(2026, 11, 1, 9, 30, 0, 0, time.UTC),
			TrainSeconds: 5400.25, Resumed: 1,
		},
		Processes: []Process{
			{Iteration: 0, Host: "node7", CPU: "Another Processor", Kernels: "avx2", Threads: 8, Revision: "fedcba9876543210fedcba9876543210fedcba98", Dirty: true,
				GoVersion: "go1.26.0", Started: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)},
			{Iteration: 700, Host: "node1", CPU: "A Processor @ 3.00GHz", Kernels: "avx512", Threads: 2, Revision: "0123456789abcdef0123456789abcdef01234567",
				GoVersion: "go1.26.0", Started: time.Date(2026, 11, 1, 8, 40, 0, 0, time.UTC)},
		},
		PeakMiB: 412.5,
	}
	for i := 1; i <= n; i++ {
		r.Rows = append(r.Rows, Row{
			Iteration: 100 * i, Epoch: 0.256 * float64(i), LearningRate: 0.1,
			TrainLoss: 2.3 / float64(i), TrainError: 90 / float64(i), TestError: 80/float64(i) + float64(i%3), ValError: math.NaN(),
		})
		r.Times = append(r.Times, Time{Iteration: 100 * i, Seconds: 12.5 * float64(i)})
	}
	r.Responses = []Response{{1, "conv1", 0.75}, {2, "layer1.0.conv1", 1e-9}}
	return r
}

// scratch is a folder of the test's own, in memory where there is such a place:
// every file here is flushed, and a busy disk would make the tests slow.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "results-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func open(t testing.TB, dir string, o lease.Options) *Store {
	t.Helper()
	s, err := OpenWith(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// find reads the record of a run, whatever its status; nil if there is none.
func find(s *Store, key Key) (*Record, error) {
	state := s.State(key)
	return state.Record, state.Damage
}

func begin(t testing.TB, s *Store, key Key) *Run {
	t.Helper()
	run, err := s.Begin(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func save(t testing.TB, run *Run, r *Record) {
	t.Helper()
	if err := run.Save(r); err != nil {
		t.Fatal(err)
	}
}

func release(t testing.TB, run *Run) {
	t.Helper()
	if err := run.Release(); err != nil {
		t.Fatal(err)
	}
}

// names lists a folder.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func overwrite(t testing.TB, path string, change func(string) string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := change(string(b))
	if changed == string(b) {
		t.Fatalf("%s: nothing to change", filepath.Base(path))
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}

func content(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// host is this machine under another name, with a process that lives or not.
func host(name string, alive *bool) lease.Options {
	m := *lease.ThisMachine()
	m.Host, m.ID, m.Boot = name, name, name
	m.Life = func(int, string) lease.Life {
		if *alive {
			return lease.Alive
		}
		return lease.Dead
	}
	return lease.Options{Machine: &m}
}
