package lease

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/BurntSushi/toml"

	"deepresidual/results/atomicfile"
)

const (
	claimFile   = "claim"
	claimAfter  = "claim-after-"
	claimAlive  = "claim-alive-"
	maxAttempts = 1000 // far beyond any real contention

	// ERROR_INVALID_FUNCTION is what Windows says of links on FAT and exFAT.
	// Elsewhere the number is EPERM, which is fs.ErrPermission.
	invalidFunction = syscall.Errno(1)
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

func (w *Worker) newClaim() (*holding, error) {
	m := w.machine
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
	md, err := toml.Decode(string(b), &c)
	// The key that is written last is there, so none is cut off.
	if err != nil || !md.IsDefined("since") || strings.ContainsAny(c.Token, `/\`) {
		return claim{}
	}
	return c
}

// next returns the name of the claim that would follow.
func (h *holding) next() string {
	sum := sha256.Sum256(h.content)
	return claimAfter + hex.EncodeToString(sum[:16])
}

// holder follows the chain in a folder to its end; nil if there is none.
func holder(dir string) (*holding, error) {
	for range maxAttempts {
		first, err := atomicfile.ReadFile(filepath.Join(dir, claimFile))
		if atomicfile.Missing(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		last := &holding{content: first}
		for err == nil {
			var content []byte
			if content, err = atomicfile.ReadFile(filepath.Join(dir, last.next())); err == nil {
				last.content = content
			}
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		// The end may have been renamed to the start just before it was looked
		// for; then the start is another by now.
		again, err := atomicfile.ReadFile(filepath.Join(dir, claimFile))
		if err == nil && bytes.Equal(first, again) {
			last.claim = decodeClaim(last.content)
			return last, nil
		}
	}
	return nil, errors.New("the claim files change all the time")
}

// makeClaim makes a new claim the last in dir, or returns a [HeldError] that does not
// say of what. It does not wait.
func (w *Worker) makeClaim(ctx context.Context, dir string) (*holding, error) {
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
			if life, wait := w.judge(dir, before); life != Dead {
				return nil, &HeldError{Holder: describeHolder(dir, before.claim), Wait: wait}
			}
			name = before.next()
		}
		// New in every round: that a claim is added only once is what makes
		// the name of its successor unique.
		mine, err := w.newClaim()
		if err != nil {
			return nil, err
		}
		var added bool
		err = atomicfile.Retry(func() (err error) {
			added, err = addFile(dir, name, mine.content)
			return err
		})
		if err != nil {
			return nil, err
		}
		if !added {
			continue
		}
		is, err := isHolder(dir, mine.content)
		if is && name != claimFile {
			err = atomicfile.Rename(filepath.Join(dir, name), filepath.Join(dir, claimFile))
			// Where it is gone a sleeper that was the holder before swept it, or it
			// was renamed by a try that was told to have failed.
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				is, err = isHolder(dir, mine.content)
			}
		}
		if err != nil {
			withdraw(dir, mine.content, name, claimFile)
			return nil, err
		}
		if is {
			return mine, nil
		}
	}
	return nil, errors.New("other workers were quicker a thousand times")
}

// withdraw removes a claim that was made and cannot be made good, under whichever
// of the names it is: while this process lives others would wait for it.
func withdraw(dir string, content []byte, names ...string) {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if got, err := atomicfile.ReadFile(path); err == nil && bytes.Equal(got, content) {
			atomicfile.Remove(path)
		}
	}
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
	f, err := atomicfile.Create(dir, claimFile)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // the folder was given up as empty; once more
	}
	if err != nil {
		return false, err
	}
	defer atomicfile.Remove(f.Name())
	if err := fill(f, content); err != nil {
		return false, err
	}
	return link(f.Name(), target, content)
}

// link gives a file, which has this content, a second name unless there is a file
// of that name, and reports whether it did.
func link(from, target string, content []byte) (bool, error) {
	err := os.Link(from, target)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil // a new holder swept the folder
	case errors.Is(err, fs.ErrPermission), errors.Is(err, errors.ErrUnsupported), errors.Is(err, syscall.ENOSYS),
		errors.Is(err, invalidFunction):
		// The folder can be written, since the file was made; so it is the links.
		return createFile(target, content)
	}
	// It may have been made nevertheless.
	if got, readErr := atomicfile.ReadFile(target); readErr == nil {
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
	f, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
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
	return errors.Join(err, atomicfile.Sync(f), f.Close())
}

// sweep removes what workers before this one have left in the folder, and returns
// the first error. Only the holder may do it; see "A holder that was not dead".
func sweep(dir, token string) error {
	entries, err := atomicfile.ReadDir(dir)
	if err != nil {
		return err
	}
	var first error
	for _, e := range entries {
		name := e.Name()
		left := strings.HasPrefix(name, atomicfile.Temporary) || strings.HasPrefix(name, claimAfter) ||
			strings.HasPrefix(name, claimAlive) && name != claimAlive+token
		if left {
			if err := atomicfile.Remove(filepath.Join(dir, name)); first == nil {
				first = err
			}
		}
	}
	return first
}
