package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"deepresidual/harness/data"
	"deepresidual/harness/train"
	"deepresidual/models"
)

// normalisation is how images are normalised before a network sees them.
type normalisation struct {
	name string // as -norm names it

	// Of each channel; a deviation of zero stands for the paper's per-pixel mean
	// and no deviation.
	mean, deviation [models.Channels]float64
}

// normalisations are those that -norm knows by name: this program's, that of
// the published weights of akamaster/pytorch_resnet_cifar10, and that of
// kuangliu/pytorch-cifar and what follows it.
var normalisations = []normalisation{
	{name: "pixel-mean"},
	{"imagenet", [...]float64{0.485, 0.456, 0.406}, [...]float64{0.229, 0.224, 0.225}},
	{"cifar", [...]float64{0.4914, 0.4822, 0.4465}, [...]float64{0.2023, 0.1994, 0.2010}},
}

const normExample = "0.4914,0.4822,0.4465/0.2023,0.1994,0.2010"

// parseNorm reads a value of -norm: a name, or the channels' means and standard
// deviations, m,m,m/d,d,d.
func parseNorm(value string) (normalisation, error) {
	var names []string
	for _, n := range normalisations {
		if n.name == value {
			return n, nil
		}
		names = append(names, n.name)
	}
	n := normalisation{name: value}
	means, deviations, ok := strings.Cut(value, "/")
	if !ok || !parseChannels(means, -largestNorm, &n.mean) || !parseChannels(deviations, smallestDeviation, &n.deviation) {
		return n, usagef("-norm %q: choose %s, or give means and standard deviations of red, green and blue, such as %s",
			value, strings.Join(names, " or "), normExample)
	}
	return n, nil
}

// Pixels are from 0 to 1 when they are normalised. What is beyond these bounds is
// a slip: a float32 of the image would not hold it, or not what differs between
// two pixels.
const largestNorm, smallestDeviation = 1e3, 1e-3

// parseChannels reads a number for each channel, at least the least one and at
// most largestNorm.
func parseChannels(list string, least float64, to *[models.Channels]float64) bool {
	fields := strings.Split(list, ",")
	if len(fields) != len(to) {
		return false
	}
	for i, f := range fields {
		v, err := strconv.ParseFloat(strings.TrimSpace(f), 64)
		if err != nil || !(v >= least && v <= largestNorm) { // which NaN is not
			return false
		}
		to[i] = v
	}
	return true
}

// of returns the normalisation for a data set and weights that were trained on it.
func (n normalisation) of(set *data.Set, trained train.Trained) (*data.Normalisation, error) {
	if n.deviation[0] > 0 {
		return data.PerChannel(n.mean, n.deviation), nil
	}
	training, _, err := set.Split(trained.Validation, trained.Seed)
	if err != nil {
		return nil, fmt.Errorf("the images' mean: %w", err)
	}
	return data.PerPixelMean(data.Mean(set.Train, training)), nil
}

// An error above suspicious percent with one normalisation, and one below
// convincing with another, are a sign that the weights were trained with the
// latter.
const suspicious, convincing = 40, 15

// otherNorm returns the outcome with another normalisation than the one used,
// if that is likely to be the weights' own; else nil. evaluate returns outcomes,
// the best first.
func otherNorm(used normalisation, o outcome, evaluate func(normalisation) ([]outcome, error)) (*outcome, error) {
	if o.percent() <= suspicious {
		return nil, nil
	}
	for _, norm := range normalisations {
		if norm == used {
			continue
		}
		found, err := evaluate(norm)
		if errors.Is(err, train.ErrOverflow) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if found[0].percent() < convincing {
			return &found[0], nil
		}
	}
	return nil, nil
}
