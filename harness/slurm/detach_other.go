//go:build !unix

package slurm

import "os/exec"

// detach keeps the signals of the terminal from a command; there is no Slurm here.
func detach(*exec.Cmd) {}
