package work

import (
	"math"
	"slices"
	"time"

	"deepresidual/models"
	"deepresidual/models/network"
	"deepresidual/results"
)

// worthwhile is how many times as fast more runs at once must be to be chosen:
// they take more memory, and the first result comes later.
const worthwhile = 1.1

// Jobs returns how many runs of the plan are best trained at once with so many
// threads: as few as take hardly longer than any other number.
func (p Plan) Jobs(threads int) int {
	runs := p.free()
	best, least := 1, runs.span(1, threads)
	for jobs := 2; jobs <= min(threads, len(runs)); jobs++ {
		if s := runs.span(jobs, threads); s*worthwhile < least {
			best, least = jobs, s
		}
	}
	return best
}

// AtMost returns the number of jobs, at most so many, that there are runs for.
func (p Plan) AtMost(jobs int) int { return max(1, min(jobs, len(p.free()))) }

// free returns the runs that no other worker is training.
func (p Plan) free() Plan {
	return slices.DeleteFunc(p.Work(), func(r Planned) bool { return r.State.Status == results.Running || r.State.Holder != nil })
}

// span is the time that training takes with so many runs at once, in units of the time
// that one core alone takes for a multiply-add.
func (p Plan) span(jobs, threads int) float64 {
	return p.schedule(jobs, threads, speedups(threads))
}

// speedups returns how many times as fast as one thread alone so many of a
// machine's cores train a run.
func speedups(cores int) func(r Planned, threads int) float64 {
	type kind struct {
		net            network.Network
		batch, threads int
	}
	known := make(map[kind]float64) // a plan has many runs of few kinds
	return func(r Planned, threads int) float64 {
		k := kind{r.Key.Spec.Network, r.Key.Spec.Protocol.Batch, threads}
		if known[k] == 0 {
			known[k] = models.Speedup(k.net, k.batch, k.threads, cores)
		}
		return known[k]
	}
}

// schedule returns when the last run ends if each job takes the next one as soon
// as it is free, and leaves its threads to the others when there is none. speed
// is that of a run by so many threads, in multiply-adds by time.
func (p Plan) schedule(jobs, threads int, speed func(r Planned, threads int) float64) float64 {
	at, ahead := slices.Clone(p[:min(jobs, len(p))]), p[min(jobs, len(p)):]
	left := make([]float64, len(at))
	for i, r := range at {
		left[i] = r.Cost
	}
	now := 0.0
	for len(at) > 0 {
		speeds := make([]float64, len(at))
		first, soonest := 0, math.Inf(1)
		for i, r := range at {
			speeds[i] = speed(r, threadsOf(i, len(at), threads))
			if after := left[i] / speeds[i]; after < soonest {
				first, soonest = i, after
			}
		}
		now += soonest
		for i := range at {
			left[i] -= soonest * speeds[i]
		}
		if len(ahead) > 0 {
			at[first], left[first] = ahead[0], ahead[0].Cost
			ahead = ahead[1:]
		} else {
			at, left = slices.Delete(at, first, first+1), slices.Delete(left, first, first+1)
		}
	}
	return now
}

// Time returns how long the plan takes with so many runs at once, each at the
// given speed as long as they share so many threads, and by the model of package
// models faster when fewer do.
func (p Plan) Time(jobs, threads int, each Speed) time.Duration {
	times := speedups(threads)
	least, _ := Threads(jobs, threads)
	return each.Time(p.Work().schedule(jobs, threads, func(r Planned, n int) float64 {
		if n == least {
			return 1
		}
		return times(r, n) / times(r, least)
	}))
}

// MemoryMiB estimates the memory that training takes while so many of the plan's
// runs are trained at once, whichever those are.
func (p Plan) MemoryMiB(jobs int) int { return largest(p.memory(), jobs) }

// memory returns that of each run alone, the largest first.
func (p Plan) memory() []int {
	type kind struct {
		net   network.Network
		batch int
	}
	known := make(map[kind]int)
	var each []int
	for _, r := range p.free() {
		k := kind{r.Key.Spec.Network, r.Key.Spec.Protocol.Batch}
		if known[k] == 0 {
			known[k] = models.MemoryMiB(k.net, k.batch)
		}
		each = append(each, known[k])
	}
	slices.SortFunc(each, func(a, b int) int { return b - a })
	return each
}

func largest(each []int, jobs int) int { return models.TogetherMiB(each[:min(jobs, len(each))]) }

// FitMemory returns how many runs, at most the given number and at least one,
// can be trained at once in so much memory.
func (p Plan) FitMemory(jobs int, freeMiB float64) int {
	each := p.memory()
	for jobs > 1 && float64(largest(each, jobs)) > freeMiB {
		jobs--
	}
	return jobs
}

// Threads returns the threads that each of so many jobs has of all, the fewest
// and the most.
func Threads(jobs, threads int) (least, most int) {
	return threadsOf(jobs-1, jobs, threads), threadsOf(0, jobs, threads)
}
