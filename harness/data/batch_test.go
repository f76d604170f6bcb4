package data

import (
	"math"
	"slices"
	"testing"

	"deepresidual/models"
)

// reference renders a view the way the paper words it: subtract the mean, take
// the mirror image, pad four zeros on each side, crop.
func reference(value func(c, v int) float32, mean []float32, pixels []byte, v view) []float32 {
	const pad, size = 4, models.ImageSize
	var padded [models.Channels][size + 2*pad][size + 2*pad]float32
	for c := range models.Channels {
		for y := range size {
			for x := range size {
				from := x
				if v.mirror {
					from = size - 1 - x
				}
				p := (c*size+y)*size + from
				padded[c][y+pad][x+pad] = value(c, int(pixels[p])) - mean[p]
			}
		}
	}
	out := make([]float32, models.PaddedImage)
	for y := range size {
		for x := range size {
			for c := range models.Channels {
				out[((y+1)*models.PaddedSize+x+1)*models.Channels+c] = padded[c][y+v.dy+pad][x+v.dx+pad]
			}
		}
	}
	return out
}

func TestRender(t *testing.T) {
	set := Synthetic(3, 30, 10)
	mean := Mean(set.Train, all(30))
	means := [models.Channels]float64{0.485, 0.456, 0.406}
	deviations := [models.Channels]float64{0.229, 0.224, 0.225}
	channels := func(c, v int) float32 { return float32((float64(v)/255 - means[c]) / deviations[c]) }
	for _, n := range []struct {
		name  string
		norm  *Normalisation
		value func(c, v int) float32
		mean  []float32
	}{
		{"per-pixel mean", PerPixelMean(mean), func(_, v int) float32 { return float32(v) / 255 }, mean},
		{"per channel", PerChannel(means, deviations), channels, make([]float32, pixelBytes)},
	} {
		t.Run(n.name, func(t *testing.T) {
			got := make([]float32, models.PaddedImage)
			for dy := -4; dy <= 4; dy++ {
				for dx := -4; dx <= 4; dx++ {
					for _, mirror := range []bool{false, true} {
						v := view{dx, dy, mirror}
						pixels := set.Train.Pixels((dy+4)*3 + (dx+4)/3)
						want := reference(n.value, n.mean, pixels, v)
						dirty(got)
						n.norm.render(got, pixels, v)
						if !slices.Equal(got, want) {
							t.Fatalf("view %+v differs from the reference", v)
						}
					}
				}
			}
		})
	}
}

// dirty fills the interior of an image, and leaves its border.
func dirty(image []float32) {
	for y := range models.ImageSize {
		row := image[firstPixel+y*paddedFloats:][:rowFloats]
		for i := range row {
			row[i] = float32(math.NaN())
		}
	}
}

func TestFillPlain(t *testing.T) {
	set := Synthetic(3, 30, 10)
	norm := PerPixelMean(Mean(set.Train, all(30)))
	plain, byIndex := models.NewBatch(4), models.NewBatch(4)
	FillPlain(plain, set.Test, 5, 3, norm)
	FillIndices(byIndex, set.Test, []int{7, 5, 6}, norm)
	if plain.N != 3 || byIndex.N != 3 {
		t.Fatalf("the batches have %d and %d images, want 3", plain.N, byIndex.N)
	}
	want := make([]float32, models.PaddedImage)
	for i, j := range []int{1, 2, 0} { // where image 5+i is by index
		norm.render(want, set.Test.Pixels(5+i), view{})
		if !slices.Equal(plain.Image(i), want) || !slices.Equal(byIndex.Image(j), want) {
			t.Errorf("image %d differs", 5+i)
		}
		if label := set.Test.Label(5 + i); plain.Labels[i] != label || byIndex.Labels[j] != label {
			t.Errorf("the label of image %d differs", 5+i)
		}
	}
}

func newTestPipeline(set *Set, augment Augmentation, seed int64) *Pipeline {
	norm := PerPixelMean(Mean(set.Train, all(set.Train.N)))
	return NewPipeline(set.Train, NewSampler(all(set.Train.N), 16, seed), norm, augment, seed)
}

func TestPipelineAnyOrder(t *testing.T) {
	set := Synthetic(3, 50, 10)
	paper := Augmentation{Pad: 4, Flip: true}
	const iterations = 20
	inOrder := newTestPipeline(set, paper, 1)
	var want []*models.Batch
	for i := range iterations {
		want = append(want, models.NewBatch(16))
		inOrder.Fill(want[i], i)
	}
	got := models.NewBatch(20) // more room than needed
	resumed := newTestPipeline(set, paper, 1)
	for i := range iterations {
		i = i * 7 % iterations
		resumed.Fill(got, i)
		if got.N != 16 || !slices.Equal(got.Images[:16*models.PaddedImage], want[i].Images) || !slices.Equal(got.Labels[:16], want[i].Labels) {
			t.Fatalf("iteration %d differs when asked for out of order", i)
		}
	}
	newTestPipeline(set, paper, 2).Fill(got, 0)
	if slices.Equal(got.Images[:16*models.PaddedImage], want[0].Images) {
		t.Error("two seeds give the same first batch")
	}
}

