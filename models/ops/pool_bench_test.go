package ops

import (
	"fmt"
	"testing"
)

// BenchmarkLoop says what dividing a loop costs: handing out its items, here
// empty ones, and waiting for all threads.
func BenchmarkLoop(b *testing.B) {
	for _, threads := range []int{2, 4, 8} {
		b.Run(fmt.Sprint(threads), func(b *testing.B) {
			p := newPool(threads, func() {})
			defer p.close()
			for b.Loop() {
				p.run(maxSlots, func(_, _ int) {})
			}
		})
	}
}

// BenchmarkFinish says how long a batch normalisation keeps all threads but one
// waiting in a step, per channel.
func BenchmarkFinish(b *testing.B) {
	const channels, count = 64, 128 * 8 * 8
	param := func() *Param {
		return NewParam("", []int{channels}, make([]float32, channels), make([]float32, channels))
	}
	n := (&Program{batch: 128, parts: 1, conventions: CommonConventions()}).newNorm(&NormParams{
		Gamma: param(), Beta: param(), Mean: make([]float32, channels), Var: make([]float32, channels)})
	for b.Loop() {
		n.finish(maxSlots, count)
		n.finishGrad(maxSlots, count)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/channels, "ns/channel")
}
