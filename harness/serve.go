package main

import (
	"context"
	"errors"
	"fmt"

	"deepresidual/harness/publish"
	"deepresidual/harness/text"
	"deepresidual/harness/work"
	"deepresidual/reports"
)

// serveMode serves the report as it grows, and trains what -exp names, as without
// -serve; without -exp, or with -report, it trains nothing.
type serveMode struct {
	train   trainMode
	watch   bool
	address string
}

func (m *serveMode) declare(o *options) {
	o.add("serve", "ADDR", "train what -exp names and show the report meanwhile in a browser at ADDR (a port or host:port; this machine only, unless a host is named); without -exp, or with -report, show what is recorded and what others train", func(s string) error {
		m.address = s
		if _, err := publish.ListenAddress(s); err != nil {
			return usagef("-serve %v", err)
		}
		return nil
	})
	m.train.declareOptions(o, false)
	watch := o.mode("report", "of -serve: train nothing")
	set := watch.set
	watch.set = func(s string) error { m.watch = true; return set(s) }
}

func (m *serveMode) do(ctx context.Context, env *environment) error {
	list, store, err := m.train.records.open(env)
	if err != nil {
		return err
	}
	fingerprint, err := m.train.records.data.fingerprint(ctx, env)
	if err != nil {
		return err
	}
	listener, err := publish.Listen(m.address)
	if err != nil {
		return err
	}
	training := len(m.train.records.selection.names) > 0 && !m.watch
	live := &publish.Live{Publisher: m.train.records.publisher(env, list, store, ""), Data: fingerprint, Training: training}
	url := "http://" + listener.Addr().String() + "/"
	fmt.Fprintf(env.stdout, "serving the report of %s at %s (Ctrl-C ends)\n", m.train.records.folder, url)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- live.Serve(ctx, listener) }()
	if training {
		err = m.train.do(ctx, env)
		switch {
		case ctx.Err() != nil:
		case err != nil && !shown(err):
			stop()
		default:
			if err != nil {
				env.say("%s", text.OneLine(err))
			}
			env.say("the training has ended; the report stays at %s (Ctrl-C ends)", url)
		}
	}
	err = errors.Join(err, <-served)
	env.say("stopped serving %s", url)
	return err
}

// shown reports whether a training that ended with an error has left something
// to look at.
func shown(err error) bool {
	return errors.Is(err, work.ErrUnfinished) || errors.Is(err, reports.ErrNotReproduced) || errors.Is(err, reports.ErrNotJudged)
}
