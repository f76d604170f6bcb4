package main

import (
	"io/fs"
	"syscall"
	"testing"
)

// A full disk is no wrong option: the command is given again when there is room.
func TestUnwritableFolder(t *testing.T) {
	for errno, code := range map[syscall.Errno]int{
		syscall.ENOSPC: exitFailed, syscall.EDQUOT: exitFailed, syscall.EACCES: exitUsage, syscall.ENOTDIR: exitUsage,
	} {
		if got := exitCode(unwritable(&fs.PathError{Op: "open", Path: "events", Err: errno})); got != code {
			t.Errorf("%v: exit code %d, want %d", errno, got, code)
		}
	}
}
