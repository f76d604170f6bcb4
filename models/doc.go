// Package models computes the networks that package network describes: it writes
// one down as a Gorgonia graph ([NewGraph]) of the operations of package expr, and
// runs it ([New]) by the fused operations of package ops that match the graph, under
// which lie the float32 kernels of package kernels.
//
// It knows nothing of data sets, schedules, files or experiments: it takes a
// [Batch] and a learning rate and returns a loss.
package models
