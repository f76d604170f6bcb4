package results

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deepresidual/results/lease"
)

// A request to train runs again is done when each has another finished record,
// and until then it is known again, whoever asks.
func TestRetraining(t *testing.T) {
	s := open(t, scratch(t), lease.Options{})
	one, two, three := testKey(t, "plain-20", 1), testKey(t, "plain-20", 2), testKey(t, "plain-20", 3)
	all := []Key{one, two, three}
	finish := func(key Key, rows int) {
		run := begin(t, s, key)
		save(t, run, testRecord(key, rows))
		release(t, run)
	}
	left := func(keys ...Key) (ids []string) {
		t.Helper()
		found, err := s.Retraining(keys)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range all {
			if begun, ok := found[k.Identity()]; ok && begun {
				ids = append(ids, k.String()[:len("plain-20 scale 1/16 seed 1")]+" begun")
			} else if ok {
				ids = append(ids, k.String()[:len("plain-20 scale 1/16 seed 1")])
			}
		}
		return ids
	}
	expect := func(when string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: left are %q, want %q", when, got, want)
		}
	}
	for _, k := range all {
		finish(k, 3)
	}
	expect("at first", left(all...))
	if err := s.Retrain(all, all); err != nil {
		t.Fatal(err)
	}
	const s1, s2, s3 = "plain-20 scale 1/16 seed 1", "plain-20 scale 1/16 seed 2", "plain-20 scale 1/16 seed 3"
	expect("asked for", left(three, one, two), s1, s2, s3)
	expect("others asked for", left(one, two))
	if state := s.State(one); state.Status != Complete || !state.Retraining {
		t.Errorf("state %+v", state)
	}

	run := begin(t, s, one)
	if asked, begun := run.Retraining(); !asked || begun {
		t.Errorf("asked %v, begun %v", asked, begun)
	}
	if err := run.BeginRetraining(); err != nil {
		t.Fatal(err)
	}
	release(t, run) // interrupted
	expect("begun", left(all...), s1+" begun", s2, s3)
	finish(one, 4)
	expect("one is done", left(all...), s2, s3)
	if state := s.State(one); state.Status != Complete || state.Retraining {
		t.Errorf("state %+v", state)
	}

	// A second worker asks for what the first has done meanwhile.
	path := filepath.Join(s.Path(two), retrainFile)
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	finish(two, 5)
	if err := os.WriteFile(path, old, 0o666); err != nil {
		t.Fatal(err)
	}
	run = begin(t, s, two)
	if asked, _ := run.Retraining(); asked {
		t.Error("what was trained again is to be trained again")
	}
	release(t, run)
	expect("two are done", left(all...), s3)

	if err := os.WriteFile(filepath.Join(s.Path(three), retrainFile), []byte("request = "), 0o666); err != nil {
		t.Fatal(err)
	}
	expect("damaged", left(all...))
	finish(three, 3)
	if _, err := os.Stat(filepath.Join(s.Path(three), retrainFile)); err == nil {
		t.Error("the file outlives the training")
	}
}

// Who asks while another begins, or asks again, does not undo that the training has
// begun: what it has written by then is not begun anew.
func TestRetrainingStaysBegun(t *testing.T) {
	with := func(status Status, r *Record) *Record {
		if r.Status = status; status == Interrupted {
			r.Responses = nil
		}
		return r
	}
	for _, status := range []Status{Complete, Interrupted} {
		t.Run(string(status), func(t *testing.T) {
			s := open(t, scratch(t), lease.Options{})
			key := testKey(t, "plain-20", 1)
			path := filepath.Join(s.Path(key), retrainFile)
			run := begin(t, s, key)
			save(t, run, with(status, testRecord(key, 3)))
			release(t, run)
			ask := func() {
				t.Helper()
				if err := s.Retrain([]Key{key}, []Key{key}); err != nil {
					t.Fatal(err)
				}
			}
			expect := func(when string, begun bool) {
				t.Helper()
				run := begin(t, s, key)
				if asked, got := run.Retraining(); !asked || got != begun {
					t.Errorf("%s: asked %v, begun %v, want %v", when, asked, got, begun)
				}
				release(t, run)
			}
			ask()
			late, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			run = begin(t, s, key)
			if err := run.BeginRetraining(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, late, 0o666); err != nil {
				t.Fatal(err)
			}
			save(t, run, with(Interrupted, testRecord(key, 1)))
			release(t, run)
			expect("a late request", true)
			ask()
			expect("asked again", true)

			// A worker that is killed as soon as the record is replaced.
			begun, _ := os.ReadFile(filepath.Join(s.Path(key), begunFile))
			run = begin(t, s, key)
			save(t, run, testRecord(key, 5))
			release(t, run)
			if got := names(t, s.Path(key)); len(got) != 4 {
				t.Errorf("left behind %v", got)
			}
			if err := os.WriteFile(filepath.Join(s.Path(key), begunFile), begun, 0o666); err != nil {
				t.Fatal(err)
			}
			ask()
			expect("another request", false)
			// An earlier version of the program says it in the request.
			overwrite(t, path, func(s string) string { return strings.Replace(s, "begun = false", "begun = true", 1) })
			expect("begun by an earlier version", true)
		})
	}
}

