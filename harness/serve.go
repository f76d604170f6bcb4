package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"

	"deepresidual/harness/process"
	"deepresidual/harness/publish"
	"deepresidual/harness/text"
	"deepresidual/harness/work"
	"deepresidual/reports"
)

// serveMode serves the report as it grows, and trains what -exp names, as without
// -serve; without -exp, or with -report, it trains nothing.
type serveMode struct {
	train      trainMode
	ofTraining options // without effect where nothing is trained
	watch      bool
	address    string
}

func (m *serveMode) declare(o *options) {
	o.add("serve", "ADDR", "train what -exp names and show the report meanwhile in a browser at ADDR (a port or host:port; this machine only, unless a host is named); without -exp, or with -report, show what is recorded and what others train", func(s string) error {
		m.address = s
		complete, err := publish.ListenAddress(s)
		if err != nil {
			return usagef("-serve %v", err)
		}
		_, port, _ := net.SplitHostPort(complete)
		if _, err := net.LookupPort("tcp", port); err != nil {
			return usagef("-serve %q: %q is no port; give a number from 0 to 65535", s, port)
		}
		return nil
	})
	m.train.records.declare(o, false)
	m.train.declareTraining(&m.ofTraining)
	*o = append(*o, m.ofTraining...)
	watch := o.mode("report", "of -serve: train nothing")
	set := watch.set
	watch.set = func(s string) error { m.watch = true; return set(s) }
}

// contradiction reports an option that can have no effect.
func (m *serveMode) contradiction(training bool) error {
	if training {
		return m.train.contradiction()
	}
	why := "without -exp"
	if m.watch {
		why = "with -report"
	}
	for _, o := range m.ofTraining {
		if o.given {
			return usagef("-serve %s trains nothing: leave -%s out", why, o.name)
		}
	}
	return nil
}

func (m *serveMode) do(ctx context.Context, env *environment) error {
	training := len(m.train.records.selection.names) > 0 && !m.watch
	if err := m.contradiction(training); err != nil {
		return err
	}
	list, store, err := m.train.records.open(env)
	if err != nil {
		return err
	}
	if err := m.train.records.data.check(ctx, env); err != nil {
		return err
	}
	fingerprint, err := m.train.records.data.fingerprint(ctx, env)
	if err != nil {
		return err
	}
	listener, err := publish.Listen(m.address)
	if unknown, ok := errors.AsType[*net.DNSError](err); ok && unknown.IsNotFound {
		return usageError{err.Error()}
	}
	if err != nil {
		return err
	}
	live := &publish.Live{Publisher: m.train.records.publisher(env, list, store, ""), Data: fingerprint, Training: training}
	var train func(context.Context) error
	if training {
		train = func(ctx context.Context) error { return m.train.do(ctx, env) }
	}
	fmt.Fprintf(env.stdout, "serving the report of %s at %s (Ctrl-C ends)\n", text.Name(m.train.records.folder), urlOf(listener))
	return serve(ctx, env, live, listener, train)
}

// urlOf returns the address to open. One that stands for all of this machine's is
// told by the machine's name, which others can open, too.
func urlOf(l net.Listener) string {
	at := l.Addr().String()
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		if name := process.Host(); name != "" {
			at = net.JoinHostPort(name, strconv.Itoa(tcp.Port))
		}
	}
	return "http://" + at + "/"
}

// serve serves the report while train trains, if that is not nil, and until ctx
// ends. A server that fails is told at once, and the training goes on.
func serve(ctx context.Context, env *environment, live *publish.Live, listener net.Listener, train func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var training atomic.Bool
	training.Store(train != nil)
	served := make(chan error, 1)
	go func() {
		err := live.Serve(ctx, listener)
		if err != nil && training.Load() {
			env.say("%s; the training goes on", text.OneLine(err))
			err = toldError{err}
		}
		served <- err
	}()
	url := urlOf(listener)
	var err error
	if train != nil {
		err = train(ctx)
		training.Store(false)
	}
	switch {
	case train == nil || ctx.Err() != nil || len(served) > 0:
	case err != nil && !shown(err):
		stop()
	default:
		if err != nil {
			err = env.fail(err)
		}
		env.say("the training has ended; the report stays at %s (Ctrl-C ends)", url)
	}
	err = errors.Join(err, <-served)
	env.say("stopped serving %s", url)
	return err
}

// shown reports whether a training that ended with an error has left something
// to look at.
func shown(err error) bool {
	var draw publish.DrawError // a full disk, say: the page is drawn in memory
	if errors.Is(err, work.ErrGone) {
		return false
	}
	return errors.As(err, &draw) || errors.Is(err, work.ErrUnfinished) || errors.Is(err, reports.ErrNotReproduced) || errors.Is(err, reports.ErrNotJudged)
}
