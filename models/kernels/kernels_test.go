package kernels

import (
	"math"
	"strings"
	"testing"
)

// tested is a set and what tests call it.
type tested struct {
	label string
	*Set
}

// testedSets are the sets that this processor can run, the portable one first,
// also as other processors would have them.
func testedSets() []tested {
	var sets []tested
	for _, s := range available() {
		sets = append(sets, tested{s.Name, s})
	}
	return append(sets, alternatives()...)
}

// assemblySets are those that are tested against the portable one.
func assemblySets(t *testing.T) []tested {
	t.Helper()
	sets := testedSets()[1:]
	if len(sets) == 0 {
		t.Skip("no assembly kernels for this processor")
	}
	return sets
}

// far describes the value that is furthest from the wanted one if that is more
// than tolerance times the largest wanted value.
func far[T float32 | float64](got []float32, want []T, tolerance float64) (at int, distance float64, bad bool) {
	largest := 0.0
	for i, w := range want {
		largest = max(largest, math.Abs(float64(w)))
		d := math.Abs(float64(got[i]) - float64(w))
		if d > distance || math.IsNaN(d) && !math.IsNaN(distance) {
			at, distance = i, d
		}
	}
	return at, distance / largest, !(distance <= tolerance*largest)
}

func TestAgainstPortable(t *testing.T) {
	portable, sets := Portable(), assemblySets(t)
	for _, s := range scenarios() {
		want := s.heap(0)
		s.fill(want, 1)
		s.run(portable, want)
		for _, set := range sets {
			for _, offset := range []int{0, 1} {
				got := s.heap(offset)
				s.fill(got, 1)
				s.run(set.Set, got)
				for i := range want {
					if at, d, bad := far(got[i], want[i], s.tolerance); bad {
						t.Errorf("%s, %s, offset %d: slice %d [%d] = %v, portable %v: %.2g of the maximum, tolerance %g",
							set.label, s.name(), offset, i, at, got[i][at], want[i][at], d, s.tolerance)
					}
				}
			}
		}
	}
}

// The instruction sets perform the same operations in the same order, so that
// a run does not depend on which of them a machine has.
func TestIdenticalBits(t *testing.T) {
	sets := assemblySets(t)
	if len(sets) < 2 {
		t.Skip("this processor has one kind of assembly kernels only")
	}
	for _, s := range scenarios() {
		one := s.heap(0)
		s.fill(one, 2)
		s.run(sets[0].Set, one)
		for _, set := range sets[1:] {
			two := s.heap(0)
			s.fill(two, 2)
			s.run(set.Set, two)
			for i := range one {
				for j := range one[i] {
					if math.Float32bits(one[i][j]) != math.Float32bits(two[i][j]) {
						t.Errorf("%s: slice %d [%d] = %v with %s, %v with %s", s.name(), i, j, one[i][j], sets[0].label, two[i][j], set.label)
						break
					}
				}
			}
		}
	}
}

func TestSelect(t *testing.T) {
	names := Available()
	if names[0] != "portable" {
		t.Errorf("Available() = %v, want portable first", names)
	}
	for _, name := range names {
		if s, err := Select(name); err != nil || s.Name != name {
			t.Errorf("Select(%q) = %v, %v", name, s, err)
		}
	}
	best, err := Select("")
	if err != nil || best.Name != names[len(names)-1] {
		t.Errorf(`Select("") = %v, %v, want the last of %v`, best, err, names)
	}
	for _, name := range []string{"avx", "AVX2", "avx1024", "portable "} {
		_, err := Select(name)
		if err == nil {
			t.Errorf("Select(%q) succeeded", name)
			continue
		}
		if text := err.Error(); !strings.Contains(text, strings.Join(names, ", ")) || strings.Contains(text, "\n") {
			t.Errorf("Select(%q): %q, want one line with what is available", name, text)
		}
	}
}
