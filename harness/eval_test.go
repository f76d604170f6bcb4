package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/weights"
	"deepresidual/models"
	"deepresidual/models/network"
	"deepresidual/results"
	"deepresidual/results/atomicfile"
)

func TestParseNorm(t *testing.T) {
	for _, c := range []struct {
		value           string
		mean, deviation [3]float64
	}{
		{"pixel-mean", [3]float64{}, [3]float64{}},
		{"imagenet", [3]float64{0.485, 0.456, 0.406}, [3]float64{0.229, 0.224, 0.225}},
		{"cifar", [3]float64{0.4914, 0.4822, 0.4465}, [3]float64{0.2023, 0.1994, 0.2010}},
		{"0.5,0.4,0.3/0.2,0.1,1", [3]float64{0.5, 0.4, 0.3}, [3]float64{0.2, 0.1, 1}},
		{"125.3,123,-1e3/63,1e-3,1e3", [3]float64{125.3, 123, -1e3}, [3]float64{63, 1e-3, 1e3}},
		{"0, 0, 0 / 1, 1, 1", [3]float64{}, [3]float64{1, 1, 1}},
	} {
		n, err := parseNorm(c.value)
		if err != nil || n.name != c.value || n.mean != c.mean || n.deviation != c.deviation {
			t.Errorf("%q is %+v, %v", c.value, n, err)
		}
	}
	for _, value := range []string{"", "mnist", "0.5/0.2", "1,1,1", "1,1,1/", "1,1/1,1,1", "1,1,1/1,1,0", "1,1,1/1,1,-1", "1,1,1/1,1,NaN", "1,1,Inf/1,1,1", "1e308,1e308,0/1,1,1", "0,0,-1001/1,1,1", "0,0,0/1e-320,1,1", "0,0,0/1,1001,1", "1,1,1/1,1,1/1,1,1"} {
		var wrong usageError
		if _, err := parseNorm(value); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "cifar") {
			t.Errorf("%q: error %v", value, err)
		}
	}
}

