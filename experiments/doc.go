// Package experiments says what to run: one TOML file per figure or table of the
// paper's CIFAR-10 section, and the strict reader of such files.
//
// An experiment names networks, seeds, what to draw, the paper's numbers
// to print beside ours, and the paper's claims that its runs decide. A file
// states only what differs from the paper's protocol, which is written once, in
// [Paper]. The package trains nothing, draws nothing and knows no data.
//
// # Specs
//
// This is a whole spec, in a file whose base name names the experiment:
//
//	title = "A plain network without momentum"
//	draw = "curves"
//	networks = ["plain-20"]
//
//	[protocol]
//	momentum = 0 # the point of it
//
// The keys are:
//
//	title       one line above figure and table
//	draw        what is drawn, one of [Drawings]
//	networks    what is trained: names as in [ParseNetwork], or of the spec's own
//	[network.X] describes a network of the spec's own: the keys of [network.Description]
//	hidden      those of networks that are trained and reported, but not drawn
//	seeds       of every network; the default is [1]
//	[seeds_for] network = seeds, for one network
//	[protocol]  what differs from the paper's: the keys of [Protocol]
//	[[variant]] protocols to compare, for draw = "choices": the keys of [Variant]
//	[[panel]]   the panels of draw = "figure6": the keys of [Panel]
//	[paper.X]   network = what the paper reports: the tables of [Reference]
//	[public]    network = test error of a public reproduction, for draw = "table6"
//	public_source  what those errors are and where they come from
//	[[row]]     another method, for draw = "table6": the keys of [ReferenceRow]
//	[[claim]]   a statement that the runs decide: the keys of [Claim]
//
// Reading is strict. A key that does not exist or is spelt in another case, a
// value of a wrong type or out of range, a network that cannot be: each is a
// [*SpecError], one line with file, line and key, and there is no experiment.
//
// The paper is He, Zhang, Ren, Sun: Deep Residual Learning for Image
// Recognition, 2015, https://arxiv.org/abs/1512.03385; sections, figures and
// tables named in this package are its.
package experiments
