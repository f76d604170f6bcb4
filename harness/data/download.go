package data

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// archive is a file to download, and what is known of it.
type archive struct {
	url  string
	size int64
	md5  string

	stall time.Duration // give up on a connection that is silent for so long
	pause time.Duration // wait so long before going on where one broke off
	tries int           // attempts in a row that bring nothing, after one that did
}

// official is the "binary version" of CIFAR-10 at its home,
// https://www.cs.toronto.edu/~kriz/cifar.html, which gives the MD5 sum.
var official = archive{
	url:   "https://www.cs.toronto.edu/~kriz/" + binaryArchive,
	size:  170052171,
	md5:   "c32a1d4ab5d03f1284b67883e8d87530",
	stall: 30 * time.Second,
	pause: 2 * time.Second,
	tries: 4,
}

// fetch downloads the archive to path. What arrives is kept in path.part until
// it is whole and its checksum is right, so path is either absent or complete,
// and a download that was broken off, by the network or with the process, goes
// on where it stopped. Processes that fetch to the same path take turns.
func (a archive) fetch(ctx context.Context, path string, progress func(done, total int64)) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	lock := flock.New(path + ".lock")
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return fmt.Errorf("locking %s: %w", lock.Path(), err)
	}
	defer lock.Unlock()
	if exists(path) { // the turn before was for the same file
		return nil
	}

	part, err := os.OpenFile(path+".part", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer part.Close()
	if progress == nil {
		progress = func(int64, int64) {}
	}
	left, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	err = a.complete(ctx, part, progress)
	if _, mismatch := errors.AsType[*checksumError](err); mismatch && left > 0 {
		// The part left by an earlier process was of something else.
		err = a.complete(ctx, part, progress)
	}
	if err != nil {
		return err
	}
	if err := part.Sync(); err != nil {
		return err
	}
	if err := part.Close(); err != nil {
		return err
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// checksumError says that all of a file was received, but of another one.
type checksumError struct{ url, got, want string }

func (e *checksumError) Error() string {
	return fmt.Sprintf("what %s serves is not the official archive: its MD5 is %s, not %s", e.url, e.got, e.want)
}

// complete makes the attempts that it takes to bring the part to its full size
// and checks it. A part with the wrong checksum is emptied.
func (a archive) complete(ctx context.Context, part *os.File, progress func(done, total int64)) error {
	fruitless, begun := 0, false
	var longest int64 // a server that ignores ranges may send one beginning for ever
	for {
		length, err := a.attempt(ctx, part, progress)
		if err == nil {
			break
		}
		if length > longest {
			fruitless, begun, longest = 0, true, length
		} else {
			fruitless++
		}
		if _, broken := errors.AsType[*brokenOff](err); !broken || !begun || fruitless > a.tries {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(a.pause):
		}
	}
	if _, err := part.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum := md5.New()
	if _, err := io.Copy(sum, part); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != a.md5 {
		return errors.Join(part.Truncate(0), &checksumError{a.url, got, a.md5})
	}
	return nil
}

// brokenOff is the error of a connection that may succeed when tried again.
type brokenOff struct{ err error }

func (e *brokenOff) Error() string { return e.err.Error() }
func (e *brokenOff) Unwrap() error { return e.err }

var errStalled = errors.New("nothing was received for too long")

// attempt asks for what the part lacks and appends what it receives. It returns
// the length of the part if it received anything, else 0.
func (a archive) attempt(ctx context.Context, part *os.File, progress func(done, total int64)) (length int64, err error) {
	have, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	if have > a.size {
		if have, err = 0, part.Truncate(0); err != nil {
			return 0, err
		}
	}
	if have == a.size {
		return 0, nil
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(a.stall, func() { cancel(errStalled) })
	defer silence.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url, nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Accept-Encoding", "identity") // the bytes as they are
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, &brokenOff{a.cause(ctx, err)}
	}
	defer response.Body.Close()
	if have, err = a.accept(response, part, have); err != nil {
		return 0, err
	}

	// One byte more than is missing shows a file that is too long.
	body := io.LimitReader(response.Body, a.size-have+1)
	buffer := make([]byte, 64<<10)
	for {
		n, err := body.Read(buffer)
		silence.Reset(a.stall)
		if have+int64(n) > a.size {
			return 0, errors.Join(part.Truncate(0), fmt.Errorf("what %s serves is not the official archive: it has more than %d bytes", a.url, a.size))
		}
		if n > 0 {
			if _, err := part.WriteAt(buffer[:n], have); err != nil {
				return 0, err
			}
			have += int64(n)
			length = have
			progress(have, a.size)
		}
		switch {
		case err == io.EOF && have == a.size:
			return length, nil
		case err == io.EOF:
			return length, &brokenOff{fmt.Errorf("%s broke off after %d of %d bytes", a.url, have, a.size)}
		case err != nil:
			return length, &brokenOff{a.cause(ctx, err)}
		}
	}
}

// accept decides from the head of a response where in the part its body goes:
// behind what is there, or at the start if the server ignores ranges.
func (a archive) accept(response *http.Response, part *os.File, have int64) (int64, error) {
	switch response.StatusCode {
	case http.StatusPartialContent:
		var first, last, total int64
		span := response.Header.Get("Content-Range")
		if _, err := fmt.Sscanf(strings.Replace(span, "/*", fmt.Sprintf("/%d", a.size), 1), "bytes %d-%d/%d", &first, &last, &total); err != nil || first != have {
			return 0, errors.Join(part.Truncate(0), fmt.Errorf("%s was asked for the bytes from %d on and sent %q", a.url, have, span))
		}
		if total != a.size {
			return 0, fmt.Errorf("what %s serves is not the official archive: it has %d bytes, not %d", a.url, total, a.size)
		}
		return have, nil
	case http.StatusOK:
		if n := response.ContentLength; n >= 0 && n != a.size {
			return 0, fmt.Errorf("what %s serves is not the official archive: it has %d bytes, not %d", a.url, n, a.size)
		}
		return 0, part.Truncate(0)
	case http.StatusRequestedRangeNotSatisfiable:
		return 0, fmt.Errorf("what %s serves is not the official archive: it has no more than %d bytes, not %d", a.url, have, a.size)
	default:
		err := fmt.Errorf("%s: %s", a.url, response.Status)
		if response.StatusCode >= 500 {
			return 0, &brokenOff{err}
		}
		return 0, err
	}
}

// cause replaces the error of a cancelled request by the reason, and takes out
// of the client's own the address, which would be there twice.
func (a archive) cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if client, ok := errors.AsType[*url.Error](err); ok {
		err = client.Err
	}
	return fmt.Errorf("%s: %w", a.url, err)
}

// syncFolder makes a rename in the folder last.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}
