package main

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"deepresidual/experiments"
)

func TestParseOptions(t *testing.T) {
	o, err := parseOptions([]string{"-exp", "fig1,fig6", "-exp", "fig1", "-scale", "2/32", "-seeds", "3, 1,3",
		"-data", "d", "-results", "r", "-threads", "7", "-kernels", "portable", "-retrain", "-check", "-checkpoint", "5s", "-tensorboard", "t"})
	if err != nil {
		t.Fatal(err)
	}
	want := options{
		exp: []string{"fig1", "fig6"}, scale: experiments.Scale{Num: 2, Den: 32}, scaleGiven: true, seeds: []int64{3, 1},
		data: "d", results: "r", threads: 7, kernels: "portable", retrain: true, check: true, checkpoint: 5 * time.Second, tensorboard: "t",
		format: formatTable, norm: normPixelMean, batch: 128, steps: 20,
	}
	o.scale, want.scale = experiments.Scale{}, experiments.Scale{} // however it is kept
	if d := cmp.Diff(want, o, cmp.AllowUnexported(options{})); d != "" {
		t.Errorf("options (-want +got):\n%s", d)
	}
}

// Without -exp, what only looks at records looks at all of them.
func TestDefaultExperiments(t *testing.T) {
	for _, mode := range []string{"-report", "-status", "-list"} {
		o, err := parseOptions([]string{mode})
		if err != nil || !slices.Equal(o.exp, []string{expAll}) {
			t.Errorf("%s: experiments %v, %v; want all", mode, o.exp, err)
		}
	}
}

func TestListenAddress(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"8080", "127.0.0.1:8080"},
		{":8080", "127.0.0.1:8080"},
		{"localhost:0", "localhost:0"},
		{"0.0.0.0:80", "0.0.0.0:80"},
		{"[::1]:80", "[::1]:80"},
	} {
		if got, err := listenAddress(c.in); got != c.want || err != nil {
			t.Errorf("listenAddress(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", "localhost", "1:2:3", "99999"} {
		if got, err := listenAddress(in); err == nil {
			t.Errorf("listenAddress(%q) = %q, want an error", in, got)
		}
	}
}
