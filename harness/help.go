package main

import (
	"fmt"
	"io"
	"strings"

	"deepresidual/reports/table"
)

const introduction = `Reproduces the CIFAR-10 experiments of "Deep Residual Learning for Image
Recognition" (He, Zhang, Ren and Sun, 2015).

  harness -exp fig1             train what is not recorded, then draw Figure 1
  harness -exp all -scale 1/16  everything, on a sixteenth of the schedule
  harness -exp all -report      draw what is recorded; train nothing
`

// printHelp prints the help of all modes, or of one that was asked for.
func printHelp(w io.Writer, modes []mode, asked mode) {
	if asked.name != "" {
		var own options
		asked.declare(&own)
		printOptions(w, own)
		return
	}
	fmt.Fprintf(w, "%s\nWhat to do; without any of these, train what -exp names and draw it:\n", introduction)
	isMode := make(map[string]bool)
	all := make([]options, len(modes))
	for i, m := range modes {
		m.declare(&all[i])
		if m.name != "" {
			isMode[m.name] = true
			printOptions(w, options{all[i].find(m.name)})
		}
	}
	fmt.Fprint(w, "\nHow; \"harness -report -help\" lists the options of -report alone:\n")
	shown := make(map[string]bool)
	for i, m := range modes {
		var fresh options
		for _, o := range all[i] {
			key := o.name + "\n" + o.help // an option can be another in another mode
			if !shown[key] && !isMode[o.name] {
				shown[key] = true
				fresh = append(fresh, o)
			}
		}
		if m.name != "" && len(fresh) > 0 {
			fmt.Fprintf(w, "\nOf -%s:\n", m.name)
		}
		printOptions(w, fresh)
	}
	fmt.Fprintf(w, "\n%s", exitCodes)
}

// The columns of the help: it fits a terminal of 80.
const (
	helpIndent = 20
	helpWidth  = 79 - helpIndent
)

func printOptions(w io.Writer, list options) {
	for _, o := range list {
		head := strings.TrimSpace("-" + o.name + " " + o.arg)
		for i, line := range table.Wrap(o.help, helpWidth) {
			if i > 0 {
				head = ""
			}
			fmt.Fprintf(w, "  %-*s %s\n", helpIndent-3, head, line)
		}
	}
}
