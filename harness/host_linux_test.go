package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"deepresidual/results/lease"
)

// mainOn is the program as a worker on a simulated host:
//
//	harness-on HOST STALE ARGUMENT...
//
// Two hosts know nothing of each other's processes and share nothing but the
// results folder, and no file lock works on either: the kernel answers flock and
// the locks of fcntl with ENOLCK, by a seccomp filter. STALE is the time after
// which a silent worker on another host is taken for dead.
func mainOn() {
	if err := forbidLocks(); err != nil {
		fmt.Fprintln(os.Stderr, "harness-on: forbidding locks:", err)
		os.Exit(exitFailed)
	}
	stale, err := time.ParseDuration(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "harness-on:", err)
		os.Exit(exitUsage)
	}
	m := *lease.ThisMachine()
	m.Host, m.ID, m.Boot = os.Args[1], os.Args[1], os.Args[1]+" "+strconv.Itoa(os.Getuid())
	ctx, stop := stopOnSignal(context.Background(), os.Stderr)
	env := &environment{stdout: os.Stdout, stderr: os.Stderr,
		leases: lease.Options{Heartbeat: stale / 10, StaleAfter: stale, Machine: &m}}
	code := env.run(ctx, os.Args[3:])
	stop()
	os.Exit(code)
}

// forbidLocks makes every lock of a file fail in all threads of the process, and
// sees whether it does.
func forbidLocks() error {
	const number, secondArgument = 0, 24 // in struct seccomp_data; the low half of the argument
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	equal := func(value uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: value, Jt: yes, Jf: no}
	}
	answer := func(action uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
	}
	filter := []unix.SockFilter{
		load(number),
		equal(unix.SYS_FLOCK, 7, 0), // to the refusal
		equal(unix.SYS_FCNTL, 0, 5), // or on to the permission
		load(secondArgument),
		equal(unix.F_SETLK, 4, 0),
		equal(unix.F_SETLKW, 3, 0),
		equal(unix.F_OFD_SETLK, 2, 0),
		equal(unix.F_OFD_SETLKW, 1, 0),
		answer(unix.SECCOMP_RET_ALLOW),
		answer(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOLCK)),
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	f, err := os.CreateTemp("", "lock")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != unix.ENOLCK {
		return fmt.Errorf("flock: %v, want %v", err, unix.ENOLCK)
	}
	if err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err != unix.ENOLCK {
		return fmt.Errorf("fcntl: %v, want %v", err, unix.ENOLCK)
	}
	return nil
}
