package results

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
)

// CheckpointPrefix begins the names of a run's checkpoints; a run with one, and
// no holder, is interrupted.
const CheckpointPrefix = "checkpoint-"

// Run is the right to train one run and to write its record. It may be used
// from any goroutine.
type Run struct {
	store  *Store
	key    Key
	dir    string
	claim  *holding
	record *Record
	damage error

	mu        sync.Mutex
	finished  bool // what lies in the folder is a finished record
	iteration int
	rate      float64
	released  bool

	stop, done chan struct{}
}

// Begin takes the claim on a run, which ends with [Run.Release] or with the
// process. If another worker holds it, the error is an [ErrHeld]; calling again
// after a while is the way to wait. A holder that died on this machine is
// replaced at once, one on another after Options.StaleAfter without a sign of
// life, counted from the Begin of this store that first met it.
//
// The record is read after the claim is taken: ask [Run.Record] whether there is
// still something to train, since the last holder may have finished meanwhile.
// Cancelling ctx ends the attempt, not a claim that is taken.
func (s *Store) Begin(ctx context.Context, key Key) (*Run, error) {
	for {
		run, err := s.begin(ctx, key)
		var lost *LostError
		if !errors.As(err, &lost) {
			return run, err
		}
		// It took so long to begin that another worker found no sign of life.
	}
}

