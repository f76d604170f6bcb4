package reports

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// mean is NaN for no values.
func mean(v []float64) float64 { return stat.Mean(v, nil) }

// deviation is the sample standard deviation (divided by n-1); NaN for fewer
// than two values, which have no scatter to speak of.
func deviation(v []float64) float64 {
	if len(v) < 2 {
		return math.NaN()
	}
	return stat.StdDev(v, nil)
}

// median is the mean of the two middle values of an even number of them, which
// is none of the quantiles of gonum/stat.
func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

func lowest(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	return slices.Min(v)
}

// A scatter is the standard deviation between runs that differ by their seed,
// and the degrees of freedom it was estimated with: 0 if nothing is known.
type scatter struct {
	std     float64
	degrees float64
}

// scatterOf pools the scatter of samples around their own means.
func scatterOf(samples ...[]float64) scatter {
	var s scatter
	for _, v := range samples {
		if len(v) >= 2 {
			s = s.pooled(scatter{deviation(v), float64(len(v) - 1)})
		}
	}
	return s
}

// pooled is the scatter by two estimates of one and the same.
func (s scatter) pooled(t scatter) scatter {
	degrees := s.degrees + t.degrees
	if degrees == 0 {
		return scatter{}
	}
	return scatter{math.Sqrt((s.degrees*s.std*s.std + t.degrees*t.std*t.std) / degrees), degrees}
}

// exceeds is the probability of a scatter at least this large by chance if it is
// of one population with t: the p of a one-sided F test.
func (s scatter) exceeds(t scatter) float64 {
	return distuv.F{D1: s.degrees, D2: t.degrees}.Survival(s.std * s.std / (t.std * t.std))
}

// A term is the mean of a sample with its weight in a sum.
type term struct {
	weight float64
	values []float64
}

// The tests that a [Test] names.
const (
	welch   = "Welch's t"
	student = "Student's t"
)

// An estimate is a weighted sum of means, such as a difference of two, and its
// standard error. Without an error, or with one of 0 since no two values of a sample
// differ, which is no measure of what others would do, method is empty.
type estimate struct {
	value, err float64
	degrees    float64 // of freedom of the error
	method     string
}

// estimated adds up means. Where each sample has several values its own variance
// counts, with Welch's and Satterthwaite's degrees of freedom. Where one has a
// single value, which tells nothing of its variance, all are taken to have one
// scatter, the known one, as in Student's test. For one value against several
// that is the test of Crawford and Howell (The Clinical Neuropsychologist 12,
// 1998).
func estimated(terms []term, known scatter) estimate {
	var e estimate
	variance, satterthwaite, inverse, freedom, single := 0.0, 0.0, 0.0, 0.0, false
	for _, t := range terms {
		n := float64(len(t.values))
		e.value += t.weight * mean(t.values)
		inverse += t.weight * t.weight / n
		if n < 2 {
			single = true
			continue
		}
		v := t.weight * t.weight * stat.Variance(t.values, nil) / n
		variance += v
		satterthwaite += v * v / (n - 1)
		freedom += n - 1
	}
	switch {
	case single:
		e.err, e.degrees = known.std*math.Sqrt(inverse), known.degrees
		if e.err > 0 {
			e.method = student
		}
	case variance > 0:
		e.err, e.degrees, e.method = math.Sqrt(variance), variance*variance/satterthwaite, welch
	case known.std > 0: // these seeds are alike by chance
		e.err, e.degrees, e.method = known.std*math.Sqrt(inverse), known.degrees, student
	default:
		e.degrees = freedom
	}
	if len(terms) == 1 && e.method == welch {
		e.method = student // of one sample they are the same
	}
	return e
}

// exceeds is the probability of an estimate at least this large if the sum is
// not above 0: the p of a one-sided t test, for which it needs an error.
func (e estimate) exceeds() float64 {
	return distuv.StudentsT{Sigma: 1, Nu: e.degrees}.Survival(e.value / e.err)
}

// halfWidth is half the width of the interval of 95 % of an error of 1 with
// these degrees of freedom: 12.7 for one, 1.96 for many.
func halfWidth(degrees float64) float64 {
	return distuv.StudentsT{Sigma: 1, Nu: degrees}.Quantile(0.975)
}
