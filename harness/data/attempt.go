package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// partOf returns the path at which what arrives from a source is kept. Sources
// of the same file share it; of an address that the user named nobody knows. Who
// has leave to ask, and until when, changes nothing of what is there; should a query
// name another file, that is seen when the whole is read.
func (d *download) partOf(s source) string {
	name := s.file
	if s.size == 0 {
		bare := *s.url
		bare.User, bare.RawQuery = nil, ""
		sum := sha256.Sum256([]byte(bare.String()))
		name += fmt.Sprintf("-%x", sum[:4])
	}
	return filepath.Join(d.dir, name+partSuffix)
}

// partSuffix ends the names of files that are not whole.
const partSuffix = ".part"

// sourceError is an error for which a source or the way to it is to blame.
type sourceError struct {
	err   error
	final bool // it will be the same when asked again
}

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// finally returns the error of a source that need not be asked again, passing
// that it may be.
func finally(format string, args ...any) error {
	return &sourceError{fmt.Errorf(format, args...), true}
}

func passing(err error) error { return &sourceError{err, false} }

// maxDownload bounds a download whose size only the server says, or nobody: no
// archive of CIFAR-10 is so long.
const maxDownload = 1 << 30

// window is what a source must send in the time of Patience.Stall: one that
// sends less stalls, if it is not silent.
const window = 64 << 10

// pace is how fast a mirror sends, over all attempts, while there is another to turn to.
type pace struct {
	within time.Duration
	since  time.Time
	bytes  float64 // that came since
}

// slowest is in bytes a second: with less the whole takes an hour.
const slowest = 50 << 10

var errSlow = fmt.Errorf("it sends less than %d KiB/s", slowest>>10)

// slow counts n more bytes and reports whether too few came within the time.
func (p *pace) slow(n int) bool {
	if p == nil {
		return false
	}
	p.bytes += float64(n)
	took := time.Since(p.since)
	if took < p.within {
		return false
	}
	slow := p.bytes < slowest*took.Seconds()
	p.since, p.bytes = time.Now(), 0
	return slow
}

// attempt asks for what the part lacks and appends what it receives. It returns
// the length of the part.
func (d *download) attempt(ctx context.Context, s source, part *os.File) (length int64, err error) {
	have, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	if s.size > 0 && have > s.size {
		if have, err = 0, d.shorten(part, 0); err != nil {
			return 0, err
		}
	}
	if s.size > 0 && have == s.size {
		return have, nil
	}
	length, err = d.ask(ctx, s, part, have)
	if _, refused := errors.AsType[*rangeError](err); refused && s.size == 0 && have > 0 {
		// The file at an address of the user's is another one by now: from the start,
		// with time of its own.
		return d.ask(ctx, s, part, 0)
	}
	return length, err
}

// ask asks for a file from a byte on, up to which the part holds it, and writes
// what it receives to the part. It returns how much of the file there is then.
func (d *download) ask(ctx context.Context, s source, part *os.File, have int64) (length int64, err error) {
	patient, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var answered atomic.Bool
	silence := time.AfterFunc(d.Connect, func() {
		if answered.Load() {
			cancel(fmt.Errorf("it stalled: less than %d KiB in %v", window>>10, d.Stall))
		} else {
			cancel(fmt.Errorf("no answer in %v", d.Connect))
		}
	})
	defer silence.Stop()
	request, err := http.NewRequestWithContext(patient, http.MethodGet, s.url.String(), nil)
	if err != nil {
		return have, finally("%w", err)
	}
	request.Header.Set("Accept-Encoding", "identity") // the bytes as they are
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return have, passing(cause(patient, err))
	}
	defer response.Body.Close()
	answered.Store(true)
	silence.Reset(d.Stall)
	have, total, err := accept(response, s.size, have)
	if err != nil {
		return have, err
	}
	if total != 0 && have == total {
		return have, nil
	}
	if total > maxDownload {
		return have, finally("what it serves is not CIFAR-10: it has %d bytes", total)
	}
	return d.receive(patient, response.Body, s, part, have, total, func() { silence.Reset(d.Stall) })
}

