package results

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/BurntSushi/toml"
)

// # Claims
//
// A run has one holder: the worker whose claim is the last in a chain of files
// in the run's folder. No lock of the operating system has a part in it, since
// those do not hold, or do not reach other machines, on many shared file
// systems.
//
// The first claim is the file "claim". Who finds that its writer is dead takes
// the run over by adding the file "claim-after-H", with H a digest of the claim
// that it follows, and then renames it to "claim". A claim is never changed, and
// holds a random token, so H names one claim for all time: of several workers
// that find the same holder dead only one can add the successor, and one that
// was slow and adds a successor to a claim that is no longer in the chain finds,
// when it follows the chain from its start, that it is not the last, and has
// disturbed nobody.
//
// A file is added by writing it under a name of its own and linking it. The
// manual says of both ways to make a file that must not exist, in open(2) under
// O_EXCL:
//
//	On NFS, O_EXCL is supported only when using NFSv3 or later on kernel 2.6 or
//	later. [...] Portable programs that want to perform atomic file locking
//	using a lockfile, and need to avoid reliance on NFS support for O_EXCL, can
//	create a unique file on the same filesystem (e.g., incorporating hostname
//	and PID), and use link(2) to make a link to the lockfile. If link(2) returns
//	0, the lock is successful. Otherwise, use stat(2) on the unique file to
//	check if its link count has increased to 2, in which case the lock is also
//	successful.
//
// and link(2) adds that on NFS the return code may be wrong if the server makes
// the link and dies before it says so. Reading the claim back settles that here,
// in place of the link count. rename(2) replaces its target atomically. O_EXCL
// is used only where there are no links (FAT, some network file systems).
//
// # Signs of life
//
// While it lives, the holder renews "claim-alive-TOKEN". A worker on another
// machine compares only the content of that file with what it was before: when
// it has not changed for Options.StaleAfter by the observer's own monotonic
// clock, the holder is taken for dead. No two clocks are compared, so they need
// not agree. On NFS a client may show content that is up to a minute old
// (acregmax in nfs(5)), which only delays the verdict. For a holder on the
// observer's own machine the process is looked for instead, and there is no
// waiting.
//
// # A holder that was not dead
//
// A worker that slept for longer than StaleAfter (a suspended machine, a
// stopped process) finds on waking that the chain has gone on. It cannot write
// over its successor's work in between: each write is first made whole in a
// temporary file, then the claim is looked at, then the file is renamed; and
// who takes a run over first settles the chain, then removes all temporary
// files, then reads the record. If the sleeper looked before the chain went on,
// its temporary file was there already, and is gone when it wakes: the rename
// fails.
const (
	claimFile   = "claim"
	claimAfter  = "claim-after-"
	claimAlive  = "claim-alive-"
	maxAttempts = 1000 // far beyond any real contention
)

// claim is the content of a claim file.
type claim struct {
	Token   string    `toml:"token"`
	Host    string    `toml:"host"`
	Machine string    `toml:"machine"`
	Boot    string    `toml:"boot"`
	Space   string    `toml:"space"`
	PID     int       `toml:"pid"`
	Start   string    `toml:"start"`
	Since   time.Time `toml:"since"` // for people; nothing is decided by it
}

// holding is a claim with its file's content.
type holding struct {
	claim
	content []byte
}

func (s *Store) newClaim() (*holding, error) {
	m := s.machine
	c := claim{
		Token:   rand.Text(),
		Host:    m.Host,
		Machine: m.ID,
		Boot:    m.Boot,
		Space:   m.Space,
		PID:     m.PID,
		Start:   m.Start,
		Since:   time.Now().UTC().Truncate(time.Second),
	}
	b, err := toml.Marshal(c)
	return &holding{claim: c, content: b}, err
}