// A request that fails before it has reached all runs was none: the same command
// asks again.
func TestRetrainHalfAsked(t *testing.T) {
	s := open(t, scratch(t), lease.Options{})
	all := []Key{testKey(t, "plain-20", 1), testKey(t, "plain-20", 2), testKey(t, "plain-20", 3)}
	for _, k := range all {
		run := begin(t, s, k)
		save(t, run, testRecord(k, 3))
		release(t, run)
	}
	obstacle := filepath.Join(s.Path(all[2]), retrainFile)
	if err := os.MkdirAll(filepath.Join(obstacle, "full"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := s.Retrain(all, all); err == nil {
		t.Fatal("a request that cannot be written is accepted")
	}
	if err := os.RemoveAll(obstacle); err != nil {
		t.Fatal(err)
	}
	if left, err := s.Retraining(all); err != nil || len(left) != 0 {
		t.Errorf("after the failure: left are %v, %v", left, err)
	}
	if err := s.Retrain(all, all); err != nil {
		t.Fatal(err)
	}
	if left, err := s.Retraining(all); err != nil || len(left) != len(all) {
		t.Errorf("asked again: left are %v, %v", left, err)
	}
}

// A worker that is killed while it replaces a finished record leaves that or the
// new one, with its own tables, and the next puts them in their places.
func TestKilledWhileReplacing(t *testing.T) {
	key := testKey(t, "plain-20", 1)
	old, fresh := testRecord(key, 3), testRecord(key, 5)
	fresh.Responses[0].Std = 2
	files, err := Files(fresh)
	if err != nil {
		t.Fatal(err)
	}
	steps := []string{
		CurveFile + pending, TimingFile + pending, ResponsesFile + pending,
		RunFile, CurveFile, TimingFile, ResponsesFile,
	}
	for kill := range len(steps) + 1 {
		s := open(t, scratch(t), lease.Options{})
		run := begin(t, s, key)
		save(t, run, old)
		release(t, run)
		want := 3
		for _, step := range steps[:kill] {
			to := filepath.Join(run.Dir(), step)
			for _, f := range files {
				if f.Name != strings.TrimSuffix(step, pending) {
					continue
				}
				if err := os.WriteFile(to, f.Content, 0o666); err != nil {
					t.Fatal(err)
				}
				if step != RunFile && step == f.Name {
					os.Remove(to + pending)
				}
			}
			if step == RunFile {
				want = 5
			}
		}
		for _, when := range []string{"killed", "held by the next"} {
			if got, err := find(s, key); err != nil || got.Status != Complete || len(got.Rows) != want {
				t.Errorf("after %q, %s: %v, %v; want %d rows", steps[:kill], when, got, err, want)
			}
			release(t, begin(t, s, key))
		}
		if got, err := find(s, key); err != nil || len(got.Times) != want {
			t.Errorf("after %q: the times are of %v, %v; want %d", steps[:kill], got, err, want)
		}
		if got := names(t, run.Dir()); len(got) != 4 {
			t.Errorf("after %q: left behind %v", steps[:kill], got)
		}
	}
}

// Where a run was trained again to the same end, its tables do not tell which record
// is there: the times are those of run.toml all the same.
func TestKilledWhileReplacingTheSame(t *testing.T) {
	key := testKey(t, "plain-20", 1)
	old, fresh := testRecord(key, 3), testRecord(key, 3)
	fresh.Provenance.TrainSeconds += 1000
	for i := range fresh.Times {
		fresh.Times[i].Seconds += 1000
	}
	files, err := Files(fresh)
	if err != nil {
		t.Fatal(err)
	}
	content := map[string][]byte{}
	for _, f := range files {
		content[f.Name] = f.Content
	}
	for _, c := range []struct {
		name          string
		there, placed []string // of the new tables: on their way, in their places
		replaced      bool
	}{
		{"before run.toml", []string{CurveFile, TimingFile, ResponsesFile}, nil, false},
		{"after run.toml", []string{CurveFile, TimingFile, ResponsesFile}, []string{RunFile}, true},
		{"after the curve", []string{TimingFile, ResponsesFile}, []string{RunFile, CurveFile}, true},
		{"after the times", []string{ResponsesFile}, []string{RunFile, CurveFile, TimingFile}, true},
	} {
		s := open(t, scratch(t), lease.Options{})
		run := begin(t, s, key)
		save(t, run, old)
		release(t, run)
		if err := s.Retrain([]Key{key}, []Key{key}); err != nil {
			t.Fatal(err)
		}
		for _, name := range c.there {
			err = errors.Join(err, os.WriteFile(filepath.Join(run.Dir(), name+pending), content[name], 0o666))
		}
		for _, name := range c.placed {
			err = errors.Join(err, os.WriteFile(filepath.Join(run.Dir(), name), content[name], 0o666))
		}
		if err != nil {
			t.Fatal(err)
		}
		release(t, begin(t, s, key))
		got, err := find(s, key)
		if err != nil || (got.Times[0].Seconds > 1000) != c.replaced || len(names(t, run.Dir())) != 5 { // with the request
			t.Errorf("killed %s: %+v, %v, %v", c.name, got.Times, err, names(t, run.Dir()))
		}
	}
}

// A finished record one of whose tables is damaged stays, as a whole one does, until
// the run is trained again to its end.
func TestRetrainDamaged(t *testing.T) {
	key := testKey(t, "plain-20", 1)
	s := open(t, scratch(t), lease.Options{})
	run := begin(t, s, key)
	save(t, run, testRecord(key, 3))
	release(t, run)
	overwrite(t, filepath.Join(run.Dir(), TimingFile), func(string) string { return "not a table" })
	before := contents(t, run.Dir())
	if err := s.Retrain([]Key{key}, []Key{key}); err != nil {
		t.Fatal(err)
	}
	run = begin(t, s, key)
	if err := run.BeginRetraining(); err != nil {
		t.Fatal(err)
	}
	fresh := testRecord(key, 5)
	unfinished := *fresh
	unfinished.Status, unfinished.Responses = Running, nil
	save(t, run, &unfinished)
	after := contents(t, run.Dir())
	for name, was := range before {
		if after[name] != was {
			t.Errorf("%s was replaced while the run was trained again", name)
		}
	}
	save(t, run, fresh)
	release(t, run)
	if got, err := find(s, key); err != nil || got.Status != Complete || len(got.Rows) != 5 || len(got.Times) != 5 {
		t.Errorf("trained again: %+v, %v", got, err)
	}
}

// Whether a damaged record was replaced tell the tables of the new one.
func TestKilledWhileReplacingDamaged(t *testing.T) {
	key := testKey(t, "plain-20", 1)
	files, err := Files(testRecord(key, 5))
	if err != nil {
		t.Fatal(err)
	}
	for _, replaced := range []bool{false, true} {
		s := open(t, scratch(t), lease.Options{})
		run := begin(t, s, key)
		save(t, run, testRecord(key, 3))
		release(t, run)
		overwrite(t, filepath.Join(run.Dir(), TimingFile), func(string) string { return "not a table" })
		if err := s.Retrain([]Key{key}, []Key{key}); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			path := filepath.Join(run.Dir(), f.Name)
			switch {
			case f.Name != RunFile:
				path += pending
			case !replaced:
				continue
			}
			if err := os.WriteFile(path, f.Content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		release(t, begin(t, s, key))
		got, err := find(s, key)
		if whole := err == nil && len(got.Rows) == 5 && len(got.Times) == 5; whole != replaced || !replaced && !errors.As(err, new(*DamagedError)) {
			t.Errorf("run.toml replaced: %v: %+v, %v", replaced, got, err)
		}
		if slices.ContainsFunc(names(t, run.Dir()), func(name string) bool { return strings.HasSuffix(name, pending) }) {
			t.Errorf("run.toml replaced: %v: left behind %v", replaced, names(t, run.Dir()))
		}
	}
}

// contents is what the files in a folder hold.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range names(t, dir) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(b)
	}
	return all
}

// Tables on their way to their places stay where the record does not tell whose they
// are: it is of a later version of the program, or they cannot be read.
func TestUnsettled(t *testing.T) {
	key := testKey(t, "plain-20", 1)
	files, err := Files(testRecord(key, 5))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		spoil func(dir string)
		fails bool
	}{
		{"record of a later version", func(dir string) {
			overwrite(t, filepath.Join(dir, RunFile), func(s string) string {
				return strings.Replace(s, fmt.Sprint("format = ", format), fmt.Sprint("format = ", format+1), 1)
			})
		}, false},
		{"table that cannot be read", func(dir string) {
			curve := filepath.Join(dir, CurveFile)
			err := errors.Join(os.Rename(curve+pending, curve), os.Mkdir(curve+pending, 0o777))
			if err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, scratch(t), lease.Options{})
			run := begin(t, s, key)
			save(t, run, testRecord(key, 3))
			release(t, run)
			for _, f := range files {
				if f.Name != RunFile {
					f.Name += pending
				}
				if err := os.WriteFile(filepath.Join(run.Dir(), f.Name), f.Content, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			c.spoil(run.Dir())
			before := names(t, run.Dir())
			run, err := s.Begin(t.Context(), key)
			if (err != nil) != c.fails {
				t.Errorf("begun: %v", err)
			}
			if err == nil {
				release(t, run)
			}
			if got := names(t, s.Path(key)); !slices.Equal(got, before) {
				t.Errorf("left are %v, want %v", got, before)
			}
		})
	}
}
