package reports

import (
	"flag"
	"math"
	"math/rand/v2"
	"time"

	"deepresidual/experiments"
	"deepresidual/models/network"
	"deepresidual/results"
)

var update = flag.Bool("update", false, "write the golden files anew")

func plainNet(depth int) network.Network {
	return network.Standard(network.Plain, (depth-2)/6)
}

func residualNet(depth int) network.Network {
	return network.Standard(network.Residual, (depth-2)/6)
}

// ends is the training and the test error that a generated run ends at, near
// the ends of the paper's curves.
var ends = map[network.Network][2]float64{
	plainNet(20):  {1.3, 9.7},
	plainNet(32):  {1.1, 10.1},
	plainNet(44):  {3.0, 11.4},
	plainNet(56):  {5.9, 13.2},
	plainNet(110): {66, 65},

	residualNet(20):   {0.9, 8.6},
	residualNet(32):   {0.5, 7.6},
	residualNet(44):   {0.3, 7.2},
	residualNet(56):   {0.2, 7.0},
	residualNet(110):  {0.1, 6.5},
	residualNet(1202): {0.05, 7.9},
}

// generated is a record with curves of the shape of the paper's: a noisy
// plateau at each learning rate, lower after each milestone. It depends on its
// arguments alone.
func generated(n network.Network, spec experiments.RunSpec) *results.Record {
	noise := rand.New(rand.NewPCG(uint64(n.Depth())<<8|uint64(len(n.Kind.Prefix())), uint64(spec.Seed)))
	p := spec.Protocol
	// Tests that leave the wear and tear of time out of the record.
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := &results.Record{
		Key: results.Key{
			Spec: spec, Arithmetic: 1,
			Data: results.Fingerprint{Train: "72083841cd0fa633f09b24c0833cf6d6a1809caff400317117334e0aa6b0ed46", Test: "f1bbb931260cda782c84c1948c82d910e2c193cb1d56756293f445027090946b"},
		},
		Status: results.Complete, WarmupEnded: -1,
		Provenance: results.Provenance{
			Revision: "0123456789abcdef0123", GoVersion: "go1.26.0", OS: "linux", Arch: "amd64", CPU: "Example CPU @ 2.50GHz",
			Kernels: []string{"avx512"}, Threads: 2, Started: start, Ended: start.Add(3 * time.Hour), TrainSeconds: 10000,
			Command: "harness -exp fig1",
		},
		PeakMiB: 412,
	}
	end := ends[n]
	shift := 0.15 * noise.NormFloat64()
	warm := n.Depth() >= p.WarmupDepth && p.WarmupDepth > 0
	if warm {
		r.WarmupEnded = 400
	}
	for i := p.EvalInterval; i <= p.Iterations; i += p.EvalInterval {
		phase := 0
		from := 0
		for _, m := range p.Milestones {
			if i > m {
				phase, from = phase+1, m
			}
		}
		rate := p.LearningRate / math.Pow(p.LearningRateDivisor, float64(phase))
		plateau := []float64{1.1*end[0] + 9.5, 1.1*end[0] + 1.5, end[0]}[min(phase, 2)]
		test := []float64{end[1] + 7, end[1] + 0.8, end[1] + shift}[min(phase, 2)]
		scatter := []float64{2, 0.25, 0.08}[min(phase, 2)]
		tau := float64(p.Iterations) / 18
		fall := 0.0
		if phase == 0 {
			fall = 55 * math.Exp(-float64(i)/tau)
		} else {
			fall = 1.5 * math.Exp(-float64(i-from)/tau*6)
		}
		clamp := func(v float64) float64 { return math.Round(100*min(max(v, 0.01), 90)) / 100 }
		r.Rows = append(r.Rows, results.Row{
			Iteration: i, Epoch: float64(i*p.Batch) / 50000, LearningRate: rate,
			TrainLoss: 0.02 * (plateau + fall), ValError: math.NaN(),
			TrainError: clamp(plateau + fall + 0.15*scatter*noise.NormFloat64()),
			TestError:  clamp(test + fall + scatter*math.Abs(noise.NormFloat64())),
		})
		r.Times = append(r.Times, results.Time{Iteration: i, Seconds: 10000 * float64(i) / float64(p.Iterations)})
	}
	for l := 1; l < n.Depth(); l++ {
		std := 1.9 - 0.4*float64(l)/float64(n.Depth()) + 0.25*noise.NormFloat64()
		if n.Kind == network.Residual {
			std = 0.3 + 4/float64(n.Depth()) + 1.2*math.Exp(-float64(l)/4) + 0.1*math.Abs(noise.NormFloat64())
			if l%(2*n.Stages[0].Blocks) == 1 {
				std += 0.8
			}
		}
		r.Responses = append(r.Responses, results.Response{Layer: l, Name: "conv", Std: math.Round(1000*max(std, 0.05)) / 1000})
	}
	return r
}

// recordsOf is generated records of all runs of an experiment at a scale.
func recordsOf(exp *experiments.Experiment, scale experiments.Scale) []*results.Record {
	return whole(exp, Choice{Scale: scale})
}

// cut leaves the record as it was when a part of the run was done.
func cut(r *results.Record, part float64) {
	r.Status = results.Running
	r.Rows = r.Rows[:int(part*float64(len(r.Rows)))]
	r.Times = r.Times[:len(r.Rows)]
	r.Responses = nil
	r.Provenance.Ended = time.Time{}
}

// The experiments of the paper, as far as drawing them needs.

