package data

import (
	"bytes"
	"testing"
)

// The bytes of the synthetic set are the same on every machine and in every
// version, as those of CIFAR-10 are.
func TestSyntheticIsPinned(t *testing.T) {
	set, err := Load(t.Context(), Options{Path: SyntheticPath})
	if err != nil {
		t.Fatal(err)
	}
	const train = "a00b7de718907355a21ac503fe05ca5d21fb11d786765a2c02de3da8a895ab39"
	const test = "00f98cdc42e65751aa7190c2ab8df0d649a1b34d88533a38f3d93bce4ba5e0b7"
	if got := set.Fingerprint; got.Train != train || got.Test != test || !got.Synthetic {
		t.Errorf("fingerprint %+v", got)
	}
	if set.Train.N != TrainSize(set.Fingerprint) || set.Test.N != TestSize(set.Fingerprint) {
		t.Errorf("%d and %d images", set.Train.N, set.Test.N)
	}
	if set.Fingerprint == Synthetic(2, syntheticTrain, syntheticTest).Fingerprint {
		t.Error("two seeds give the same set")
	}
}

func TestSyntheticClasses(t *testing.T) {
	set := Synthetic(1, 200, 100)
	for _, im := range []Images{set.Train, set.Test} {
		var counts [10]int
		for i := range im.N {
			counts[im.Label(i)]++
		}
		for label, n := range counts {
			if n != im.N/10 {
				t.Errorf("class %d has %d of %d images", label, n, im.N)
			}
		}
		for i := 1; i < im.N; i++ {
			if bytes.Equal(im.Pixels(i-1), im.Pixels(i)) {
				t.Errorf("images %d and %d are equal", i-1, i)
			}
		}
	}
}

// A classifier as simple as the nearest class mean must do far better than
// chance, and leave something to learn.
func TestSyntheticIsLearnable(t *testing.T) {
	set := Synthetic(syntheticSeed, syntheticTrain, syntheticTest)
	var means [10][]float32
	for label := range means {
		var own []int
		for i := range set.Train.N {
			if int(set.Train.Label(i)) == label {
				own = append(own, i)
			}
		}
		means[label] = Mean(set.Train, own)
	}
	wrong := 0
	for i := range set.Test.N {
		best, at := float32(0), -1
		for label, mean := range means {
			distance := float32(0)
			for p, v := range set.Test.Pixels(i) {
				d := float32(v)/255 - mean[p]
				distance += d * d
			}
			if at < 0 || distance < best {
				best, at = distance, label
			}
		}
		if at != int(set.Test.Label(i)) {
			wrong++
		}
	}
	percent := 100 * float64(wrong) / float64(set.Test.N)
	t.Logf("nearest class mean: %.1f %% wrong", percent)
	if percent > 60 || percent < 2 {
		t.Errorf("the nearest class mean is wrong for %.1f %%, want 2 to 60 %%", percent)
	}
}

func BenchmarkSynthetic(b *testing.B) {
	for b.Loop() {
		Synthetic(syntheticSeed, syntheticTrain, syntheticTest)
	}
}
