package publish

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/slurm"
	"deepresidual/harness/text"
	"deepresidual/harness/train"
	"deepresidual/models"
	"deepresidual/reports/table"
	"deepresidual/results"
)

// RunStatus is what -status tells of a run. The JSON names are part of the
// program's interface; what is not known or does not apply is left out.
type RunStatus struct {
	Network         string         `json:"network"`
	Scale           string         `json:"scale"`
	Seed            int64          `json:"seed"`
	Identity        string         `json:"identity"`
	Experiments     []string       `json:"experiments"`
	Status          results.Status `json:"status"`
	Where           string         `json:"where,omitempty"` // host:pid of the worker that trains it, again where the status is another than running
	Iteration       int            `json:"iteration"`
	Iterations      int            `json:"iterations"`
	ImagesPerSecond float64        `json:"images_per_second,omitempty"`
	SecondsLeft     float64        `json:"seconds_left,omitempty"`
	TestError       *float64       `json:"test_error,omitempty"` // percent, of the last row
	Note            string         `json:"note,omitempty"`       // why it diverged, what is damaged, that it is being trained again
}

// Status is the state of every run of experiments.
type Status []RunStatus

// StatusOf looks at runs; at those of the full schedule and of every other that
// something is recorded at, if the request is for no scale. It reads the results folder alone, waits for nobody,
// and writes nothing. A queue that cannot be read is an error beside a status
// that knows of none; so is a damaged record that has no line.
func StatusOf(store *results.Store, request results.Request) (Status, error) {
	queued, err := slurm.Queued(store.Dir())
	status := Status{}
	records, damaged := store.Records()
	for _, scale := range scalesOf(request, records) {
		at := request
		at.Scale = scale
		for _, run := range at.Runs(models.Arithmetic) {
			r := statusOf(store, run.Key)
			r.Experiments = run.By
			r.waitsIn(queued)
			r.Where, r.Note = text.Printable(r.Where), text.Printable(r.Note) // others may have written them
			status = append(status, r)
		}
	}
	if request.Scale.Num == 0 && request.Seeds == nil {
		err = errors.Join(err, status.unlisted(request.Experiments, damaged))
	}
	return status, err
}

// unlisted returns the errors about records of experiments' networks that have no line:
// at which scale they are, which would have one then, and of which data only they could
// say.
func (s Status) unlisted(list []*experiments.Experiment, damaged []error) error {
	return errors.Join(slices.DeleteFunc(damaged, func(err error) bool {
		network, id := runOf(err)
		asked := slices.ContainsFunc(list, func(e *experiments.Experiment) bool { return hasNetwork(e, network) })
		return id != "" && (!asked || slices.ContainsFunc(s, func(r RunStatus) bool { return r.Identity == id }))
	})...)
}

// scalesOf returns the scales to tell about.
func scalesOf(r results.Request, records []*results.Record) []experiments.Scale {
	if r.Scale.Num != 0 {
		return []experiments.Scale{r.Scale}
	}
	scales := []experiments.Scale{experiments.Full()}
	for _, record := range records {
		s := record.Key.Spec.Scale
		same := func(o experiments.Scale) bool { return o.Compare(s) == 0 }
		if record.Key.Data == r.Data && !slices.ContainsFunc(scales, same) {
			scales = append(scales, s)
		}
	}
	slices.SortFunc(scales, func(a, b experiments.Scale) int { return b.Compare(a) })
	return scales
}

// statusOf looks at one run.
func statusOf(store *results.Store, key results.Key) RunStatus {
	state := store.State(key)
	spec := key.Spec
	s := RunStatus{
		Network: spec.Network.String(), Scale: spec.Scale.String(), Seed: spec.Seed, Identity: key.Identity(),
		Status: state.Status, Iterations: spec.Protocol.Iterations,
	}
	if at, ok := train.Latest(store.Path(key)); ok {
		s.Iteration = at
	}
	if state.Damage != nil {
		s.Note = text.OneLine(state.Damage)
	}
	if r := state.Record; r != nil {
		s.Note = r.Reason
		if row, ok := r.Final(); ok {
			s.Iteration = max(s.Iteration, row.Iteration)
			s.TestError = &row.TestError
		}
		if t := r.Provenance.TrainSeconds; r.Status == results.Complete && t > 0 {
			s.ImagesPerSecond = float64(s.Iterations*spec.Protocol.Batch) / t
		}
	}
	if h := state.Holder; h != nil && (state.Status == results.Running || state.Retraining) {
		s.Where = "unknown"
		if h.Host != "" {
			s.Where = fmt.Sprintf("%s:%d", h.Host, h.PID)
		}
		s.Note = ""
		s.Iteration = max(s.Iteration, h.Iteration)
		if state.Status != results.Running {
			s.Note = "being trained again"
			s.Iteration = h.Iteration // the record's are of the training before
		}
		if s.ImagesPerSecond = h.ImagesPerSecond; s.ImagesPerSecond > 0 {
			s.SecondsLeft = float64((s.Iterations-s.Iteration)*spec.Protocol.Batch) / s.ImagesPerSecond
		}
	}
	return s
}

// Queued is a run that no worker holds and that Slurm has yet to start, or
// to start again. No record has this status.
const Queued results.Status = "queued"

// waitsIn takes the submissions to Slurm into account.
func (s *RunStatus) waitsIn(queued map[string]string) {
	where, ok := queued[s.Identity]
	if ok && (s.Status == results.Missing || s.Status == results.Interrupted) {
		s.Status, s.Note = Queued, where
	}
}

// Table lays the runs out as a table. The time left is the last to go where there
// is no room.
func (s Status) Table() *table.Table {
	t := &table.Table{
		Name: "status",
		Columns: []table.Column{
			{Heading: "network", Keys: []string{"network"}},
			{Heading: "scale", Keys: []string{"scale"}},
			{Heading: "seed", Number: true, Keys: []string{"seed"}},
			{Heading: "identity", Keys: []string{"identity"}, Spare: 2},
			{Heading: "status", Keys: []string{"status"}},
			{Heading: "where", Keys: []string{"where"}, Spare: 5},
			{Heading: "iteration", Number: true, Keys: []string{"iteration"}, Spare: 1},
			{Heading: "of", Number: true, Keys: []string{"iterations"}, Spare: 4},
			{Heading: "images/s", Number: true, Keys: []string{"images_per_second"}, Spare: 6},
			{Heading: "left", Number: true, Keys: []string{"seconds_left"}},
			{Heading: "test error", Number: true, Keys: []string{"test_error"}, Spare: 3},
			{Heading: "note", Keys: []string{"note"}, Spare: 7},
		},
	}
	for _, r := range s {
		var speed, left, test table.Cell
		if r.ImagesPerSecond > 0 {
			speed = table.Number(r.ImagesPerSecond, 0)
		}
		if r.SecondsLeft > 0 {
			left = table.Number(r.SecondsLeft, 0).As(text.Roughly(time.Duration(r.SecondsLeft * float64(time.Second))))
		}
		if r.TestError != nil {
			test = table.Percent(*r.TestError)
		}
		scale := table.Text(r.Scale)
		if s, err := experiments.ParseScale(r.Scale); err == nil {
			scale = table.Several(r.Scale, strconv.FormatFloat(s.Fraction(), 'g', -1, 64))
		}
		t.Add(table.Text(r.Network), scale, table.Int(int(r.Seed)), table.Text(r.Identity), table.Text(string(r.Status)), table.Text(r.Where),
			table.Int(r.Iteration), table.Int(r.Iterations), speed, left, test, table.Text(r.Note))
	}
	return t
}
