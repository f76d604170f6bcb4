package results

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"github.com/BurntSushi/toml"

	"deepresidual/experiments"
	"deepresidual/models/network"
)

// meanRows is the number of rows in the summary's mean.
const meanRows = 10

// document is run.toml. The summary and the digests repeat what the tables
// hold, the one for people who read the file, the other to notice a table that
// is not the one that was written.
type document struct {
	Format      int                  `toml:"format"`
	Identity    string               `toml:"identity"`
	Status      Status               `toml:"status"`
	Reason      string               `toml:"reason,omitempty"`
	WarmupEnded int                  `toml:"warmup_ended"` // -1: not yet, or no warm-up
	Network     recordedNetwork      `toml:"network"`
	Seed        int64                `toml:"seed"`
	Scale       experiments.Scale    `toml:"scale"`
	Arithmetic  int                  `toml:"arithmetic"`
	PeakMiB     float64              `toml:"peak_mib"`
	Protocol    experiments.Protocol `toml:"protocol"`
	Data        Fingerprint          `toml:"data"`
	Result      *summary             `toml:"result,omitempty"`
	Digests     digests              `toml:"digests"`
	Provenance  Provenance           `toml:"provenance"`
	Processes   []Process            `toml:"process,omitempty"` // if there were several
}

// summary is the outcome of a run, each way of quoting it under its own name.
type summary struct {
	Final point     `toml:"final"`
	Best  *best     `toml:"best,omitempty"`
	Mean  meanPoint `toml:"mean_of_last"`
}

type point struct {
	Iteration       int      `toml:"iteration"`
	TrainingError   float64  `toml:"training_error"`
	TestError       float64  `toml:"test_error"`
	ValidationError *float64 `toml:"validation_error,omitempty"`
}

type best struct {
	SelectedOn string `toml:"selected_on"` // always "test": not an honest estimate
	point
}

type meanPoint struct {
	Rows          int     `toml:"rows"`
	TrainingError float64 `toml:"training_error"`
	TestError     float64 `toml:"test_error"`
}

// digests are the SHA-256 of the tables in the form this package writes them,
// so that another line ending does not count as a change.
type digests struct {
	Curve     string `toml:"curve"`
	Responses string `toml:"responses,omitempty"`
}

func digest(table []byte) string {
	sum := sha256.Sum256(table)
	return hex.EncodeToString(sum[:])
}

func pointOf(r Row) point {
	p := point{Iteration: r.Iteration, TrainingError: r.TrainError, TestError: r.TestError}
	if !math.IsNaN(r.ValError) {
		p.ValidationError = &r.ValError
	}
	return p
}

func summarise(r *Record) *summary {
	final, ok := r.Final()
	if !ok {
		return nil
	}
	s := &summary{Final: pointOf(final)}
	if row, ok := r.Best(); ok {
		s.Best = &best{SelectedOn: "test", point: pointOf(row)}
	}
	s.Mean = meanOf(r.Rows[max(0, len(r.Rows)-meanRows):])
	return s
}

// meanOf averages rows, of which there is one at least.
func meanOf(rows []Row) meanPoint {
	m := meanPoint{Rows: len(rows)}
	for _, row := range rows {
		m.TrainingError += row.TrainError
		m.TestError += row.TestError
	}
	m.TrainingError /= float64(len(rows))
	m.TestError /= float64(len(rows))
	return m
}

func documentOf(r *Record) document {
	d := document{
		Format:      format,
		Identity:    r.Key.Identity(),
		Status:      r.Status,
		Reason:      r.Reason,
		WarmupEnded: r.WarmupEnded,
		Network:     recordedNetwork(r.Key.Spec.Network),
		Seed:        r.Key.Spec.Seed,
		Scale:       r.Key.Spec.Scale,
		Arithmetic:  r.Key.Arithmetic,
		PeakMiB:     r.PeakMiB,
		Protocol:    r.Key.Spec.Protocol,
		Data:        r.Key.Data,
		Result:      summarise(r),
		Digests:     digests{Curve: digest(EncodeCurve(r.Rows))},
		Provenance:  r.Provenance,
	}
	if d.Protocol.Milestones == nil {
		d.Protocol.Milestones = []int{} // written out, as every key of the protocol
	}
	if d.Provenance.Kernels == nil {
		d.Provenance.Kernels = []string{}
	}
	if len(r.Processes) > 1 {
		d.Processes = r.Processes
	}
	if len(r.Responses) > 0 {
		d.Digests.Responses = digest(encodeResponses(r.Responses))
	}
	return d
}

// record is the reverse of documentOf, without the tables.
func (d document) record() *Record {
	return &Record{
		Key: Key{
			Spec:       experiments.RunSpec{Network: network.Network(d.Network), Protocol: d.Protocol, Scale: d.Scale, Seed: d.Seed},
			Data:       d.Data,
			Arithmetic: d.Arithmetic,
		},
		Status:      d.Status,
		Reason:      d.Reason,
		WarmupEnded: d.WarmupEnded,
		Provenance:  d.Provenance,
		Processes:   d.Processes,
		PeakMiB:     d.PeakMiB,
	}
}

func encodeDocument(d document) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# One training run. Written by the harness; the curves are in curve.csv beside this file.\n\n")
	enc := toml.NewEncoder(&b)
	enc.Indent = ""
	if err := enc.Encode(d); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// decodeDocument reads run.toml strictly: every key of its format there, spelt
// so, and no other. The document it returns is of the current format.
func decodeDocument(b []byte) (document, error) {
	var version struct{ Format int }
	_, unreadable := toml.Decode(string(b), &version)
	// A later format has other keys; say that rather than which.
	if unreadable == nil && version.Format > format {
		return document{}, laterFormat(version.Format)
	}
	d := document{Protocol: protocolBefore(version.Format)}
	if unreadable == nil {
		var err error
		if b, err = withNewNames(b, version.Format); err != nil {
			return d, err
		}
	}
	if err := experiments.DecodeAll("", b, &d, func(key string) bool { return !addedAfter(version.Format, key) }); err != nil {
		return d, err
	}
	if d.Format < 1 {
		return d, fmt.Errorf("format is %d, want 1 to %d", d.Format, format)
	}
	if d.Format < describesNetworks && !network.Network(d.Network).IsStandard() {
		return d, fmt.Errorf("network is described by a table, which format %d does not have", d.Format)
	}
	d.Format = format
	if !slices.Contains([]Status{Running, Complete, Diverged, Interrupted}, d.Status) {
		return d, fmt.Errorf("status is %q, want running, complete, diverged or interrupted", d.Status)
	}
	if id := d.record().Key.Identity(); d.Identity != id {
		return d, fmt.Errorf("identity is %q, but the spec recorded has %q: one of them was changed", d.Identity, id)
	}
	last := -1
	for _, p := range d.Processes {
		if p.Iteration <= last {
			return d, fmt.Errorf("process.iteration is %d, want more than %d", p.Iteration, last)
		}
		last = p.Iteration
	}
	return d, nil
}

// laterFormat is the format of a record that a later version of the program wrote.
type laterFormat int

func (f laterFormat) Error() string {
	return fmt.Sprintf("it has format %d, of a later version of the program than this one, which reads up to %d", int(f), format)
}
