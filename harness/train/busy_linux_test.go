package train

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A checkpoint that is in place is one to go on from, also where an older one
// cannot be removed, here because something is mounted on it.
func TestOldCheckpointStays(t *testing.T) {
	set := images()
	a, paths := killedAt(t, set, 6)
	old := paths[1]
	if err := syscall.Mount(old, old, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("cannot mount a file: %v", err)
	}
	unmount := func() { syscall.Unmount(old, syscall.MNT_DETACH) }
	t.Cleanup(unmount)

	ctx, stop := context.WithCancel(t.Context())
	a.checkpointEvery = time.Hour
	a.model = &fakeModel{afterStep: stop}
	o, err := a.train(t, ctx)
	if !errors.Is(err, ErrStopped) {
		t.Errorf("got %v, want ErrStopped", err)
	}
	if len(o.warnings) != 1 || !strings.Contains(o.warnings[0].Error(), old) {
		t.Errorf("warnings %v, want one about %s", o.warnings, old)
	}
	if at, ok := Latest(a.store.Path(a.key)); !ok || at != 6 {
		t.Errorf("the latest checkpoint is of iteration %d (%v), want 6", at, ok)
	}

	unmount()
	a.model = &fakeModel{}
	if _, err := a.train(t, t.Context()); err != nil || a.model.steps != 8-6 {
		t.Errorf("%d steps are trained, want 2: %v", a.model.steps, err)
	}
	if got, want := a.outcome(t), unbroken(t, set); got != want {
		t.Errorf("the outcome differs:\n%q\nwant\n%q", got, want)
	}
}
