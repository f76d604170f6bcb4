package train

import (
	"testing"

	"deepresidual/experiments"
	"deepresidual/models/network"
)

func named(t *testing.T, name string) network.Network {
	t.Helper()
	n, err := experiments.ParseNetwork(name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The rates of section 4.2, to the last bit of their decimal notation.
func TestRate(t *testing.T) {
	paper := experiments.Paper().Scaled(experiments.Scale{Num: 1, Den: 1})
	scaled := experiments.Paper().Scaled(experiments.Scale{Num: 1, Den: 1000})
	early := paper
	early.Milestones = []int{10, 20}
	for _, c := range []struct {
		name      string
		network   string
		protocol  experiments.Protocol
		iteration int
		want      float64
	}{
		{"first step", "resnet-20", paper, 0, 0.1},
		{"last step before a milestone", "resnet-20", paper, 31_999, 0.1},
		{"first step after 32k iterations", "resnet-20", paper, 32_000, 0.01},
		{"last step before the second milestone", "plain-56", paper, 47_999, 0.01},
		{"first step after 48k iterations", "plain-56", paper, 48_000, 0.001},
		{"last step", "plain-56", paper, 63_999, 0.001},
		{"milestones scale", "plain-56", scaled, 32, 0.01},
		{"a network of 104 layers does not warm up", "resnet-104", paper, 0, 0.1},
		{"a network of 110 layers warms up", "resnet-110", paper, 0, 0.01},
		{"plain networks warm up, too", "plain-1202", paper, 500, 0.01},
		{"warm-up does not raise the rate after a milestone", "resnet-110", early, 20, 0.001},
	} {
		if got := newSchedule(named(t, c.network), c.protocol).Rate(c.iteration); got != c.want {
			t.Errorf("%s: rate of %s after %d iterations is %v, want %v", c.name, c.network, c.iteration, got, c.want)
		}
	}
}

func TestNoWarmUpAtDepthZero(t *testing.T) {
	p := experiments.Paper()
	p.WarmupDepth = 0
	if s := newSchedule(named(t, "resnet-1202"), p); s.state.Active {
		t.Error("warmup_from_depth = 0 means no network warms up, but resnet-1202 does")
	}
}

// The warm-up ends when the mean error of the last 100 minibatches is below
// 80 %, not before there are 100, and not at 80 % itself.
func TestWarmUpRule(t *testing.T) {
	p := experiments.Paper().Scaled(experiments.Scale{Num: 1, Den: 1})
	p.Batch = 10 // 8 wrong of 10 are 80 %
	p.WarmupWindow = 100
	for _, c := range []struct {
		name  string
		wrong func(iteration int) int
		ends  int // -1: not within 1000 iterations
	}{
		{"good from the start", func(int) int { return 0 }, 100},
		{"never good", func(int) int { return 9 }, -1},
		{"exactly at the limit", func(int) int { return 8 }, -1},
		{"one image below the limit", func(i int) int {
			if i == 150 {
				return 7
			}
			return 8
		}, 150},
		{"good after 300: 51 of 100 must be at 70 % when the rest is at 90 %", func(i int) int {
			if i > 300 {
				return 7
			}
			return 9
		}, 351},
	} {
		s := newSchedule(named(t, "resnet-110"), p)
		for i := 1; i <= 1000; i++ {
			s.Observe(i, c.wrong(i))
			if want := c.ends < 0 || i < c.ends; s.state.Active != want {
				t.Errorf("%s: after iteration %d warming up is %v, want %v", c.name, i, !want, want)
				break
			}
			want := 0.1
			if s.state.Active {
				want = 0.01
			}
			if got := s.Rate(i); got != want {
				t.Errorf("%s: rate after iteration %d is %v, want %v", c.name, i, got, want)
				break
			}
		}
		if s.WarmupEnded() != c.ends {
			t.Errorf("%s: ended at %d, want %d", c.name, s.WarmupEnded(), c.ends)
		}
	}
}

// The window is the protocol's, and by default an epoch: what the paper calls
// about 400 iterations.
func TestWarmUpWindow(t *testing.T) {
	epoch := experiments.Paper().Scaled(experiments.Scale{Num: 1, Den: 16})
	short := epoch
	short.WarmupWindow = 7
	for _, c := range []struct {
		protocol experiments.Protocol
		ends     int
	}{{epoch, 391}, {short, 7}} {
		s := newSchedule(named(t, "resnet-110"), c.protocol)
		for i := 1; i <= 500; i++ {
			s.Observe(i, c.protocol.Batch/2) // 50 % from the start
		}
		if s.WarmupEnded() != c.ends {
			t.Errorf("a window of %d: ended at %d, want %d", c.protocol.WarmupWindow, s.WarmupEnded(), c.ends)
		}
	}
}
