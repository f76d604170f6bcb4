package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"deepresidual/results/atomicfile"
)

// Patience says how long a download waits for a source before it turns to the
// next one. The zero value stands for the usual times.
type Patience struct {
	Connect time.Duration // until there is an answer, redirections included; 10 s
	Stall   time.Duration // for the next 64 KiB; 20 s
	Slow    time.Duration // in which a mirror sends less than 50 KiB/s before another is tried; 1 min
	Pause   time.Duration // before all sources are tried again, when some had begun; 2 s
}

func (p Patience) orUsual() Patience {
	for _, t := range []struct {
		d     *time.Duration
		usual time.Duration
	}{{&p.Connect, 10 * time.Second}, {&p.Stall, 20 * time.Second}, {&p.Slow, time.Minute}, {&p.Pause, 2 * time.Second}} {
		if *t.d == 0 {
			*t.d = t.usual
		}
	}
	return p
}

// maxFruitless is the number of rounds in a row through all sources that may
// bring nothing, after one that did.
const maxFruitless = 2

// download fetches a data set to the cache. What arrives is kept in a file
// NAME.part until it is whole and was read and found to be what is wanted, so
// the file NAME is either absent or good, and a download that was broken off,
// by the network or with the process, goes on where it stopped, from the same
// source or from another of the same file.
type download struct {
	Contents
	Patience
	dir      string // the cache
	by       string // what names the address to download from: -data, say; empty if none is named
	progress func(host string, done, total int64)
	note     func(text string)
	pace     *pace // of the source that is visited; nil if it may be slow
}

// tried is a source and why it did not serve.
type tried struct {
	source
	err   error
	final bool // there is no use in asking again
}

// unreachable is the error of a download that no source could serve.
type unreachable struct{ tried []*tried }

func (e *unreachable) Error() string {
	var list []string
	for _, t := range e.tried {
		list = append(list, t.url.Host+": "+t.err.Error())
	}
	return strings.Join(list, ", ")
}

// from downloads the data set from the first source that serves it. Processes
// that download to the same folder take turns. Its error is an *unreachable if
// the sources are to blame, and ErrUnavailable if the folder may not be written; else
// it is this machine, as with a full disk.
func (d *download) from(ctx context.Context, sources []source) (*Set, error) {
	if err := os.MkdirAll(d.dir, 0o777); err != nil {
		return nil, d.local(err)
	}
	unlock, err := d.takeTurn(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if name := d.have(); name != "" { // the turn before was for the same
		return d.read(ctx, name)
	}

	var all []*tried
	for _, s := range sources {
		all = append(all, &tried{source: s})
	}
	begun := false
	for fruitless := 0; fruitless <= maxFruitless; fruitless++ {
		left := false
		for i, t := range all {
			if t.final {
				continue
			}
			next := slices.IndexFunc(all[i+1:], func(t *tried) bool { return !t.final })
			if d.pace = nil; next >= 0 && t.size > 0 {
				d.pace = &pace{within: d.Slow, since: time.Now()}
			}
			var set *Set
			var more bool
			set, more, t.err = d.visit(ctx, t.source)
			if t.err == nil {
				d.sweep()
				return set, nil
			}
			if name := d.have(); name != "" { // where nobody waits for a turn, another was first
				return d.read(ctx, name)
			}
			var fault *sourceError
			if !errors.As(t.err, &fault) || ctx.Err() != nil {
				return nil, d.local(t.err)
			}
			if t.final = fault.final; !t.final {
				left = true
			}
			if more {
				begun, fruitless = true, 0
			}
			if next >= 0 {
				d.note(fmt.Sprintf("%s: %v; trying %s", t.url.Host, t.err, all[i+1+next].url.Host))
			}
		}
		if !left || !begun {
			break
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(d.Pause):
		}
	}
	return nil, &unreachable{all}
}

// takeTurn waits until no other process downloads to the folder. Where there are
// no locks, as on many a cluster's file system, nobody waits: what two processes
// make of one file at the same time is seen to be wrong, and downloaded again.
func (d *download) takeTurn(ctx context.Context) (end func(), err error) {
	// Others may share the folder. NFS locks for writing only what is open for that,
	// which a file that another has made may not be.
	path, open := filepath.Join(d.dir, "download.lock"), flock.SetPermissions(0o666)
	lock := flock.New(path, open, flock.SetFlag(os.O_CREATE|os.O_RDWR))
	mine, err := lock.TryLock()
	if errors.Is(err, fs.ErrPermission) {
		lock = flock.New(path, open)
		mine, err = lock.TryLock()
	}
	if err == nil && !mine {
		d.note("waiting for another process that downloads CIFAR-10 to " + d.dir)
		_, err = lock.TryLockContext(ctx, 200*time.Millisecond)
	}
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.EBADF) {
		err = nil
	}
	if err != nil {
		return nil, d.local(fmt.Errorf("locking %s: %w", path, err))
	}
	return func() { lock.Unlock() }, nil
}

