package work

import "sync"

// shares are the threads of the jobs of a worker. A job that has ended leaves its
// threads to the others. They may be used from any goroutine.
type shares struct {
	threads int

	mu    sync.Mutex
	ended []bool // by job
}

func newShares(jobs, threads int) *shares {
	return &shares{threads: threads, ended: make([]bool, jobs)}
}

// of returns how many threads a job has by now that has not ended.
func (s *shares) of(job int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	index, jobs := 0, 0
	for i, ended := range s.ended {
		if ended {
			continue
		}
		if i < job {
			index++
		}
		jobs++
	}
	return threadsOf(index, jobs, s.threads)
}

// end takes the threads of a job away for good.
func (s *shares) end(job int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended[job] = true
}

// threadsOf returns how many of so many threads one of several jobs has: all
// have the same number, and the first ones one more if that leaves a rest.
func threadsOf(job, jobs, threads int) int {
	n := threads / jobs
	if job < threads%jobs {
		n++
	}
	return n
}
