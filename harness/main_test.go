package main

import (
	"os"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is the program, too: scripts and tests find it in the PATH as
// "harness".
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"harness": main, "harness-on": mainOn})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			// Nothing of the user's, and no network.
			e.Setenv("XDG_CACHE_HOME", e.Getenv("WORK")+"/cache")
			e.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
			e.Setenv("CIFAR10_DIR", "")
			e.Setenv("CIFAR10_URL", "")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// exits CODE COMMAND... runs a command that must end with the code.
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				err := ts.Exec(args[1], args[2:]...)
				code := "0"
				if exit, ok := err.(interface{ ExitCode() int }); ok {
					code = strconv.Itoa(exit.ExitCode())
				} else if err != nil {
					ts.Fatalf("%v", err)
				}
				if code != args[0] {
					ts.Fatalf("exit code %s, want %s", code, args[0])
				}
			},
		},
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}