func (s *Store) begin(ctx context.Context, key Key) (*Run, error) {
	dir := s.Path(key)
	claim, err := s.take(ctx, dir)
	var held *ErrHeld
	switch {
	case errors.As(err, &held):
		held.Key = key
		return nil, held
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("results: claiming %v: %w", key, err)
	case err != nil:
		return nil, writeError(filepath.Join(dir, claimFile), err)
	}
	run := &Run{
		store: s,
		key:   key,
		dir:   dir,
		claim: claim,
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	if err := run.beat(0); err != nil {
		close(run.done)
		run.Release()
		return nil, err
	}
	go run.live()
	// Only now, and in this order: see "A holder that was not dead".
	sweep(dir, claim.Token)
	run.record, run.damage = readRecord(dir)
	run.finished = run.record != nil && run.record.Status.Finished()
	return run, nil
}

// Key returns what is to be trained.
func (run *Run) Key() Key { return run.key }

// Dir returns the folder of the run, for reading; [Run.WriteFile] writes there.
func (run *Run) Dir() string { return run.dir }

// Record returns the record as it was when the claim was taken: nil if there was
// none, an error if it could not be read.
func (run *Run) Record() (*Record, error) { return run.record, run.damage }

// Progress says how far the run has come, for those who look at it. It costs
// nothing: the next heartbeat carries it.
func (run *Run) Progress(iteration int, imagesPerSecond float64) {
	run.mu.Lock()
	defer run.mu.Unlock()
	run.iteration, run.rate = iteration, imagesPerSecond
}

// Held returns nil while the run is this worker's, and a [LostError] when
// another has taken it over. It reads one small file. Save, WriteFile and Remove
// ask it themselves.
func (run *Run) Held() error {
	run.mu.Lock()
	released := run.released
	run.mu.Unlock()
	if released {
		return fmt.Errorf("results: %v was released", run.key)
	}
	h, err := holder(run.dir)
	switch {
	case err != nil:
		return fmt.Errorf("results: cannot tell who holds %v: %w", run.key, err)
	case h == nil:
		return &LostError{Key: run.key}
	case !bytes.Equal(h.content, run.claim.content):
		return &LostError{Key: run.key, Host: h.Host}
	}
	return nil
}

// WriteFile writes a file of the run as [WriteAtomic] does, unless the run was
// lost. The name is without a folder.
func (run *Run) WriteFile(name string, write func(io.Writer) error) error {
	return run.write(name, write, durably)
}

func (run *Run) write(name string, write func(io.Writer) error, d durability) error {
	for tries := 0; ; tries++ {
		err := writeAtomic(filepath.Join(run.dir, name), write, d, run.Held)
		if !errors.Is(err, fs.ErrNotExist) || tries == 3 {
			return err
		}
		// The temporary file was swept away: by a worker that took the run over,
		// and this is how one that slept gets to know; or by one that has lost
		// the run since, and then it is to be written again.
		if err := run.Held(); err != nil {
			return err
		}
	}
}

// Remove removes a file of the run, which need not exist, unless the run was
// lost.
func (run *Run) Remove(name string) error {
	if err := run.Held(); err != nil {
		return err
	}
	err := os.Remove(filepath.Join(run.dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("results: removing %s: %w", filepath.Join(run.dir, name), bareCause(err))
	}
	return nil
}

// Save writes the record: curve.csv, timing.csv, responses.csv and run.toml.
//
// A run is finished from the moment a run.toml that says so is in place. It is
// therefore written last, when its tables are there; and when a finished record
// is replaced, first of all a run.toml that says the run goes on. So whoever
// reads at any moment finds a finished record with its own tables or one that is
// not finished.
func (run *Run) Save(r *Record) error {
	if got, want := r.Key.Identity(), run.key.Identity(); got != want {
		return fmt.Errorf("results: the record to save is of %v, the claim is on %v", r.Key, run.key)
	}
	files, err := recordFiles(r)
	if err != nil {
		return fmt.Errorf("results: saving %v: %w", run.key, err)
	}
	run.mu.Lock()
	replaces := run.finished
	run.mu.Unlock()
	if replaces {
		unfinished := *r
		unfinished.Status = Running
		first, err := recordFiles(&unfinished)
		if err != nil {
			return fmt.Errorf("results: saving %v: %w", run.key, err)
		}
		files = append(first[len(first)-1:], files...)
	}
	for _, f := range files {
		err := run.WriteFile(f.name, func(w io.Writer) error {
			_, err := w.Write(f.content)
			return err
		})
		if err != nil {
			return err
		}
	}
	run.mu.Lock()
	run.finished = r.Status.Finished()
	run.mu.Unlock()
	if len(r.Responses) == 0 {
		return run.Remove(ResponsesFile)
	}
	return nil
}

type file struct {
	name    string
	content []byte
}

// recordFiles returns the files of a record, run.toml last. A record that would not be accepted when it is read is an error.
func recordFiles(r *Record) ([]file, error) {
	doc, err := encodeDocument(documentOf(r))
	if err != nil {
		return nil, err
	}
	if _, err := decodeDocument(doc); err != nil {
		return nil, fmt.Errorf("%s: %w", RunFile, err)
	}
	curve := encodeCurve(r.Rows)
	if _, err := decodeCurve(curve); err != nil {
		return nil, fmt.Errorf("%s: %w", CurveFile, err)
	}
	timing := encodeTiming(r.Times)
	if _, err := decodeTiming(timing); err != nil {
		return nil, fmt.Errorf("%s: %w", TimingFile, err)
	}
	files := []file{{CurveFile, curve}, {TimingFile, timing}}
	if len(r.Responses) > 0 {
		responses := encodeResponses(r.Responses)
		if _, err := decodeResponses(responses); err != nil {
			return nil, fmt.Errorf("%s: %w", ResponsesFile, err)
		}
		files = append(files, file{ResponsesFile, responses})
	}
	return append(files, file{RunFile, doc}), nil
}

// Release gives the run up, so that others need not wait. A run that was lost is
// not touched. Release may be called more than once.
func (run *Run) Release() error {
	err := run.Held()
	run.mu.Lock()
	again := run.released
	run.released = true
	run.mu.Unlock()
	if again {
		return nil
	}
	close(run.stop)
	<-run.done
	os.Remove(filepath.Join(run.dir, claimAlive+run.claim.Token))
	var lost *LostError
	if errors.As(err, &lost) {
		return nil
	}
	if err != nil {
		return err
	}
	sweep(run.dir, run.claim.Token)
	path := filepath.Join(run.dir, claimFile)
	if err := run.dropClaim(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("results: releasing %v: %w", run.key, err)
	}
	os.Remove(run.dir) // works only if nothing was recorded
	return nil
}

// dropClaim removes the claim. It is moved aside first and looked at, in case it
// is another's since Held looked; then it is put back, unless a third worker has
// claimed the run by now.
func (run *Run) dropClaim(path string) error {
	aside := filepath.Join(run.dir, temporary+"released-"+run.claim.Token)
	if err := os.Rename(path, aside); err != nil {
		return err
	}
	defer os.Remove(aside)
	content, err := os.ReadFile(aside)
	if err == nil && !bytes.Equal(content, run.claim.content) {
		os.Link(aside, path)
	}
	return err
}
