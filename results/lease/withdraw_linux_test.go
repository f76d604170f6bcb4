package lease

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// A claim that cannot be made good is not left in the way of others: here the one
// before it is another user's, in a folder where each user removes their own
// files alone.
func TestClaimWithdrawn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be two users")
	}
	dir := scratch(t)
	if err := os.Chmod(dir, os.ModeSticky|0o777); err != nil {
		t.Fatal(err)
	}
	a := newHost("a")
	silence(take(t, worker(t, on(a.process(1))), dir))
	a.kill(1)
	before := strings.Join(names(t, dir), " ")

	runtime.LockOSThread() // whose files these are is the thread's
	defer runtime.UnlockOSThread()
	const nobody = 65534
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	_, err := worker(t, on(a.process(2))).Take(t.Context(), dir, thing("the folder"))
	if err := syscall.Setfsuid(0); err != nil {
		t.Fatal(err)
	}
	if err == nil {
		t.Skip("this file system lets anyone rename over anything")
	}
	if after := strings.Join(names(t, dir), " "); after != before {
		t.Errorf("left behind: %s, was %s (%v)", after, before, err)
	}
	release(t, take(t, worker(t, on(a.process(3))), dir))
}
