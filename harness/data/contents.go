package data

import (
	"fmt"
	"sync"

	"deepresidual/models"
	"deepresidual/results"
)

// Contents says what a data set must hold to be the one that is wanted: the
// judge of every copy, wherever it came from.
type Contents struct {
	// Batch is the number of images in each of the six batches, of which five
	// are for training and one is for testing.
	Batch int

	// Train and Test are the SHA-256 of the parts' records in canonical order,
	// in hex.
	Train, Test string
}

// CIFAR10 returns what CIFAR-10 holds.
func CIFAR10() Contents {
	return Contents{Batch: 10000, Train: TrainFingerprint, Test: TestFingerprint}
}

// part is one of the two parts of a data set.
type part int

const (
	trainPart part = iota
	testPart
	parts int = iota
)

func (p part) String() string { return [parts]string{"training", "test"}[p] }

// images returns the number of images in a part.
func (c Contents) images(p part) int {
	if p == testPart {
		return c.Batch
	}
	return trainBatches * c.Batch
}

func (c Contents) fingerprint(p part) string { return [parts]string{c.Train, c.Test}[p] }

// gathering collects the records of a data set in the order in which the files
// are read, with room for as many as it must hold and no more.
type gathering struct {
	Contents
	parts [parts]gathered
}

// gathered is what there is of a part.
type gathered struct {
	records []byte // of all files so far
	files   []origin
}

// origin is a file that records came from.
type origin struct {
	name  string // for messages
	base  string // the last element of the name
	first int    // of its records, in the part
}

func newGathering(c Contents) *gathering {
	g := &gathering{Contents: c}
	// One stretch of memory, the test images last.
	all := make([]byte, (trainBatches+1)*c.Batch*recordSize)
	split := c.images(trainPart) * recordSize
	g.parts[trainPart].records = all[:0:split]
	g.parts[testPart].records = all[split:split]
	return g
}

// room makes room for n more records of a part and returns it.
func (g *gathering) room(p part, n int) ([]byte, error) {
	have := g.parts[p].records
	if n > (cap(have)-len(have))/recordSize {
		return nil, fmt.Errorf("with it there are more than %d %s images", g.images(p), p)
	}
	g.parts[p].records = have[:len(have)+n*recordSize]
	return g.parts[p].records[len(have):], nil
}

// begin notes that the records that follow are those of a file.
func (g *gathering) begin(p part, name, base string) {
	to := &g.parts[p]
	to.files = append(to.files, origin{name, base, len(to.records) / recordSize})
}

// checkLabels looks at the labels of the file that was begun last.
func (g *gathering) checkLabels(p part) error {
	from := &g.parts[p]
	first := from.files[len(from.files)-1].first
	for i := first; i < len(from.records)/recordSize; i++ {
		if label := from.records[i*recordSize]; label >= models.Classes {
			return fmt.Errorf("the label of record %d is %d, not 0 to %d: the file is corrupt or not one of CIFAR-10's", i-first, label, models.Classes-1)
		}
	}
	return nil
}

// missing says which part is not whole, if one is not.
func (g *gathering) missing() error {
	for p := range part(parts) {
		if n := len(g.parts[p].records) / recordSize; n != g.images(p) {
			return fmt.Errorf("it holds %d of %d %s images", n, g.images(p), p)
		}
	}
	return nil
}

// set sorts and checks what was gathered.
func (g *gathering) set() (*Set, error) {
	var images [parts]Images
	var errs [parts]error
	var wait sync.WaitGroup
	for p := range part(parts) {
		wait.Go(func() { images[p], errs[p] = g.check(p) })
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return &Set{
		Train:       images[trainPart],
		Test:        images[testPart],
		Fingerprint: results.Fingerprint{Train: g.Train, Test: g.Test},
	}, nil
}

// check sorts the records of a part and compares their fingerprint.
func (g *gathering) check(p part) (Images, error) {
	from := g.parts[p]
	images, equal := canonical(from.records)
	got, want := images.fingerprint(), g.fingerprint(p)
	if got == want {
		return images, nil
	}
	if equal != nil {
		a, b := from.at(equal.first), from.at(equal.second)
		return Images{}, fmt.Errorf("data: %s: record %d is record %d of %s again, CIFAR-10 has no duplicates: a file was copied twice, or corrupted",
			b.name, equal.second-b.first, equal.first-a.first, a.base)
	}
	names := from.files[0].name
	if last := from.files[len(from.files)-1]; len(from.files) > 1 {
		names += " to " + last.base
	}
	return Images{}, fmt.Errorf("data: %s: corrupt or not CIFAR-10: the SHA-256 of the sorted records is %.16s..., not %.16s...", names, got, want)
}

// at returns the file that a record came from.
func (g gathered) at(record int) origin {
	i := len(g.files) - 1
	for i > 0 && g.files[i].first > record {
		i--
	}
	return g.files[i]
}
