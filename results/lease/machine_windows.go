package lease

import (
	"errors"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

func (m *Machine) describe() {
	m.ID = installation()
	m.Boot = bootTime()
	m.Start, _ = processStart(m.PID)
}

// installation returns what the setup of the system has drawn for it.
func installation() string {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Cryptography`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return ""
	}
	defer key.Close()
	id, _, _ := key.GetStringValue("MachineGuid") // empty: unknown
	return id
}

// timeOfDay is the beginning of SYSTEM_TIMEOFDAY_INFORMATION.
type timeOfDay struct {
	boot, now, zoneBias int64
	zone, reserved      uint32
	bootBias, sleepBias uint64
}

// bootTime returns when the system was started, in units of 100 ns. Who sets the
// clock shifts it, and then claims from before are judged by their signs of life.
func bootTime() string {
	var t timeOfDay
	var length uint32
	err := windows.NtQuerySystemInformation(windows.SystemTimeOfDayInformation, unsafe.Pointer(&t), uint32(unsafe.Sizeof(t)), &length)
	if err != nil || t.boot == 0 {
		return ""
	}
	return strconv.FormatInt(t.boot-int64(t.bootBias), 10)
}

func processLife(pid int, start string) Life {
	now, err := processStart(pid)
	switch {
	case errors.Is(err, windows.ERROR_INVALID_PARAMETER):
		return Dead // no process has this number
	case err != nil || start == "":
		return Unknown
	case now != start:
		return Dead // it has ended, or is another with the same number
	}
	return Alive
}

// processStart returns when a process started, in units of 100 ns, and nothing if
// it has ended: its number is known for as long as somebody has a handle of it.
func processStart(pid int) (string, error) {
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return "", err
	}
	defer windows.CloseHandle(process)
	if ended, err := windows.WaitForSingleObject(process, 0); err != nil || ended == windows.WAIT_OBJECT_0 {
		return "", err
	}
	var start, exit, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(process, &start, &exit, &kernel, &user); err != nil {
		return "", err
	}
	return strconv.FormatInt(start.Nanoseconds()/100, 10), nil
}
