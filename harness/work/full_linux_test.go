package work

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"deepresidual/experiments"
	"deepresidual/harness/data"
	"deepresidual/harness/fixture"
	"deepresidual/harness/train"
	"deepresidual/results"
)

// A stop on a full disk leaves no checkpoint: it is a failure that names the
// disk, not a stop.
func TestStopOnFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	set, err := data.Load(t.Context(), data.Options{Path: data.SyntheticPath})
	if err != nil {
		t.Fatal(err)
	}
	e := fixture.Experiment(t, "e", func(p *experiments.Protocol) {
		p.Batch, p.Iterations, p.Milestones, p.EvalInterval = 16, 40, []int{20}, 2
	})
	e.Networks = e.Networks[:1]
	store := open(t, dir)
	plan := Make(store, nil, results.Request{Experiments: []*experiments.Experiment{e}, Scale: experiments.Full(), Data: set.Fingerprint})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log safeLog
	w := &Worker{Store: store, Data: set, Threads: 1, Output: &log, Row: func(*results.Record) error {
		os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 8<<20), 0o666) // as much as there is room for
		stop()
		return nil
	}}
	err = w.Train(ctx, plan.Work())
	if !errors.Is(err, ErrUnfinished) || errors.Is(err, train.ErrStopped) || errors.Is(err, ErrStopped) {
		t.Errorf("got %v, want %v", err, ErrUnfinished)
	}
	if !strings.Contains(log.String(), "space") {
		t.Errorf("the disk is not named: %s", log.String())
	}
}