// receive writes the body of a response to the part behind so many bytes. There
// will be total, or 0 if that is not known. It calls alive whenever a window has
// arrived.
func (d *download) receive(ctx context.Context, body io.Reader, s source, part *os.File, have, total int64, alive func()) (int64, error) {
	limit := total
	if total == 0 {
		limit = maxDownload
	}
	// One byte more than is missing shows a file that is too long.
	body = io.LimitReader(body, limit-have+1)
	if have == 0 {
		head, err := d.begin(ctx, body, s, part, total)
		if err != nil {
			return 0, err
		}
		body = io.MultiReader(bytes.NewReader(head), body)
	}
	buffer := make([]byte, window)
	fresh := 0
	for {
		n, err := body.Read(buffer)
		if fresh += n; fresh >= window {
			fresh = 0
			alive()
		}
		if have+int64(n) > limit {
			return have, errors.Join(d.shorten(part, 0), finally("what it serves is not CIFAR-10: it has more than %d bytes", limit))
		}
		if n > 0 {
			if _, err := part.WriteAt(buffer[:n], have); err != nil {
				return have, err
			}
			have += int64(n)
			d.progress(s.url.Host, have, total)
		}
		switch {
		case err == io.EOF && have == 0:
			return 0, finally("what it sends is empty")
		case err == io.EOF && (have == total || total == 0):
			return have, nil
		case err == io.EOF:
			return have, passing(fmt.Errorf("it broke off after %d of %d bytes", have, total))
		case err != nil:
			return have, passing(cause(ctx, err))
		case d.pace.slow(n):
			return have, passing(errSlow)
		}
	}
}

// begin reads the first bytes of a file. What there is of it stays until they show
// that it is an archive: a server may send a page in its place.
func (d *download) begin(ctx context.Context, body io.Reader, s source, part *os.File, total int64) (head []byte, err error) {
	head = make([]byte, headSize)
	n, err := io.ReadFull(body, head)
	head = head[:n]
	switch {
	case err != nil && err != io.EOF && err != io.ErrUnexpectedEOF:
		return nil, passing(cause(ctx, err))
	case n == 0:
		return head, nil
	}
	if what := foreignHead(head); what != nil {
		return nil, finally("%w", what)
	}
	// Of a mirror what comes is the same as is there, or will be seen not to be.
	if s.size > 0 {
		return head, nil
	}
	if err != nil && int64(n) < total {
		return nil, passing(fmt.Errorf("it broke off after %d of %d bytes", n, total))
	}
	if archiveOf(head) == noArchive {
		return nil, finally("it does not serve CIFAR-10: %w", errNoArchive)
	}
	return head, d.shorten(part, 0)
}

// rangeError is the error of a source that does not serve the rest of a file.
type rangeError struct{ text string }

func (e *rangeError) Error() string { return e.text }

// accept decides from the head of a response where in the part its body goes,
// behind what is there or at the start, and how long the file is, 0 if that is
// not said. size is that of the file if it is known.
func accept(response *http.Response, size, have int64) (at, total int64, err error) {
	wrong := func(n int64) error {
		return finally("what it serves is not CIFAR-10: it has %d bytes, not %d", n, size)
	}
	switch response.StatusCode {
	case http.StatusPartialContent:
		var first, last int64
		span := response.Header.Get("Content-Range")
		if _, err := fmt.Sscanf(strings.Replace(span, "/*", fmt.Sprintf("/%d", size), 1), "bytes %d-%d/%d", &first, &last, &total); err != nil || first != have || total < 0 {
			return have, 0, finally("%w", &rangeError{fmt.Sprintf("it was asked for the bytes from %d on and sent %.60q", have, span)})
		}
		if size > 0 && total != size {
			return have, 0, wrong(total)
		}
		return have, total, nil
	case http.StatusOK:
		n := max(response.ContentLength, 0)
		if size > 0 && n > 0 && n != size {
			return have, 0, wrong(n)
		}
		return 0, max(n, size), nil
	case http.StatusRequestedRangeNotSatisfiable:
		// What is there may be all there is.
		if _, err := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes */%d", &total); err == nil && total == have && size == 0 {
			return have, total, nil
		}
		return have, 0, finally("%w", &rangeError{fmt.Sprintf("what it serves is not CIFAR-10: it has no more than %d bytes", have)})
	}
	err = errors.New(response.Status)
	if response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests {
		return have, 0, passing(err)
	}
	return have, 0, finally("%w", err)
}

// cause replaces the error of a cancelled request by the reason, and takes out
// of the client's own the address, which the message has already.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if client, ok := errors.AsType[*url.Error](err); ok {
		err = client.Err
	}
	return err
}
