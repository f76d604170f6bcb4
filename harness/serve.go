package main

import (
	"context"
	"fmt"

	"deepresidual/harness/publish"
)

// serveMode serves the report, and trains nothing.
type serveMode struct {
	records records
	address string
}

func (m *serveMode) declare(o *options) {
	o.add("serve", "ADDR", "serve the report at ADDR (a port or host:port; this machine only, unless a host is named) and renew it as rows arrive; train nothing", func(s string) error {
		m.address = s
		if _, err := publish.ListenAddress(s); err != nil {
			return usagef("-serve %v", err)
		}
		return nil
	})
	m.records.declare(o, false)
}

func (m *serveMode) do(ctx context.Context, env *environment) error {
	list, store, err := m.records.open(env)
	if err != nil {
		return err
	}
	listener, err := publish.Listen(m.address)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "serving the report of %s at http://%s/ (Ctrl-C ends)\n", m.records.folder, listener.Addr())
	return m.records.publisher(env, list, store, "").Serve(ctx, listener)
}
