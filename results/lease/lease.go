package lease

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"deepresidual/results/atomicfile"
)

// Options are the settings of a [Worker] that most programs leave as they are.
type Options struct {
	// Heartbeat is how often a holder renews its sign of life.
	// The default is 10 seconds.
	Heartbeat time.Duration

	// StaleAfter is how long a holder on another machine may show no sign of
	// life before its lease is taken over. It must be at least three heartbeats,
	// and well above the time for which a network file system may show old
	// content (a minute on NFS). The default is 10 minutes.
	StaleAfter time.Duration

	// Machine is where this worker runs. The default is this machine.
	Machine *Machine
}

// Worker takes leases. Its methods may be called from any goroutine.
type Worker struct {
	heartbeat  time.Duration
	staleAfter time.Duration
	machine    *Machine

	mu   sync.Mutex
	seen map[string]sighting // by the name of the claim that would follow
}

// NewWorker returns a worker that holds nothing yet.
func (o Options) NewWorker() (*Worker, error) {
	if o.Heartbeat <= 0 {
		o.Heartbeat = 10 * time.Second
	}
	if o.StaleAfter <= 0 {
		o.StaleAfter = 10 * time.Minute
	}
	if o.Machine == nil {
		o.Machine = ThisMachine()
	}
	if o.StaleAfter < 3*o.Heartbeat {
		return nil, fmt.Errorf("a lease cannot be stale after %v with a heartbeat every %v: it takes at least three", o.StaleAfter, o.Heartbeat)
	}
	return &Worker{
		heartbeat:  o.Heartbeat,
		staleAfter: o.StaleAfter,
		machine:    o.Machine,
		seen:       make(map[string]sighting),
	}, nil
}

// Lease is the right to write into a folder. It may be used from any goroutine.
type Lease struct {
	worker *Worker
	dir    string
	of     fmt.Stringer
	claim  *holding

	mu        sync.Mutex
	iteration int
	rate      float64
	released  bool

	stop, done chan struct{}
}

// Take takes the lease on a folder, which is made if it is not there; the lease
// ends with [Lease.Release] or with the process. If another worker holds it, the
// error is a [*HeldError]; calling again after a while is the way to wait. A
// holder that died on this machine is replaced at once, one on another after
// Options.StaleAfter without a sign of life, counted from the Take of this
// worker that first met it; of the time between two of them a minute counts.
//
// Of names for people what the folder is for. Only what is read after the lease
// is taken is sure to be what the last holder left. Cancelling ctx ends the
// attempt, not a lease that is taken.
func (w *Worker) Take(ctx context.Context, dir string, of fmt.Stringer) (*Lease, error) {
	for {
		l, err := w.tryTake(ctx, dir, of)
		var lost *LostError
		if !errors.As(err, &lost) {
			return l, err
		}
		// It took so long to begin that another worker found no sign of life.
	}
}

func (w *Worker) tryTake(ctx context.Context, dir string, of fmt.Stringer) (*Lease, error) {
	claim, err := w.makeClaim(ctx, dir)
	var held *HeldError
	switch {
	case errors.As(err, &held):
		held.Of = of
		return nil, held
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("taking the lease on %v: %w", of, err)
	case err != nil:
		return nil, atomicfile.Explain(filepath.Join(dir, claimFile), err)
	}
	l := &Lease{
		worker: w,
		dir:    dir,
		of:     of,
		claim:  claim,
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
	}
	if err := l.beat(0); err != nil {
		close(l.done)
		l.Release()
		return nil, err
	}
	go l.live()
	// Only now: see "A holder that was not dead".
	if err := sweep(dir, claim.Token); err != nil {
		l.Release()
		return nil, fmt.Errorf("taking the lease on %v: %w", of, err)
	}
	return l, nil
}

// Dir returns the folder, for reading; [Lease.WriteFile] writes there.
func (l *Lease) Dir() string { return l.dir }

// Progress says how far the holder has come with its work, for those who look
// at it. It costs nothing: the next heartbeat carries it.
func (l *Lease) Progress(iteration int, imagesPerSecond float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.iteration, l.rate = iteration, imagesPerSecond
}

