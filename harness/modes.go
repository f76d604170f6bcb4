package main

import "context"

// modes are what the program does. Each is asked for by the option of its name,
// and takes the options that it declares and no others.
func modes() []mode {
	return []mode{
		{"", new(trainMode)},
		{"dry-run", new(dryRunMode)},
		{"status", new(statusMode)},
		{"report", new(reportMode)},
		{"serve", new(serveMode)},
		{"submit", new(submitMode)},
		{"list", new(listMode)},
		{"eval", new(evalMode)},
		{"bench", new(benchMode)},
		{"version", new(versionMode)},
	}
}

// A mode is one thing that the program does.
type mode struct {
	name string // of the option that asks for it; empty for what is done without one
	job
}

// A job is the options of a mode and what is done with them.
type job interface {
	declare(*options)
	do(context.Context, *environment) error
}
