package main

import (
	"context"
	"fmt"

	"deepresidual/harness/text"
)

// reportMode draws what is recorded and trains nothing.
type reportMode struct {
	records     records
	check       bool
	tensorBoard string
}

func (m *reportMode) declare(o *options) {
	o.mode("report", "draw from what is recorded, finished or not; train nothing")
	m.records.declare(o, false)
	declareCheck(o, &m.check)
	declareTensorBoard(o, &m.tensorBoard)
}

func (m *reportMode) do(ctx context.Context, env *environment) error {
	list, store, err := m.records.open(env)
	if err != nil {
		return err
	}
	if err := m.records.data.check(ctx, env); err != nil {
		return err
	}
	if err := checkWritable("-tensorboard", m.tensorBoard); err != nil {
		return err
	}
	p := m.records.publisher(env, list, store, m.tensorBoard)
	drawn, err := p.Draw(ctx, p.Recorded)
	if n := len(drawn.Damaged); err == nil && n > 0 {
		return fmt.Errorf("%s cannot be read, as said above, and so counted as not recorded", text.Count(n, "record"))
	}
	if err == nil && drawn.Drawings == 0 {
		return fmt.Errorf("nothing of %s is recorded in %s; without -report it is trained", m.records.asked(), m.records.folder)
	}
	return checked(m.check, drawn, err)
}
