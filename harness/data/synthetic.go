package data

import (
	"deepresidual/experiments"
	"deepresidual/models"
	"deepresidual/results"
)

// The synthetic set that [Load] returns: small enough for seconds of training.
const (
	syntheticSeed  = 1
	syntheticTrain = 2000
	syntheticTest  = 1000
)

// TestSize is the size of the test set that a fingerprint is of, for whoever
// has not loaded it.
func TestSize(f results.Fingerprint) int {
	if f.Synthetic {
		return syntheticTest
	}
	return CIFAR10().Batch
}

// TrainSize is the size of the training set that a fingerprint is of.
func TrainSize(f results.Fingerprint) int {
	if f.Synthetic {
		return syntheticTrain
	}
	return experiments.TrainingImages
}

// Synthetic returns a generated data set of ten classes, for trying and
// testing the program without CIFAR-10. Its fingerprint marks it as synthetic.
// It is made by integer arithmetic alone, so the same arguments give the same
// bytes on every machine.
//
// Each class has a coarse pattern of coloured squares. An image is its class's
// pattern, shifted and at a contrast of its own, under a fainter pattern of
// another class and noise: learnable within a few passes, but not trivially.
func Synthetic(seed int64, train, test int) *Set {
	const (
		forPatterns = iota
		forTrain
		forTest
	)
	patterns := newPatterns(newStream(seed, forSynthetic, forPatterns))
	s := &Set{
		Train: patterns.images(train, newStream(seed, forSynthetic, forTrain)),
		Test:  patterns.images(test, newStream(seed, forSynthetic, forTest)),
	}
	s.Fingerprint = results.Fingerprint{
		Train:     s.Train.fingerprint(),
		Test:      s.Test.fingerprint(),
		Synthetic: true,
	}
	return s
}

const (
	patternCells = 4                               // squares across a pattern
	cellSize     = models.ImageSize / patternCells // pixels across a square
)

// patterns holds the squares of each class, as differences from mid-grey.
type patterns [models.Classes][models.Channels][patternCells][patternCells]int

func newPatterns(s stream) *patterns {
	p := new(patterns)
	for class := range p {
		for c := range models.Channels {
			for y := range patternCells {
				for x := range patternCells {
					p[class][c][y][x] = s.below(256) - 128
				}
			}
		}
	}
	return p
}

// images draws n images, the classes as even in number as n allows.
func (p *patterns) images(n int, s stream) Images {
	records := make([]byte, n*recordSize)
	for i := range n {
		p.draw(records[i*recordSize:(i+1)*recordSize], i%models.Classes, s.at(uint64(i)))
	}
	images, _ := canonical(records)
	return images
}

func (p *patterns) draw(record []byte, class int, s stream) {
	const unit = 256 // contrasts are in parts of it
	own, other := &p[class], &p[(class+1+s.below(models.Classes-1))%models.Classes]
	contrast, veil := 60+s.below(100), s.below(80)
	dx, dy := s.below(9)-4+models.ImageSize, s.below(9)-4+models.ImageSize
	ex, ey := s.below(models.ImageSize), s.below(models.ImageSize)
	brightness := 128 + s.below(65) - 32

	record[0] = byte(class)
	pixels := record[1:]
	var noise uint64
	for c := range models.Channels {
		for y := range models.ImageSize {
			for x := range models.ImageSize {
				if x%8 == 0 {
					noise = s.next()
				}
				a := own[c][(y+dy)/cellSize%patternCells][(x+dx)/cellSize%patternCells]
				b := other[c][(y+ey)/cellSize%patternCells][(x+ex)/cellSize%patternCells]
				v := brightness + (a*contrast+b*veil)/unit + int(noise&127) - 64
				noise >>= 8
				pixels[(c*models.ImageSize+y)*models.ImageSize+x] = byte(min(max(v, 0), 255))
			}
		}
	}
}
