// Package models computes the networks that package network describes: the
// Gorgonia expression graph of one ([New]), made of the operations of package
// ops, under which lie the float32 kernels of package kernels.
//
// It knows nothing of data sets, schedules, files or experiments: it takes a
// [Batch] and a learning rate and returns a loss.
package models
