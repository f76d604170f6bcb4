// Package expr holds the operations that the networks' Gorgonia expression
// graphs are written in: convolution, batch normalisation, ReLU, the shortcut of
// option A, addition, pooling, the fully connected layer and the loss.
//
// Each is a gorgonia.Op that infers its type and shape from its inputs and
// refuses wrong ones, and a gorgonia.SDOp with its gradient as nodes of the same
// graph. So Gorgonia checks a network and derives its backward pass, and its tape
// machine can run both: every operation computes, in the plainest way.
//
// It is the definition of what is computed, not how fast: package models matches
// the graph with the fused operations of package ops, which training runs.
//
// Activations are (N, C, H, W), filters (K, C, k, k) with k odd and padding k/2,
// the last layer's weights (K, C), all float32; labels are (N), uint8.
package expr
