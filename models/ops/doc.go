// Package ops holds the fused operations that networks are run by, one for each
// part of the paper's networks: the first layer, the building block of two
// weighted layers with or without its shortcut (figure 2), the pooling with the
// last layer, and the loss. Each computes what several operations of package
// expr say, forward and backward.
//
// The arithmetic is that of package kernels. Activations are stored in blocks of
// 16 channels (see package kernels) and handed on unfinished: see [Activation].
//
// The package knows no network and no graph: package models puts the operations
// together.
package ops
