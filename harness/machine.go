package main

import (
	"fmt"
	"runtime"

	"deepresidual/harness/text"
	"deepresidual/harness/work"
	"deepresidual/models/kernels"
)

// machine is what of this machine is used.
type machine struct {
	threads int
	kernels string // empty for the best this processor has
}

func (m *machine) declare(o *options) {
	m.threads = runtime.GOMAXPROCS(0)
	threads := o.count(&m.threads, "threads", "threads to use (default: as many as this process may use)")
	set := threads.set
	threads.set = func(s string) error {
		err := set(s)
		if most := max(1024, 16*runtime.NumCPU()); err == nil && m.threads > most {
			err = usagef("-threads %d: at most %d; no more than %d are of use on this machine", m.threads, most, runtime.NumCPU())
		}
		return err
	}
	declareKernels(o, &m.kernels)
}

func declareKernels(o *options, to *string) {
	o.add("kernels", "K", "which kernels: portable, avx2, avx512, neon (default: the best this processor has)", func(s string) error {
		*to = s
		_, err := kernels.Select(s)
		return err
	})
}

// jobs is how many runs are trained at once.
type jobs struct {
	n int // 0: as many as is best
}

func (j *jobs) declare(o *options) {
	o.count(&j.n, "jobs", "runs trained at once, each with its share of the threads; the results are the same (default: chosen by the number of threads, the networks and the memory)")
}

// check reports more jobs than threads.
func (j *jobs) check(threads int) error {
	if j.n > threads {
		return usagef("-jobs %d with %s: each run needs a thread", j.n, text.Count(threads, "thread"))
	}
	return nil
}

// choose returns how many runs of a plan are trained at once: those that were
// asked for if there is memory for them, else as many as is best. free is how much
// there is, in MiB, 0 if that is not known.
func (j *jobs) choose(env *environment, plan work.Plan, threads int, free float64) (int, error) {
	if most := float64(plan.MemoryMiB(1)); free > 0 && most > free {
		if j.n > 1 {
			return 0, fmt.Errorf("-jobs %d: the largest of these runs alone takes about %.1f GiB of memory, and there are %.1f GiB for it", j.n, most/1024, free/1024)
		}
		env.say("warning: the largest of these runs takes about %.1f GiB of memory, and there are %.1f GiB for it", most/1024, free/1024)
		return 1, nil
	}
	if j.n > 0 {
		n := plan.AtMost(j.n)
		if n > 1 && free > 0 && float64(plan.MemoryMiB(n)) > free {
			return 0, fmt.Errorf("-jobs %d: these runs take about %.1f GiB of memory at once, and there are %.1f GiB for it: -jobs %d fits",
				j.n, float64(plan.MemoryMiB(n))/1024, free/1024, plan.FitMemory(n, free))
		}
		return n, nil
	}
	best := plan.Jobs(threads)
	if free == 0 {
		return best, nil
	}
	n := plan.FitMemory(best, free)
	if n < best {
		env.say("%s at once rather than %d, which take about %.1f GiB of memory where there are %.1f GiB",
			text.Count(n, "run"), best, float64(plan.MemoryMiB(best))/1024, free/1024)
	}
	return n, nil
}

// atOnce says how many runs share how many threads, for people.
func atOnce(jobs, threads int) string {
	least, most := work.Threads(jobs, threads)
	if least == most {
		return fmt.Sprintf("%d runs at once, with %s each", jobs, text.Count(least, "thread"))
	}
	return fmt.Sprintf("%d runs at once, with %d or %s each", jobs, least, text.Count(most, "thread"))
}
