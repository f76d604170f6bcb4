package main

import (
	"runtime"

	"deepresidual/experiments"
	"deepresidual/models/kernels"
	"deepresidual/models/network"
)

// machine is what of this machine is used.
type machine struct {
	threads int
	kernels string // empty for the best this processor has
}

func (m *machine) declare(o *options) {
	m.threads = runtime.GOMAXPROCS(0)
	o.count(&m.threads, "threads", "(default: all the processor's)")
	o.add("kernels", "K", "portable, avx2, avx512, neon (default: the best this processor has)", func(s string) error {
		m.kernels = s
		_, err := kernels.Select(s)
		return err
	})
}

// network declares an option that names a network.
func (o *options) network(to **network.Network, name, arg, help string) *option {
	return o.add(name, arg, help, func(s string) error {
		n, err := experiments.ParseNetwork(s)
		if err != nil {
			return err
		}
		*to = &n
		return nil
	})
}
