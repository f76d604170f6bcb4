// Package reports turns run records into the figures and tables of the paper's
// experiments on CIFAR-10, verdicts on its claims, and a page with all of them.
//
// [Select] picks the records of one experiment at one scale, [Build] draws them
// in memory, [Drawing.Write] writes PNG, SVG and PDF figures and Markdown, CSV,
// LaTeX and HTML tables, and [Report.WriteHTML] writes one page that needs no
// other file. They are drawn from whatever is recorded: what is missing,
// unfinished, on a shortened schedule or on generated images is named in the
// picture itself.
//
// A [Verdict] says of a claim what its runs show and by which test, [Check] whether
// all were reproduced; [WriteAll] writes the rows of all runs as one table.
//
// Each drawing has a file: figure1.go, figure6.go, figure7.go, table6.go,
// compare.go, curves.go, choices.go; each kind of table has one, too:
// table_errors.go and so on. Verdicts are in verdict.go, what they rest on in
// finding.go and statistics.go. The package trains nothing, and reads and writes no
// run records.
package reports
