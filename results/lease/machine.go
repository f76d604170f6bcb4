package lease

import (
	"os"
	"sync"
)

// Machine is where a worker runs: enough to tell, for a worker that left a
// claim, whether it can be asked after here.
type Machine struct {
	Host string // name of the host
	ID   string // of the installation (/etc/machine-id, MachineGuid); empty if unknown
	Boot string // of the time since the last start; empty if unknown

	// Space tells apart containers on one kernel, each with process numbers of
	// its own; empty if unknown.
	Space string

	PID   int
	Start string // when process PID started, in a form that only equality is asked of

	// Life says whether a process of this machine lives. A number is given to
	// another process in time, so the start must be the same too.
	Life func(pid int, start string) Life
}

// Life is what is known of a process.
type Life int

const (
	Unknown Life = iota // must be judged by its signs of life
	Alive
	Dead
)

// ThisMachine describes the machine and the process that asks.
var ThisMachine = sync.OnceValue(func() *Machine {
	m := &Machine{PID: os.Getpid(), Life: processLife}
	m.Host, _ = os.Hostname()
	m.describe()
	return m
})

// life says what this machine knows of the holder of a claim. It is certain of a
// process only if that ran here since the last start of the system: a name and
// an installation prove nothing, since cloned machines share them, and each
// would take the other for its own past.
func (m *Machine) life(c claim) Life {
	named := m.ID != "" // on macOS a host is named by the network it is in, and Boot is drawn at random
	if m.Boot == "" || c.Boot != m.Boot || named && c.Host != m.Host || c.Machine != m.ID || c.Space != m.Space {
		return Unknown
	}
	return m.Life(c.PID, c.Start)
}
