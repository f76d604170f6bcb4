package models

import (
	"deepresidual/models/network"
	"deepresidual/models/ops"
)

// A model of how a training step scales with threads: what divides, by the parts
// that package ops divides it into; what one thread does while the others wait;
// handing loops out; and memory, which all threads share. The constants are
// those of two Xeon cores with AVX-512, on which two threads are 1.86 to 1.87 times
// as fast as one (resnet-56 and resnet-20 at batch 128); the model says 1.89. For
// more than two threads the result is an estimate.
const (
	// perThread is the multiply-adds a second of one thread, counted as those of
	// direct convolutions.
	perThread = 150e9
	// wake is the seconds that it takes to hand a loop to one more thread and to
	// wait for it (BenchmarkLoop), assumed to add up.
	wake = 0.8e-6
	// alone is the seconds in which one thread turns the sums of one channel into
	// its normalisation and back (BenchmarkFinish), headAlone those for the loss
	// and the gradient of the last layer's weights.
	alone, headAlone = 0.23e-6, 0.1e-3

	// passes is how often a step reads or writes each output of a convolution in
	// memory, forward and backward, roughly.
	passes = 8
	// oneBytes and twoBytes are the bytes a second that one core and two together
	// move: what the measured steps leave for memory. coreBytes, of each core of a
	// larger machine, is assumed: 64 cores have 450 GB/s with twelve channels of
	// DDR5-4800.
	oneBytes, twoBytes, coreBytes = 20e9, 33e9, 7e9
)

// loop is one parallel loop of a training step.
type loop struct {
	work   float64 // multiply-adds
	pieces int     // images or groups of tiles, divided by ops.Busiest
	items  int     // instead of pieces: items that threads take one by one
}

// loops lists the loops of a training step on so many images.
func loops(net network.Network, batch int) []loop {
	var list []loop
	parts, values := 0, net.Parameters()
	sum := func(l network.Layer) { list = append(list, loop{items: ops.Sums(l.Kernel * l.Kernel * l.In * l.Out)}) }
	convolution := func(l network.Layer, times float64) {
		pieces := batch
		if l.Stride == 1 && l.Kernel == 3 && l.In > network.ImageChannels {
			pieces = ops.Groups(l.Size, batch)
		}
		work := float64(l.MultiplyAdds()) * float64(batch)
		list = append(list, loop{work: work, pieces: pieces}, loop{work: (times - 1) * work, pieces: pieces})
		sum(l)
		if l.In > network.ImageChannels {
			parts += ops.FilterParts(l.Kernel, l.In, l.Out, l.Stride)
		}
	}
	convolution(net.Stem(), 2) // without a gradient of the images
	for _, b := range net.Blocks() {
		convolution(b.Conv1, 3)
		convolution(b.Conv2, 3)
		if b.Projection != nil {
			// Beside the convolution and its gradients, the normalisation and its sums.
			convolution(*b.Projection, 3)
			list = append(list, loop{pieces: batch}, loop{pieces: batch})
		}
	}
	head := loop{pieces: batch}
	return append(list, head, head, loop{items: parts}, loop{items: (values + updateRoom - 1) / updateRoom})
}

// busiest returns the share of a loop that the busiest of so many threads does,
// and how many others have to be woken for it.
func (l loop) busiest(threads int) (share float64, others int) {
	if l.pieces == 0 {
		others = min(threads, l.items) - 1
		return float64((l.items+others)/(others+1)) / float64(l.items), others
	}
	return float64(ops.Busiest(l.pieces, threads)) / float64(l.pieces), min(threads, ops.Parts(l.pieces)) - 1
}

// stepSeconds is the time of a training step by so many threads of a machine all
// of whose cores are busy.
func stepSeconds(net network.Network, batch, threads, cores int) float64 {
	seconds := headAlone
	for _, l := range loops(net, batch) {
		share, others := l.busiest(threads)
		seconds += l.work*share/perThread + float64(others)*wake
	}
	outputs := 0
	for _, l := range net.Convolutions() {
		seconds += alone * float64(l.Out)
		outputs += l.Size * l.Size * l.Out
	}
	all := max(twoBytes, coreBytes*float64(cores))
	own := min(oneBytes*float64(min(threads, Parts(batch))), all*float64(threads)/float64(cores))
	return seconds + passes*4*float64(outputs)*float64(batch)/own
}

// Speedup estimates how many times as fast as one core alone the given threads train a
// network on minibatches of batch images, on a machine all of whose cores are busy,
// with these threads or with other runs.
func Speedup(net network.Network, batch, threads, cores int) float64 {
	return stepSeconds(net, batch, 1, 1) / stepSeconds(net, batch, threads, cores)
}

// Parts returns in how many parts a training step's work on so many images is cut at
// most, that of the largest maps: more threads find nothing to do there. Preparing
// filters, the update and evaluation are cut otherwise.
func Parts(images int) int { return ops.Parts(ops.Groups(ImageSize, images)) }
