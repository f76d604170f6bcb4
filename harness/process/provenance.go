// Package process tells what this process is: the program and the machine, as a run's
// record names them, and the memory it has taken and may still take. It also makes
// errors of panics ([Recover]). It keeps no records.
package process

import (
	"os"
	"runtime"
	"strings"
	"time"

	"deepresidual/harness/text"
	"deepresidual/results"
)

// Provenance describes the program and the machine, for a run's record. None
// of it changes a run's numbers.
func Provenance(program Program, threads int) results.Provenance {
	return results.Provenance{
		Revision:       program.Revision,
		Dirty:          program.Dirty,
		RevisionSource: program.Source,
		GoVersion:      runtime.Version(),
		OS:             runtime.GOOS,
		Arch:           runtime.GOARCH,
		CPU:            CPU(),
		Host:           Host(),
		Threads:        threads,
		Command:        command(os.Args[1:]),
		Started:        time.Now(),
	}
}

// command writes the arguments of a command as a shell takes them, without what
// is secret of an address: a record is meant to be shown. Arguments need not be UTF-8,
// records must.
func command(args []string) string {
	public := make([]string, len(args))
	for i, a := range args {
		public[i] = text.Public(a)
	}
	return strings.ToValidUTF8(text.Words(public), "\uFFFD")
}

// Host returns the name of the machine, or nothing where it has none; a record
// without it is good enough.
func Host() string {
	name, _ := os.Hostname()
	return name
}

// CPU returns the processor's model, or the architecture where the system
// does not tell.
func CPU() string {
	if name := strings.TrimSpace(processor()); name != "" {
		return name
	}
	return runtime.GOARCH
}
