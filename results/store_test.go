package results

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"deepresidual/results/lease"
)

func TestSaveAndFind(t *testing.T) {
	name := "my [results]*"
	if runtime.GOOS == "windows" {
		name = "my [results]" // no name has an asterisk there
	}
	dir := filepath.Join(scratch(t), name)
	s := open(t, dir, lease.Options{})
	key := testKey(t, "plain-20", 1)

	if r, err := find(s, key); r != nil || err != nil {
		t.Errorf("before: %v, %v", r, err)
	}
	if r, errs := s.Records(); r != nil || errs != nil {
		t.Errorf("before: %v, %v", r, errs)
	}
	run := begin(t, s, key)
	if r, err := run.Record(); r != nil || err != nil {
		t.Errorf("at the start: %v, %v", r, err)
	}
	want := testRecord(key, 30)
	save(t, run, want)
	release(t, run)

	got, err := find(s, key)
	if err != nil {
		t.Fatal(err)
	}
	if got.Dir != s.Path(key) {
		t.Errorf("read from %s, want %s", got.Dir, s.Path(key))
	}
	// NaN is not equal to itself: compare the files they make.
	gotFiles, _ := Files(got)
	wantFiles, _ := Files(want)
	if !reflect.DeepEqual(gotFiles, wantFiles) {
		t.Errorf("got %s, want %s", gotFiles, wantFiles)
	}
	if got, want := names(t, got.Dir), []string{CurveFile, ResponsesFile, RunFile, TimingFile}; !slices.Equal(got, want) {
		t.Errorf("the folder holds %v, want %v", got, want)
	}
	again := begin(t, s, key)
	if r, err := again.Record(); err != nil || r == nil || r.Status != Complete {
		t.Errorf("claimed again: record %v, %v", r, err)
	}

	// Training again: the finished record stays until there is another, and then
	// no file is stale.
	fresh := testRecord(key, 2)
	fresh.Status, fresh.Responses = Running, nil
	save(t, again, fresh)
	if got, err := find(s, key); err != nil || got.Status != Complete || len(got.Rows) != 30 {
		t.Errorf("being trained again: %+v, %v", got, err)
	}
	fresh.Status = Diverged
	save(t, again, fresh)
	release(t, again)
	got, err = find(s, key)
	if err != nil || got.Status != Diverged || len(got.Rows) != 2 || len(got.Responses) != 0 {
		t.Errorf("trained again: %+v, %v", got, err)
	}
	if slices.Contains(names(t, got.Dir), ResponsesFile) {
		t.Error("old responses are still there")
	}
}

func TestSaveRefuses(t *testing.T) {
	s := open(t, scratch(t), lease.Options{})
	key := testKey(t, "plain-20", 1)
	run := begin(t, s, key)
	defer run.Release()
	for name, change := range map[string]func(*Record){
		"another run":           func(r *Record) { r.Key.Spec.Seed = 9 },
		"status of no record":   func(r *Record) { r.Status = Missing },
		"error above 100":       func(r *Record) { r.Rows[0].TestError = 100.5 },
		"rows out of order":     func(r *Record) { r.Rows[0].Iteration = 1e6 },
		"times out of order":    func(r *Record) { r.Times[0].Iteration = 1e6 },
		"responses not in turn": func(r *Record) { r.Responses[1].Layer = 1 },
	} {
		r := testRecord(key, 3)
		change(r)
		if err := run.Save(r); err == nil {
			t.Errorf("%s: saved", name)
		}
	}
	if r, err := find(s, key); r != nil || err != nil {
		t.Errorf("something was written: %v, %v", r, err)
	}
}

