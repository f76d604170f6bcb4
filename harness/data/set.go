package data

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"deepresidual/models"
	"deepresidual/results"
)

// The size of a record in the "binary version" of CIFAR-10: one label byte,
// then the red, green and blue planes, each of 32x32 bytes in row-major order.
const (
	planeSize  = models.ImageSize * models.ImageSize
	pixelBytes = models.Channels * planeSize
	recordSize = 1 + pixelBytes
)

// SHA-256 of the records of CIFAR-10 in canonical order.
const (
	TrainFingerprint = "72083841cd0fa633f09b24c0833cf6d6a1809caff400317117334e0aa6b0ed46"
	TestFingerprint  = "f1bbb931260cda782c84c1948c82d910e2c193cb1d56756293f445027090946b"
)

// Set is a data set of labelled 32x32 colour images in ten classes, its records in
// canonical order. It is not changed once made, and may be read from any goroutine.
type Set struct {
	Train, Test Images
	Fingerprint results.Fingerprint
	Place       string // the folder or archive it was read from, absolute; empty for a generated set
}

// Images is a list of labelled images. In a [Set] it is in canonical order:
// sorted as byte strings, label first. The order of the file the records came
// from has no influence on anything computed from them, so the official
// archive and a re-packed copy train identically.
type Images struct {
	N       int
	records []byte // (N, 3073): label, then 1024 red, 1024 green, 1024 blue
}

// Label returns the class of image i, 0 to 9.
func (im Images) Label(i int) uint8 { return im.records[i*recordSize] }

// Pixels returns the bytes of image i, (3, 32, 32). The caller must not change
// them.
func (im Images) Pixels(i int) []byte {
	at := i * recordSize
	return im.records[at+1 : at+recordSize : at+recordSize]
}

// fingerprint returns the SHA-256 of the records as they are ordered, in hex.
func (im Images) fingerprint() string {
	sum := sha256.Sum256(im.records)
	return hex.EncodeToString(sum[:])
}

// twins are two equal records, by their places before sorting.
type twins struct{ first, second int }

// canonical sorts the records in place and returns them as Images. When two
// records are equal it reports the first such pair.
func canonical(records []byte) (Images, *twins) {
	n := len(records) / recordSize
	record := func(i int32) []byte { return records[int(i)*recordSize : int(i+1)*recordSize] }

	// The first eight bytes decide almost every comparison, so they are kept
	// beside the index; the records themselves are moved only once.
	type entry struct {
		prefix uint64
		index  int32
	}
	order := make([]entry, n)
	for i := range order {
		order[i] = entry{binary.BigEndian.Uint64(records[i*recordSize:]), int32(i)}
	}
	slices.SortFunc(order, func(a, b entry) int {
		if c := cmp.Compare(a.prefix, b.prefix); c != 0 {
			return c
		}
		if c := bytes.Compare(record(a.index), record(b.index)); c != 0 {
			return c
		}
		return cmp.Compare(a.index, b.index)
	})
	var equal *twins
	for i := 1; i < n; i++ {
		a, b := order[i-1], order[i]
		if a.prefix == b.prefix && bytes.Equal(record(a.index), record(b.index)) {
			equal = &twins{int(a.index), int(b.index)}
			break
		}
	}

	// Move along the cycles of the permutation: no second copy of the data.
	var held [recordSize]byte
	for start := range order {
		from := order[start].index
		if from < 0 || int(from) == start {
			continue
		}
		copy(held[:], record(int32(start)))
		to := int32(start)
		for int(from) != start {
			copy(record(to), record(from))
			order[to].index = -1
			to, from = from, order[from].index
		}
		copy(record(to), held[:])
		order[to].index = -1
	}
	return Images{N: n, records: records}, equal
}

// Split divides the training images into a part to train on and a validation
// part of the given size, drawn with the seed from the canonical order
// (45,000 and 5,000 when section 4.2 determines its schedule). The indices of each
// part are ascending.
// It is an error if the validation part leaves nothing to train on.
func (s *Set) Split(validation int, seed int64) (train, val []int, err error) {
	if validation < 0 || validation >= s.Train.N {
		return nil, nil, fmt.Errorf("data: cannot hold out %d of %d training images for validation", validation, s.Train.N)
	}
	order := make([]int32, s.Train.N)
	permute(order, newStream(seed, forSplit, 0))
	held := make([]bool, s.Train.N)
	for _, i := range order[:validation] {
		held[i] = true
	}
	train = make([]int, 0, s.Train.N-validation)
	val = make([]int, 0, validation)
	for i, h := range held {
		if h {
			val = append(val, i)
		} else {
			train = append(train, i)
		}
	}
	return train, val, nil
}

// Mean returns the per-pixel mean (3, 32, 32) of value/255 over the images
// with the given indices, which must not be empty. The sums are integers, so
// the result does not depend on the order of the indices.
func Mean(images Images, indices []int) []float32 {
	var sums [pixelBytes]int64
	for _, i := range indices {
		for p, v := range images.Pixels(i) {
			sums[p] += int64(v)
		}
	}
	mean := make([]float32, pixelBytes)
	for p, sum := range sums {
		mean[p] = float32(float64(sum) / float64(255*len(indices)))
	}
	return mean
}
