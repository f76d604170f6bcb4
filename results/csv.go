package results

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The tables beside run.toml. Numbers are written in the shortest form that
// reads back as the same float64, so equal rows are equal bytes.
var (
	curveHeader    = []string{"iteration", "epoch", "learning_rate", "training_loss", "training_error", "test_error", "validation_error"}
	timingHeader   = []string{"iteration", "seconds"}
	responseHeader = []string{"layer", "name", "std"}
)

// EncodeCurve returns curve.csv.
func EncodeCurve(rows []Row) []byte {
	return encodeTable(curveHeader, rows, func(r Row) []string {
		validation := ""
		if !math.IsNaN(r.ValError) {
			validation = number(r.ValError)
		}
		return []string{strconv.Itoa(r.Iteration), number(r.Epoch), number(r.LearningRate),
			number(r.TrainLoss), number(r.TrainError), number(r.TestError), validation}
	})
}

// DecodeCurve reads curve.csv, strictly.
func DecodeCurve(b []byte) ([]Row, error) {
	last := -1
	return decodeTable(b, curveHeader, func(f *fields) Row {
		r := Row{
			Iteration:    f.ascending(0, &last),
			Epoch:        f.amount(1),
			LearningRate: f.amount(2),
			TrainLoss:    f.any(3), // also NaN or infinite, as earlier programs recorded of a run that diverged
			TrainError:   f.percent(4),
			TestError:    f.percent(5),
			ValError:     math.NaN(),
		}
		if f.values[6] != "" {
			r.ValError = f.percent(6)
		}
		return r
	})
}

// EncodeTiming returns timing.csv.
func EncodeTiming(times []Time) []byte {
	return encodeTable(timingHeader, times, func(t Time) []string {
		return []string{strconv.Itoa(t.Iteration), number(t.Seconds)}
	})
}

// DecodeTiming reads timing.csv, strictly.
func DecodeTiming(b []byte) ([]Time, error) {
	last := -1
	return decodeTable(b, timingHeader, func(f *fields) Time {
		return Time{Iteration: f.ascending(0, &last), Seconds: f.amount(1)}
	})
}

func encodeResponses(responses []Response) []byte {
	return encodeTable(responseHeader, responses, func(r Response) []string {
		return []string{strconv.Itoa(r.Layer), r.Name, number(r.Std)}
	})
}

func decodeResponses(b []byte) ([]Response, error) {
	last := 0
	return decodeTable(b, responseHeader, func(f *fields) Response {
		return Response{Layer: f.ascending(0, &last), Name: f.values[1], Std: f.any(2)}
	})
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func encodeTable[T any](header []string, rows []T, values func(T) []string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(header) // a bytes.Buffer takes everything
	for _, row := range rows {
		w.Write(values(row))
	}
	w.Flush()
	return b.Bytes()
}

// lineError is a mistake in one line of a table.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// decodeTable reads a table strictly: exactly this header, exactly its columns,
// a whole last line.
func decodeTable[T any](b []byte, header []string, row func(*fields) T) ([]T, error) {
	if len(b) > 0 && b[len(b)-1] != '\n' {
		return nil, &lineError{bytes.Count(b, []byte("\n")) + 1, errors.New("the file ends in the middle of this line")}
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord = -1 // counted below, to say what is expected
	got, err := r.Read()
	if err == io.EOF {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, csvError(err)
	}
	if !slices.Equal(got, header) {
		return nil, &lineError{1, fmt.Errorf("the columns are %q, want %q", strings.Join(got, ","), strings.Join(header, ","))}
	}
	var rows []T
	for {
		got, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, csvError(err)
		}
		line, _ := r.FieldPos(0)
		if len(got) != len(header) {
			return nil, &lineError{line, fmt.Errorf("%d values, want %d", len(got), len(header))}
		}
		f := &fields{header: header, values: got}
		v := row(f)
		if f.err != nil {
			return nil, &lineError{line, f.err}
		}
		rows = append(rows, v)
	}
}

func csvError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return &lineError{parse.Line, parse.Err}
	}
	return err
}

// fields reads the values of one line and keeps the first mistake.
type fields struct {
	header, values []string
	err            error
}

func (f *fields) fail(i int, want string) {
	if f.err == nil {
		f.err = fmt.Errorf("%s is %q, want %s", f.header[i], f.values[i], want)
	}
}

// ascending reads a whole number above *last and moves *last there.
func (f *fields) ascending(i int, last *int) int {
	n, err := strconv.Atoi(f.values[i])
	switch {
	case err != nil:
		f.fail(i, "a whole number")
	case n <= *last:
		f.fail(i, fmt.Sprintf("more than %d", *last))
	default:
		*last = n
	}
	return n
}

func (f *fields) any(i int) float64 {
	x, err := strconv.ParseFloat(f.values[i], 64)
	if err != nil {
		f.fail(i, "a number")
	}
	return x
}

// amount reads a finite number that is not negative.
func (f *fields) amount(i int) float64 {
	x := f.any(i)
	if !(x >= 0) || math.IsInf(x, 1) {
		f.fail(i, "a number of at least 0")
	}
	return x
}

func (f *fields) percent(i int) float64 {
	x := f.any(i)
	if !(x >= 0 && x <= 100) {
		f.fail(i, "a percentage from 0 to 100")
	}
	return x
}
