//go:build !linux

package main

// mainOn cannot simulate a host here: the test that would use it is skipped.
func mainOn() {}
