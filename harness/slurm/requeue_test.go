//go:build unix

package slurm

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A job counts as requeued when Slurm has taken that, and not when scontrol was
// stopped; a Slurm that is busy is asked again.
func TestRequeue(t *testing.T) {
	const (
		running  = `echo "JobId=5 JobState=RUNNING Reason=None"`
		timedOut = `echo "slurm_update error: Socket timed out on send/recv operation" >&2; exit 1`
		once     = `[ -e $CALLS/once ] || { touch $CALLS/once; ` + timedOut + `; }; `
	)
	for _, c := range []struct {
		name, show, requeue string
		again               bool
		problem             string
	}{
		{"taken", running, `true`, true, ""},
		{"ended by Slurm, as a part of the job", running, `kill -9 $$`, true, ""},
		{"cancelled", `echo "JobId=5 JobState=CANCELLED"`, `exit 1`, false, ""},
		{"busy when asked after the job", once + running, `true`, true, ""},
		{"busy when asked to requeue", running, once + `true`, true, ""},
		{"restarted meanwhile", running, `[ -e $CALLS/once ] || { touch $CALLS/once; echo "Unable to contact slurm controller (connect failure)" >&2; exit 1; }`, true, ""},
		{"taken by the one whose answer was lost", `[ ! -e $CALLS/once ] || { echo "JobId=5 JobState=COMPLETING"; exit; }; ` + running, once, true, ""},
		{"no answer", running, `touch $CALLS/stop; exec sleep 60`, false, "requeueing job 5: signal: killed; there is no time"},
		{"no answer after the job", `touch $CALLS/stop; exec sleep 60`, `true`, false, "asking after job 5: signal: killed; there is no time"},
		{"refused", running, `[ ! -e $CALLS/once ] || exit 0; touch $CALLS/once; echo "Requested operation is disabled" >&2; exit 1`, false, "requeueing job 5: Requested operation is disabled"},
		{"always busy", running, `trap "touch $CALLS/stop" EXIT; ` + timedOut, false, "Socket timed out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := commands(t, map[string]string{"scontrol": `case "$*" in *show*) ` + c.show + `;; *) ` + c.requeue + `;; esac`})
			t.Setenv("SLURM_JOB_ID", "5")
			t.Setenv("SLURM_ARRAY_JOB_ID", "")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { // the time is over
				for ctx.Err() == nil {
					if _, err := os.Stat(filepath.Join(calls, "stop")); err == nil {
						cancel()
					}
					time.Sleep(10 * time.Millisecond)
				}
			}()
			again, err := Requeue(ctx)
			if again != c.again {
				t.Errorf("requeued: %v, want %v", again, c.again)
			}
			if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
				t.Errorf("error %v, want %q", err, c.problem)
			}
		})
	}
}
