package results

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// host is a machine whose processes live or die as the test says.
type host struct {
	Machine
	mu   sync.Mutex
	dead map[int]bool
}

func newHost(name string) *host {
	h := &host{Machine: Machine{Host: name, ID: name + " id", Boot: name + " boot", Space: "0", Start: "0", PID: 1}, dead: map[int]bool{}}
	h.Life = func(pid int, _ string) Life {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.dead[pid] {
			return Dead
		}
		return Alive
	}
	return h
}

// process returns the machine as process pid sees it.
func (h *host) process(pid int) *Machine {
	m := h.Machine
	m.PID = pid
	return &m
}

func (h *host) kill(pid int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dead[pid] = true
}

// silence is what a killed or a stopped process does: no more signs of life, and
// nothing is released.
func silence(run *Run) {
	close(run.stop)
	<-run.done
}

// timely options make a takeover from another host quick enough to wait for.
func timely(m *Machine) Options {
	return Options{Heartbeat: 5 * time.Millisecond, StaleAfter: 150 * time.Millisecond, Machine: m}
}

// awaken begins as soon as the holder is taken for dead.
func awaken(t *testing.T, s *Store, key Key) *Run {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		run, err := s.Begin(t.Context(), key)
		if err == nil {
			return run
		}
		if held := (*ErrHeld)(nil); !errors.As(err, &held) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestHeld(t *testing.T) {
	dir := scratch(t)
	a := newHost("a")
	key := testKey(t, "plain-20", 1)
	one, two := open(t, dir, Options{Machine: a.process(1)}), open(t, dir, Options{Machine: a.process(2)})
	run := begin(t, one, key)
	run.Progress(1234, 99.5)
	if err := run.beat(1); err != nil {
		t.Fatal(err)
	}
	_, err := two.Begin(t.Context(), key)
	var held *ErrHeld
	if !errors.As(err, &held) {
		t.Fatalf("a second claim: %v", err)
	}
	if held.Host != "a" || held.PID != 1 || held.Iteration != 1234 || held.ImagesPerSecond != 99.5 || held.Wait != 0 || held.Key.Identity() != key.Identity() {
		t.Errorf("held by %+v", held)
	}
	if msg := err.Error(); !strings.Contains(msg, "plain-20") || !strings.Contains(msg, "process 1 on a since 2") {
		t.Errorf("message %q", msg)
	}
	// One that holds a run is no obstacle to itself with another.
	other := begin(t, one, testKey(t, "plain-20", 2))
	release(t, other)
	if got := names(t, filepath.Dir(run.Dir())); len(got) != 1 {
		t.Errorf("a run that recorded nothing left a folder: %v", got)
	}

	release(t, run)
	release(t, run)
	if err := run.Save(testRecord(key, 1)); err == nil {
		t.Error("saved after it was released")
	}
	release(t, begin(t, two, key))
}

func TestBeginCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, scratch(t), Options{}).Begin(ctx, testKey(t, "plain-20", 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestBeginUnwritable(t *testing.T) {
	dir := scratch(t)
	if err := os.WriteFile(filepath.Join(dir, "runs"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := open(t, dir, Options{}).Begin(t.Context(), testKey(t, "plain-20", 1))
	if err == nil || !strings.Contains(err.Error(), "choose another results folder") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

// A folder that is removed under a worker's hands is not made again.
func TestFolderRemoved(t *testing.T) {
	s := open(t, scratch(t), Options{})
	key := testKey(t, "plain-20", 1)
	run := begin(t, s, key)
	if err := os.RemoveAll(run.Dir()); err != nil {
		t.Fatal(err)
	}
	var lost *LostError
	if err := run.Save(testRecord(key, 1)); !errors.As(err, &lost) || !strings.Contains(err.Error(), "is gone") {
		t.Errorf("saved: %v", err)
	}
	if err := run.beat(1); err == nil {
		t.Error("gave a sign of life")
	}
	release(t, run)
	if _, err := os.Stat(run.Dir()); err == nil {
		t.Error("the folder is there again")
	}
}

// Who may take over, and when, by what is known of the holder.
func TestVerdict(t *testing.T) {
	a := newHost("a")
	a.kill(7)
	holder := claim{Host: "a", Machine: "a id", Boot: "a boot", Space: "0", PID: 7, Start: "0"}
	for _, c := range []struct {
		name   string
		change func(*claim)
		want   Life
	}{
		{"dead process here", func(c *claim) {}, Dead},
		{"live process here", func(c *claim) { c.PID = 8 }, Alive},
		{"another host", func(c *claim) { c.Host = "b" }, Unknown},
		{"started again since", func(c *claim) { c.Boot = "older boot" }, Dead},
		{"another machine of the same name", func(c *claim) { c.Boot, c.Machine = "its boot", "b id" }, Unknown},
		{"of the same name, and no more is known", func(c *claim) { c.Boot, c.Machine = "its boot", "" }, Unknown},
		{"another container", func(c *claim) { c.Space = "1" }, Unknown},
		{"boot not known", func(c *claim) { c.Boot = "" }, Unknown},
		{"damaged claim", func(c *claim) { *c = claim{} }, Unknown},
	} {
		who := holder
		c.change(&who)
		if got := a.life(who); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestProcessLife(t *testing.T) {
	m := ThisMachine()
	if m.Boot == "" || m.Start == "" {
		t.Skip("this system does not tell about processes")
	}
	if got := m.Life(m.PID, m.Start); got != Alive {
		t.Errorf("this process: %d", got)
	}
	if got := m.Life(m.PID, "1"); got != Dead {
		t.Errorf("an earlier process with this number: %d", got)
	}
	if got := m.Life(1<<30, m.Start); got != Dead {
		t.Errorf("a number that no process has: %d", got)
	}
}

func TestTakeoverOnThisHost(t *testing.T) {
	dir := scratch(t)
	a := newHost("a")
	key := testKey(t, "plain-20", 1)
	run := begin(t, open(t, dir, Options{Machine: a.process(1)}), key)
	silence(run)
	os.WriteFile(filepath.Join(run.Dir(), temporary+"half-written"), nil, 0o644)
	a.kill(1)
	successor := begin(t, open(t, dir, Options{Machine: a.process(2)}), key) // at once
	if got := names(t, run.Dir()); len(got) != 2 {
		t.Errorf("the folder holds %v, want the new claim and its sign of life", got)
	}
	if err := run.Save(testRecord(key, 1)); err == nil {
		t.Error("the dead writes")
	}
	save(t, successor, testRecord(key, 1))
	release(t, successor)
}

func TestTakeoverFromAnotherHost(t *testing.T) {
	t.Parallel()
	dir := scratch(t)
	key := testKey(t, "plain-20", 1)
	a, b := newHost("a"), newHost("b")
	one := begin(t, open(t, dir, Options{Machine: a.process(1)}), key)
	two := open(t, dir, timely(b.process(1)))

	// While there are signs of life, no time is long enough.
	n := int64(0)
	for end := time.Now().Add(400 * time.Millisecond); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		n++
		if err := one.beat(n); err != nil {
			t.Fatal(err)
		}
		_, err := two.Begin(t.Context(), key)
		var held *ErrHeld
		if !errors.As(err, &held) || held.Wait <= 0 || held.Wait > 150*time.Millisecond {
			t.Fatalf("taken over while alive: %v", err)
		}
	}
	silence(one)
	began := time.Now()
	run := awaken(t, two, key)
	if waited := time.Since(began); waited < 50*time.Millisecond {
		t.Errorf("taken over after %v of silence", waited)
	}
	err := one.Held()
	var lost *LostError
	if !errors.As(err, &lost) || lost.Host != "b" || !strings.Contains(err.Error(), "taken over by a worker on b") {
		t.Errorf("the loser is told %v", err)
	}
	for name, err := range map[string]error{
		"Save":      one.Save(testRecord(key, 1)),
		"WriteFile": one.WriteFile("weights", content("old")),
		"Remove":    one.Remove("weights"),
	} {
		if !errors.As(err, &lost) {
			t.Errorf("%s after the loss: %v", name, err)
		}
	}
	if err := run.Held(); err != nil {
		t.Error(err)
	}
	save(t, run, testRecord(key, 1))
	release(t, run)
}

// Clocks of two hosts need not agree: a holder whose clock is decades off is
// neither older nor younger for it.
func TestClocksDoNotMatter(t *testing.T) {
	t.Parallel()
	for _, year := range []int{1970, 2100} {
		dir := scratch(t)
		key := testKey(t, "plain-20", 1)
		a, b := newHost("a"), newHost("b")
		one := begin(t, open(t, dir, Options{Machine: a.process(1)}), key)
		when := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, name := range []string{claimFile, claimAlive + one.claim.Token} {
			if err := os.Chtimes(filepath.Join(one.Dir(), name), when, when); err != nil {
				t.Fatal(err)
			}
		}
		two := open(t, dir, timely(b.process(1)))
		if _, err := two.Begin(t.Context(), key); err == nil {
			t.Errorf("year %d: taken over at first sight", year)
		}
		release(t, awaken(t, two, key))
		silence(one)
	}
}

// A claim that cannot be read, as after a crash of its machine or where it is
// made without links, counts until it is old.
func TestDamagedClaim(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\x00\x00\x00", "token = "} {
		dir := scratch(t)
		key := testKey(t, "plain-20", 1)
		s := open(t, dir, timely(newHost("a").process(1)))
		if added, err := addFile(s.Path(key), claimFile, []byte(text)); err != nil || !added {
			t.Fatal(added, err)
		}
		_, err := s.Begin(t.Context(), key)
		var held *ErrHeld
		if !errors.As(err, &held) || !strings.Contains(err.Error(), "a worker that cannot be named") {
			t.Errorf("%q: %v", text, err)
		}
		if state := open(t, dir, Options{}).State(key); state.Status != Running {
			t.Errorf("%q: state %s", text, state.Status)
		}
		run := awaken(t, s, key)
		if err := run.Held(); err != nil {
			t.Error(err)
		}
		release(t, run)
	}
}

// Where there are no links, O_EXCL does the same.
func TestCreateFile(t *testing.T) {
	path := filepath.Join(scratch(t), claimFile)
	var made atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			ok, err := createFile(path, []byte(strconv.Itoa(i)))
			if err != nil {
				t.Error(err)
			}
			if ok {
				made.Add(1)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times", made.Load())
	}
}

// A worker that stops between its last look at the claim and its write, and
// wakes after the run was taken over, writes nothing.
func TestSleeperWritesNothing(t *testing.T) {
	dir := scratch(t)
	key := testKey(t, "plain-20", 1)
	a := newHost("a")
	one := begin(t, open(t, dir, Options{Machine: a.process(1)}), key)
	var two *Run
	path := filepath.Join(one.Dir(), RunFile)
	err := writeAtomic(path, content("old"), durably, func() error {
		if err := one.Held(); err != nil {
			return err
		}
		silence(one)
		a.kill(1)
		two = begin(t, open(t, dir, Options{Machine: a.process(2)}), key)
		return nil
	})
	if err == nil {
		t.Error("the sleeper wrote")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("and it is there")
	}
	release(t, two)
}

// Of many workers that find a holder dead, one takes over; the others neither
// hold the run nor take it from that one.
func TestOneSuccessor(t *testing.T) {
	for round := range 20 {
		dir := scratch(t)
		key := testKey(t, "plain-20", 1)
		a := newHost("a")
		if round%4 > 0 { // else nobody was there before
			silence(begin(t, open(t, dir, Options{Machine: a.process(1)}), key))
			a.kill(1)
		}
		winners := make(chan *Run, 16)
		var all sync.WaitGroup
		start := make(chan struct{})
		for pid := 2; pid < 18; pid++ {
			s := open(t, dir, Options{Machine: a.process(pid)})
			all.Go(func() {
				<-start
				run, err := s.Begin(t.Context(), key)
				var held *ErrHeld
				if err == nil {
					winners <- run
					if err := run.Held(); err != nil {
						t.Error(err)
					}
				} else if !errors.As(err, &held) {
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
		if len(winners) != 1 {
			t.Fatalf("round %d: %d workers hold the run", round, len(winners))
		}
		release(t, <-winners)
	}
}

// Workers on three hosts count together in one file, under a claim: read, add
// one, write. They die, and fall asleep for longer than it takes to be given up
// and then go on as if nothing had happened. Every write that was reported
// to work must be there at the end, and no other.
func TestNoUpdateIsLost(t *testing.T) {
	t.Parallel()
	dir := scratch(t)
	key := testKey(t, "plain-20", 1)
	deadline := time.Now().Add(30 * time.Second)
	var writes, takeovers, losses atomic.Int64
	goOn := func() bool {
		return time.Now().Before(deadline) && (writes.Load() < 40 || losses.Load() < 10)
	}
	var all sync.WaitGroup
	for h := range 3 {
		machine := newHost(fmt.Sprint("host", h))
		for w := range 3 {
			rng := rand.New(rand.NewPCG(uint64(h), uint64(w)))
			all.Go(func() {
				pid := 100 * (w + 1)
				for goOn() {
					pid++
					s := open(t, dir, Options{Heartbeat: 10 * time.Millisecond, StaleAfter: 60 * time.Millisecond, Machine: machine.process(pid)})
					for goOn() {
						run, err := s.Begin(t.Context(), key)
						if err != nil {
							if held := (*ErrHeld)(nil); !errors.As(err, &held) {
								t.Error(err)
							}
							time.Sleep(time.Duration(rng.IntN(10)) * time.Millisecond)
							continue
						}
						takeovers.Add(1)
						err = count(run, rng, &writes)
						var lost *LostError
						if errors.As(err, &lost) {
							losses.Add(1)
						} else if err != nil && !errors.Is(err, os.ErrNotExist) {
							t.Error(err)
						}
						if rng.IntN(3) == 0 {
							silence(run)
							machine.kill(pid)
							break // and another process takes its place
						}
						if err := run.Release(); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
	}
	all.Wait()
	b, err := os.ReadFile(filepath.Join(open(t, dir, Options{}).Path(key), "count"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(b)); got != fmt.Sprint(writes.Load()) {
		t.Errorf("the file says %s after %d writes", got, writes.Load())
	}
	t.Logf("%d writes under %d claims, %d of them lost", writes.Load(), takeovers.Load(), losses.Load())
	if goOn() || time.Now().After(deadline) {
		t.Errorf("%d writes and %d losses: too few to prove anything", writes.Load(), losses.Load())
	}
}

// count adds to the run's file a few times, asleep now and then.
func count(run *Run, rng *rand.Rand, writes *atomic.Int64) error {
	path := filepath.Join(run.Dir(), "count")
	for range 1 + rng.IntN(4) {
		n := 0
		if b, err := os.ReadFile(path); err == nil {
			if n, err = strconv.Atoi(string(b)); err != nil {
				return err
			}
		}
		if rng.IntN(4) == 0 {
			sleep(run)
		}
		err := writeAtomic(path, content(strconv.Itoa(n+1)), briefly, func() error {
			err := run.Held()
			if err == nil && rng.IntN(4) == 0 {
				sleep(run)
			}
			return err
		})
		if err != nil {
			return err
		}
		writes.Add(1)
	}
	return nil
}

// sleep is what a process does that is stopped for a while: no signs of life.
func sleep(run *Run) {
	run.mu.Lock()
	defer run.mu.Unlock()
	time.Sleep(100 * time.Millisecond)
}