// have returns the path of what the cache holds, or nothing.
func (d *download) have() string {
	for _, name := range cached {
		if path := filepath.Join(d.dir, name); exists(path) {
			return path
		}
	}
	return ""
}

// sweep removes what has begun to arrive from whichever source: it is of no more use.
func (d *download) sweep() {
	entries, _ := os.ReadDir(d.dir) // what stays takes up room, and no more
	for _, e := range entries {
		name, isPart := strings.CutSuffix(e.Name(), partSuffix)
		if isPart && slices.ContainsFunc(cached, func(file string) bool { return strings.HasPrefix(name, file) }) {
			os.Remove(filepath.Join(d.dir, e.Name()))
		}
	}
}

// local says that the download failed on this machine.
func (d *download) local(err error) error {
	hint := ""
	switch {
	case atomicfile.Full(err):
		hint = "; free some space there, or bring CIFAR-10 along and name it by -data: what has arrived is kept"
	case atomicfile.Forbidden(err):
		// As where there is no home: what is recorded may still be drawn.
		return d.unavailable("it cannot be downloaded to "+d.dir+", where you may not write", err)
	}
	return fmt.Errorf("data: downloading CIFAR-10 to %s: %w%s", d.dir, err, hint)
}

// visit downloads from one source, as long as it brings something, and judges
// what arrived. more says whether it brought anything.
func (d *download) visit(ctx context.Context, s source) (set *Set, more bool, err error) {
	path := filepath.Join(d.dir, s.file)
	part, err := os.OpenFile(d.partOf(s), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, false, err
	}
	defer func() {
		part.Close()
		if info, e := os.Stat(part.Name()); err != nil && e == nil && info.Mode().IsRegular() && info.Size() == 0 {
			os.Remove(part.Name())
		}
	}()
	for {
		begin, err := part.Seek(0, io.SeekEnd)
		if err != nil {
			return nil, more, err
		}
		brought, err := d.complete(ctx, s, part)
		more = more || brought
		if err != nil {
			return nil, more, err
		}
		if err := atomicfile.Sync(part); err != nil {
			return nil, more, err
		}
		set, err = d.read(ctx, part.Name())
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return nil, more, context.Cause(ctx)
		}
		if err := d.shorten(part, 0); err != nil {
			return nil, more, err
		}
		if begin == 0 {
			return nil, false, finally("it does not serve CIFAR-10: %w", err)
		}
		// What was there before may be to blame: of another source, or process.
	}
	if err := part.Close(); err != nil {
		return nil, more, err
	}
	if err := atomicfile.Rename(part.Name(), path); err != nil && d.have() == "" {
		return nil, more, err
	}
	set.Place = path
	return set, true, atomicfile.SyncDir(d.dir)
}

// shorten cuts the part. Where another process has finished the same download, it is
// that one's file by now, and left alone.
func (d *download) shorten(part *os.File, to int64) error {
	if d.have() != "" {
		return passing(errors.New("another process was first"))
	}
	return part.Truncate(to)
}

// complete makes the attempts that it takes to bring the part to its full size.
func (d *download) complete(ctx context.Context, s source, part *os.File) (more bool, err error) {
	longest, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	for {
		length, err := d.attempt(ctx, s, part)
		if err == nil || ctx.Err() != nil {
			return more, err
		}
		var fault *sourceError
		if !errors.As(err, &fault) || fault.final || length <= longest {
			return more, err
		}
		// A server that ignores ranges may send one beginning for ever: only
		// what goes beyond the last one counts.
		more, longest = true, length
		if errors.Is(err, errSlow) || d.pace.slow(0) {
			return more, err
		}
	}
}
