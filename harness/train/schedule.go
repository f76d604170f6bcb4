package train

import (
	"deepresidual/experiments"
	"deepresidual/models/network"
)

// schedule is where the learning rate comes from (section 4.2): the base rate,
// divided at each milestone, and for very deep networks a warm-up at a lower
// rate that lasts until the training error is below a limit.
//
// The warm-up depends on what the network answered, so a schedule has state,
// which a checkpoint holds.
type schedule struct {
	protocol experiments.Protocol
	state    warmUp
}

// warmUp is the state of the warm-up rule.
type warmUp struct {
	Active bool  // the lower rate is in force
	Ended  int   // iterations done when the rule ended; -1 if it lasts or never began
	Wrong  []int // wrong answers in each of the last minibatches, at most WarmupWindow of them, while Active
}

// newSchedule returns the schedule of a network under a resolved protocol, at
// iteration 0. Networks of WarmupDepth layers or more begin with the warm-up.
func newSchedule(network network.Network, p experiments.Protocol) *schedule {
	return &schedule{protocol: p, state: warmUp{Active: p.WarmsUp(network), Ended: -1}}
}

// Rate returns the learning rate of the minibatch that is trained after the
// given number of iterations. The warm-up only ever lowers the rate: should a
// shortened schedule reach a milestone first, the milestone holds.
func (s *schedule) Rate(iteration int) float64 {
	rate := s.protocol.LearningRate
	for _, m := range s.protocol.Milestones {
		if iteration >= m {
			rate /= s.protocol.LearningRateDivisor
		}
	}
	if s.state.Active {
		rate = min(rate, s.protocol.WarmupRate)
	}
	return rate
}

// Observe tells the warm-up rule how many images of the latest minibatch the
// network got wrong; iteration counts that minibatch. The rule ends when the
// mean over the last WarmupWindow minibatches is below WarmupError, and for good.
func (s *schedule) Observe(iteration, wrong int) {
	if !s.state.Active {
		return
	}
	s.state.Wrong = append(s.state.Wrong, wrong)
	window := s.protocol.WarmupWindow
	if len(s.state.Wrong) < window {
		return
	}
	total := 0
	for _, w := range s.state.Wrong {
		total += w
	}
	if percent(total, window*s.protocol.Batch) < s.protocol.WarmupError {
		s.state = warmUp{Ended: iteration}
		return
	}
	copy(s.state.Wrong, s.state.Wrong[1:])
	s.state.Wrong = s.state.Wrong[:window-1]
}

// WarmupEnded returns the number of iterations after which the warm-up ended,
// or -1 while it lasts and for networks that have none.
func (s *schedule) WarmupEnded() int { return s.state.Ended }

// percent returns part of whole in percent.
func percent(part, whole int) float64 { return 100 * float64(part) / float64(whole) }
