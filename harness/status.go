package main

import (
	"context"

	"deepresidual/experiments"
	"deepresidual/harness/publish"
	"deepresidual/harness/text"
	"deepresidual/results"
)

// statusMode lists every run with its state.
type statusMode struct {
	records records
	format  format
}

func (m *statusMode) declare(o *options) {
	o.mode("status", "list every run: complete, running, queued, interrupted, diverged, damaged, newer, not recorded")
	m.records.declare(o, false)
	m.format.declare(o)
}

func (m *statusMode) do(ctx context.Context, env *environment) error {
	list, store, err := m.records.open(env)
	if err != nil {
		return err
	}
	if err := m.records.data.check(ctx, env); err != nil {
		return err
	}
	request := results.Request{Experiments: list, Scale: m.records.selection.scale, Seeds: m.records.selection.seeds}
	if !m.records.selection.scaleGiven {
		request.Scale = experiments.Scale{}
	}
	if request.Data, err = m.records.data.fingerprint(ctx, env); err != nil {
		return err
	}
	status, err := publish.StatusOf(store, request)
	if err != nil {
		env.say("warning: %s", text.OneLine(err))
	}
	return m.format.print(env, status, status.Table())
}
