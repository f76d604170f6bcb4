package atomicfile

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Some file systems (vfat, CIFS, FUSE) refuse to change a mode. Another process
// of the test is told so by the kernel, and can write all the same.
func TestWriteWithoutChmod(t *testing.T) {
	const variable = "ATOMICFILE_TEST_NO_CHMOD"
	dir := os.Getenv(variable)
	if dir == "" {
		c := exec.Command(os.Args[0], "-test.run=^TestWriteWithoutChmod$", "-test.v")
		c.Env = append(os.Environ(), variable+"="+t.TempDir())
		out, err := c.CombinedOutput()
		if bytes.Contains(out, []byte("--- SKIP: ")) {
			t.Skipf("%s", out)
		}
		if err != nil || !bytes.Contains(out, []byte("--- PASS: TestWriteWithoutChmod")) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if err := forbidChmod(); err != nil {
		t.Skipf("this system cannot forbid it: %v", err)
	}
	f, err := os.Create(filepath.Join(dir, "probe"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Chmod(0o600); !errors.Is(err, syscall.EPERM) {
		t.Fatalf("chmod: %v, want EPERM", err)
	}
	if err := Write(filepath.Join(dir, "file"), content("x")); err != nil {
		t.Error(err)
	}
}

// forbidChmod makes every change of a file's mode fail with EPERM in all threads
// of the process.
func forbidChmod() error {
	equal := func(value uint32, yes uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: value, Jt: yes}
	}
	answer := func(action uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
	}
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		equal(unix.SYS_FCHMOD, 2),
		equal(unix.SYS_FCHMODAT, 1),
		answer(unix.SECCOMP_RET_ALLOW),
		answer(unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)),
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}
