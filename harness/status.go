package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"deepresidual/experiments"
	"deepresidual/harness/publish"
	"deepresidual/harness/text"
)

// statusMode lists every run with its state.
type statusMode struct {
	records records
	format  string
}

// The values of -format.
const formatTable, formatCSV, formatJSON = "table", "csv", "json"

func (m *statusMode) declare(o *options) {
	o.mode("status", "list every run: recorded, running, queued, interrupted, diverged, missing")
	m.records.declare(o, false)
	o.choice(&m.format, "format", "F", "table (default), csv, json", formatTable, formatCSV, formatJSON)
}

func (m *statusMode) do(ctx context.Context, env *environment) error {
	list, store, err := m.records.open(env)
	if err != nil {
		return err
	}
	request := publish.StatusRequest{Experiments: list, Scale: m.records.selection.scale, Seeds: m.records.selection.seeds}
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
	switch m.format {
	case formatJSON:
		out := json.NewEncoder(env.stdout)
		out.SetIndent("", "  ")
		return out.Encode(status)
	case formatCSV:
		seconds := func(d time.Duration) string { return fmt.Sprintf("%.0f", d.Seconds()) }
		return status.Table(seconds).CSV(env.stdout)
	}
	return status.Table(text.Roughly).Terminal(env.stdout)
}