func TestDamage(t *testing.T) {
	for _, c := range []struct {
		name, file string
		change     func(string) string
		want       string
	}{
		{"curve cut off", CurveFile, func(s string) string { return s[:len(s)-3] }, "line 4: the file ends in the middle"},
		{"curve shorter", CurveFile, func(s string) string { return s[:strings.LastIndex(strings.TrimSpace(s), "\n")+1] }, "not the table that run.toml was written for"},
		{"curve touched", CurveFile, func(s string) string { return strings.Replace(s, "100,0.256,", "100,0.257,", 1) }, "not the table"},
		{"curve gone", CurveFile, nil, syscall.ENOENT.Error()},
		{"responses touched", ResponsesFile, func(s string) string { return strings.Replace(s, "0.75", "0.5", 1) }, "not the table"},
		{"responses gone", ResponsesFile, nil, syscall.ENOENT.Error()},
		{"timing damaged", TimingFile, func(s string) string { return s + "x\n" }, "line 5: 1 values, want 2"},
		{"result touched", RunFile, func(s string) string { return strings.Replace(s, "rows = 3", "rows = 4", 1) }, "its result is not what the curve says"},
		{"empty", RunFile, func(string) string { return "" }, "arithmetic: missing"},
		{"not text", RunFile, func(string) string { return "\x00\x01" }, "line 1: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, scratch(t), lease.Options{})
			var good, bad = testKey(t, "plain-20", 1), testKey(t, "plain-20", 2)
			for _, key := range []Key{good, bad} {
				run := begin(t, s, key)
				save(t, run, testRecord(key, 3))
				release(t, run)
			}
			path := filepath.Join(s.Path(bad), c.file)
			if c.change == nil {
				os.Remove(path)
			} else {
				overwrite(t, path, c.change)
			}
			records, errs := s.Records()
			if len(records) != 1 || records[0].Key.Identity() != good.Identity() {
				t.Errorf("the other record is not read: %v", records)
			}
			var damaged *DamagedError
			if len(errs) != 1 || !errors.As(errs[0], &damaged) || damaged.File != path ||
				!strings.Contains(errs[0].Error(), c.want) || strings.Contains(errs[0].Error(), "\n") {
				t.Fatalf("errors %q, want %q in %s", errs, c.want, path)
			}
			if state := s.State(bad); state.Status != Damaged || state.Damage == nil {
				t.Errorf("state %s, %v", state.Status, state.Damage)
			}
			// The run can be trained again all the same.
			run := begin(t, s, bad)
			if _, err := run.Record(); err == nil {
				t.Error("the worker is not told")
			}
			save(t, run, testRecord(bad, 3))
			release(t, run)
			if _, err := find(s, bad); err != nil {
				t.Errorf("trained again: %v", err)
			}
		})
	}
}

// A damaged table of a run in progress keeps nobody from going on: its checkpoint
// has the rows.
func TestDamageOfUnfinished(t *testing.T) {
	for _, file := range []string{CurveFile, TimingFile} {
		s := open(t, scratch(t), lease.Options{})
		key := testKey(t, "plain-20", 1)
		run := begin(t, s, key)
		r := testRecord(key, 3)
		r.Status, r.Responses = Interrupted, nil
		save(t, run, r)
		release(t, run)
		overwrite(t, filepath.Join(s.Path(key), file), func(s string) string { return s[:len(s)-3] })
		if state := s.State(key); state.Status != Interrupted || state.Damage != nil {
			t.Errorf("%s cut off: %s, %v", file, state.Status, state.Damage)
		}
	}
}

// A record of a later version is no damage, and nobody is advised to remove it.
func TestRecordOfLaterVersion(t *testing.T) {
	s := open(t, scratch(t), lease.Options{})
	key := testKey(t, "plain-20", 1)
	run := begin(t, s, key)
	save(t, run, testRecord(key, 3))
	release(t, run)
	path := filepath.Join(s.Path(key), RunFile)
	overwrite(t, path, func(s string) string {
		return strings.Replace(s, fmt.Sprint("format = ", format), fmt.Sprint("format = ", format+1, "\nnews = 1"), 1)
	})
	_, err := find(s, key)
	var later *LaterError
	if !errors.As(err, &later) || later.File != path || strings.Contains(err.Error(), "damaged") || strings.Contains(err.Error(), "remove") {
		t.Errorf("got %v", err)
	}
	if state := s.State(key); state.Status != Newer || !errors.As(state.Damage, &later) {
		t.Errorf("state %s, %v", state.Status, state.Damage)
	}
}

func TestRecordElsewhere(t *testing.T) {
	s := open(t, scratch(t), lease.Options{})
	key := testKey(t, "plain-20", 1)
	run := begin(t, s, key)
	save(t, run, testRecord(key, 1))
	release(t, run)
	if err := os.Rename(s.Path(key), s.Path(testKey(t, "plain-20", 2))); err != nil {
		t.Fatal(err)
	}
	if records, errs := s.Records(); len(records) != 0 || len(errs) != 1 || !strings.Contains(errs[0].Error(), "in a folder named") {
		t.Errorf("a record in the folder of another run: %v, %v", records, errs)
	}
}