// decodeClaim reads a claim. One that is damaged, as by a crash of its machine,
// is a claim all the same: of nobody known, to be judged by its age.
func decodeClaim(b []byte) claim {
	var c claim
	if decodeStrict(b, &c) != nil || strings.ContainsAny(c.Token, `/\`) {
		return claim{}
	}
	return c
}

// next returns the name of the claim that would follow.
func (h *holding) next() string { return claimAfter + digest(h.content)[:32] }

// holder follows the chain in a run's folder to its end; nil if there is none.
func holder(dir string) (*holding, error) {
	for range maxAttempts {
		first, err := os.ReadFile(filepath.Join(dir, claimFile))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if errors.Is(err, syscall.ESTALE) {
			continue // replaced on the server while it was opened
		}
		if err != nil {
			return nil, err
		}
		last := &holding{content: first}
		for err == nil {
			var content []byte
			if content, err = os.ReadFile(filepath.Join(dir, last.next())); err == nil {
				last.content = content
			}
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ESTALE) {
			return nil, err
		}
		// The end may have been renamed to the start just before it was looked
		// for; then the start is another by now.
		again, err := os.ReadFile(filepath.Join(dir, claimFile))
		if err == nil && bytes.Equal(first, again) {
			last.claim = decodeClaim(last.content)
			return last, nil
		}
	}
	return nil, errors.New("the claim files change all the time")
}

// take makes a new claim the last in dir, or returns an [ErrHeld] without its
// Key. It does not wait.
func (s *Store) take(ctx context.Context, dir string) (*holding, error) {
	for range maxAttempts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		before, err := holder(dir)
		if err != nil {
			return nil, err
		}
		name := claimFile
		if before != nil {
			if life, wait := s.judge(dir, before); life != Dead {
				return nil, &ErrHeld{Holder: describeHolder(dir, before.claim), Wait: wait}
			}
			name = before.next()
		}
		// New in every round: that a claim is added only once is what makes
		// the name of its successor unique.
		mine, err := s.newClaim()
		if err != nil {
			return nil, err
		}
		added, err := addFile(dir, name, mine.content)
		if err != nil {
			return nil, err
		}
		if !added {
			continue
		}
		is, err := isHolder(dir, mine.content)
		if is && name != claimFile {
			err = os.Rename(filepath.Join(dir, name), filepath.Join(dir, claimFile))
			if errors.Is(err, fs.ErrNotExist) {
				continue // a sleeper that was the holder before swept it
			}
			if err == nil {
				is, err = isHolder(dir, mine.content)
			}
		}
		if err != nil {
			return nil, err
		}
		if is {
			return mine, nil
		}
	}
	return nil, errors.New("other workers were quicker a thousand times")
}

func isHolder(dir string, content []byte) (bool, error) {
	h, err := holder(dir)
	return h != nil && bytes.Equal(h.content, content), err
}

// addFile makes a file with this content unless there is one of that name, and
// reports whether it did.
func addFile(dir, name string, content []byte) (bool, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return false, err
	}
	target := filepath.Join(dir, name)
	f, err := os.CreateTemp(dir, temporary+claimFile+"-*")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // the folder was given up as empty; once more
	}
	if err != nil {
		return false, err
	}
	defer os.Remove(f.Name())
	if err := fill(f, content); err != nil {
		return false, err
	}
	err = os.Link(f.Name(), target)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil // a new holder swept the folder
	case errors.Is(err, fs.ErrPermission), errors.Is(err, errors.ErrUnsupported), errors.Is(err, syscall.ENOSYS):
		// The folder can be written, since f was made; so it is the links.
		return createFile(target, content)
	}
	// It may have been made nevertheless.
	if got, readErr := os.ReadFile(target); readErr == nil {
		return bytes.Equal(got, content), nil
	}
	if errors.Is(err, fs.ErrExist) {
		return false, nil // and gone again
	}
	return false, err
}

// createFile is addFile by O_EXCL. A reader may find the file before its
// content is there; it then takes the claim for damaged, and waits.
func createFile(target string, content []byte) (bool, error) {
	f, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := fill(f, content); err != nil {
		os.Remove(target)
		return false, err
	}
	return true, nil
}

func fill(f *os.File, content []byte) error {
	_, err := f.Write(content)
	return errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
}

// sweep removes what workers before this one have left in the folder of a run.
// Only the holder may do it; see "A holder that was not dead" above.
func sweep(dir, token string) {
	entries, _ := os.ReadDir(dir) // what is not seen stays, and is in nobody's way
	for _, e := range entries {
		name := e.Name()
		left := strings.HasPrefix(name, temporary) || strings.HasPrefix(name, claimAfter) ||
			strings.HasPrefix(name, claimAlive) && name != claimAlive+token
		if left {
			os.Remove(filepath.Join(dir, name))
		}
	}
}

// Holder is the worker that holds a run.
type Holder struct {
	Host            string // empty if the claim cannot be read
	PID             int
	Since           time.Time // when it took the run
	Beat            time.Time // its last sign of life, by its own clock
	Iteration       int       // how far it was then
	ImagesPerSecond float64
}

// ErrHeld says that another worker holds the run.
type ErrHeld struct {
	Key Key
	Holder

	// Wait is how long the holder may still be silent before its run is taken
	// over. It is 0 for a holder that is known to live, on this machine.
	Wait time.Duration
}

func (e *ErrHeld) Error() string {
	if e.Host == "" {
		return fmt.Sprintf("results: %v is held by a worker that cannot be named; it is taken over after %v without a sign of life", e.Key, e.Wait.Round(time.Second))
	}
	return fmt.Sprintf("results: %v is held by process %d on %s since %s", e.Key, e.PID, e.Host, e.Since.Local().Format(time.DateTime))
}

// LostError says that a worker no longer holds the run it was training, because
// it gave no sign of life for too long and another took over.
type LostError struct {
	Key  Key
	Host string // of the worker that holds the run now; empty if nobody does
}

func (e *LostError) Error() string {
	if e.Host == "" {
		return fmt.Sprintf("results: the claim on %v is gone: nothing more is written; start again to go on", e.Key)
	}
	return fmt.Sprintf("results: %v was taken over by a worker on %s: nothing more is written here", e.Key, e.Host)
}