func figure1Experiment() *experiments.Experiment {
	return &experiments.Experiment{
		Embedded: true, File: "experiments/fig1.toml", Name: "fig1", Title: "Figure 1", Draw: "figure1", Protocol: experiments.Paper(), Seeds: []int64{1},
		Networks: []network.Network{plainNet(20), plainNet(56)},
		Paper: experiments.Reference{
			Test:     map[network.Network]float64{plainNet(20): 9.7, plainNet(56): 13.2},
			Training: map[network.Network]float64{plainNet(20): 1.3, plainNet(56): 5.9},
		},
		Claims: []experiments.Claim{
			{Name: "degradation-training", Statement: "Plain-56 has a higher training error than plain-20", Kind: experiments.Higher,
				Metric: experiments.TrainingError, Of: []network.Network{plainNet(56)}, Than: []network.Network{plainNet(20)}},
			{Name: "degradation-test", Statement: "Plain-56 has a higher test error than plain-20", Kind: experiments.Higher,
				Metric: experiments.TestError, Of: []network.Network{plainNet(56)}, Than: []network.Network{plainNet(20)}},
		},
	}
}

func figure6Experiment() *experiments.Experiment {
	plain := []network.Network{plainNet(20), plainNet(32), plainNet(44), plainNet(56)}
	residual := []network.Network{residualNet(20), residualNet(32), residualNet(44), residualNet(56), residualNet(110)}
	e := &experiments.Experiment{
		Embedded: true, File: "experiments/fig6.toml", Name: "fig6", Title: "Figure 6", Draw: "figure6", Protocol: experiments.Paper(), Seeds: []int64{1},
		Hidden: []network.Network{plainNet(110)},
		Panels: []experiments.Panel{
			{Title: "plain", Networks: plain},
			{Title: "ResNet", Networks: residual},
			{Title: "ResNet, deep", Networks: []network.Network{residualNet(110), residualNet(1202)}, From: 40000},
		},
	}
	e.Networks = append(append(append(e.Networks, plain...), plainNet(110)), append(residual, residualNet(1202))...)
	return e
}

func figure7Experiment() *experiments.Experiment {
	return &experiments.Experiment{
		Embedded: true, File: "experiments/fig7.toml", Name: "fig7", Title: "Figure 7", Draw: "figure7", Protocol: experiments.Paper(), Seeds: []int64{1},
		Networks: []network.Network{plainNet(20), plainNet(56), residualNet(20), residualNet(56), residualNet(110)},
	}
}

func compareExperiment() *experiments.Experiment {
	e := &experiments.Experiment{
		Embedded: true, File: "experiments/compare.toml", Name: "compare", Title: "Plain and residual networks", Draw: "compare", Protocol: experiments.Paper(), Seeds: []int64{1},
		SeedsFor: map[network.Network][]int64{residualNet(20): {1, 2, 3}},
		Paper:    experiments.Reference{Test: map[network.Network]float64{plainNet(20): 9.7, plainNet(56): 13.2, residualNet(20): 8.75, residualNet(110): 6.43}},
	}
	for _, d := range []int{20, 32, 44, 56, 110} {
		e.Networks = append(e.Networks, plainNet(d), residualNet(d))
	}
	return e
}

func table6Experiment() *experiments.Experiment {
	return &experiments.Experiment{
		Embedded: true, File: "experiments/table6.toml", Name: "table6", Title: "Table 6", Draw: "table6", Protocol: experiments.Paper(), Seeds: []int64{1},
		Networks: []network.Network{residualNet(20), residualNet(32), residualNet(44), residualNet(56), residualNet(110), residualNet(1202)},
		SeedsFor: map[network.Network][]int64{residualNet(110): {1, 2, 3, 4, 5}},
		Paper: experiments.Reference{
			Test: map[network.Network]float64{residualNet(20): 8.75, residualNet(32): 7.51, residualNet(44): 7.17,
				residualNet(56): 6.97, residualNet(110): 6.43, residualNet(1202): 7.93},
			Mean: map[network.Network]float64{residualNet(110): 6.61},
			Std:  map[network.Network]float64{residualNet(110): 0.16},
		},
		Public: map[network.Network]float64{residualNet(20): 8.27, residualNet(110): 6.32},
		Rows: []experiments.ReferenceRow{
			{Name: "Maxout", Error: 9.38},
			{Name: "FitNet", Layers: "19", Params: "2.5M", Error: 8.39},
			{Name: "Highway", Layers: "19", Params: "2.3M", Error: 7.54, Mean: 7.72, Std: 0.16},
		},
		Claims: []experiments.Claim{{Name: "table6-20", Statement: "ResNet-20 reaches 8.75 %", Kind: experiments.Within,
			Metric: experiments.TestError, Of: []network.Network{residualNet(20)}, Value: 8.75}},
	}
}

// choicesExperiment has two variants of a protocol.
func choicesExperiment() *experiments.Experiment {
	other := experiments.Paper()
	other.Initialisation, other.LastLayer = experiments.FanIn, experiments.He
	return &experiments.Experiment{
		Embedded: true, File: "experiments/choices.toml", Name: "choices", Title: "What the paper leaves open", Draw: experiments.Choices, Protocol: experiments.Paper(), Seeds: []int64{1},
		Networks: []network.Network{residualNet(20), residualNet(56)},
		Variants: []experiments.Variant{{Label: "authors' code", Protocol: experiments.Paper()}, {Label: "fan-in", Protocol: other}},
	}
}

func smokeExperiment() *experiments.Experiment {
	p := experiments.Paper()
	p.Iterations, p.Milestones = 60, []int{30, 45}
	p.EvalInterval = 2
	return &experiments.Experiment{
		Embedded: true, File: "experiments/smoke.toml", Name: "smoke", Title: "First try", Draw: "curves", Protocol: p, Seeds: []int64{1},
		Networks: []network.Network{plainNet(20), residualNet(20)},
	}
}
