// Package reports turns run records into the exhibits of section 4.2 of the
// paper: figures, tables, verdicts on its claims, and a page with all of them.
//
// [Select] picks the records of one experiment at one scale, [Build] draws them
// in memory, [Exhibit.Write] writes PNG, SVG and PDF figures and Markdown, CSV,
// LaTeX and HTML tables, and [Report.WriteHTML] writes one page that needs no
// other file. An exhibit is drawn from whatever is recorded: what is missing,
// unfinished, on a shortened schedule or on generated images is named in the
// picture itself.
//
// Each exhibit has a file: figure1.go, figure6.go, figure7.go, table6.go,
// compare.go, curves.go. The package trains nothing, and reads and writes no
// run records.
package reports
