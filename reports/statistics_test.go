package reports

import (
	"math"
	"testing"
)

// near reports whether a number agrees with a published one to its digits.
func near(got, want, digits float64) bool {
	return math.Abs(got-want) <= 0.5*math.Pow(10, -digits)*1.0001
}

// sleep is Student's data on two soporifics (Biometrika 6, 1908), which R has as
// sleep: hours of sleep gained by ten patients each.
var sleep = [2][]float64{
	{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0},
	{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4},
}

// R's own example of t.test prints, for t.test(extra ~ group, data = sleep):
// t = -1.8608, df = 17.776, p-value = 0.07939 (two-sided), means 0.75 and 2.33.
func TestWelch(t *testing.T) {
	e := estimated([]term{{1, sleep[1]}, {-1, sleep[0]}}, scatter{})
	if e.method != welch || !near(e.value, 1.58, 2) || !near(e.value/e.err, 1.8608, 4) || !near(e.degrees, 17.776, 3) || !near(2*e.exceeds(), 0.07939, 5) {
		t.Errorf("got %+v, t = %v, p = %v", e, e.value/e.err, 2*e.exceeds())
	}
}

// The same with var.equal = TRUE: t = -1.8608, df = 18, p-value = 0.07919.
func TestPooledScatter(t *testing.T) {
	s := scatterOf(sleep[0], sleep[1], []float64{3})
	e := estimate{value: 1.58, err: s.std * math.Sqrt(2.0/10), degrees: s.degrees, method: student}
	if s.degrees != 18 || !near(e.value/e.err, 1.8608, 4) || !near(2*e.exceeds(), 0.07919, 5) {
		t.Errorf("scatter %+v, t = %v, p = %v", s, e.value/e.err, 2*e.exceeds())
	}
	if s := scatterOf([]float64{3}, nil); s.degrees != 0 {
		t.Errorf("single values have the scatter %+v", s)
	}
}

// Crawford and Howell (1998): t = (x - mean) / (s sqrt((n+1)/n)) with n-1 degrees
// of freedom.
func TestOneAgainstSeveral(t *testing.T) {
	v := []float64{6.4, 6.6, 6.8} // s = 0.2
	e := estimated([]term{{1, []float64{7.2}}, {-1, v}}, scatterOf(v))
	if e.method != student || e.degrees != 2 || !near(e.value/e.err, 0.6/(0.2*math.Sqrt(4.0/3)), 9) {
		t.Errorf("got %+v", e)
	}
	if e := estimated([]term{{1, []float64{7.2}}, {-1, []float64{6.6}}}, scatter{}); e.method != "" || !near(e.value, 0.6, 9) {
		t.Errorf("of two single values: %+v, want no test", e)
	}
}

// Of one sample Welch's degrees of freedom are Student's. R: t.test(sleep$extra[1:10])
// prints t = 1.3257, df = 9, p-value = 0.2176.
func TestOneSample(t *testing.T) {
	e := estimated([]term{{1, sleep[0]}}, scatter{})
	if !near(e.value/e.err, 1.3257, 4) || !near(e.degrees, 9, 9) || !near(2*e.exceeds(), 0.2176, 4) {
		t.Errorf("got %+v, t = %v, p = %v", e, e.value/e.err, 2*e.exceeds())
	}
}

// Seeds that happen to end alike do not make the smallest difference significant.
func TestEqualValuesAreNoTest(t *testing.T) {
	a, b, one := []float64{0.1, 0.1, 0.1}, []float64{0.2, 0.2}, []float64{0.3}
	for _, e := range []estimate{
		estimated([]term{{1, b}, {-1, a}}, scatter{}),
		estimated([]term{{1, one}, {-1, a}}, scatterOf(one, a)),
	} {
		if e.err != 0 || e.method != "" || e.degrees == 0 {
			t.Errorf("%+v; want no error and no method", e)
		}
	}
}

// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2: upper critical values
// of Student's t, column 0.975.
func TestHalfWidth(t *testing.T) {
	for degrees, want := range map[float64]float64{1: 12.706, 2: 4.303, 4: 2.776, 6: 2.447, 11: 2.201, 30: 2.042, 100: 1.984} {
		if got := halfWidth(degrees); !near(got, want, 3) {
			t.Errorf("%v degrees of freedom: %v, want %v", degrees, got, want)
		}
	}
}

// The slope of 1, 3, 2, 5, 4 over 0..4 is 0.8.
func TestLeastSquares(t *testing.T) {
	slope := 0.0
	for i, w := range leastSquares(5) {
		slope += w * []float64{1, 3, 2, 5, 4}[i]
	}
	if !near(slope, 0.8, 12) {
		t.Errorf("slope %v, want 0.8", slope)
	}
}

func TestSummaries(t *testing.T) {
	v := []float64{4, 1, 3, 2}
	if mean(v) != 2.5 || median(v) != 2.5 || lowest(v) != 1 {
		t.Errorf("mean %v median %v lowest %v of %v", mean(v), median(v), lowest(v), v)
	}
	if got := median([]float64{5, 1, 9}); got != 5 {
		t.Errorf("median of three is %v, want 5", got)
	}
	if got := deviation([]float64{2, 4}); !near(got*got, 2, 12) {
		t.Errorf("sample deviation of 2 and 4 is %v, want the square root of 2", got)
	}
	for name, got := range map[string]float64{"mean": mean(nil), "median": median(nil), "lowest": lowest(nil), "deviation": deviation(v[:1])} {
		if finite(got) {
			t.Errorf("%s of too few values is %v, want NaN", name, got)
		}
	}
}
