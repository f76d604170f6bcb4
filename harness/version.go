package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"deepresidual/harness/process"
	"deepresidual/models"
	"deepresidual/models/kernels"
)

// versionMode says which program this is.
type versionMode struct{}

func (versionMode) declare(o *options) {
	o.mode("version", "print the version, the revision it was built from and the kernels it would use")
}

func (versionMode) do(ctx context.Context, env *environment) error {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	program := process.ThisProgram(ctx)
	revision := program.Revision
	switch {
	case program.Source == "none":
		revision = "unknown"
	case program.Dirty:
		revision += ", changed since"
	}
	best, err := kernels.Select("")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.stdout, "harness %s\nrevision %s\narithmetic %d, kernels %s\n%s %s/%s\n",
		version, revision, models.Arithmetic, best.Name, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
