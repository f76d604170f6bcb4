package data

import (
	"slices"
	"testing"
)

// The numbers for seed 1234567 that the reference implementation gives
// (https://prng.di.unimi.it/splitmix64.c).
func TestStreamIsSplitMix64(t *testing.T) {
	s := stream{1234567}
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := s.next(); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
}

func TestStreamsDiffer(t *testing.T) {
	seen := map[uint64]string{}
	for _, seed := range []int64{0, 1, 2, -1, 1 << 40} {
		for p := forShuffle; p <= forSynthetic; p++ {
			for position := range uint64(50) {
				s := newStream(seed, p, position)
				first := s.next()
				if _, twice := seen[first]; twice {
					t.Fatalf("seed %d, purpose %d, position %d begins like another stream", seed, p, position)
				}
				seen[first] = ""
			}
		}
	}
}

func TestBelow(t *testing.T) {
	s := newStream(1, forCrop, 0)
	var counts [9]int
	const draws = 90000
	for range draws {
		counts[s.below(len(counts))]++
	}
	for v, n := range counts {
		if n < 9500 || n > 10500 { // 10000 +- 94
			t.Errorf("%d comes %d times of %d", v, n, draws)
		}
	}
}

func TestPermute(t *testing.T) {
	// Every order of three comes equally often.
	counts := map[[3]int32]int{}
	const draws = 60000
	for i := range draws {
		var order [3]int32
		permute(order[:], newStream(7, forShuffle, uint64(i)))
		counts[order]++
	}
	if len(counts) != 6 {
		t.Errorf("%d of the 6 orders of three come", len(counts))
	}
	for order, n := range counts {
		if n < 9500 || n > 10500 {
			t.Errorf("%v comes %d times of %d", order, n, draws)
		}
	}
	for _, n := range []int{0, 1, 2, 1000} {
		order := make([]int32, n)
		permute(order, newStream(7, forShuffle, 0))
		slices.Sort(order)
		for i, v := range order {
			if int(v) != i {
				t.Fatalf("a permutation of %d is not one", n)
			}
		}
	}
}
