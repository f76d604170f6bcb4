package results

import (
	"time"
)

// Status says how far a run has come.
type Status string

const (
	Running     Status = "running"     // being trained, or left behind by a worker that died
	Complete    Status = "complete"    // trained to the end of its schedule
	Diverged    Status = "diverged"    // ended by a loss, a response or weights that were not finite
	Interrupted Status = "interrupted" // stopped on request, to be continued
)

// Finished reports whether nothing more is to be trained.
func (s Status) Finished() bool { return s == Complete || s == Diverged }

// Row is one line of the learning curves. Errors are top-1 errors in percent.
//
// TrainLoss and TrainError are means over the minibatches since the previous row,
// augmented and with batch statistics; TestError and ValError use the running
// statistics. The loss is the mean cross-entropy in nats, without weight decay.
type Row struct {
	Iteration    int
	Epoch        float64
	LearningRate float64
	TrainLoss    float64
	TrainError   float64
	TestError    float64
	ValError     float64 // NaN if no images are held out
}

// Time says when a row was reached: seconds of training since the start of the
// run, the time spent before an interruption included.
type Time struct {
	Iteration int
	Seconds   float64
}

// Response is the standard deviation of one 3x3 layer's output, after batch
// normalisation and before ReLU and addition (section 4.2, Figure 7), over all images,
// channels and pixels together.
type Response struct {
	Layer int // 1 is the first layer of the network
	Name  string
	Std   float64
}

// Provenance is what is worth knowing about how a run came about and does not,
// or must not, change its numbers.
type Provenance struct {
	Revision       string    `toml:"revision"`
	Dirty          bool      `toml:"dirty"`           // there were changes that are not in Revision
	RevisionSource string    `toml:"revision_source"` // "build", "git" or "none"
	GoVersion      string    `toml:"go_version"`
	OS             string    `toml:"os"`
	Arch           string    `toml:"arch"`
	CPU            string    `toml:"cpu"`
	Host           string    `toml:"host,omitempty"`
	Kernels        []string  `toml:"kernels"` // each set of kernels that had a part in the run, in order
	Threads        int       `toml:"threads"`
	Command        string    `toml:"command"`
	Started        time.Time `toml:"started"`
	Ended          time.Time `toml:"ended,omitempty"` // zero while the run goes on
	TrainSeconds   float64   `toml:"train_seconds"`
	Resumed        int       `toml:"resumed"` // how often the run went on from a checkpoint
}

// Process is one of several processes that trained a run, one after the other,
// and the part that is its work: from its iteration to that of the next. One that
// was given another number of threads on the way has a part with each.
type Process struct {
	Iteration int       `toml:"iteration"` // it went on after so many
	Host      string    `toml:"host,omitempty"`
	CPU       string    `toml:"cpu"`
	Kernels   string    `toml:"kernels"`
	Threads   int       `toml:"threads"`
	Revision  string    `toml:"revision"`
	Dirty     bool      `toml:"dirty"`
	GoVersion string    `toml:"go_version"`
	Started   time.Time `toml:"started"`
}

// Process is what is told of the process that trains from an iteration on.
func (p Provenance) Process(iteration int, kernels string) Process {
	return Process{
		Iteration: iteration, Host: p.Host, CPU: p.CPU, Kernels: kernels, Threads: p.Threads,
		Revision: p.Revision, Dirty: p.Dirty, GoVersion: p.GoVersion, Started: p.Started.Round(0).UTC(),
	}
}

// Record is all that is known of a run.
type Record struct {
	Key         Key
	Status      Status
	Reason      string     // why the run diverged or was interrupted
	WarmupEnded int        // iteration at which the warm-up ended, -1 if it has not or there is none
	Provenance  Provenance // of the last process, but for Started and what is counted
	Processes   []Process  // that trained the run, in order; nil if it was one, or is not known
	PeakMiB     float64    // peak resident memory; 0 if it is not known
	Rows        []Row
	Times       []Time
	Responses   []Response // empty until the run is complete

	Dir string // folder the record was read from; not recorded
}

// Final returns the last row.
func (r *Record) Final() (Row, bool) {
	if len(r.Rows) == 0 {
		return Row{}, false
	}
	return r.Rows[len(r.Rows)-1], true
}

// Best returns the row with the lowest test error, the first of equals. It is
// selected on the test set, so it flatters the network; say so beside it.
func (r *Record) Best() (Row, bool) {
	best, found := Row{}, false
	for _, row := range r.Rows {
		if !found || row.TestError < best.TestError {
			best, found = row, true
		}
	}
	return best, found
}