// fileOf returns a file with the tensors of a network.
func fileOf(t *testing.T, residual bool, depth int, says string) *weights.File {
	t.Helper()
	kind := network.Plain
	if residual {
		kind = network.Residual
	}
	net := network.Standard(kind, (depth-2)/6)
	m, err := models.New(net, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	f := &weights.File{Tensors: m.Tensors()}
	if says != "" {
		f.Metadata = map[string]string{"network": says}
	}
	return f
}

// writeWeights writes weights of a small network.
func writeWeights(t *testing.T, path string) {
	t.Helper()
	err := atomicfile.Write(path, func(w io.Writer) error {
		return weights.WriteSafetensors(w, fileOf(t, true, 8, "").Tensors, map[string]string{"network": "resnet-8"})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNetworksOf(t *testing.T) {
	few := &weights.File{Tensors: []models.Tensor{{Name: "head.weight", Shape: []int{10, 64}}, {Name: "head.bias", Shape: []int{10}}}}
	for _, c := range []struct {
		name  string
		file  *weights.File
		named string
		want  string // names, or what the error says
	}{
		{"open", fileOf(t, true, 20, ""), "", "resnet-20 plain-20"},
		{"named", fileOf(t, true, 20, ""), "plain-20", "plain-20"},
		{"said", fileOf(t, false, 14, "plain-14"), "", "plain-14"},
		{"said and named", fileOf(t, false, 14, "plain-14"), "plain-14", "plain-14"},
		{"said otherwise", fileOf(t, false, 14, "plain-14"), "resnet-14", "-net resnet-14: w.pt says that it is of plain-14"},
		{"said by another program", fileOf(t, true, 8, "my net"), "", "resnet-8 plain-8"},
		{"another depth said", fileOf(t, true, 8, "resnet-14"), "", "resnet-8 plain-8"},
		{"something else", few, "", "w.pt is of none of the networks here: it holds 2 tensors: head.weight [10 64], head.bias [10]"},
		{"something else, named", few, "resnet-20", "resnet-20"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var named *network.Network
			if c.named != "" {
				n, err := experiments.ParseNetwork(c.named)
				if err != nil {
					t.Fatal(err)
				}
				named = &n
			}
			nets, err := networksOf("w.pt", c.file, named)
			var names []string
			for _, n := range nets {
				names = append(names, n.String())
			}
			got := strings.Join(names, " ")
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestContentsAreShortened(t *testing.T) {
	odd := &weights.File{Tensors: []models.Tensor{{Name: "\x1b]0;hello\x07", Shape: []int{1}}, {Name: "b", Shape: []int{2}}}, Beside: 3}
	if got, want := contents(odd), `2 tensors: "\x1b]0;hello\a" [1], b [2]; 3 more are not under the prefix of these`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got := contents(fileOf(t, true, 20, ""))
	want := "97 tensors: conv1.weight [16 3 3 3], bn1.weight [16], bn1.bias [16], bn1.running_mean [16], bn1.running_var [16], ..., linear.weight [10 64], linear.bias [10]"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOtherNorm(t *testing.T) {
	errors := map[string]int{"pixel-mean": 54, "imagenet": 8, "cifar": 9, "own": 60}
	evaluate := func(n normalisation) ([]outcome, error) {
		return []outcome{{"resnet-20", n.name, errors[n.name], 100}}, nil
	}
	for _, c := range []struct {
		used  string
		wrong int
		want  string
	}{
		{"pixel-mean", 54, "imagenet"},
		{"own", 60, "imagenet"},
		{"imagenet", 60, "cifar"},
		{"pixel-mean", 40, ""},
		{"pixel-mean", 8, ""},
	} {
		used := normalisation{name: c.used}
		for _, n := range normalisations {
			if n.name == c.used {
				used = n
			}
		}
		got, err := otherNorm(used, outcome{"resnet-20", c.used, c.wrong, 100}, evaluate)
		if err != nil || (got == nil) != (c.want == "") || got != nil && got.norm != c.want {
			t.Errorf("%s with %d %%: %v, %v; want %q", c.used, c.wrong, got, err, c.want)
		}
	}
}

// Weights that do not fit are refused before the data set is looked for.
func TestUnfitWeightsNeedNoData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	writeWeights(t, path)
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-eval", path, "-net", "resnet-14", "-data", "http://127.0.0.1:1/"}, &stdout, &stderr)
	if code != exitFailed || !strings.Contains(stderr.String(), "does not fit resnet-14") {
		t.Errorf("code %d, %s", code, &stderr)
	}
}

// Weights of a protocol that is not the paper's are evaluated by that protocol: the
// error is the record's.
func TestEvaluatedAsTrained(t *testing.T) {
	for _, protocol := range []string{`padding_side = "end"`, "norm_epsilon = 0.1", "validation = 1900"} {
		dir := t.TempDir()
		spec, folder := filepath.Join(dir, "own.toml"), filepath.Join(dir, "results")
		err := os.WriteFile(spec, []byte("title = \"Own\"\ndraw = \"curves\"\nnetworks = [\"resnet-8\"]\n[protocol]\n"+
			"batch = 32\niterations = 40\nmilestones = [30]\neval_interval = 40\n"+protocol+"\n"), 0o666)
		if err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"-exp", spec, "-data", "synthetic", "-results", folder}, &stdout, &stderr); code != exitDone {
			t.Fatalf("%s: code %d, %s", protocol, code, &stderr)
		}
		store, err := results.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		records, errs := store.Records()
		if len(records) != 1 {
			t.Fatalf("%s: records %v, %v", protocol, records, errs)
		}
		row, _ := records[0].Final()
		want := fmt.Sprintf("resnet-8: test error %.2f %% (", row.TestError)
		stdout.Reset()
		weights := filepath.Join(records[0].Dir, "weights.safetensors")
		if code := run(t.Context(), []string{"-eval", weights, "-data", "synthetic"}, &stdout, &stderr); code != exitDone || !strings.HasPrefix(stdout.String(), want) {
			t.Errorf("%s: code %d, stdout %q, want %q; stderr %q", protocol, code, &stdout, want, &stderr)
		}
	}
}

// Weights that were trained on generated images tell nothing on CIFAR-10, which is
// said beside their error there.
func TestEvalOfGeneratedImages(t *testing.T) {
	archive, contents := generated(t)
	cifar := filepath.Join(t.TempDir(), "cifar.tar.gz")
	if err := os.WriteFile(cifar, archive, 0o666); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	for _, trainedOn := range []string{"synthetic", ""} {
		says := map[string]string{"network": "resnet-8"}
		if trainedOn != "" {
			says["data"] = trainedOn
		}
		tensors := fileOf(t, true, 8, "").Tensors
		err := atomicfile.Write(path, func(w io.Writer) error { return weights.WriteSafetensors(w, tensors, says) })
		if err != nil {
			t.Fatal(err)
		}
		for _, set := range []string{"synthetic", cifar} {
			var stdout, stderr bytes.Buffer
			env := &environment{stdout: &stdout, stderr: &stderr, data: data.Options{Contents: &contents}}
			if code := env.run(t.Context(), []string{"-eval", path, "-data", set}); code != exitDone || !strings.HasPrefix(stdout.String(), "resnet-8: test error ") {
				t.Fatalf("code %d, stdout %q, stderr %q", code, &stdout, &stderr)
			}
			const want = "was trained on generated images"
			if said := strings.Contains(stderr.String(), want); said != (trainedOn == "synthetic" && set == cifar) {
				t.Errorf("weights of %q on %s: stderr %q", trainedOn, set, &stderr)
			}
		}
	}
}

// The weights that akamaster/pytorch_resnet_cifar10 published have the error
// that their author states.
func TestPublishedWeights(t *testing.T) {
	const path = "../../shared/weights/resnet20-12fca82f.th"
	folder := os.Getenv("CIFAR10_DIR")
	if _, err := os.Stat(path); err != nil || folder == "" || testing.Short() {
		t.Skip("needs the published file and CIFAR10_DIR")
	}
	for _, c := range []struct {
		args           []string
		stdout, stderr string
	}{
		{[]string{"-norm", "imagenet"}, "resnet-20: test error 8.27 % (827 of 10,000 images wrong)\n", "as the latter it has 90.00 %"},
		{[]string{"-net", "resnet-20"}, "resnet-20: test error 53.94 %", "likely that -norm imagenet is meant: with it, resnet-20 has 8.27 %"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(context.Background(), append([]string{"-eval", path, "-data", folder}, c.args...), &stdout, &stderr)
		if code != exitDone || !strings.HasPrefix(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("%v: code %d, stdout %q, stderr %q", c.args, code, &stdout, &stderr)
		}
	}
}

// The weights in results/weights are those of recorded runs at their end, and all
// together small enough to be cloned. On the real images they have the errors that
// the records state.
func TestWeightsOfRecords(t *testing.T) {
	paths, err := filepath.Glob("../results/weights/*.safetensors")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no weights: %v", err)
	}
	store, err := results.Open("../results")
	if err != nil {
		t.Fatal(err)
	}
	records, _ := store.Records()
	folder, bytesOfAll := os.Getenv("CIFAR10_DIR"), 0
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bytesOfAll += len(content)
		_, says, err := weights.ReadSafetensors(bytes.NewReader(content))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		i := slices.IndexFunc(records, func(r *results.Record) bool { return r.Key.Identity() == says["run"] })
		if i < 0 || records[i].Status != results.Complete {
			t.Errorf("%s: of run %q, which is not recorded to its end", path, says["run"])
			continue
		}
		spec := records[i].Key.Spec
		if want := fmt.Sprintf("%s-%s.safetensors", spec.Network, says["run"]); filepath.Base(path) != want {
			t.Errorf("%s: it is of a run whose weights are called %s", path, want)
		}
		if says["iteration"] != strconv.Itoa(spec.Protocol.Iterations) {
			t.Errorf("%s: of iteration %s of %d", path, says["iteration"], spec.Protocol.Iterations)
		}
		if folder == "" || testing.Short() {
			continue
		}
		row, _ := records[i].Final()
		want := fmt.Sprintf("%s: test error %.2f %% (", spec.Network, row.TestError)
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"-eval", path, "-data", folder}, &stdout, &stderr); code != exitDone || !strings.HasPrefix(stdout.String(), want) {
			t.Errorf("%s: code %d, stdout %q, stderr %q; want %s", path, code, &stdout, &stderr, want)
		}
	}
	if bytesOfAll > 15e6 {
		t.Errorf("%d bytes of weights", bytesOfAll)
	}
}