// Every crop of the image and of its mirror image comes as often as the others,
// and those of an image do not repeat.
func TestAugmentationDraws(t *testing.T) {
	paper := Augmentation{Pad: 4, Flip: true}
	crops := newStream(1, forCrop, 0)
	counts := map[view]int{}
	const perView = 400
	const draws = 81 * 2 * perView
	for i := range draws / 128 {
		for position := range 128 {
			iteration := crops.at(uint64(i))
			counts[paper.draw(iteration.at(uint64(position)))]++
		}
	}
	if len(counts) != 81*2 {
		t.Errorf("%d of the 162 views come", len(counts))
	}
	for v, n := range counts {
		if n < perView*3/4 || n > perView*5/4 { // 400 +- 20
			t.Errorf("view %+v comes %d times, want about %d", v, n, perView)
		}
		if v.dx < -4 || v.dx > 4 || v.dy < -4 || v.dy > 4 {
			t.Errorf("view %+v is outside the padding", v)
		}
	}
	for position := range uint64(100) {
		s := crops.at(position)
		with, without := paper.draw(s), Augmentation{Pad: 4}.draw(s)
		if with.dx != without.dx || with.dy != without.dy || without.mirror {
			t.Errorf("without the flip, %+v becomes %+v", with, without)
		}
		if none := (Augmentation{}).draw(s); none != (view{}) {
			t.Errorf("without augmentation the view is %+v", none)
		}
	}
}

func TestFillAllocatesNothing(t *testing.T) {
	set := Synthetic(3, 50, 10)
	p := newTestPipeline(set, Augmentation{Pad: 4, Flip: true}, 1)
	b := models.NewBatch(16)
	iteration := 0
	if n := testing.AllocsPerRun(50, func() { p.Fill(b, iteration); iteration++ }); n != 0 {
		t.Errorf("filling a batch allocates %v times", n)
	}
	if n := testing.AllocsPerRun(50, func() { FillPlain(b, set.Test, 0, 10, p.norm) }); n != 0 {
		t.Errorf("filling a plain batch allocates %v times", n)
	}
}

func BenchmarkFill(b *testing.B) {
	set := Synthetic(1, 2000, 1000)
	norm := PerPixelMean(Mean(set.Train, all(set.Train.N)))
	p := NewPipeline(set.Train, NewSampler(all(set.Train.N), 128, 1), norm, Augmentation{Pad: 4, Flip: true}, 1)
	batch := models.NewBatch(128)
	report := func(b *testing.B) {
		b.ReportAllocs()
		b.ReportMetric(128*float64(b.N)/b.Elapsed().Seconds(), "images/s")
	}
	b.Run("augmented", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			p.Fill(batch, i)
		}
		report(b)
	})
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			FillPlain(batch, set.Test, 0, 128, norm)
		}
		report(b)
	})
}

// Recorded runs and checkpoints depend on which views are drawn. The images tell
// them: each pixel is its own place.
func TestViewsArePinned(t *testing.T) {
	images := Images{N: 200, records: make([]byte, 200*recordSize)}
	for i := range images.N {
		pixels := images.Pixels(i)
		for p := range planeSize {
			pixels[p], pixels[planeSize+p] = byte(p%models.ImageSize), byte(p/models.ImageSize)
		}
	}
	p := NewPipeline(images, NewSampler(all(images.N), 128, 1), PerPixelMean(make([]float32, pixelBytes)), Augmentation{Pad: 4, Flip: true}, 1)
	batch := models.NewBatch(128)
	for _, c := range []struct {
		iteration, place int
		want             view
	}{
		{0, 0, view{-4, 0, false}}, {0, 127, view{0, -1, false}}, {63999, 0, view{3, -2, true}}, {63999, 127, view{1, -2, true}},
	} {
		p.Fill(batch, c.iteration)
		place := func(x, y, channel int) int {
			v := batch.Image(c.place)[((y+1)*models.PaddedSize+x+1)*models.Channels+channel]
			return int(math.Round(255 * float64(v)))
		}
		got := view{place(16, 16, 0) - 16, place(16, 16, 1) - 16, place(17, 16, 0) < place(16, 16, 0)}
		if got.mirror {
			got.dx = models.ImageSize - 1 - 16 - place(16, 16, 0)
		}
		if got != c.want {
			t.Errorf("iteration %d, place %d: %+v, want %+v", c.iteration, c.place, got, c.want)
		}
	}
}
