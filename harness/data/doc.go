// Package data supplies the CIFAR-10 images: it finds, downloads or generates the data
// set, checks it, and turns it into the minibatches of training and testing.
//
// Everything random here (the order of training, crops, flips, the split) is a
// pure function of a seed and a position, so a run that is resumed in the
// middle sees exactly the images an unbroken run would have seen.
//
// The package does not train and does not know about networks, except for the
// layout of [models.Batch], which it fills.
package data
