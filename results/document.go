package results

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

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
	Network     network.Network      `toml:"network"`
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
	m, _ := r.MeanLast(meanRows)
	s.Mean = meanPoint{Rows: m.Rows, TrainingError: m.TrainError, TestError: m.TestError}
	return s
}

func documentOf(r *Record) document {
	d := document{
		Format:      format,
		Identity:    r.Key.Identity(),
		Status:      r.Status,
		Reason:      r.Reason,
		WarmupEnded: r.WarmupEnded,
		Network:     r.Key.Spec.Network,
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
			Spec:       experiments.RunSpec{Network: d.Network, Protocol: d.Protocol, Scale: d.Scale, Seed: d.Seed},
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
	if err := decodeFormat(b, &d, func(key string) bool { return addedAfter(version.Format, key) }); err != nil {
		return d, err
	}
	if d.Format < 1 {
		return d, fmt.Errorf("format is %d, want 1 to %d", d.Format, format)
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

// decodeFormat decodes TOML and refuses keys that are missing, unknown, or
// spelt in another case, which the TOML package takes for the same. The keys
// that came later than the text's format are unknown, and none is missing.
func decodeFormat(b []byte, v any, later func(key string) bool) error {
	md, err := toml.Decode(string(b), v)
	if err != nil {
		var parse toml.ParseError
		if errors.As(err, &parse) {
			return &lineError{parse.Position.Line, errors.New(firstLine(parse.Message))}
		}
		return errors.New(firstLine(strings.TrimPrefix(err.Error(), "toml: ")))
	}
	known := make(map[string]bool) // key -> required
	tomlKeys(reflect.TypeOf(v).Elem(), "", true, known)
	found := make(map[string]bool)
	for _, key := range md.Keys() {
		name := strings.Join(key, ".")
		if _, ok := known[name]; !ok || later(name) {
			return fmt.Errorf("unknown key %s", strings.Join(strings.Fields(key.String()), " "))
		}
		for i := range key {
			found[strings.Join(key[:i+1], ".")] = true
		}
	}
	var missing []string
	for name, required := range known {
		parent := name[:max(0, strings.LastIndexByte(name, '.'))]
		if required && !found[name] && !later(name) && (parent == "" || found[parent]) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return fmt.Errorf("key %s is missing", missing[0])
	}
	return nil
}

// tomlKeys collects the keys that a struct is written as, and whether they must
// be there.
func tomlKeys(t reflect.Type, prefix string, required bool, keys map[string]bool) {
	for i := range t.NumField() {
		field := t.Field(i)
		ft := field.Type
		if ft.Kind() == reflect.Pointer || ft.Kind() == reflect.Slice {
			ft = ft.Elem()
		}
		if field.Anonymous {
			tomlKeys(ft, prefix, required, keys)
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("toml"), ",")
		if name == "" || name == "-" {
			continue
		}
		keys[prefix+name] = options == ""
		if ft.Kind() == reflect.Struct && !isText(ft) {
			tomlKeys(ft, prefix+name+".", required, keys)
		}
	}
}

// isText reports whether a struct is written as one value, as a network or a time.
func isText(t reflect.Type) bool {
	_, ok := reflect.New(t).Interface().(interface{ UnmarshalText([]byte) error })
	return ok
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}