// Held returns nil while the lease is this worker's, a [*LostError] when another has
// taken it over or the folder is gone, and another error if the lease was released or
// the claim cannot be read. WriteFile, Remove and Rename ask it themselves.
func (l *Lease) Held() error {
	l.mu.Lock()
	released := l.released
	l.mu.Unlock()
	if released {
		return fmt.Errorf("the lease on %v was released", l.of)
	}
	h, err := holder(l.dir)
	switch {
	case err != nil:
		return fmt.Errorf("cannot tell who holds %v: %w", l.of, err)
	case h == nil:
		// Who took it over may have done with it since; what it left is there.
		_, err := os.Stat(l.dir)
		return &LostError{Of: l.of, Gone: errors.Is(err, fs.ErrNotExist)}
	case !bytes.Equal(h.content, l.claim.content):
		return &LostError{Of: l.of, Host: h.Host}
	}
	return nil
}

// WriteFile writes a file in the folder as [atomicfile.Write] does, unless the
// lease was lost. The name is without a folder.
func (l *Lease) WriteFile(name string, write func(io.Writer) error) error {
	return l.write(name, write, atomicfile.Options{Last: l.Held})
}

func (l *Lease) write(name string, write func(io.Writer) error, o atomicfile.Options) error {
	for tries := 0; ; tries++ {
		err := o.Write(filepath.Join(l.dir, name), write)
		if !errors.Is(err, fs.ErrNotExist) || tries == 3 {
			return err
		}
		// The temporary file was swept away: by a worker that took the lease
		// over, and this is how one that slept gets to know; or by one that has
		// lost it since, and then it is to be written again.
		if err := l.Held(); err != nil {
			return err
		}
	}
}

// Remove removes a file in the folder, which need not exist, unless the lease
// was lost.
func (l *Lease) Remove(name string) error {
	path := filepath.Join(l.dir, name)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil // whoever has the lease by now
	}
	if err := l.Held(); err != nil {
		return err
	}
	return atomicfile.Remove(path)
}

// Rename renames a file in the folder, unless the lease was lost.
func (l *Lease) Rename(from, to string) error {
	if err := l.Held(); err != nil {
		return err
	}
	path := filepath.Join(l.dir, from)
	if err := atomicfile.Rename(path, filepath.Join(l.dir, to)); err != nil {
		return fmt.Errorf("renaming %s to %s: %w", path, to, atomicfile.Cause(err))
	}
	return nil
}

// Release gives the lease up, so that others need not wait, and removes the
// folder if nothing is in it. A lease that was lost is not touched; one that
// cannot be seen just now is given up if it can be. Release may be called more
// than once.
func (l *Lease) Release() error {
	err := l.Held()
	l.mu.Lock()
	again := l.released
	l.released = true
	l.mu.Unlock()
	if again {
		return nil
	}
	close(l.stop)
	<-l.done
	atomicfile.Remove(filepath.Join(l.dir, claimAlive+l.claim.Token))
	var lost *LostError
	if errors.As(err, &lost) {
		return nil
	}
	if err == nil {
		sweep(l.dir, l.claim.Token) // what cannot be removed is for the next holder to say
	}
	path := filepath.Join(l.dir, claimFile)
	if err := l.dropClaim(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("releasing the lease on %v: %w", l.of, err)
	}
	// A link would go, whatever is in the folder that it leads to.
	if info, err := os.Lstat(l.dir); err == nil && info.IsDir() {
		os.Remove(l.dir) // works only if nothing was written
	}
	return nil
}

// dropClaim removes the claim, unless it is another's or cannot be read. It is moved
// aside first and looked at again, in case it is another's since; then it is put
// back, unless a third worker has claimed the lease by now.
func (l *Lease) dropClaim(path string) error {
	if content, err := atomicfile.ReadFile(path); err != nil || !bytes.Equal(content, l.claim.content) {
		return err
	}
	aside := filepath.Join(l.dir, atomicfile.Temporary+"released-"+l.claim.Token)
	if err := atomicfile.Rename(path, aside); err != nil {
		return err
	}
	defer atomicfile.Remove(aside)
	content, err := atomicfile.ReadFile(aside)
	if err == nil && !bytes.Equal(content, l.claim.content) {
		link(aside, path, content)
	}
	return err
}
