package data

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
)

// realSet loads CIFAR-10 if the environment says where it is.
func realSet(t testing.TB) *Set {
	t.Helper()
	if os.Getenv(EnvironmentVariable) == "" {
		t.Skip(EnvironmentVariable + " is not set")
	}
	set, err := Load(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestCIFAR10(t *testing.T) {
	set := realSet(t)
	for _, part := range []struct {
		name        string
		images      Images
		n           int
		fingerprint string
	}{
		{"train", set.Train, 50000, TrainFingerprint},
		{"test", set.Test, 10000, TestFingerprint},
	} {
		if part.images.N != part.n {
			t.Errorf("%s: %d images, want %d", part.name, part.images.N, part.n)
		}
		if got := part.images.fingerprint(); got != part.fingerprint {
			t.Errorf("%s: fingerprint %s, want %s", part.name, got, part.fingerprint)
		}
		var counts [10]int
		for i := range part.images.N {
			counts[part.images.Label(i)]++
		}
		for label, n := range counts {
			if n != part.n/10 {
				t.Errorf("%s: %d images of class %d, want %d", part.name, n, label, part.n/10)
			}
		}
	}
	if set.Fingerprint.Train != TrainFingerprint || set.Fingerprint.Test != TestFingerprint || set.Fingerprint.Synthetic {
		t.Errorf("the set says its fingerprint is %+v", set.Fingerprint)
	}
	mean := Mean(set.Train, all(set.Train.N))
	for c, want := range []float64{0.49140, 0.48216, 0.44653} {
		sum := 0.0
		for _, v := range mean[c*planeSize : (c+1)*planeSize] {
			sum += float64(v)
		}
		if got := sum / planeSize; !(math.Abs(got-want) <= 5e-6) {
			t.Errorf("channel %d has mean %.6f, want %.5f", c, got, want)
		}
	}
}

func all(n int) []int {
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	return indices
}

func TestCanonical(t *testing.T) {
	const n = 500
	for _, distinct := range []int{2, 7, 1 << 20} { // bytes that differ after a common prefix, and few
		t.Run(fmt.Sprint(distinct), func(t *testing.T) {
			records := make([]byte, n*recordSize)
			s := newStream(1, forSynthetic, uint64(distinct))
			for i := range n {
				record := records[i*recordSize : (i+1)*recordSize]
				record[0] = byte(s.below(3))
				record[2000] = byte(s.below(distinct))
				record[3000] = byte(s.below(distinct))
				if distinct > 256 {
					for j := range record[1:] {
						record[1+j] = byte(s.next())
					}
				}
			}
			var want [][]byte
			for i := range n {
				want = append(want, bytes.Clone(records[i*recordSize:(i+1)*recordSize]))
			}
			original := slices.Clone(want)
			slices.SortFunc(want, bytes.Compare)

			images, equal := canonical(records)
			if !bytes.Equal(images.records, bytes.Join(want, nil)) {
				t.Error("the records are not sorted")
			}
			if images.N != n {
				t.Errorf("%d images, want %d", images.N, n)
			}
			if distinct > 256 {
				if equal != nil {
					t.Errorf("records %d and %d are said to be equal", equal.first, equal.second)
				}
				return
			}
			if equal == nil {
				t.Fatal("no equal records were found")
			}
			if equal.first >= equal.second || !bytes.Equal(original[equal.first], original[equal.second]) {
				t.Errorf("records %d and %d are said to be equal", equal.first, equal.second)
			}
		})
	}
}

func TestImages(t *testing.T) {
	records := make([]byte, 2*recordSize)
	records[recordSize] = 7
	records[recordSize+1] = 8
	records[2*recordSize-1] = 9
	im := Images{N: 2, records: records}
	pixels := im.Pixels(1)
	if im.Label(1) != 7 || len(pixels) != 3072 || pixels[0] != 8 || pixels[3071] != 9 {
		t.Errorf("label %d, %d pixels from %d to %d", im.Label(1), len(pixels), pixels[0], pixels[len(pixels)-1])
	}
}

func TestSplit(t *testing.T) {
	set := &Set{Train: Images{N: 1000}}
	for _, n := range []int{0, 1, 100, 999} {
		train, val, err := set.Split(n, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(val) != n {
			t.Errorf("%d images are held out, want %d", len(val), n)
		}
		if !slices.IsSorted(train) || !slices.IsSorted(val) {
			t.Error("the indices are not ascending")
		}
		both := slices.Concat(train, val)
		slices.Sort(both)
		if !slices.Equal(both, all(1000)) {
			t.Errorf("with %d held out the parts do not make up the whole", n)
		}
	}
	for _, n := range []int{-1, 1000, 5000} {
		if _, _, err := set.Split(n, 3); err == nil {
			t.Errorf("holding out %d of 1000 is not an error", n)
		}
	}
	_, a, _ := set.Split(100, 3)
	_, b, _ := set.Split(100, 3)
	_, c, _ := set.Split(100, 4)
	if !slices.Equal(a, b) {
		t.Error("one seed gives two splits")
	}
	if slices.Equal(a, c) {
		t.Error("two seeds give one split")
	}
	low := 0
	for _, i := range a {
		if i < 500 {
			low++
		}
	}
	if low < 30 || low > 70 { // 50 +- 4.7
		t.Errorf("%d of 100 held out images are in the first half", low)
	}
}

func TestMean(t *testing.T) {
	set := Synthetic(5, 40, 10)
	indices := []int{3, 39, 0, 17}
	mean := Mean(set.Train, indices)
	for p, got := range mean {
		want := 0.0
		for _, i := range indices {
			want += float64(set.Train.Pixels(i)[p]) / 255 / float64(len(indices))
		}
		if !(math.Abs(float64(got)-want) <= 1e-7) {
			t.Fatalf("pixel %d has mean %v, want %v", p, got, want)
		}
	}
	slices.Reverse(indices)
	if !slices.Equal(mean, Mean(set.Train, indices)) {
		t.Error("the mean depends on the order of the indices")
	}
}

func BenchmarkCanonical(b *testing.B) {
	set := Synthetic(1, 5000, 0)
	b.SetBytes(int64(len(set.Train.records)))
	records := make([]byte, len(set.Train.records))
	order := make([]int32, set.Train.N)
	permute(order, newStream(1, forSplit, 0))
	for b.Loop() {
		b.StopTimer()
		for i, from := range order {
			copy(records[i*recordSize:(i+1)*recordSize], set.Train.records[int(from)*recordSize:])
		}
		b.StartTimer()
		canonical(records)
	}
}

func BenchmarkLoad(b *testing.B) {
	set := realSet(b)
	b.SetBytes(int64(len(set.Train.records) + len(set.Test.records)))
	for b.Loop() {
		if _, err := Load(b.Context(), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// Recorded runs and checkpoints depend on which images are held out.
func TestSplitIsPinned(t *testing.T) {
	set := &Set{Train: Images{N: 50000}}
	_, val, err := set.Split(5000, 1)
	if want := []int{6, 19, 26, 49995}; err != nil || !slices.Equal(append(val[:3:3], val[4999]), want) {
		t.Errorf("%v %v, %v; want %v", val[:3], val[4999], err, want)
	}
}
