package results

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"deepresidual/results/atomicfile"
	"deepresidual/results/lease"
)

// Names of the files of a record.
const (
	RunFile       = "run.toml"
	CurveFile     = "curve.csv"
	TimingFile    = "timing.csv"
	ResponsesFile = "responses.csv"
)

// Store is a results folder. Its methods may be called from any goroutine.
type Store struct {
	dir    string
	worker *lease.Worker
}

// Open returns the store in dir. The folder is not made before something is
// written; one that is missing has no records.
func Open(dir string) (*Store, error) { return OpenWith(dir, lease.Options{}) }

// OpenWith is like [Open], with options for the leases on runs.
func OpenWith(dir string, o lease.Options) (*Store, error) {
	worker, err := o.NewWorker()
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("results: %s is a file, want a folder to keep results in", dir)
	} else if err != nil && !atomicfile.Missing(err) {
		return nil, fmt.Errorf("results: opening the results folder: %w", err)
	} else if _, link := os.Lstat(dir); err != nil && link == nil {
		return nil, fmt.Errorf("results: %s is a link to a folder that is not there: mount or make that one", dir)
	}
	return &Store{dir: dir, worker: worker}, nil
}

// Dir returns the results folder.
func (s *Store) Dir() string { return s.dir }

// Path returns the folder of a run, which need not exist. It lies in one named
// after the network; a run that is there already stays where it is, though a spec
// has another name for the network by now.
func (s *Store) Path(key Key) string {
	runs, id := filepath.Join(s.dir, "runs"), key.Identity()
	path := filepath.Join(runs, key.Spec.Network.String(), id)
	if exists(path) {
		return path
	}
	networks, _ := os.ReadDir(runs) // whoever reads a record tells what keeps it from being read
	for _, other := range networks {
		if there := filepath.Join(runs, other.Name(), id); exists(there) {
			return there
		}
	}
	return path
}

// Empty reports whether there is no folder of runs: nothing was ever recorded, or what
// was is out of reach.
func (s *Store) Empty() bool { return !exists(filepath.Join(s.dir, "runs")) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Records returns every record that can be read, by network and identity. What cannot
// be read does not keep the others from being read: it is an [*UnreadableError], which
// names the run and wraps a [*DamagedError] if the content of a file is to blame, or a
// [*LaterError] if this program is too old. A folder that cannot be listed is another
// error.
//
// A run has one record, though there are two where workers began it at the same time
// under two names of its network: one that is finished, if any is, else the first.
func (s *Store) Records() ([]*Record, []error) {
	// Folders are read level by level and not by a pattern, which would take
	// the brackets in the path of a results folder for its own.
	runs := filepath.Join(s.dir, "runs")
	networks, err := atomicfile.ReadDir(runs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, []error{fmt.Errorf("results: listing records: %w", err)}
	}
	var records []*Record
	var errs []error
	where := map[string]int{} // by identity
	for _, network := range networks {
		if !isFolder(runs, network) {
			continue
		}
		ids, err := atomicfile.ReadDir(filepath.Join(runs, network.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("results: listing records: %w", err))
		}
		for _, id := range ids {
			if !isFolder(filepath.Join(runs, network.Name()), id) {
				continue
			}
			dir := filepath.Join(runs, network.Name(), id.Name())
			r, err := readRecord(dir)
			i, twice := where[id.Name()]
			switch {
			case err != nil:
				errs = append(errs, &UnreadableError{dir, err})
			case r == nil:
			case !twice:
				where[id.Name()] = len(records)
				records = append(records, r)
			case r.Status.Finished() && !records[i].Status.Finished():
				records[i] = r
			}
		}
	}
	return records, errs
}

// isFolder reports whether an entry of a folder is one, or a link to one: whoever
// looks for a run by its path finds it in either.
func isFolder(in string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(in, e.Name()))
	return err == nil && info.IsDir()
}
