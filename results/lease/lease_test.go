package lease

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"deepresidual/results/atomicfile"
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

// thing is what the leases of tests are of.
type thing string

func (t thing) String() string { return string(t) }

// scratch is a folder of the test's own, in memory where there is such a place:
// files here are flushed, and a busy disk would make the tests slow.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "lease-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func worker(t testing.TB, o Options) *Worker {
	t.Helper()
	w, err := o.NewWorker()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func on(m *Machine) Options { return Options{Machine: m} }

func take(t testing.TB, w *Worker, dir string) *Lease {
	t.Helper()
	l, err := w.Take(t.Context(), dir, thing("the folder"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func release(t testing.TB, l *Lease) {
	t.Helper()
	if err := l.Release(); err != nil {
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

func content(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// silence is what a killed or a stopped process does: no more signs of life, and
// nothing is released.
func silence(l *Lease) {
	close(l.stop)
	<-l.done
}

// await takes a lease as soon as its holder is taken for dead, and says after how
// long that was.
func await(t *testing.T, w *Worker, dir string) (*Lease, time.Duration) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(time.Second) {
		l, err := w.Take(t.Context(), dir, thing("the folder"))
		if err == nil {
			return l, time.Since(began)
		}
		if held := (*HeldError)(nil); !errors.As(err, &held) || time.Since(began) > time.Hour {
			t.Fatal(err)
		}
	}
}

func TestHeld(t *testing.T) {
	dir := filepath.Join(scratch(t), "folder")
	a := newHost("a")
	one, two := worker(t, on(a.process(1))), worker(t, on(a.process(2)))
	l := take(t, one, dir)
	l.Progress(1234, 99.5)
	if err := l.beat(1); err != nil {
		t.Fatal(err)
	}
	_, err := two.Take(t.Context(), dir, thing("the folder"))
	var held *HeldError
	if !errors.As(err, &held) {
		t.Fatalf("a second claim: %v", err)
	}
	if held.Host != "a" || held.PID != 1 || held.Iteration != 1234 || held.ImagesPerSecond != 99.5 || held.Wait != 0 {
		t.Errorf("held by %+v", held)
	}
	if msg := err.Error(); !regexp.MustCompile(`^the folder is held by process 1 on a since 2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d \S+: wait for it, or end that process$`).MatchString(msg) {
		t.Errorf("message %q", msg)
	}
	// One that holds a lease is no obstacle to itself with another.
	other := take(t, one, dir+" too")
	release(t, other)
	if _, err := os.Stat(other.Dir()); err == nil {
		t.Error("a lease under which nothing was written left a folder")
	}

	release(t, l)
	release(t, l)
	if err := l.WriteFile("file", content("late")); err == nil {
		t.Error("written after the lease was released")
	}
	release(t, take(t, two, dir))
}

func TestTakeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := worker(t, Options{}).Take(ctx, scratch(t), thing("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTakeUnwritable(t *testing.T) {
	dir := scratch(t)
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := worker(t, Options{}).Take(t.Context(), filepath.Join(dir, "file", "below"), thing("x"))
	if err == nil || !strings.Contains(err.Error(), "choose another folder") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

func TestOptions(t *testing.T) {
	if _, err := (Options{Heartbeat: 2, StaleAfter: 5}).NewWorker(); err == nil {
		t.Error("a lease may be stale between two heartbeats")
	}
}

// A claim that cannot be read may be another's: it stays.
func TestReleaseLeavesWhatItCannotRead(t *testing.T) {
	l := take(t, worker(t, Options{}), scratch(t))
	claim := filepath.Join(l.Dir(), claimFile)
	if err := errors.Join(os.Remove(claim), os.MkdirAll(filepath.Join(claim, "below"), 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err == nil {
		t.Error("the lease is said to be given up")
	}
	if _, err := os.Stat(filepath.Join(claim, "below")); err != nil {
		t.Errorf("what stood in the place of the claim: %v", err)
	}
}

// Whoever cannot remove what workers before have left does not have the lease: one of
// them could write still.
func TestTakeCannotSweep(t *testing.T) {
	dir := scratch(t)
	left := filepath.Join(dir, atomicfile.Temporary+"weights")
	if err := os.MkdirAll(filepath.Join(left, "below"), 0o755); err != nil {
		t.Fatal(err)
	}
	w := worker(t, Options{})
	if _, err := w.Take(t.Context(), dir, thing("the folder")); err == nil || !strings.Contains(err.Error(), left) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one that names %s", err, left)
	}
	if err := os.RemoveAll(left); err != nil {
		t.Fatal(err)
	}
	release(t, take(t, w, dir))
}

// A folder that is removed under a holder's hands is not made again.
func TestFolderRemoved(t *testing.T) {
	l := take(t, worker(t, Options{}), scratch(t))
	if err := os.RemoveAll(l.Dir()); err != nil {
		t.Fatal(err)
	}
	var lost *LostError
	if err := l.WriteFile("file", content("x")); !errors.As(err, &lost) || !lost.Gone || !strings.Contains(err.Error(), "is gone") {
		t.Errorf("written: %v", err)
	}
	if err := l.beat(1); err == nil {
		t.Error("gave a sign of life")
	}
	release(t, l)
	if _, err := os.Stat(l.Dir()); err == nil {
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
		{"started again since, or a clone of this machine", func(c *claim) { c.Boot = "other boot" }, Unknown},
		{"another machine of the same name", func(c *claim) { c.Boot, c.Machine = "its boot", "b id" }, Unknown},
		{"the same start of another machine, restored from memory", func(c *claim) { c.Machine = "b id" }, Unknown},
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

	// Where there is no installation to go by (macOS), a laptop has another name in
	// another network.
	a.ID, holder.Machine, holder.Host = "", "", "a.elsewhere"
	if got := a.life(holder); got != Dead {
		t.Errorf("a dead process of this machine under another name: %d, want %d", got, Dead)
	}
}

func TestProcessLife(t *testing.T) {
	m := ThisMachine()
	if m.Boot == "" || m.Start == "" {
		switch runtime.GOOS {
		case "linux", "darwin", "windows":
			t.Errorf("nothing is known of this process: %+v", m)
		}
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
	l := take(t, worker(t, on(a.process(1))), dir)
	silence(l)
	os.WriteFile(filepath.Join(dir, atomicfile.Temporary+"half-written"), nil, 0o644)
	a.kill(1)
	successor := take(t, worker(t, on(a.process(2))), dir) // at once
	if got := names(t, dir); len(got) != 2 {
		t.Errorf("the folder holds %v, want the new claim and its sign of life", got)
	}
	if err := l.WriteFile("file", content("x")); err == nil {
		t.Error("the dead writes")
	}
	release(t, successor)
}

// The time in these tests is that of testing/synctest: it goes on when nothing
// else does, so a slow machine changes nothing.

func TestTakeoverFromAnotherHost(t *testing.T) {
	dir := scratch(t)
	synctest.Test(t, func(t *testing.T) {
		a, b := newHost("a"), newHost("b")
		one := take(t, worker(t, on(a.process(1))), dir)
		two := worker(t, on(b.process(1)))

		// While there are signs of life, no time is long enough.
		for range 400 {
			_, err := two.Take(t.Context(), dir, thing("the folder"))
			var held *HeldError
			if !errors.As(err, &held) || held.Wait < 10*time.Minute-20*time.Second || held.Wait > 10*time.Minute {
				t.Fatalf("taken over while alive: %v", err)
			}
			time.Sleep(7 * time.Second)
		}
		if err := one.WriteFile("weights", content("old")); err != nil {
			t.Error(err)
		}
		silence(one)
		l, waited := await(t, two, dir)
		if waited < 10*time.Minute-20*time.Second || waited > 10*time.Minute+time.Second {
			t.Errorf("taken over after %v of silence", waited)
		}
		err := one.Held()
		var lost *LostError
		if !errors.As(err, &lost) || lost.Host != "b" || !strings.Contains(err.Error(), "taken over by a worker on b") {
			t.Errorf("the loser is told %v", err)
		}
		for name, err := range map[string]error{
			"WriteFile": one.WriteFile("weights", content("older")),
			"Remove":    one.Remove("weights"),
			"Rename":    one.Rename("weights", "x"),
		} {
			if !errors.As(err, &lost) {
				t.Errorf("%s after the loss: %v", name, err)
			}
		}
		if err := l.Held(); err != nil {
			t.Error(err)
		}
		if err := l.WriteFile("weights", content("new")); err != nil {
			t.Error(err)
		}
		release(t, l)
		if err := one.Held(); !errors.As(err, &lost) || lost.Gone || !strings.Contains(err.Error(), "taken over by another worker") {
			t.Errorf("when the other has given it up the loser is told %v", err)
		}
	})
}

// Clocks of two hosts need not agree: a holder whose clock is decades off is
// neither older nor younger for it.
func TestClocksDoNotMatter(t *testing.T) {
	for _, year := range []int{1970, 2100} {
		dir := scratch(t)
		synctest.Test(t, func(t *testing.T) {
			a, b := newHost("a"), newHost("b")
			one := take(t, worker(t, on(a.process(1))), dir)
			silence(one)
			when := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
			for _, name := range []string{claimFile, claimAlive + one.claim.Token} {
				if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
					t.Fatal(err)
				}
			}
			l, waited := await(t, worker(t, on(b.process(1))), dir)
			if waited != 10*time.Minute {
				t.Errorf("year %d: taken over after %v", year, waited)
			}
			release(t, l)
		})
	}
}

// Who did not look for long, since the file server was away, has not seen silence for so
// long.
func TestNobodyLooked(t *testing.T) {
	dir := scratch(t)
	synctest.Test(t, func(t *testing.T) {
		a, b := newHost("a"), newHost("b")
		silence(take(t, worker(t, on(a.process(1))), dir))
		two := worker(t, on(b.process(1)))
		var held *HeldError
		for range 2 {
			if _, err := two.Take(t.Context(), dir, thing("the folder")); !errors.As(err, &held) {
				t.Fatalf("taken over: %v", err)
			}
			time.Sleep(time.Hour)
		}
		if held.Wait != 9*time.Minute {
			t.Errorf("after an hour without a look it is waited for %v, want 9 minutes", held.Wait)
		}
	})
}

// Signs of life that cannot be read, since the file server is away, are no silence.
func TestUnreadableSignsOfLife(t *testing.T) {
	dir := scratch(t)
	synctest.Test(t, func(t *testing.T) {
		a, b := newHost("a"), newHost("b")
		one := take(t, worker(t, on(a.process(1))), dir)
		silence(one)
		alive := filepath.Join(dir, claimAlive+one.claim.Token)
		if err := errors.Join(os.Remove(alive), os.Mkdir(alive, 0o777)); err != nil {
			t.Fatal(err)
		}
		two := worker(t, on(b.process(1)))
		for range 30 {
			if _, err := two.Take(t.Context(), dir, thing("the folder")); !errors.As(err, new(*HeldError)) {
				t.Fatalf("taken over: %v", err)
			}
			time.Sleep(time.Minute)
		}
	})
}

// A claim that cannot be read, as after a crash of its machine or where it is
// made without links, counts until it is old.
func TestDamagedClaim(t *testing.T) {
	whole := "token = \"T\"\nhost = \"a\"\nmachine = \"a id\"\nboot = \"a boot\"\nspace = \"0\"\npid = 1"
	for _, text := range []string{"", "\x00\x00\x00", "token = ", whole} {
		dir := scratch(t)
		synctest.Test(t, func(t *testing.T) {
			a := newHost("a")
			a.kill(1)
			w := worker(t, on(a.process(2)))
			if added, err := addFile(dir, claimFile, []byte(text)); err != nil || !added {
				t.Fatal(added, err)
			}
			_, err := w.Take(t.Context(), dir, thing("the folder"))
			var held *HeldError
			if !errors.As(err, &held) || !strings.Contains(err.Error(), "a worker that cannot be named") {
				t.Errorf("%q: %v", text, err)
			}
			if h := w.Holder(dir); h == nil {
				t.Errorf("%q: nobody seems to hold it", text)
			}
			l, waited := await(t, w, dir)
			if waited != 10*time.Minute {
				t.Errorf("%q: taken over after %v", text, waited)
			}
			release(t, l)
		})
	}
}

// Keys of a later version of the program are no damage.
func TestClaimOfLaterVersion(t *testing.T) {
	h, err := worker(t, Options{}).newClaim()
	if err != nil {
		t.Fatal(err)
	}
	got := decodeClaim(append(h.content, "colour = 1\n"...))
	if got.Token != h.Token || got.PID != os.Getpid() {
		t.Errorf("read as %+v", got)
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
	a := newHost("a")
	one := take(t, worker(t, on(a.process(1))), dir)
	var two *Lease
	path := filepath.Join(dir, "file")
	err := atomicfile.Options{Last: func() error {
		if err := one.Held(); err != nil {
			return err
		}
		silence(one)
		a.kill(1)
		two = take(t, worker(t, on(a.process(2))), dir)
		return nil
	}}.Write(path, content("old"))
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
		a := newHost("a")
		if round%4 > 0 { // else nobody was there before
			silence(take(t, worker(t, on(a.process(1))), dir))
			a.kill(1)
		}
		winners := make(chan *Lease, 16)
		var all sync.WaitGroup
		start := make(chan struct{})
		for pid := 2; pid < 18; pid++ {
			w := worker(t, on(a.process(pid)))
			all.Go(func() {
				<-start
				l, err := w.Take(t.Context(), dir, thing("the folder"))
				var held *HeldError
				if err == nil {
					winners <- l
					if err := l.Held(); err != nil {
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

// Workers on three hosts count together in one file, under a lease: read, add
// one, write. They die, and fall asleep for longer than it takes to be given up
// and then go on as if nothing had happened. Every write that was reported
// to work must be there at the end, and no other.
func TestNoUpdateIsLost(t *testing.T) {
	t.Parallel()
	dir := scratch(t)
	deadline := time.Now().Add(5 * time.Minute) // some seconds do on an idle machine
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
					w := worker(t, Options{Heartbeat: 10 * time.Millisecond, StaleAfter: 60 * time.Millisecond, Machine: machine.process(pid)})
					for goOn() {
						l, err := w.Take(t.Context(), dir, thing("the folder"))
						if err != nil {
							if held := (*HeldError)(nil); !errors.As(err, &held) {
								t.Error(err)
							}
							time.Sleep(time.Duration(rng.IntN(10)) * time.Millisecond)
							continue
						}
						takeovers.Add(1)
						err = count(l, rng, &writes)
						var lost *LostError
						if errors.As(err, &lost) {
							losses.Add(1)
						} else if err != nil && !errors.Is(err, os.ErrNotExist) {
							t.Error(err)
						}
						if rng.IntN(3) == 0 {
							silence(l)
							machine.kill(pid)
							break // and another process takes its place
						}
						if err := l.Release(); err != nil && runtime.GOOS != "windows" { // where the others read the claim all the time
							t.Error(err)
						}
					}
				}
			})
		}
	}
	all.Wait()
	b, err := os.ReadFile(filepath.Join(dir, "count"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(b)); got != fmt.Sprint(writes.Load()) {
		t.Errorf("the file says %s after %d writes", got, writes.Load())
	}
	t.Logf("%d writes under %d leases, %d of them lost", writes.Load(), takeovers.Load(), losses.Load())
	if goOn() || time.Now().After(deadline) {
		t.Errorf("%d writes and %d losses: too few to prove anything", writes.Load(), losses.Load())
	}
}

// count adds to the run's file a few times, asleep now and then.
func count(l *Lease, rng *rand.Rand, writes *atomic.Int64) error {
	path := filepath.Join(l.Dir(), "count")
	for range 1 + rng.IntN(4) {
		n := 0
		if b, err := os.ReadFile(path); err == nil {
			if n, err = strconv.Atoi(string(b)); err != nil {
				return err
			}
		}
		if rng.IntN(4) == 0 {
			sleep(l)
		}
		err := atomicfile.Options{Brief: true, Last: func() error {
			err := l.Held()
			if err == nil && rng.IntN(4) == 0 {
				sleep(l)
			}
			return err
		}}.Write(path, content(strconv.Itoa(n+1)))
		if err != nil {
			return err
		}
		writes.Add(1)
	}
	return nil
}

// sleep is what a process does that is stopped for a while: no signs of life.
func sleep(l *Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	time.Sleep(100 * time.Millisecond)
}

func FuzzClaim(f *testing.F) {
	c, err := worker(f, Options{}).newClaim()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.content)
	f.Add([]byte(`token = "../../x"`))
	f.Fuzz(func(t *testing.T, b []byte) {
		// Nothing that lies in the folder may lead out of it, or end a worker.
		if c := decodeClaim(b); filepath.Base(claimAlive+c.Token) != claimAlive+c.Token {
			t.Errorf("token %q leaves the folder", c.Token)
		}
		ThisMachine().life(decodeClaim(b))
	})
}
