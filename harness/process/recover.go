package process

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// traceVariable asks for the whole trace of a panic.
const traceVariable = "GOTRACEBACK"

// Recover, deferred, makes an error of a panic, for the border to a library
// that panics where others return errors. The error says where; with the
// environment variable GOTRACEBACK set, the panic goes on, for its trace.
func Recover(err *error) {
	p := recover()
	if p == nil {
		return
	}
	if os.Getenv(traceVariable) != "" {
		panic(p)
	}
	*err = fmt.Errorf("internal error in %s: %v (%s=all shows the trace)", Origin(), p, traceVariable)
}

// Origin is the innermost function of this module that a panic came through. It is
// called by the deferred function that recovered from it.
func Origin() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)]) // not this package's
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "deepresidual/") || strings.HasPrefix(f.Function, "main.") {
			return fmt.Sprintf("%s, line %d", f.Function, f.Line)
		}
		if !more {
			return "a library"
		}
	}
}
