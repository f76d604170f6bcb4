//go:build unix

package slurm

import (
	"os/exec"
	"syscall"
)

// detach keeps the signals of the terminal from a command.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
