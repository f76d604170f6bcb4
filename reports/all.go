package reports

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"deepresidual/experiments"
	"deepresidual/results"
)

// AllFile is the file of [WriteAll] in the results folder.
const AllFile = "all.csv"

// allColumns are the columns of [WriteAll].
var allColumns = []string{"network", "kind", "depth", "scale", "seed", "data_set", "protocol", "identity", "status", "iteration", "epoch",
	"learning_rate", "training_loss", "training_error", "test_error", "validation_error", "seconds"}

// WriteAll writes every row of every run as one tidy table in CSV, each row with all
// that tells its run from others, in an order that depends on the records alone: by
// kind, depth and name of the network, data set, scale, seed, identity and iteration.
// Errors are in percent. The column protocol says in which keys a run differs from the
// paper's, and is empty where it does not. What is not known is empty: a validation
// error where no images were held out, seconds of a row without a time, a loss that is
// not finite.
func WriteAll(w io.Writer, records []*results.Record) error {
	sorted := slices.SortedFunc(slices.Values(records), func(a, b *results.Record) int {
		x, y := a.Key, b.Key
		synthetic := func(k results.Key) int {
			if k.Data.Synthetic {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(x.Spec.Network.Kind, y.Spec.Network.Kind), cmp.Compare(x.Spec.Network.Depth(), y.Spec.Network.Depth()),
			strings.Compare(x.Spec.Network.String(), y.Spec.Network.String()),
			cmp.Compare(synthetic(x), synthetic(y)), x.Spec.Scale.Compare(y.Spec.Scale), cmp.Compare(x.Spec.Seed, y.Spec.Seed),
			strings.Compare(x.Identity(), y.Identity()))
	})
	out := csv.NewWriter(w)
	if err := out.Write(allColumns); err != nil {
		return err
	}
	for _, r := range sorted {
		seconds := map[int]float64{}
		for _, t := range r.Times {
			seconds[t.Iteration] = t.Seconds
		}
		spec := r.Key.Spec
		run := []string{spec.Network.String(), string(spec.Network.Kind), strconv.Itoa(spec.Network.Depth()), shortest(spec.Scale.Fraction()),
			strconv.FormatInt(spec.Seed, 10), dataSet(r.Key.Data.Synthetic), departures(r.Key), r.Key.Identity(), string(r.Status)}
		for _, row := range r.Rows {
			at, ok := seconds[row.Iteration]
			if !ok {
				at = math.NaN()
			}
			values := append(slices.Clone(run), strconv.Itoa(row.Iteration), shortest(row.Epoch), shortest(row.LearningRate), shortest(row.TrainLoss),
				shortest(row.TrainError), shortest(row.TestError), shortest(row.ValError), shortest(at))
			if err := out.Write(values); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// departures are the keys of a run's protocol that differ from the paper's, and
// have a part in the run: "initialisation=fan-in; last_layer=he".
func departures(k results.Key) string {
	var list []string
	for _, d := range experiments.Paper().Scaled(k.Spec.Scale).DifferencesFor(k.Spec.Network, k.Spec.Protocol) {
		list = append(list, fmt.Sprintf("%s=%v", d.Key, d.To))
	}
	return strings.Join(list, "; ")
}

// shortest writes a number as briefly as reads back as the same, and nothing for
// one that is not finite.
func shortest(v float64) string {
	if !finite(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// dataSet is what runs were trained on.
func dataSet(synthetic bool) string {
	if synthetic {
		return "synthetic"
	}
	return "CIFAR-10"
}
