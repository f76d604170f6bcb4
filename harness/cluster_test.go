//go:build linux

package main

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cluster is a Slurm of two nodes on this machine, with all its state in a
// folder of its own. Debian's packages slurm-wlm and munge are all it takes.
type cluster struct {
	t       *testing.T
	dir     string
	daemons map[string]*exec.Cmd
}

const slurmConf = `
ClusterName=test
SlurmctldHost=%[1]s(127.0.0.1)
SlurmctldPort=%[3]d
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A job that is requeued waits for its old credential to expire.
AuthInfo=socket=%[2]s/munge/socket,cred_expire=5
StateSaveLocation=%[2]s/state
SlurmdSpoolDir=%[2]s/%%n
SlurmctldPidFile=%[2]s/slurmctld.pid
SlurmdPidFile=%[2]s/slurmd-%%n.pid
SlurmctldLogFile=%[2]s/slurmctld.log
SlurmdLogFile=%[2]s/slurmd-%%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
SlurmdTimeout=10
KillWait=5
SchedulerParameters=sched_interval=2,batch_sched_delay=1,bf_interval=5
NodeName=n[1-2] NodeHostname=%[1]s NodeAddr=127.0.0.1 Port=[%[4]d-%[5]d] CPUs=2 RealMemory=4000
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`

// startCluster starts Slurm for the length of a test that was asked for.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	for _, program := range []string{"munged", "slurmctld", "slurmd", "sbatch"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%v: install the packages slurm-wlm and munge to test against Slurm", err)
		}
	}
	if os.Getuid() != 0 {
		t.Fatal("the daemons of Slurm must be started as root")
	}
	munge, err := user.Lookup("munge")
	if err != nil {
		t.Fatalf("munged has no user to run as: %v", err)
	}
	uid, _ := strconv.Atoi(munge.Uid)
	gid, _ := strconv.Atoi(munge.Gid)

	// Not t.TempDir, which the user munge cannot enter.
	dir, err := os.MkdirTemp("", "slurm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := &cluster{t: t, dir: dir, daemons: map[string]*exec.Cmd{}}
	key := make([]byte, 64)
	rand.Read(key)
	host, err := os.Hostname()
	c.must(err)
	port := c.freePorts(3)
	c.must(os.Chmod(dir, 0o755))
	c.must(os.Mkdir(c.path("munge"), 0o755))
	c.must(os.Mkdir(c.path("state"), 0o755))
	c.must(os.WriteFile(c.path("munge/key"), key, 0o400))
	c.must(os.Chown(c.path("munge"), uid, gid))
	c.must(os.Chown(c.path("munge/key"), uid, gid))
	c.must(os.WriteFile(c.path("slurm.conf"), fmt.Appendf(nil, slurmConf, host, dir, port, port+1, port+2), 0o644))
	t.Setenv("SLURM_CONF", c.path("slurm.conf"))

	t.Cleanup(c.stop)
	c.start("munged", &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, "munged", "--foreground",
		"--socket="+c.path("munge/socket"), "--key-file="+c.path("munge/key"), "--log-file="+c.path("munge/log"),
		"--pid-file="+c.path("munge/pid"), "--seed-file="+c.path("munge/seed"))
	c.eventually("munged is up", func() bool { _, err := os.Stat(c.path("munge/socket")); return err == nil })
	c.start("slurmctld", nil, "slurmctld", "-D")
	c.startNode("n1")
	c.startNode("n2")
	c.eventually("both nodes are idle", func() bool {
		out, err := exec.Command("sinfo", "--noheader", "--Node", "--format=%T").Output()
		return err == nil && strings.Join(strings.Fields(string(out)), " ") == "idle idle"
	})
	return c
}

// freePorts returns the first of so many ports in a row that nothing listens on.
func (c *cluster) freePorts(n int) int {
	c.t.Helper()
	for {
		first := 0
		free := 0
		for ; free < n; free++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+free))
			if err != nil {
				break
			}
			defer l.Close() // all at the end, so that none is found twice
			if free == 0 {
				first = l.Addr().(*net.TCPAddr).Port
			}
		}
		if free == n {
			return first
		}
	}
}

func (c *cluster) path(name string) string { return filepath.Join(c.dir, name) }

func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) start(name string, as *syscall.Credential, args ...string) {
	c.t.Helper()
	d := exec.Command(args[0], args[1:]...)
	d.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	c.must(d.Start())
	c.daemons[name] = d
}

func (c *cluster) startNode(name string) { c.start(name, nil, "slurmd", "-D", "-N", name) }

// kill kills a daemon by SIGKILL.
func (c *cluster) kill(name string) {
	c.daemons[name].Process.Kill()
	c.daemons[name].Wait()
}

// stop ends all jobs and the daemons.
func (c *cluster) stop() {
	exec.Command("scancel", "--user=root").Run()
	c.eventually("no job is left", c.idle)
	for _, name := range []string{"n1", "n2", "slurmctld", "munged"} {
		if d := c.daemons[name]; d != nil {
			d.Process.Signal(syscall.SIGTERM)
			d.Wait()
		}
	}
}

// idle reports whether Slurm has no job any more.
func (c *cluster) idle() bool {
	out, err := exec.Command("squeue", "--noheader").Output()
	return err == nil && len(strings.TrimSpace(string(out))) == 0
}

// eventually waits for a condition for some minutes, on a busy machine.
func (c *cluster) eventually(what string, condition func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(8 * time.Minute); !condition(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(c.path("slurmctld.log"))
			c.t.Fatalf("never: %s\n%s", what, log)
		}
	}
}
