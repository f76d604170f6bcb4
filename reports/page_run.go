package reports

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"deepresidual/results"
)

// page is the section of a run: where it comes from, its curves, its files.
func (r Selected) page(look look) (pageRun, *Figure, error) {
	id := r.Record.Key.Identity()
	p := pageRun{Name: r.Record.Key.String(), Identity: id, State: r.state(), Facts: facts(r)}
	if last, ok := r.Record.Final(); ok && finite(last.TestError) {
		p.State += ", test error " + percent(last.TestError) + " %"
	}
	files, err := results.Files(r.Record)
	if err != nil {
		return p, nil, err
	}
	for _, f := range files {
		mediaType := "text/csv"
		if f.Name == results.RunFile {
			mediaType = "application/toml"
		}
		p.Downloads = append(p.Downloads, embedded(r.Spec.Network.String()+"-"+id+"-"+f.Name, mediaType, f.Content))
	}
	if len(r.Record.Rows) == 0 {
		return p, nil, nil
	}
	figure := runFigure(r, look)
	part, err := figure.page("run-" + id)
	p.Figure = &part
	return p, figure, err
}

// facts is all of a run's provenance; what is not recorded is left out.
func facts(run Selected) []fact {
	r := run.Record
	p := r.Provenance
	var out []fact
	add := func(name, value string) {
		if value != "" {
			out = append(out, fact{name, value})
		}
	}
	add("state", run.state())
	add("reason", r.Reason)
	add("scale", run.Spec.Scale.String())
	add("seed", fmt.Sprint(run.Spec.Seed))
	add("data, training images", r.Key.Data.Train)
	add("data, test images", r.Key.Data.Test)
	if r.Key.Data.Synthetic {
		add("data", "synthetic")
	}
	var open []string
	for _, s := range r.Key.Spec.Protocol.Open() {
		open = append(open, fmt.Sprintf("%s %v", s.Key, s.Value))
	}
	add("what the paper leaves open", strings.Join(open, ", "))
	add("arithmetic", fmt.Sprint(r.Key.Arithmetic))
	full := p.Revision
	if p.Dirty {
		full += " with changes that are not in it"
	}
	if p.RevisionSource != "" && p.Revision != "" {
		full += " (from " + p.RevisionSource + ")"
	}
	add("revision", full)
	add("command", p.Command)
	add("started", date(p.Started))
	add("ended", date(p.Ended))
	if p.TrainSeconds > 0 {
		add("training time", (time.Duration(p.TrainSeconds) * time.Second).String())
	}
	if p.Resumed > 0 {
		add("resumed", fmt.Sprintf("%d times", p.Resumed))
	}
	if run.Spec.Protocol.WarmsUp(run.Spec.Network) {
		ended := "not yet"
		switch {
		case r.WarmupEnded >= 0:
			ended = "iteration " + grouped(r.WarmupEnded)
		case r.Status.Finished():
			ended = "never"
		}
		add("warm-up ended", ended)
	}
	if r.PeakMiB > 0 {
		add("peak memory", fmt.Sprintf("%.0f MiB", r.PeakMiB))
	}
	add("kernels", strings.Join(p.Kernels, ", "))
	if p.Threads > 0 {
		add("threads", fmt.Sprint(p.Threads))
	}
	add("processor", p.CPU)
	add("host", p.Host)
	add("system", strings.Trim(p.OS+"/"+p.Arch, "/"))
	add("Go", p.GoVersion)
	for _, q := range r.Processes {
		add(fmt.Sprintf("from iteration %s", grouped(q.Iteration)), strings.Join([]string{
			date(q.Started), "on " + cmp.Or(q.Host, "a host that is not known"), q.CPU, q.Kernels, fmt.Sprintf("%d threads", q.Threads), "revision " + cmp.Or(revision(q), "not known"), q.GoVersion}, ", "))
	}
	return out
}
