package network_test

import (
	"testing"

	"deepresidual/models/network"
)

// Table 6 has the parameters in millions; the exact numbers are those of the
// public weights.
func TestPaper(t *testing.T) {
	want := map[int]int{20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962, 1202: 19_421_274}
	all := network.Paper()
	if len(all) != 2*len(want) {
		t.Errorf("there are %d networks, want %d", len(all), 2*len(want))
	}
	for _, n := range all {
		if got := n.Parameters(); got != want[n.Depth()] {
			t.Errorf("%s has %d parameters, want %d", n, got, want[n.Depth()])
		}
		if got := len(n.Layers()) + 1; got != n.Depth() {
			t.Errorf("%s has %d weighted layers", n, got)
		}
	}
}