func TestMissingTimesAreNoDamage(t *testing.T) {
	s := open(t, scratch(t), lease.Options{})
	key := testKey(t, "plain-20", 1)
	run := begin(t, s, key)
	save(t, run, testRecord(key, 3))
	release(t, run)
	if err := os.Remove(filepath.Join(s.Path(key), TimingFile)); err != nil {
		t.Fatal(err)
	}
	if r, err := find(s, key); err != nil || len(r.Rows) != 3 || len(r.Times) != 0 {
		t.Errorf("without timing: %v, %v", r, err)
	}
}

func TestOpen(t *testing.T) {
	file := filepath.Join(scratch(t), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil || !strings.Contains(err.Error(), "is a file, want a folder") {
		t.Errorf("opening a file: %v", err)
	}
	missing := filepath.Join(scratch(t), "missing")
	link := filepath.Join(scratch(t), "link")
	if err := os.Symlink(missing, link); err == nil { // where one may make them
		if _, err := Open(link); err == nil || !strings.Contains(err.Error(), "is a link to a folder that is not there") {
			t.Errorf("opening a link to nothing: %v", err)
		}
	}
	if _, err := Open(missing); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("Open makes the folder")
	}
}

// Reports are drawn while runs are trained, finished and trained again.
func TestReadWhileWritten(t *testing.T) {
	s := open(t, scratch(t), lease.Options{})
	key := testKey(t, "plain-20", 1)
	run := begin(t, s, key)
	first := testRecord(key, 5)
	save(t, run, first)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	var reads atomic.Int32
	for range 3 {
		readers.Go(func() {
			for ; ; reads.Add(1) {
				select {
				case <-stop:
					return
				default:
				}
				records, errs := s.Records()
				if len(errs) > 0 || len(records) != 1 {
					t.Errorf("%d records, %v", len(records), errs)
					return
				}
				if state := s.State(key); state.Status != Running && state.Status != Complete {
					t.Errorf("state %s, %v", state.Status, state.Damage)
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	for i := 0; i < 18 || reads.Load() < 20 && !t.Failed(); i++ { // on a busy machine readers come late
		r := testRecord(key, 1+i%11)
		if i%3 > 0 {
			r.Status, r.Responses = Running, nil
		}
		save(t, run, r)
	}
	close(stop)
	readers.Wait()
	release(t, run)
}

// A run whose folder, or that of its network, is a link to another disk counts as
// one that is there.
func TestLinkedFolders(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links are for administrators there")
	}
	s := open(t, scratch(t), lease.Options{})
	key := testKey(t, "plain-20", 1)
	run := begin(t, s, key)
	save(t, run, testRecord(key, 2))
	release(t, run)
	for _, folder := range []string{s.Path(key), filepath.Dir(s.Path(key))} {
		elsewhere := filepath.Join(scratch(t), "moved")
		if err := os.Rename(folder, elsewhere); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(elsewhere, folder); err != nil {
			t.Skip("no links here: ", err)
		}
		records, errs := s.Records()
		if len(records) != 1 || len(errs) > 0 || s.State(key).Status != Complete {
			t.Errorf("%s is a link: %d records, %v; the state is %s", folder, len(records), errs, s.State(key).Status)
		}
		// Also for whoever works in it.
		release(t, begin(t, s, key))
		if state := s.State(key); state.Status != Complete {
			t.Errorf("%s was a link and a run begun in it: the state is %s", folder, state.Status)
		}
	}
}

// A run that two workers have trained at once, since their specs have two names for
// its network, is one record: a finished one if there is any.
func TestRecordedTwice(t *testing.T) {
	key := testKey(t, "plain-20", 1)
	for _, c := range []struct{ first, second, want Status }{
		{Complete, Complete, Complete}, {Interrupted, Complete, Complete}, {Complete, Interrupted, Complete}, {Interrupted, Running, Interrupted},
	} {
		dir := scratch(t)
		for i, status := range []Status{c.first, c.second} {
			s := open(t, filepath.Join(dir, fmt.Sprint(i)), lease.Options{})
			run := begin(t, s, key)
			r := testRecord(key, 3-i)
			if r.Status = status; !status.Finished() {
				r.Responses = nil
			}
			save(t, run, r)
			release(t, run)
		}
		s := open(t, filepath.Join(dir, "0"), lease.Options{})
		network := filepath.Join(dir, "1", "runs", "plain-20")
		if err := os.Rename(network, filepath.Join(s.Dir(), "runs", "slim")); err != nil {
			t.Fatal(err)
		}
		if records, errs := s.Records(); len(records) != 1 || len(errs) > 0 || records[0].Status != c.want {
			t.Errorf("%s and %s: %d records, %v", c.first, c.second, len(records), errs)
		}
	}
}
