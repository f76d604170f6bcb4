package reports

import (
	"bytes"
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"testing"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/results"
)

func TestWriteAll(t *testing.T) {
	exp := figure1Experiment()
	exp.Seeds = []int64{2, 1}
	records := slices.Concat(recordsOf(exp, experiments.Full()), recordsOf(exp, sixteenth))
	synthetic := recordsOf(exp, sixteenth)[0]
	synthetic.Key.Data = results.Fingerprint{Synthetic: true}
	synthetic.Key.Spec.Protocol.Nesterov = true
	diverged := recordsOf(figure7Experiment(), sixteenth)[3]
	diverge(diverged)
	diverged.Rows[3].TrainLoss, diverged.Rows[3].ValError = math.Inf(1), 12.5
	diverged.Times = diverged.Times[:2]
	records = append(records, synthetic, diverged)

	var first bytes.Buffer
	if err := WriteAll(&first, records); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(records)
	var second bytes.Buffer
	if err := WriteAll(&second, records); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the order depends on that of the records")
	}

	rows, err := csv.NewReader(&first).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, key := range rows[0] {
		at[key] = i
	}
	want := 0
	for _, r := range records {
		want += len(r.Rows)
	}
	if len(rows) != 1+want || len(at) != len(rows[0]) {
		t.Errorf("%d rows, want %d; columns %v", len(rows)-1, want, rows[0])
	}
	// Each row is found again in the record that its identity names.
	of := map[string]*results.Record{}
	for _, r := range records {
		of[r.Key.Identity()] = r
	}
	next := map[string]int{}
	var runs []string
	for _, row := range rows[1:] {
		id := row[at["identity"]]
		r := of[id]
		if next[id] == 0 {
			runs = append(runs, row[at["network"]]+" "+row[at["data_set"]]+" "+row[at["scale"]]+" "+row[at["seed"]])
		}
		x := r.Rows[next[id]]
		seconds := math.NaN()
		if next[id] < len(r.Times) {
			seconds = r.Times[next[id]].Seconds
		}
		next[id]++
		texts := map[string]string{"network": r.Key.Spec.Network.String(), "kind": "plain", "data_set": "CIFAR-10", "protocol": "", "status": "complete"}
		switch r {
		case synthetic:
			texts["data_set"], texts["protocol"] = "synthetic", "nesterov=true"
		case diverged:
			texts["kind"], texts["status"] = "residual", "diverged"
		}
		for key, want := range texts {
			if got := row[at[key]]; got != want {
				t.Fatalf("%s of %s is %q, want %q", key, id, got, want)
			}
		}
		for key, value := range map[string]float64{"iteration": float64(x.Iteration), "epoch": x.Epoch, "learning_rate": x.LearningRate, "training_loss": x.TrainLoss,
			"training_error": x.TrainError, "test_error": x.TestError, "validation_error": x.ValError, "seconds": seconds,
			"scale": r.Key.Spec.Scale.Fraction(), "seed": float64(r.Key.Spec.Seed), "depth": float64(r.Key.Spec.Network.Depth())} {
			text := row[at[key]]
			got, err := strconv.ParseFloat(text, 64)
			if finite(value) && (err != nil || got != value) || !finite(value) && text != "" {
				t.Fatalf("%s of %s is %q, want %v", key, id, text, value)
			}
		}
	}
	order := []string{"plain-20 CIFAR-10 0.0625 1", "plain-20 CIFAR-10 0.0625 2", "plain-20 CIFAR-10 1 1", "plain-20 CIFAR-10 1 2", "plain-20 synthetic 0.0625 2",
		"plain-56 CIFAR-10 0.0625 1", "plain-56 CIFAR-10 0.0625 2", "plain-56 CIFAR-10 1 1", "plain-56 CIFAR-10 1 2", "resnet-56 CIFAR-10 0.0625 1"}
	if !slices.Equal(runs, order) {
		t.Errorf("runs in the order %q, want %q", runs, order)
	}
}

// What has no part in a run does not tell it from others.
func TestDepartures(t *testing.T) {
	for _, c := range []struct {
		network network.Network
		want    string
	}{
		{residualNet(20), "milestones=[20000 30000]; initialisation=fan-in"},
		{residualNet(110), "milestones=[20000 30000]; warmup_window=100; initialisation=fan-in"},
	} {
		p := experiments.Paper()
		p.Initialisation, p.WarmupWindow, p.Milestones = experiments.FanIn, 100, []int{20000, 30000}
		key := results.Key{Spec: experiments.RunSpec{Network: c.network, Protocol: p.Scaled(experiments.Full()), Scale: experiments.Full(), Seed: 1}}
		if got := departures(key); got != c.want {
			t.Errorf("%s: %q, want %q", c.network, got, c.want)
		}
		key.Spec.Protocol = experiments.Paper().Scaled(sixteenth)
		if key.Spec.Scale = sixteenth; departures(key) != "" {
			t.Errorf("the paper's protocol departs from itself: %q", departures(key))
		}
	}
}
