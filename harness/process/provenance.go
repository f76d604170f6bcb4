// Package process tells what this process is: the program and the machine, as a
// run's record names them, and the memory it has taken.
package process

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"deepresidual/results"
)

// Provenance describes the program and the machine, for a run's record. None
// of it changes a run's numbers.
func Provenance(ctx context.Context, threads int) results.Provenance {
	p := results.Provenance{
		GoVersion: runtime.Version(),
		OS:        runtime.GOOS,
		Arch:      runtime.GOARCH,
		CPU:       CPU(),
		Threads:   threads,
		Command:   strings.Join(os.Args[1:], " "),
		Started:   time.Now(),
	}
	p.Host = Host()
	p.Revision, p.Dirty, p.RevisionSource = Revision(ctx)
	return p
}

// Host returns the name of the machine, or nothing where it has none; a record
// without it is good enough.
func Host() string {
	name, _ := os.Hostname()
	return name
}

// Revision returns the version-control revision the program was built from and
// who says so: the build itself, or git, asked in the working folder. go run
// stamps nothing into what it builds, so git is what mostly answers.
func Revision(ctx context.Context) (revision string, dirty bool, source string) {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value
			case "vcs.modified":
				dirty = s.Value == "true"
			}
		}
		if revision != "" {
			return revision, dirty, "build"
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	head, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return "", false, "none"
	}
	// What the program itself writes is no change of the program.
	changes, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--", "*.go", "*.s", "*.toml", "go.mod", "go.sum", ":!*run.toml").Output()
	return strings.TrimSpace(string(head)), err != nil || len(changes) > 0, "git"
}

// CPU returns the processor's model, or the architecture where the system
// does not tell.
func CPU() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
