// Package experiments says what to run: one TOML file per exhibit of the
// paper's CIFAR-10 section, and the strict reader of such files.
//
// An experiment names networks, seeds, the exhibit to draw, the paper's numbers
// to print beside ours, and the paper's claims that its runs decide. A file
// states only what differs from the paper's protocol, which is written once, in
// [Paper]. The package trains nothing, draws nothing and knows no data.
//
// The paper is He, Zhang, Ren, Sun: Deep Residual Learning for Image
// Recognition, 2015, https://arxiv.org/abs/1512.03385; sections, figures and
// tables named in this package are its.
package experiments
