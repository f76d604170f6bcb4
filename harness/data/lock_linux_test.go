package data

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A file system without locks, as Lustre often is, is downloaded to all the same.
func TestDownloadWithoutLocks(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.ENOSYS, unix.ENOLCK, unix.EBADF} {
		s := own(t, serve(packed()))
		d := newDownload(t)
		var set *Set
		var err error
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
			if err = refuseLocks(errno); err == nil {
				set, err = d.from(t.Context(), []source{s})
			}
		}()
		<-done
		if errors.Is(err, errNoFilter) {
			t.Skip(err)
		}
		if err != nil || set == nil {
			t.Errorf("%v: %v", errno, err)
		}
	}
}

// NFS locks for writing only what is open for writing.
func TestLockIsOpenForWriting(t *testing.T) {
	d := newDownload(t)
	if err := os.MkdirAll(d.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	end, err := d.takeTurn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	for _, fd := range open {
		if path, _ := os.Readlink("/proc/self/fd/" + fd.Name()); path != filepath.Join(d.dir, "download.lock") {
			continue
		}
		number, err := strconv.Atoi(fd.Name())
		if err != nil {
			t.Fatal(err)
		}
		flags, err := unix.FcntlInt(uintptr(number), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_ACCMODE != unix.O_RDWR {
			t.Errorf("flags %#x, %v; want reading and writing", flags, err)
		}
		return
	}
	t.Error("no lock is held")
}

var errNoFilter = errors.New("system calls cannot be filtered here")

// refuseLocks makes flock fail in this thread.
func refuseLocks(errno syscall.Errno) error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_FLOCK, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != nil {
		return errNoFilter
	}
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program))); e != 0 {
		return errNoFilter
	}
	return nil
}
