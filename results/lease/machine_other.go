//go:build !linux && !darwin && !windows

package lease

// describe leaves boot, space and start unknown, so that claims on this machine
// are judged as if they were another's: by their signs of life.
func (m *Machine) describe() {}

func processLife(int, string) Life { return Unknown }
