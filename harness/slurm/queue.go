package slurm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"deepresidual/results/atomicfile"
)

// Queued returns the runs of the submissions whose last job has not ended, each
// with the name of the submission, by the results folder alone. Which of them
// are being trained or done is for their leases and records to say.
func Queued(results string) (map[string]string, error) {
	dirs, err := open(results)
	if err != nil {
		return nil, err
	}
	queued := make(map[string]string)
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, jobsFile)); errors.Is(err, fs.ErrNotExist) {
			continue // nothing of it is submitted yet
		}
		gone, err := identities(dir, goneFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading what is queued: %w", err)
		}
		runs, err := identities(dir, runsFile)
		if err != nil {
			return nil, fmt.Errorf("reading what is queued: %w; if its jobs are over, remove the folder", err)
		}
		for _, identity := range runs {
			if !slices.Contains(gone, identity) {
				queued[identity] = filepath.Join(submissions, filepath.Base(dir))
			}
		}
	}
	return queued, nil
}

// open lists the folders of the submissions that have not ended.
func open(results string) ([]string, error) {
	parent := filepath.Join(results, submissions)
	entries, err := os.ReadDir(parent)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing submissions: %w", err)
	}
	var dirs []string
	for _, e := range entries {
		dir := filepath.Join(parent, e.Name())
		if info, err := os.Stat(dir); err != nil || !info.IsDir() { // through links, too
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, endedFile)); errors.Is(err, fs.ErrNotExist) {
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}

// identities returns the first word of each line of a submission's file.
func identities(dir, file string) ([]string, error) {
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	var list []string
	for line := range strings.Lines(string(b)) {
		identity, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		list = append(list, identity)
	}
	return list, nil
}

// Settle asks Slurm after the submissions that have not ended. Those of which it
// knows no job any more are marked: the last job was cancelled, too. Of the
// others it is noted which tasks have gone, as those killed for their memory,
// while their siblings are still trained: their runs are not queued. Those handed
// to another cluster than the one that is asked here stay as they are.
func Settle(ctx context.Context, results string) error {
	dirs, err := open(results)
	if err != nil {
		return err
	}
	here := sync.OnceValue(func() string { return thisCluster(ctx).name })
	for _, dir := range dirs {
		if at, err := os.ReadFile(filepath.Join(dir, clusterFile)); err == nil {
			if name := here(); name != "" && name != strings.TrimSpace(string(at)) {
				continue
			}
		}
		jobs, err := readJobs(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // nothing of it is submitted yet
		}
		if err != nil {
			return fmt.Errorf("reading the jobs of a submission: %w", err)
		}
		var numbers []string
		for _, j := range jobs {
			numbers = append(numbers, j.id)
		}
		squeue := exec.CommandContext(ctx, "squeue", "--noheader", "--array", "--format=%i", "--jobs="+strings.Join(numbers, ","))
		// By these a user has squeue leave jobs out.
		squeue.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "SQUEUE_") })
		out, err := output(squeue)
		if err != nil && !strings.Contains(err.Error(), "Invalid job id") {
			return fmt.Errorf("asking after the jobs of %s: %w", dir, err)
		}
		if tasks := strings.Fields(out); len(tasks) > 0 {
			err = noteGone(dir, jobs, tasks)
		} else {
			err = markEnded(dir)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readJobs reads the file of jobs. In those of before there are numbers alone:
// what belongs to an array is not known, and count is 0.
func readJobs(dir string) ([]job, error) {
	b, err := os.ReadFile(filepath.Join(dir, jobsFile))
	if err != nil {
		return nil, err
	}
	var jobs []job
	for line := range strings.Lines(string(b)) {
		var j job
		if n, _ := fmt.Sscan(line, &j.id, &j.offset, &j.count); n > 0 {
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// noteGone notes the runs of tasks that are not among those Slurm has, each
// named ARRAY_INDEX. Those of arrays that were never handed over are gone, too: the
// last job, which follows them, was not either, and for longer than sbatch takes, so
// the submitting process was killed.
func noteGone(dir string, jobs []job, tasks []string) error {
	runs, err := identities(dir, runsFile)
	if err != nil {
		return fmt.Errorf("reading the runs of a submission: %w", err)
	}
	has := make(map[string]bool, len(tasks))
	for _, task := range tasks {
		has[task] = true
	}
	var gone []string
	submitted, last := 0, false
	for _, j := range jobs {
		for i := 1; i <= j.count && j.offset+i <= len(runs); i++ {
			if !has[fmt.Sprintf("%s_%d", j.id, i)] {
				gone = append(gone, runs[j.offset+i-1])
			}
		}
		submitted, last = max(submitted, j.offset+j.count), last || j.count == 0
	}
	if info, err := os.Stat(filepath.Join(dir, jobsFile)); err == nil && !last && time.Since(info.ModTime()) > 2*maxSbatch {
		gone = append(gone, runs[min(submitted, len(runs)):]...)
	}
	if len(gone) == 0 {
		return atomicfile.Remove(filepath.Join(dir, goneFile))
	}
	return atomicfile.Write(filepath.Join(dir, goneFile), func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Join(gone, "\n")+"\n")
		return err
	})
}
